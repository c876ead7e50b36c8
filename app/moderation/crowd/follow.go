package crowd

import (
	"context"
	"database/sql"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// eventsAtOnce bounds how long a round of following holds the database.
const eventsAtOnce = 100

// The types of message.
const (
	frameReady  = "frame.ready"
	frameClosed = "frame.closed"
)

// follow turns what happened to frames into messages. Each crowd has its own cursor,
// which begins with the first event of all: a new one is posted what waits by now.
func (x *Exchange) follow(ctx context.Context) (worked bool, err error) {
	var ids []string
	err = x.DB.Read(ctx, func(tx *store.Tx) (err error) {
		ids, err = switchedOn(tx)
		return err
	})
	for _, id := range ids {
		if err != nil {
			return worked, err
		}
		var mix *mixer
		err = x.DB.Read(ctx, func(tx *store.Tx) error {
			events, err := picture.Follow(tx, follower(id), 1)
			if err == nil && len(events) > 0 {
				mix, err = newMixer(tx, id)
			}
			return err
		})
		if err != nil || mix == nil {
			continue
		}
		worked = true
		err = x.DB.Write(ctx, func(tx *store.Tx) error { return catchUp(tx, id, *mix) })
	}
	return worked, err
}

func switchedOn(tx *store.Tx) ([]string, error) {
	return store.Each(tx, func(r *sql.Rows, id *string) error { return r.Scan(id) },
		`SELECT id FROM moderation_crowd WHERE state = 'on' ORDER BY id`)
}

func follower(crowd string) string { return "crowd:" + crowd }

func catchUp(tx *store.Tx, crowd string, mix mixer) error {
	events, err := picture.Follow(tx, follower(crowd), eventsAtOnce)
	if err != nil || len(events) == 0 {
		return err
	}
	for _, e := range events {
		switch e.Kind {
		case "ready", "reopened":
			err = announce(tx, &mix, crowd, e)
		case "accepted", "rejected", "undecided", "withdrawn":
			err = withhold(tx, crowd, e)
		}
		if err != nil {
			return err
		}
	}
	return picture.Mark(tx, follower(crowd), events[len(events)-1].Seq)
}

// announce makes the job of a frame that waits, and now and then one of gold.
func announce(tx *store.Tx, mix *mixer, crowd string, e picture.Event) error {
	p, err := picture.Get(tx, e.Picture)
	if err != nil {
		return err
	}
	if !open(p) {
		return nil // since then it was settled, or taken back
	}
	if err := enqueue(tx, crowd, frameReady, e.Picture, e.Seq); err != nil {
		return err
	}
	mix.jobs++
	return mix.add(tx, crowd)
}

// mixer knows how much of what a crowd was posted is gold, and what else there is of it.
type mixer struct {
	jobs, gold int
	left       []picture.ID // gold that the crowd may not have got
}

// newMixer counts a crowd's messages, which takes long where there are many: it wants no
// transaction that writes.
func newMixer(tx *store.Tx, crowd string) (*mixer, error) {
	m := &mixer{}
	all, err := moderation.Golds(tx)
	if err != nil || len(all) == 0 {
		return m, err
	}
	for _, g := range all {
		m.left = append(m.left, g.Right.Frame)
	}
	err = tx.QueryRow(`SELECT COUNT(*), COALESCE(SUM(CASE WHEN event = 0 THEN 1 ELSE 0 END), 0) FROM moderation_crowd_message
		WHERE crowd = $1 AND kind = 'frame.ready'`, crowd).Scan(&m.jobs, &m.gold)
	m.jobs -= m.gold
	return m, err
}

// add posts one of gold that the crowd has not got, where fewer than one of eighteen
// jobs was gold so far.
func (m *mixer) add(tx *store.Tx, crowd string) error {
	if m.jobs <= m.gold*goldEvery {
		return nil
	}
	for len(m.left) > 0 {
		frame := m.left[0]
		m.left = m.left[1:]
		has, err := told(tx, crowd, frame)
		if err != nil {
			return err
		}
		if !has {
			m.gold++
			return enqueue(tx, crowd, frameReady, frame, 0)
		}
	}
	return nil
}

// told reports whether the crowd has, or is to get, a message about the frame.
func told(tx *store.Tx, crowd string, frame picture.ID) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM moderation_crowd_message WHERE crowd = $1 AND frame = $2`, crowd, frame).Scan(&n)
	return n > 0, err
}

// isGold reports whether the frame is gold that is handed out.
func isGold(tx *store.Tx, frame picture.ID) (bool, error) {
	g, ok, err := moderation.GoldOf(tx, frame)
	return ok && g.Retired.IsZero(), err
}

func enqueue(tx *store.Tx, crowd, kind string, frame picture.ID, event int64) error {
	_, err := tx.Exec(`INSERT INTO moderation_crowd_message (id, crowd, kind, frame, event, state, next_at, created_at)
		VALUES ($1, $2, $3, $4, $5, 'due', $6, $6) ON CONFLICT DO NOTHING`,
		store.NewID(), crowd, kind, frame, event, store.Millis(tx.Now))
	return err
}

// withhold takes back a job that has not gone out, and closes one that has. Gold stays
// open until it is withdrawn: every worker is asked it.
func withhold(tx *store.Tx, crowd string, e picture.Event) error {
	if e.Kind != "withdrawn" {
		gold, err := isGold(tx, e.Picture)
		if err != nil || gold {
			return err
		}
	}
	if _, err := tx.Exec(`DELETE FROM moderation_crowd_message WHERE crowd = $1 AND frame = $2 AND state <> 'sent' AND attempts = 0`, crowd, e.Picture); err != nil {
		return err
	}
	has, err := told(tx, crowd, e.Picture)
	if err != nil || !has {
		return err
	}
	return enqueue(tx, crowd, frameClosed, e.Picture, e.Seq)
}

// still reports whether a message is worth sending yet: a job whose frame is neither
// waiting nor gold any more is not.
func still(tx *store.Tx, m message) (picture.Picture, bool, error) {
	p, err := picture.Get(tx, m.frame)
	if fault.Is(err, fault.NotFound) {
		return p, false, nil
	}
	if err != nil || m.kind == frameClosed || open(p) {
		return p, err == nil, err
	}
	if p.State == picture.Withdrawn {
		return p, false, nil
	}
	gold, err := isGold(tx, m.frame)
	return p, gold, err
}
