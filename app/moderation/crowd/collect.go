package crowd

import (
	"context"
	"database/sql"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/store"
	"oneframe/app/webhook"
)

// pagesMax bounds how many pages are asked of one crowd at a time.
const pagesMax = 50

// Due makes it time to collect the judgments of every crowd that is polled: what the
// clock calls. Step does it, and tries again, later each time, where it fails.
func (x *Exchange) Due(ctx context.Context) error {
	return x.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE moderation_crowd SET poll_at = $1 WHERE kind = 'http-poll' AND state = 'on' AND (poll_at = 0 OR poll_at > $1)`, store.Millis(tx.Now))
		return err
	})
}

// collect asks the crowds whose time it is.
func (x *Exchange) collect(ctx context.Context) (worked bool, err error) {
	var due []string
	err = x.DB.Read(ctx, func(tx *store.Tx) (err error) {
		due, err = store.Each(tx, func(r *sql.Rows, id *string) error { return r.Scan(id) }, `SELECT id FROM moderation_crowd
			WHERE kind = 'http-poll' AND state = 'on' AND poll_at > 0 AND poll_at <= $1 AND paused_until <= $1`, store.Millis(tx.Now))
		return err
	})
	for _, id := range due {
		if err != nil {
			break
		}
		worked, err = true, x.poll(ctx, id)
	}
	return worked, err
}

// poll collects page after page; each page's place is kept after its judgments are, so
// a crash lets it be collected again, which is harmless.
func (x *Exchange) poll(ctx context.Context, id string) error {
	var c Crowd
	var to moderation.Crowd
	err := x.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if c, err = row(tx, id); err != nil {
			return err
		}
		to, err = x.dial(tx, id)
		return err
	})
	if fault.Has(err, "no_crowd") {
		return nil // removed meanwhile
	}
	more, judgments := true, 0
	for n := 0; err == nil && more && n < pagesMax; n++ {
		var got int
		got, more, err = x.page(ctx, &c, to)
		judgments += got
	}
	if ctx.Err() != nil {
		return ctx.Err() // we were stopped, not they
	}
	return x.DB.Write(ctx, func(tx *store.Tx) error {
		if err != nil {
			return later(tx, c, err, x.Jitter())
		}
		again := int64(0)
		if more && judgments > 0 { // one whose empty pages go on for ever waits for the clock
			again = store.Millis(tx.Now) // in the next round: others get their turn
		}
		_, err := tx.Exec(`UPDATE moderation_crowd SET poll_at = $2, trouble = '', failures = 0, paused_until = 0, heard_at = $3 WHERE id = $1 AND state = 'on'`,
			id, again, store.Millis(tx.Now))
		return err
	})
}

// page collects one page, and says how many judgments it had and whether there is another.
func (x *Exchange) page(ctx context.Context, c *Crowd, to moderation.Crowd) (n int, more bool, err error) {
	within, cancel := context.WithTimeout(ctx, attemptIn)
	defer cancel()
	got, err := to.Collect(within, c.Since)
	if err != nil {
		return 0, false, err
	}
	if n = len(got.Answers) + got.Unread; n > 0 {
		if err := x.take(ctx, c.ID, got.Answers, got.Unread); err != nil {
			return 0, false, err
		}
	}
	if got.Next == c.Since {
		return n, false, nil
	}
	c.Since = got.Next
	return n, true, x.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE moderation_crowd SET since = $2 WHERE id = $1`, c.ID, got.Next)
		return err
	})
}

// later puts the next try off after a failure; the clock may call sooner.
func later(tx *store.Tx, c Crowd, cause error, jitter float64) error {
	if fault.Is(cause, fault.Gone) {
		return gone(tx, c.ID, inWords(cause))
	}
	after := fault.Of(cause).RetryAfter
	wait, more := webhook.Delay(c.Failures+1, jitter)
	at := store.Millis(tx.Now.Add(max(wait, after)))
	if !more {
		at = 0
	}
	if _, err := tx.Exec(`UPDATE moderation_crowd SET poll_at = $2 WHERE id = $1`, c.ID, at); err != nil {
		return err
	}
	return pause(tx, c.ID, inWords(cause), after)
}

// Collect makes it time for one crowd now, whatever went wrong before.
func (x *Exchange) Collect(ctx context.Context, by moderation.Judge, id string) error {
	action := func(was Crowd) string { return unless(was.Kind != Poll || was.State != "on", "crowd asked") }
	return x.change(ctx, by, id, action, `UPDATE moderation_crowd SET poll_at = 1, paused_until = 0, failures = 0 WHERE id = $1 AND kind = 'http-poll' AND state = 'on'`)
}
