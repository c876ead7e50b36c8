package moderation

import (
	"context"
	"database/sql"
	"time"

	"oneframe/app/picture"
	"oneframe/app/store"
)

const (
	// follower is this room's name in the register's log.
	follower = "moderation"
	// batch is how many frames are tallied anew in one transaction.
	batch = 50
	// depthEvery is how often what waits is counted for the desk's chart, and depthKept
	// how long that is kept.
	depthEvery = 15 * time.Minute
	depthKept  = 400 * 24 * time.Hour
)

// Step does one round of the desk's work: it takes personal data away from what was
// withdrawn, tallies a batch of frames anew whose judge stopped counting or counts
// again, and every quarter of an hour hands a moderator what the crowd doesn't finish
// and notes how much waits. It says whether there may be more.
func (d *Desk) Step(ctx context.Context) (worked bool, err error) {
	if err := d.catchUp(ctx); err != nil {
		return false, err
	}
	for _, round := range []func(context.Context) (bool, error){d.scrub, d.retally, d.gauge} {
		did, err := round(ctx)
		worked = worked || did
		if err != nil {
			return worked, err
		}
	}
	return worked, nil
}

// scrub follows the register's log for withdrawn frames.
func (d *Desk) scrub(ctx context.Context) (worked bool, err error) {
	var events []picture.Event
	look := func(tx *store.Tx) (err error) { events, err = picture.Follow(tx, follower, portion); return err }
	if err := d.DB.Read(ctx, look); err != nil || len(events) == 0 {
		return false, err
	}
	gold := false
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := look(tx); err != nil || len(events) == 0 {
			return err
		}
		for _, e := range events {
			if e.Kind != "withdrawn" {
				continue
			}
			n, err := forget(tx, e.Picture)
			if err != nil {
				return err
			}
			gold = gold || n > 0
		}
		return picture.Mark(tx, follower, events[len(events)-1].Seq)
	})
	if gold {
		d.queue.goldChanged()
	}
	return true, err
}

// forget leaves of a withdrawn frame only what says nothing about its contributor: the
// answers, with their judges, and the verdicts. Words that a moderator wrote about it go.
// It gives how much gold that retired.
func forget(tx *store.Tx, frame picture.ID) (gold int64, err error) {
	for _, q := range []string{
		`DELETE FROM moderation_sender WHERE frame = $1`,
		`DELETE FROM moderation_doubt WHERE frame = $1`,
		`UPDATE moderation_decision SET reason = '' WHERE frame = $1 AND actor <> 'crowd'`,
		`UPDATE moderation_act SET detail = '' WHERE subject = $1`,
		`UPDATE moderation_frame SET verdict = '', crowd = 0 WHERE frame = $1`,
	} {
		if _, err := tx.Exec(q, frame); err != nil {
			return 0, err
		}
	}
	return tx.Exec(`UPDATE moderation_gold SET reason = '', retired_at = CASE WHEN retired_at = 0 THEN $1 ELSE retired_at END WHERE frame = $2`,
		store.Millis(tx.Now), frame)
}

// retally tallies a batch of a judge's frames anew.
func (d *Desk) retally(ctx context.Context) (worked bool, err error) {
	var due int
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM (SELECT 1 FROM moderation_judge WHERE retally = 1 LIMIT 1) AS due`).Scan(&due)
	})
	if err != nil || due == 0 {
		return false, err
	}
	return true, d.DB.Write(ctx, d.retallyBatch)
}

func (d *Desk) retallyBatch(tx *store.Tx) error {
	type row struct {
		judge Judge
		after picture.ID
	}
	due, err := store.Each(tx, func(r *sql.Rows, v *row) error { return r.Scan(&v.judge, &v.after) },
		`SELECT judge, retally_after FROM moderation_judge WHERE retally = 1 ORDER BY judge LIMIT 1`)
	if err != nil || len(due) == 0 {
		return err
	}
	j := due[0]
	frames, err := store.Each(tx, func(r *sql.Rows, id *picture.ID) error { return r.Scan(id) },
		`SELECT frame FROM moderation_judgment WHERE judge = $1 AND frame > $2 ORDER BY frame LIMIT $3`, j.judge, j.after, batch)
	if err != nil {
		return err
	}
	for _, id := range frames {
		if err := d.retallyOne(tx, id); err != nil {
			return err
		}
		j.after = id
	}
	_, err = tx.Exec(`UPDATE moderation_judge SET retally = $1, retally_after = $2 WHERE judge = $3`,
		flag(len(frames) == batch), j.after, j.judge)
	return err
}

// retallyOne tallies a frame anew, unless a moderator has decided, the right answer is
// known, or it is gone.
func (d *Desk) retallyOne(tx *store.Tx, id picture.ID) error {
	p, err := picture.Get(tx, id)
	if err != nil {
		return err
	}
	last, err := lastDecision(tx, id)
	if err != nil {
		return err
	}
	g, gold, err := GoldOf(tx, id)
	if err != nil {
		return err
	}
	moderated := last.By != "" && last.By != Everybody && !last.Undone() || gold && g.Retired.IsZero()
	switch p.State {
	case picture.Waiting, picture.Accepted, picture.Rejected, picture.Undecided:
		if !moderated {
			return d.again(tx, p, Everybody)
		}
	}
	return nil
}

// gauge notes how much waits, once every quarter of an hour.
func (d *Desk) gauge(ctx context.Context) (worked bool, err error) {
	var last int64
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT COALESCE(MAX(at), 0) FROM moderation_depth`).Scan(&last)
	})
	if err != nil || d.DB.Now().Sub(store.Time(last)) < depthEvery {
		return false, err
	}
	return true, d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := d.escalate(tx); err != nil {
			return err
		}
		counts, err := picture.Counts(tx, "")
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM moderation_depth WHERE at < $1`, store.Millis(tx.Now.Add(-depthKept))); err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO moderation_depth (at, waiting, undecided) VALUES ($1, $2, $3) ON CONFLICT (at) DO NOTHING`,
			store.Millis(tx.Now), counts[picture.Waiting], counts[picture.Undecided])
		return err
	})
}

// escalate hands frames to a moderator that have their least number of judgments, and no
// verdict, and got no other judgment in a long time: nobody is left to ask.
func (d *Desk) escalate(tx *store.Tx) error {
	before := tx.Now.Add(-or(d.Patience, 24*time.Hour))
	frames, err := store.Each(tx, func(r *sql.Rows, id *picture.ID) error { return r.Scan(id) }, `
		SELECT frame FROM moderation_frame f WHERE verdict = '' AND given >= $1
			AND (SELECT MAX(at) FROM moderation_judgment g WHERE g.frame = f.frame) < $2 ORDER BY frame LIMIT $3`,
		d.least(), store.Millis(before), 4*batch)
	if err != nil {
		return err
	}
	for _, id := range frames {
		p, err := picture.Get(tx, id)
		if err != nil {
			return err
		}
		if p.State != picture.Waiting {
			continue
		}
		o, err := d.outcome(tx, id)
		if err != nil {
			return err
		}
		o.State, o.Reason, o.Score = picture.Undecided, NoMajority, 0
		if err := settle(tx, p, Everybody, o); err != nil {
			return err
		}
	}
	return nil
}
