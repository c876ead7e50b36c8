package deliver

import (
	"database/sql"
	"errors"
	"time"

	"oneframe/app/deliver/pace"
	"oneframe/app/deliver/send"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// settle writes down what has ended: what was sent and all tries together, the rest one by
// one.
func (o *Office) settle(tx *store.Tx, ended []outcome) error {
	c := counts{}
	var sent []outcome
	var tries []Try
	for _, out := range ended {
		if out.verdict == tried {
			tries = append(tries, out.try)
			out.count(c)
		}
		if out.verdict == tried && out.err == nil && !out.job.recall {
			sent = append(sent, out)
		} else if err := o.settleOne(tx, out); err != nil {
			return err
		}
	}
	if err := writeTries(tx, tries); err != nil {
		return err
	}
	if err := allSent(tx, sent); err != nil {
		return err
	}
	return c.write(tx, func(subscriber string) *time.Location {
		o.mu.Lock()
		defer o.mu.Unlock()
		return o.line(subscriber).hours.Zone
	})
}

func (o *Office) settleOne(tx *store.Tx, out outcome) error {
	switch out.verdict {
	case putBack:
		return out.job.end(tx, `state = 'waiting', claimed_until = 0`)
	case holdOn:
		return out.wait(tx)
	case moot:
		return out.job.end(tx, `state = 'cancelled', claimed_until = 0`)
	case notOurs:
		return nil
	}
	if out.err != nil {
		return o.failed(tx, out)
	}
	return out.job.end(tx, `state = 'done', claimed_until = 0, attempts = attempts + 1, error = '', answer = $3, done_at = $4`, out.receipt.Answer, store.Millis(tx.Now))
}

// welcomeBack has wait what was put off because the destinations were down: they are back.
func welcomeBack(tx *store.Tx, lines []*line) error {
	for _, l := range lines {
		if _, err := tx.Exec(`UPDATE deliver_delivery SET state = 'waiting', next_at = 0 WHERE subscriber = $1 AND state = 'due' AND failed = 'down'`, l.subscriber); err != nil {
			return err
		}
	}
	return nil
}

// end sets a job's row, as long as the claim is ours; $1 and $2 are taken.
func (j *job) end(tx *store.Tx, set string, args ...any) error {
	query := `UPDATE deliver_delivery SET ` + set + ` WHERE id = $1 AND state = 'claimed' AND claimed_until = $2`
	if j.recall {
		query = `UPDATE deliver_recall SET ` + set + ` WHERE id = $1 AND state = 'claimed' AND claimed_until = $2`
	}
	_, err := tx.Exec(query, append([]any{j.id, j.until}, args...)...)
	return err
}

// wait has a delivery wait for an embargo's end, or for its picture to be ready.
func (out outcome) wait(tx *store.Tx) error {
	if out.job.recall {
		return out.job.end(tx, `state = 'due', claimed_until = 0, next_at = $3`, store.Millis(out.hold))
	}
	release := int64(0)
	if out.embargo {
		release = store.Millis(out.hold)
	}
	return out.job.end(tx, `state = 'due', claimed_until = 0, next_at = $3, release_at = $4`, store.Millis(out.hold), release)
}

// allSent notes that the subscribers have the pictures.
func allSent(tx *store.Tx, all []outcome) error {
	if len(all) == 0 {
		return nil
	}
	args := make([][]any, len(all))
	for i, out := range all {
		r := out.receipt
		args[i] = []any{out.job.id, out.job.until, r.Remote, r.Sidecar, r.Bytes, store.Millis(tx.Now)}
	}
	rows, err := tx.ExecAll(`UPDATE deliver_delivery SET state = 'sent', claimed_until = 0, attempts = attempts + 1, failed = '', error = '',
			remote = $3, sidecar = $4, bytes = $5, sent_at = $6, done_at = $6
		WHERE id = $1 AND state = 'claimed' AND claimed_until = $2`, args)
	if err != nil {
		return err
	}
	for i, out := range all {
		if rows[i] > 0 {
			continue
		}
		if err := out.given(tx); err != nil {
			return err
		}
	}
	return nil
}

// given notes that the subscriber has a picture whose row was changed meanwhile, since a
// recall must know; where the delivery was cancelled meanwhile, it is taken back.
func (out outcome) given(tx *store.Tx) error {
	now, r := store.Millis(tx.Now), out.receipt
	var state State
	err := tx.QueryRow(`UPDATE deliver_delivery SET remote = $1, sidecar = $2, bytes = $3, sent_at = $4 WHERE id = $5 RETURNING state`,
		r.Remote, r.Sidecar, r.Bytes, now, out.job.id).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) || err == nil && state != Cancelled {
		return nil
	}
	if err != nil {
		return err
	}
	d := out.job.delivery
	p, err := picture.Get(tx, d.Picture)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE deliver_delivery SET state = 'recalled' WHERE id = $1`, d.ID); err != nil {
		return err
	}
	return takeBack(tx, d, string(p.State))
}

// failed decides by the kind of the failure what becomes of the row.
func (o *Office) failed(tx *store.Tx, out outcome) error {
	f, j := failureOf(out.err), out.job
	said := f.Message
	if f.Kind == send.Hopeless {
		if err := o.fail(tx, out, said); err != nil {
			return err
		}
		return j.note(tx, "waiting", f, 0)
	}
	wait, more := pace.Backoff(j.attempts+1, o.Jitter())
	if f.Kind == send.Refused || !more {
		return j.note(tx, "dead", f, 0)
	}
	if f.Kind == send.Busy {
		wait = max(wait, min(f.RetryAfter, patienceMost))
	}
	return j.note(tx, "due", f, store.Millis(tx.Now.Add(wait)))
}

// note sets the state after a failed try.
func (j *job) note(tx *store.Tx, state string, f *send.Error, next int64) error {
	if j.recall {
		return j.end(tx, `state = $3, claimed_until = 0, attempts = attempts + 1, next_at = $4, error = $5`, state, next, f.Message)
	}
	done := int64(0)
	if state == "dead" {
		done = store.Millis(tx.Now)
	}
	return j.end(tx, `state = $3, claimed_until = 0, attempts = attempts + 1, next_at = $4, error = $5, failed = $6, done_at = $7`, state, next, f.Message, string(f.Kind), done)
}

// fail stops everything that goes to the destination, unless it was changed meanwhile.
func (o *Office) fail(tx *store.Tx, out outcome, reason string) error {
	d, found, err := GetDestination(tx, out.job.line.subscriber)
	if err != nil || !found || !d.Changed.Equal(out.changed) {
		return err
	}
	_, err = FailDestination(tx, d.Subscriber, reason)
	return err
}

// count adds a try to the totals.
func (out outcome) count(c counts) {
	s := out.job.line.subscriber
	switch {
	case out.err != nil:
		c.add(s, out.try.Kind, 1)
	case out.job.recall:
		c.add(s, "recalled", 1)
	default:
		c.add(s, "sent", 1)
		c.add(s, "bytes", out.receipt.Bytes)
		c.add(s, latencyWord(max(out.try.At.Sub(out.since), 0)), 1)
	}
}

// failureOf gives the failure as a sender tells it; what is none of theirs is ours.
func failureOf(err error) *send.Error {
	if e, ok := errors.AsType[*send.Error](err); ok {
		return e
	}
	return &send.Error{Kind: send.Ours, Message: "Something went wrong on this side.", Cause: err}
}

// patienceMost is as long as a destination can have us wait.
const patienceMost = 24 * time.Hour

// patienceFor is how long to leave a destination alone that asked for patience so many
// times in a row: as long as it asked for, or as a probe waits.
func patienceFor(f *send.Error, times int, random float64) time.Duration {
	if f.RetryAfter > 0 {
		return min(f.RetryAfter, patienceMost)
	}
	return pace.Probe(times, random)
}
