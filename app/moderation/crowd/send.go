package crowd

import (
	"context"
	"database/sql"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/picture"
	"oneframe/app/store"
	"oneframe/app/webhook"
)

// message is one that was claimed for an attempt.
type message struct {
	id, crowd, kind string
	frame           picture.ID
	attempts        int // this one included
	created         time.Time

	body []byte
	to   moderation.Crowd
	err  error // of the attempt
}

// jobJSON is the data of frame.ready: everything that a worker must be shown.
type jobJSON struct {
	Frame        picture.ID `json:"frame"`
	Slot         int        `json:"slot,omitempty"`
	PictureURL   string     `json:"picture_url"`             // works without a log-in, until expires_at
	ReferenceURL string     `json:"reference_url,omitempty"` // of the pose to compare with
	ExpiresAt    time.Time  `json:"expires_at"`
}

// closedJSON is the data of frame.closed: no further judgments count, and copies of the
// picture must be deleted.
type closedJSON struct {
	Frame picture.ID `json:"frame"`
}

// send makes one attempt for each message that is due, at most batch of them.
func (x *Exchange) send(ctx context.Context) (worked bool, err error) {
	var due []message
	err = x.DB.Read(ctx, func(tx *store.Tx) error {
		n := 0
		err := tx.QueryRow(`SELECT COUNT(*) FROM (SELECT m.id `+dueMessages+` LIMIT 1) AS due`, store.Millis(tx.Now)).Scan(&n)
		worked = n > 0
		return err
	})
	if err != nil || !worked {
		return false, err
	}
	if err = x.DB.Write(ctx, func(tx *store.Tx) error { due, err = x.claim(tx); return err }); err != nil {
		return false, err
	}
	var g errgroup.Group
	for i := range due {
		g.Go(func() error {
			if due[i].err == nil {
				within, cancel := context.WithTimeout(ctx, attemptIn)
				defer cancel()
				due[i].err = due[i].to.Post(within, moderation.Message{ID: due[i].id, Body: due[i].body})
			}
			return nil
		})
	}
	_ = g.Wait() // how each went stands in its err
	if ctx.Err() != nil {
		return true, ctx.Err() // we were stopped, not they: the claims run out
	}
	return true, x.DB.Write(ctx, func(tx *store.Tx) error {
		for _, m := range due {
			if err := x.settle(tx, m); err != nil {
				return err
			}
		}
		return nil
	})
}

const dueMessages = `FROM moderation_crowd_message m JOIN moderation_crowd c ON c.id = m.crowd
	WHERE m.state = 'due' AND m.next_at <= $1 AND m.claimed_until <= $1 AND c.state = 'on' AND c.paused_until <= $1`

// claim claims messages, a job before its frame's closing. Those that are no longer
// worth sending it deletes.
func (x *Exchange) claim(tx *store.Tx) ([]message, error) {
	all, err := store.Each(tx, func(r *sql.Rows, m *message) error {
		var created int64
		err := r.Scan(&m.id, &m.crowd, &m.kind, &m.frame, &m.attempts, &created)
		m.created = store.Time(created)
		return err
	}, `UPDATE moderation_crowd_message SET claimed_until = $2, attempts = attempts + 1 WHERE id IN (SELECT m.id `+dueMessages+`
		ORDER BY m.next_at, m.id LIMIT $3) RETURNING id, crowd, kind, frame, attempts, created_at`,
		store.Millis(tx.Now), store.Millis(tx.Now.Add(claimFor)), batch)
	if err != nil {
		return nil, err
	}
	var due []message
	for _, m := range all {
		p, worth, err := still(tx, m)
		if err != nil {
			return nil, err
		}
		if !worth {
			if _, err := tx.Exec(`DELETE FROM moderation_crowd_message WHERE id = $1`, m.id); err != nil {
				return nil, err
			}
			continue
		}
		if m.to, m.err = x.dial(tx, m.crowd); m.err == nil {
			m.body, m.err = x.write(m, p)
		}
		due = append(due, m)
	}
	return due, nil
}

// write makes a message's body, the same at each attempt.
func (x *Exchange) write(m message, p picture.Picture) ([]byte, error) {
	if m.kind == frameClosed {
		return webhook.Body(m.kind, m.created, closedJSON{p.ID})
	}
	until := m.created.Add(linkLasts)
	job := jobJSON{Frame: p.ID, Slot: p.Slot.Number, ExpiresAt: until, PictureURL: x.Link(m.crowd, p.ID, until)}
	if p.Slot.Clip != "" {
		job.ReferenceURL = x.Base + "/clips/" + url.PathEscape(p.Slot.Clip) + "/poses/" + strconv.Itoa(p.Slot.Number) + ".jpg"
	}
	return webhook.Body(m.kind, m.created, job)
}

// settle records how an attempt went.
func (x *Exchange) settle(tx *store.Tx, m message) error {
	now := store.Millis(tx.Now)
	if m.err == nil {
		if _, err := tx.Exec(`UPDATE moderation_crowd_message SET state = 'sent', done_at = $2, claimed_until = 0, error = '' WHERE id = $1`, m.id, now); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE moderation_crowd SET failures = 0, trouble = '', paused_until = 0 WHERE id = $1 AND state = 'on'`, m.crowd)
		return err
	}
	words := inWords(m.err)
	if fault.Is(m.err, fault.Gone) { // not the message's fault: it waits for the crowd to be switched on
		if _, err := tx.Exec(`UPDATE moderation_crowd_message SET claimed_until = 0, attempts = attempts - 1, error = $2 WHERE id = $1`, m.id, words); err != nil {
			return err
		}
		return gone(tx, m.crowd, words)
	}
	after := fault.Of(m.err).RetryAfter
	wait, more := webhook.Delay(m.attempts, x.Jitter())
	state, done := "due", int64(0)
	if !more {
		state, done = "dead", now
	}
	if _, err := tx.Exec(`UPDATE moderation_crowd_message SET state = $2, next_at = $3, claimed_until = 0, error = $4, done_at = $5 WHERE id = $1`,
		m.id, state, store.Millis(tx.Now.Add(max(wait, after))), words, done); err != nil {
		return err
	}
	return pause(tx, m.crowd, words, after)
}

// pause leaves a crowd in peace after a failure: as long as it asked, or for five
// seconds, doubled with each failure in a row up to five minutes.
func pause(tx *store.Tx, crowd, words string, after time.Duration) error {
	var failures int
	if err := tx.QueryRow(`UPDATE moderation_crowd SET failures = failures + 1, trouble = $2 WHERE id = $1 RETURNING failures`, crowd, words).Scan(&failures); err != nil {
		return err
	}
	rest := min(5*time.Second<<min(failures-1, 6), 5*time.Minute)
	_, err := tx.Exec(`UPDATE moderation_crowd SET paused_until = $2 WHERE id = $1`, crowd, store.Millis(tx.Now.Add(max(rest, after))))
	return err
}

// inWords is what the admin's page says of a failure.
func inWords(err error) string { return fault.Of(err).Message }
