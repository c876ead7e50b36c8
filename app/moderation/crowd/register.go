package crowd

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/outbound"
	"oneframe/app/store"
	"oneframe/app/webhook"
)

// The kinds of crowd.
const (
	Push = "http-push" // posts judgments to us by itself
	Poll = "http-poll" // its judgments are collected
)

// New is a crowd to be added.
type New struct {
	Name    string // 2 to 60 characters
	Kind    string // Push or Poll
	URL     string // where its jobs are posted
	PollURL string // where its judgments are collected; Poll
	Form    bool   // it sends CrowdFlower-shaped webhooks
}

// Crowd is one that was added; its secrets are never told again.
type Crowd struct {
	ID, Name, Kind, URL, PollURL string

	State       string // on, off, gone or removed
	Trouble     string // the last one; "" after a success
	Failures    int    // in a row
	PausedUntil time.Time
	Form        bool
	OldUntil    time.Time // the secret before is valid until then; zero where there is none
	Since       string
	PollAt      time.Time
	Taken       int64 // judgments
	Refused     int64
	Refusal     string // the last one's code
	HeardAt     time.Time
	Created     time.Time
	Due, Dead   int // messages
	Sent        int
	DeadTrouble string // of the last that died
}

// Credentials are told once, when they are made.
type Credentials struct {
	Secret  string // whsec_…, for both directions
	FormKey string // of CrowdFlower-shaped webhooks, "" without
}

// Add adds a crowd, switched on, and tells its credentials. It is posted every frame
// that waits. Its errors are Invalid: bad_name, bad_kind, bad_url, private_network, or
// no_address where the site's own public address isn't configured.
func (x *Exchange) Add(ctx context.Context, by moderation.Judge, n New) (Crowd, Credentials, error) {
	if err := x.check(ctx, &n); err != nil {
		return Crowd{}, Credentials{}, err
	}
	id := store.NewID()
	told := Credentials{Secret: webhook.NewSecret().Reveal()}
	if n.Form {
		told.FormKey = newFormKey()
	}
	var made Crowd
	err := x.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if _, err = tx.Exec(`INSERT INTO moderation_crowd (id, name, kind, url, poll_url, secret, form_key, state, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 'on', $8)`,
			id, n.Name, n.Kind, n.URL, n.PollURL, x.Box.Seal(purpose(id), told.Secret), x.Box.Seal(purpose(id), told.FormKey), store.Millis(tx.Now)); err != nil {
			return err
		}
		if made, err = Get(tx, id); err != nil {
			return err
		}
		return moderation.AddAct(tx, by, "crowd added", id, added(n))
	})
	return made, told, err
}

func (x *Exchange) check(ctx context.Context, n *New) error {
	n.Name = strings.TrimSpace(n.Name)
	if l := utf8.RuneCountInString(n.Name); l < 2 || l > 60 || !utf8.ValidString(n.Name) || strings.ContainsFunc(n.Name, unicode.IsControl) {
		return fault.New(fault.Invalid, "bad_name", "A crowd's name has 2 to 60 characters.")
	}
	if n.Kind != Push && n.Kind != Poll {
		return fault.New(fault.Invalid, "bad_kind", "A crowd is %s or %s.", Push, Poll)
	}
	if x.Base == "" {
		return fault.New(fault.Invalid, "no_address", "Set web.url in the configuration first: a crowd must know where the pictures are.")
	}
	urls := []*string{&n.URL}
	if n.Kind == Poll {
		urls = append(urls, &n.PollURL)
	} else {
		n.PollURL = ""
	}
	for _, text := range urls {
		u, err := outbound.CheckURL(ctx, *text, x.Private)
		if err != nil {
			return err
		}
		*text = u.String()
	}
	return nil
}

// Change gives a crowd another name and other addresses; its kind stays. Errors as Add's.
func (x *Exchange) Change(ctx context.Context, by moderation.Judge, id string, n New) error {
	var c Crowd
	if err := x.DB.Read(ctx, func(tx *store.Tx) (err error) { c, err = row(tx, id); return err }); err != nil {
		return err
	}
	n.Kind = c.Kind
	if err := x.check(ctx, &n); err != nil {
		return err
	}
	return x.DB.Write(ctx, func(tx *store.Tx) error {
		was, err := row(tx, id)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE moderation_crowd SET name = $2, url = $3, poll_url = $4, paused_until = 0 WHERE id = $1`, id, n.Name, n.URL, n.PollURL); err != nil {
			return err
		}
		if what := changed(was, n); what != "" {
			return moderation.AddAct(tx, by, "crowd changed", id, what)
		}
		return nil
	})
}

// Rotate makes a new secret and tells it; the one before counts for a week more, in
// both directions, or until it is rotated again or ended by EndOld.
func (x *Exchange) Rotate(ctx context.Context, by moderation.Judge, id string) (Credentials, error) {
	told := Credentials{Secret: webhook.NewSecret().Reveal()}
	err := x.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := row(tx, id)
		if err != nil {
			return err
		}
		if c.Form {
			told.FormKey = newFormKey()
		}
		if _, err := tx.Exec(`UPDATE moderation_crowd SET old_secret = secret, old_until = $2, secret = $3, form_key = $4 WHERE id = $1`,
			id, store.Millis(tx.Now.Add(oldLasts)), x.Box.Seal(purpose(id), told.Secret), x.Box.Seal(purpose(id), told.FormKey)); err != nil {
			return err
		}
		return moderation.AddAct(tx, by, "crowd secret rotated", id, c.Name)
	})
	return told, err
}

// EndOld ends the secret before the last rotation at once.
func (x *Exchange) EndOld(ctx context.Context, by moderation.Judge, id string) error {
	action := func(was Crowd) string { return unless(was.OldUntil.IsZero(), "crowd secret ended") }
	return x.change(ctx, by, id, action, `UPDATE moderation_crowd SET old_secret = '', old_until = 0 WHERE id = $1`)
}

// Switch switches a crowd on or off. Off, it is told nothing, and what it tells is
// refused; on again, it is told what happened meanwhile.
func (x *Exchange) Switch(ctx context.Context, by moderation.Judge, id string, on bool) error {
	if on {
		action := func(was Crowd) string { return unless(was.State == "on", "crowd switched on") }
		return x.change(ctx, by, id, action, `UPDATE moderation_crowd SET state = 'on', trouble = '', failures = 0, paused_until = 0 WHERE id = $1`)
	}
	action := func(was Crowd) string { return unless(was.State == "off", "crowd switched off") }
	return x.change(ctx, by, id, action, `UPDATE moderation_crowd SET state = 'off' WHERE id = $1`)
}

// Remove takes a crowd away with its secrets and what waits for it. Its judgments stay.
func (x *Exchange) Remove(ctx context.Context, by moderation.Judge, id string) error {
	return x.change(ctx, by, id, func(Crowd) string { return "crowd removed" },
		`UPDATE moderation_crowd SET state = 'removed', secret = '', old_secret = '', old_until = 0, form_key = '', poll_at = 0 WHERE id = $1`,
		`DELETE FROM moderation_crowd_message WHERE crowd = $1`,
		`DELETE FROM moderation_crowd_heard WHERE crowd = $1`)
}

// Resend makes a crowd's dead messages due again, and ends a pause.
func (x *Exchange) Resend(ctx context.Context, by moderation.Judge, id string) error {
	return x.change(ctx, by, id, func(Crowd) string { return "crowd messages sent again" },
		`UPDATE moderation_crowd SET paused_until = 0, failures = 0 WHERE id = $1`,
		`UPDATE moderation_crowd_message SET state = 'due', attempts = 0, next_at = 0, done_at = 0 WHERE crowd = $1 AND state = 'dead'`,
		`UPDATE moderation_crowd_message SET next_at = 0 WHERE crowd = $1 AND state = 'due'`)
}

// change runs statements, whose $1 is the crowd's id, on a crowd that is there, and notes
// what by did to it, as it was before; "" is nothing to note.
func (x *Exchange) change(ctx context.Context, by moderation.Judge, id string, action func(was Crowd) string, statements ...string) error {
	return x.DB.Write(ctx, func(tx *store.Tx) error {
		was, err := row(tx, id)
		if err != nil {
			return err
		}
		for _, s := range statements {
			if _, err := tx.Exec(s, id); err != nil {
				return err
			}
		}
		if what := action(was); what != "" {
			return moderation.AddAct(tx, by, what, id, was.Name)
		}
		return nil
	})
}

const columns = `id, name, kind, url, poll_url, state, trouble, failures, paused_until, form_key <> '', old_until,
	since, poll_at, taken, refused, refusal, heard_at, created_at`

func scan(r interface{ Scan(...any) error }, c *Crowd) error {
	var paused, old, poll, heard, created int64
	err := r.Scan(&c.ID, &c.Name, &c.Kind, &c.URL, &c.PollURL, &c.State, &c.Trouble, &c.Failures, &paused, &c.Form, &old,
		&c.Since, &poll, &c.Taken, &c.Refused, &c.Refusal, &heard, &created)
	c.PausedUntil, c.OldUntil, c.PollAt = store.Time(paused), store.Time(old), store.Time(poll)
	c.HeardAt, c.Created = store.Time(heard), store.Time(created)
	return err
}

// List gives the crowds that weren't removed, in the order they were added.
func List(tx *store.Tx) ([]Crowd, error) {
	all, err := rows(tx)
	for i := range all {
		if err == nil {
			err = all[i].count(tx)
		}
	}
	return all, err
}

// Get gives one that wasn't removed; NotFound no_crowd.
func Get(tx *store.Tx, id string) (Crowd, error) {
	c, err := row(tx, id)
	if err != nil {
		return c, err
	}
	return c, c.count(tx)
}

// rows and row are List and Get without the counts of messages, which take long where
// there are many.
func rows(tx *store.Tx) ([]Crowd, error) {
	return store.Each(tx, func(r *sql.Rows, c *Crowd) error { return scan(r, c) },
		`SELECT `+columns+` FROM moderation_crowd WHERE state <> 'removed' ORDER BY id`)
}

func row(tx *store.Tx, id string) (Crowd, error) {
	var c Crowd
	err := scan(tx.QueryRow(`SELECT `+columns+` FROM moderation_crowd WHERE id = $1 AND state <> 'removed'`, id), &c)
	if errors.Is(err, sql.ErrNoRows) {
		return Crowd{}, fault.New(fault.NotFound, "no_crowd", "There is no such crowd.")
	}
	return c, err
}

// count counts the crowd's messages.
func (c *Crowd) count(tx *store.Tx) error {
	err := tx.QueryRow(`SELECT COALESCE(SUM(CASE state WHEN 'due' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE state WHEN 'dead' THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE state WHEN 'sent' THEN 1 ELSE 0 END), 0) FROM moderation_crowd_message WHERE crowd = $1`, c.ID).Scan(&c.Due, &c.Dead, &c.Sent)
	if err != nil || c.Dead == 0 {
		return err
	}
	return tx.QueryRow(`SELECT error FROM moderation_crowd_message WHERE crowd = $1 AND state = 'dead' ORDER BY done_at DESC LIMIT 1`, c.ID).Scan(&c.DeadTrouble)
}

// Names gives the name of every crowd there ever was, by id.
func Names(tx *store.Tx) (map[string]string, error) {
	rows, err := store.Each(tx, func(r *sql.Rows, v *[2]string) error { return r.Scan(&v[0], &v[1]) }, `SELECT id, name FROM moderation_crowd`)
	names := map[string]string{}
	for _, v := range rows {
		names[v[0]] = v[1]
	}
	return names, err
}

// purpose is what a crowd's secrets are sealed for.
func purpose(id string) string { return "moderation_crowd:" + id }

// newFormKey makes 160 random bits in hex, as CrowdFlower's keys looked.
func newFormKey() string {
	key := make([]byte, 20)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return hex.EncodeToString(key)
}
