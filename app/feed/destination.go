package feed

import (
	"context"
	"encoding/json"
	"strings"

	"oneframe/app/deliver"
	"oneframe/app/fault"
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

// NewSigningSecret makes a new secret that signs the messages to a subscriber, keeps it in
// place of the one before, and gives it this once. Its errors are NotFound no_subscriber,
// and Conflict not_http, where its pictures don't go by HTTP.
func (b *Book) NewSigningSecret(ctx context.Context, by, id string) (secret string, err error) {
	err = b.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := GetSubscriber(tx, id); err != nil {
			return err
		}
		d, _, err := deliver.GetDestination(tx, id)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(d.URL, "http") {
			return fault.New(fault.Conflict, "not_http", "Only messages by HTTPS are signed.")
		}
		secret = deliver.NewSigningSecret()
		return b.direct(tx, by, id, deliver.NewDestination{Secret: secret})
	})
	return secret, err
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
