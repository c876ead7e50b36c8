package deliver

import (
	"context"
	"database/sql"
	"time"

	"oneframe/app/store"
)

// view is what the clerk saw of the database at its last look.
type view struct {
	stale  bool      // something was committed since
	next   time.Time // no look before
	anyway time.Time // a look then, wake-up or not
	toured int64     // the newest change of a destination that it knows, and of a pause
	paused int64
	due    time.Time // when the first row has to be moved: one that is due, or whose claim runs out
}

// ready is a subscriber with something that could be claimed.
type ready struct {
	subscriber     string
	waiting, ahead bool // ahead: on demand
	recalls        bool
}

// look finds who has something ready, who was changed, and when rows have to be moved. It
// costs one step in an index for each subscriber that has something waiting, whatever
// number of rows that is.
func (o *Office) look(ctx context.Context) error {
	began := time.Now()
	var all []ready
	var destinations []Destination
	var pauses []pause
	v := o.view
	err := o.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if all, err = whoIsReady(tx); err != nil {
			return err
		}
		if v.due, err = firstDue(tx); err != nil {
			return err
		}
		if pauses, err = pausesSince(tx, from(tx, v.paused)); err != nil {
			return err
		}
		if destinations, err = destinationsSince(tx, from(tx, v.toured)); err != nil {
			return err
		}
		for _, p := range pauses { // one that was opened again says so there
			d, found, err := GetDestination(tx, p.subscriber)
			if err != nil {
				return err
			}
			if found {
				destinations = append(destinations, d)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, p := range pauses {
		v.paused = max(v.paused, store.Millis(p.changed))
	}
	for _, d := range destinations {
		v.toured = max(v.toured, store.Millis(d.Changed))
	}
	now := o.DB.Now()
	v.stale = false
	v.next = now.Add(max(lookGap, 20*time.Since(began))) // a twentieth of a core at most
	v.anyway = now.Add(lookAnyway)
	o.view = v
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range pauses {
		o.line(p.subscriber).heed(p)
	}
	for _, d := range destinations {
		o.line(d.Subscriber).adopt(d, now)
	}
	for _, l := range o.ring {
		l.ready = ready{}
	}
	for _, r := range all {
		o.line(r.subscriber).ready = r
	}
	return nil
}

// from gives the instant from which on changes may be new, where the newest known one is
// seen. Commits follow one another, so nothing older can come; what shares the millisecond
// can, as long as its commit may be under way.
func from(tx *store.Tx, seen int64) int64 {
	if store.Millis(tx.Now)-seen > time.Minute.Milliseconds() {
		seen++
	}
	return seen
}

// whoIsReady goes from subscriber to subscriber in the index of what is waiting: a loose
// index scan.
func whoIsReady(tx *store.Tx) ([]ready, error) {
	all, err := store.Each(tx, func(r *sql.Rows, x *ready) error { x.waiting = true; return r.Scan(&x.subscriber, &x.ahead) },
		`WITH RECURSIVE some (subscriber) AS (
			SELECT MIN(subscriber) FROM deliver_delivery WHERE state = 'waiting'
			UNION ALL
			SELECT (SELECT MIN(d.subscriber) FROM deliver_delivery d WHERE d.state = 'waiting' AND d.subscriber > some.subscriber) FROM some WHERE some.subscriber IS NOT NULL)
		SELECT subscriber, (SELECT d.ahead FROM deliver_delivery d WHERE d.state = 'waiting' AND d.subscriber = some.subscriber ORDER BY d.ahead DESC LIMIT 1)
		FROM some WHERE subscriber IS NOT NULL`)
	if err != nil {
		return nil, err
	}
	recalls, err := store.Each(tx, func(r *sql.Rows, s *string) error { return r.Scan(s) },
		`WITH RECURSIVE some (subscriber) AS (
			SELECT MIN(subscriber) FROM deliver_recall WHERE state = 'waiting'
			UNION ALL
			SELECT (SELECT MIN(d.subscriber) FROM deliver_recall d WHERE d.state = 'waiting' AND d.subscriber > some.subscriber) FROM some WHERE some.subscriber IS NOT NULL)
		SELECT subscriber FROM some WHERE subscriber IS NOT NULL`)
	at := make(map[string]int, len(all))
	for i, x := range all {
		at[x.subscriber] = i
	}
	for _, s := range recalls {
		i, known := at[s]
		if !known {
			i, all = len(all), append(all, ready{subscriber: s})
		}
		all[i].recalls = true
	}
	return all, err
}

// firstDue gives the earliest instant at which a delivery or recall is due, or its claim
// runs out; zero where there is none.
func firstDue(tx *store.Tx) (time.Time, error) {
	var first int64
	for _, query := range []string{
		`SELECT COALESCE(MIN(next_at), 0) FROM deliver_delivery WHERE state = 'due'`,
		`SELECT COALESCE(MIN(claimed_until), 0) FROM deliver_delivery WHERE state = 'claimed'`,
		`SELECT COALESCE(MIN(next_at), 0) FROM deliver_recall WHERE state = 'due'`,
		`SELECT COALESCE(MIN(claimed_until), 0) FROM deliver_recall WHERE state = 'claimed'`,
	} {
		var at int64
		if err := tx.QueryRow(query).Scan(&at); err != nil {
			return time.Time{}, err
		}
		if at > 0 && (first == 0 || at < first) {
			first = at
		}
	}
	return store.Time(first), nil
}

// pause is a row of deliver_pause.
type pause struct {
	subscriber string
	paused     bool
	changed    time.Time
}

func pausesSince(tx *store.Tx, since int64) ([]pause, error) {
	return store.Each(tx, func(r *sql.Rows, p *pause) error {
		var at int64
		err := r.Scan(&p.subscriber, &p.paused, &at)
		p.changed = store.Time(at)
		return err
	}, `SELECT subscriber, paused, changed_at FROM deliver_pause WHERE changed_at >= $1`, since)
}

func destinationsSince(tx *store.Tx, since int64) ([]Destination, error) {
	return store.Each(tx, func(r *sql.Rows, d *Destination) error { return scanDestination(r, d, new(string)) },
		`SELECT `+destinationColumns+` FROM deliver_destination WHERE changed_at >= $1`, since)
}
