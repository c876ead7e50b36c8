package moderation

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// Visitor is the secret in a browser's own cookie. Whoever comes back with it is the
// same volunteer, and what was sent with it is their own. It is stored nowhere: its
// judge's id is made of its SHA-256.
type Visitor string

// NewVisitor draws a secret of 128 bits or more.
func NewVisitor() Visitor { return Visitor(rand.Text()) }

// Judge is the volunteer that the browser's holder is.
func (v Visitor) Judge() Judge {
	if v == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("volunteer\n" + v))
	return Judge(volunteerPrefix + hex.EncodeToString(sum[:16]))
}

// Sent remembers who sent a frame without an account, so that it is never shown to
// them as a judge. Where the reply was lost, and with it a new browser's secret, the
// frame is sent again: the last secret counts.
func (d *Desk) Sent(ctx context.Context, v Visitor, frame picture.ID) error {
	if v == "" {
		return fault.New(fault.Invalid, "no_visitor", "The visitor has no secret.")
	}
	err := d.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO moderation_sender (frame, sender) VALUES ($1, $2)
			ON CONFLICT (frame) DO UPDATE SET sender = excluded.sender`, frame, v.Judge())
		return err
	})
	if err == nil {
		d.queue.sent(frame, v.Judge())
	}
	return err
}

// Meet remembers that an account was used in a visitor's browser: what the one sent the
// other doesn't judge. It writes only what is new, so it may be called for every page.
func (d *Desk) Meet(ctx context.Context, j Judge, v Visitor) error {
	other := v.Judge()
	if other == "" || j == "" || other == j {
		return nil
	}
	var known int
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM moderation_alias WHERE judge = $1 AND other = $2`, j, other).Scan(&known)
	})
	if err != nil || known > 0 {
		return err
	}
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO moderation_alias (judge, other) VALUES ($1, $2), ($2, $1) ON CONFLICT (judge, other) DO NOTHING`, j, other)
		return err
	})
	if err == nil {
		d.queue.forget(j, other)
	}
	return err
}
