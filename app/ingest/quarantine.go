package ingest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"oneframe/app/fault"
	"oneframe/app/metadata"
	"oneframe/app/picture"
	"oneframe/app/rendition"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// Held is a photograph in quarantine: refused, and kept for a while with the reasons.
//
//	refused ─► held ─Release─► accepted, as a picture
//	            └────Dismiss─► refused for good: its file goes at once
//	held and accepted ones are gone after Door.Quarantine; what was refused for good is
//	remembered, so that it isn't taken again
type Held struct {
	ID, Account, Origin, FileName string
	Original                      vault.Key // the file is gone where it was refused for good
	Type                          string    // "" where the file could not be read
	Width, Height                 int
	Bytes                         int64
	Record                        metadata.Record
	Reasons                       []Reason
	Profile                       string // its name
	State                         string // held, accepted or refused
	Picture                       picture.ID
	ReceivedAt, SettledAt         time.Time
	SettledBy                     string
}

// Readable reports whether the file is a picture that can be opened, so that correcting
// its metadata can be enough.
func (h Held) Readable() bool { return h.Type != "" }

const heldColumns = `id, account, origin, file_name, original, type, width, height, bytes, record, reasons, profile, state, picture, received_at, settled_at, settled_by`

func scanHeld(row interface{ Scan(...any) error }, h *Held) error {
	var record, reasons string
	var received, settled int64
	err := row.Scan(&h.ID, &h.Account, &h.Origin, &h.FileName, &h.Original, &h.Type, &h.Width, &h.Height, &h.Bytes, &record, &reasons, &h.Profile, &h.State, &h.Picture, &received, &settled, &h.SettledBy)
	if err != nil {
		return err
	}
	h.ReceivedAt, h.SettledAt = store.Time(received), store.Time(settled)
	return errors.Join(json.Unmarshal([]byte(record), &h.Record), json.Unmarshal([]byte(reasons), &h.Reasons))
}

// hold keeps a refused photograph and gives its refusal. What the account sent before and
// is still held is renewed instead of kept twice.
func (d *Door) hold(ctx context.Context, p photo, profile string, reasons []Reason, cause error) error {
	refusal := &Refusal{ID: store.NewID(), Reasons: reasons, Cause: cause}
	record, err := json.Marshal(p.record)
	if err != nil {
		return err
	}
	why, err := json.Marshal(reasons)
	if err != nil {
		return err
	}
	if _, err := d.Originals.Put(ctx, p.Data); err != nil {
		return err
	}
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		if !d.Originals.Has(p.key) {
			return errForgotten
		}
		err := tx.QueryRow(`UPDATE ingest_refused SET origin = $1, file_name = $2, record = $3, reasons = $4, profile = $5, received_at = $6
			WHERE account = $7 AND original = $8 AND state = 'held' RETURNING id`,
			p.Origin, p.FileName, string(record), string(why), profile, store.Millis(tx.Now), p.Account, p.key).Scan(&refusal.ID)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		_, err = tx.Exec(`INSERT INTO ingest_refused (id, account, origin, file_name, original, type, width, height, bytes, record, reasons, profile, state, received_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'held', $13)`,
			refusal.ID, p.Account, p.Origin, p.FileName, p.key, p.info.Type, p.info.Width, p.info.Height, p.bytes, string(record), string(why), profile, store.Millis(tx.Now))
		if err != nil {
			return err
		}
		_, err = tx.Exec(`DELETE FROM ingest_refused WHERE id IN (SELECT id FROM ingest_refused WHERE account = $1 AND state = 'held'
			ORDER BY received_at DESC, id DESC LIMIT 10 OFFSET $2)`, p.Account, heldMost)
		return err
	})
	if err != nil {
		return err
	}
	return refusal
}

// HeldList gives a page of the quarantine in the state, the newest first, and the cursor of
// the next page, "" at the end. account "" is everybody's.
func HeldList(tx *store.Tx, state, account, cursor string, limit int) (page []Held, next string, err error) {
	page, err = store.Each(tx, func(r *sql.Rows, h *Held) error { return scanHeld(r, h) }, `SELECT `+heldColumns+` FROM ingest_refused
		WHERE state = $1 AND ($2 = '' OR account = $2) AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $4`, state, account, cursor, limit+1)
	if err != nil || len(page) <= limit {
		return page, "", err
	}
	return page[:limit], page[limit-1].ID, nil
}

// HeldCount gives how many are held.
func HeldCount(tx *store.Tx) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM ingest_refused WHERE state = 'held'`).Scan(&n)
	return n, err
}

// HeldFiles gives the files of everything that is held.
func HeldFiles(tx *store.Tx) ([]vault.Key, error) {
	return store.Each(tx, func(r *sql.Rows, k *vault.Key) error { return r.Scan(k) }, `SELECT DISTINCT original FROM ingest_refused WHERE state = 'held'`)
}

// HeldOne gives one; NotFound no_refusal.
func HeldOne(tx *store.Tx, id string) (h Held, err error) {
	err = scanHeld(tx.QueryRow(`SELECT `+heldColumns+` FROM ingest_refused WHERE id = $1`, id), &h)
	if errors.Is(err, sql.ErrNoRows) {
		return h, fault.New(fault.NotFound, "no_refusal", "There is no such picture in quarantine, or no longer.")
	}
	return h, err
}

// dismissed gives the refusal of a file that the team refused for good.
func dismissed(tx *store.Tx, p photo) error {
	var id string
	err := tx.QueryRow(`SELECT id FROM ingest_refused WHERE account = $1 AND original = $2 AND state = 'refused'`, p.Account, p.key).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return &Refusal{ID: id, Reasons: []Reason{{"", "refused_for_good", "This picture was looked at and refused; it is not taken again."}}}
}

// heldMost bounds what is kept of one account.
const heldMost = 1000

// Names reports whether the quarantine names the file, which no sweep may take then.
func Names(tx *store.Tx, k vault.Key) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM ingest_refused WHERE original = $1 AND state = 'held'`, k).Scan(&n)
	return n > 0, err
}

// Release takes a held photograph in with corrected metadata, by a member of the team,
// who has it accepted with that. What is still wrong refuses it again, with the correction
// kept, unless anyway is set; a file that can't be opened stays out in any case. Its
// errors: NotFound no_refusal, Conflict not_held, *Refusal.
func (d *Door) Release(ctx context.Context, id string, corrected metadata.Record, by string, anyway bool) (Receipt, error) {
	var h Held
	var profile Profile
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if h, err = HeldOne(tx, id); err != nil {
			return err
		}
		a, err := d.Assigned(tx, h.Account)
		if err == nil {
			profile, err = d.Profile(tx, a.Profile)
		}
		return err
	})
	if err != nil {
		return Receipt{}, err
	}
	if h.State != "held" || !h.Readable() {
		return Receipt{}, fault.New(fault.Conflict, "not_held", "This picture can't be accepted any more, or never could.")
	}
	if err := d.keepCorrection(ctx, id, corrected); err != nil {
		return Receipt{}, err
	}
	info := rendition.Info{Type: h.Type, Width: h.Width, Height: h.Height}
	if reasons := profile.reasons(h.Bytes, info, corrected, d.DB.Now()); len(reasons) > 0 && !anyway {
		return Receipt{}, &Refusal{ID: id, Reasons: reasons}
	}
	return d.release(ctx, h, info, corrected, by)
}

func (d *Door) keepCorrection(ctx context.Context, id string, r metadata.Record) error {
	record, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE ingest_refused SET record = $1 WHERE id = $2 AND state = 'held'`, string(record), id)
		return err
	})
}

func (d *Door) release(ctx context.Context, h Held, info rendition.Info, record metadata.Record, by string) (r Receipt, err error) {
	p := photo{Upload: Upload{Origin: h.Origin, Account: h.Account, FileName: h.FileName}, info: info, record: record, key: h.Original, bytes: h.Bytes,
		approver: by, approval: "out of quarantine"}
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(`UPDATE ingest_refused SET state = 'accepted', settled_at = $1, settled_by = $2 WHERE id = $3 AND state = 'held'`, store.Millis(tx.Now), by, h.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "not_held", "Somebody else has just decided about this picture.")
		}
		var known bool
		if r, known, err = sameBytes(tx, p); err == nil && !known {
			r, err = d.enter(tx, p)
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(`UPDATE ingest_refused SET picture = $1 WHERE id = $2`, r.ID, h.ID)
		return err
	})
	return r, err
}

// Dismiss refuses a held photograph for good; its file is removed unless a picture has
// the same. Conflict not_held.
func (d *Door) Dismiss(ctx context.Context, id, by string) error {
	var key vault.Key
	err := d.DB.Write(ctx, func(tx *store.Tx) error {
		h, err := HeldOne(tx, id)
		if err != nil {
			return err
		}
		key = h.Original
		n, err := tx.Exec(`UPDATE ingest_refused SET state = 'refused', settled_at = $1, settled_by = $2 WHERE id = $3 AND state = 'held'`, store.Millis(tx.Now), by, id)
		if err == nil && n == 0 {
			return fault.New(fault.Conflict, "not_held", "Somebody else has just decided about this picture.")
		}
		return err
	})
	if err != nil {
		return err
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error { return d.drop(tx, key) })
}

// drop removes a file that nothing names any more.
func (d *Door) drop(tx *store.Tx, k vault.Key) error {
	_, named, err := picture.Names(tx, k)
	if err != nil || named {
		return err
	}
	if named, err = Names(tx, k); err != nil || named {
		return err
	}
	return d.Originals.Remove(k)
}

// Sweep lets go of what has been in quarantine for its time, except for the memory of what
// was refused for good; the files go with the sweep
// of the vault.
func (d *Door) Sweep(ctx context.Context) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(`DELETE FROM ingest_refused WHERE received_at <= $1 AND state <> 'refused'`, store.Millis(tx.Now.Add(-d.quarantine()))); err != nil {
			return fmt.Errorf("sweep the quarantine: %w", err)
		}
		return nil
	})
}

func (d *Door) quarantine() time.Duration {
	if d.Quarantine <= 0 {
		return 7 * 24 * time.Hour
	}
	return d.Quarantine
}
