package feed

import (
	"context"
	"encoding/json"

	"oneframe/app/deliver"
	"oneframe/app/store"
)

// allowed says, before anything is written, whether pictures may go where they shall.
func (b *Book) allowed(ctx context.Context, n deliver.NewDestination) error {
	if n.URL == nil || *n.URL == "" {
		return nil
	}
	return b.Check(ctx, *n.URL)
}

// direct changes where a subscriber's pictures go, and writes down who did. The record
// says of a secret only that there is one, or a new one.
func (b *Book) direct(tx *store.Tx, by, id string, n deliver.NewDestination) error {
	if n.Empty() {
		return nil
	}
	was, found, err := deliver.GetDestination(tx, id)
	if err != nil {
		return err
	}
	now, err := deliver.SetDestination(tx, b.Box, id, n)
	if err != nil {
		return err
	}
	c := change{kind: "subscriber", subject: id, subscriber: id, action: "changed", by: by, now: directed(now, n.Secret != "")}
	if found {
		c.was = directed(was, false)
	}
	return note(tx, c)
}

// direction is a destination as the record tells it.
type direction struct {
	Destination string          `json:"destination"`
	Secret      string          `json:"secret"` // none, kept or new
	HostKey     string          `json:"host_key,omitempty"`
	Style       string          `json:"style"`
	MayDelete   bool            `json:"may_delete"`
	Rendition   json.RawMessage `json:"rendition"`
	Limits      deliver.Limits  `json:"limits"`
}

func directed(d deliver.Destination, renewed bool) direction {
	secret := "none"
	switch {
	case renewed:
		secret = "new"
	case d.HasSecret:
		secret = "kept"
	}
	return direction{d.URL, secret, d.HostKey, d.Style, d.MayDelete, d.Made, d.Limits}
}
