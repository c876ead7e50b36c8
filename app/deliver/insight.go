package deliver

import (
	"database/sql"
	"errors"
	"time"

	"oneframe/app/deliver/pace"
	"oneframe/app/deliver/send"
	"oneframe/app/store"
)

// Glance is how one subscriber's queue stands. Everything in it is read off an index or
// counted while it happens, so that a queue of a million rows costs what a short one does.
type Glance struct {
	Subscriber  string
	Destination Destination
	Directed    bool // it has a destination

	Waiting, Claimed, Due, Dead int       // no further than was asked for; CountMost by GlanceAt
	Oldest                      time.Time // since when the oldest of those waiting and due has been queued; zero where there is none
	Today                       Totals    // since midnight in the zone of its limits
	LastError                   string    // why the queue is not through; "" where nothing failed
	LastFailed                  string    // how it failed, a send.Kind
}

// Behind is for how long the oldest picture has been on its way; 0 where none is.
func (g Glance) Behind(now time.Time) time.Duration {
	if g.Oldest.IsZero() {
		return 0
	}
	return max(now.Sub(g.Oldest), 0)
}

// Queued is how many pictures are on their way.
func (g Glance) Queued() int { return g.Waiting + g.Claimed + g.Due }

// GlanceAt gives how one subscriber's queue stands.
func GlanceAt(tx *store.Tx, subscriber string) (g Glance, err error) {
	g.Subscriber = subscriber
	if g.Destination, g.Directed, err = GetDestination(tx, subscriber); err != nil {
		return g, err
	}
	if err = g.count(tx, CountMost); err != nil {
		return g, err
	}
	day := Day(tx.Now, g.Destination.Limits.zone())
	days, err := Days(tx, subscriber, day, day)
	g.Today = days[day]
	return g, err
}

// GlancesMost is as far as a board of many subscribers needs to count each one's rows.
const GlancesMost = 1000

// Glances gives them for several subscribers, in the order given, counting the rows of each
// no further than most.
func Glances(tx *store.Tx, subscribers []string, most int) ([]Glance, error) {
	places, err := Destinations(tx)
	if err != nil {
		return nil, err
	}
	today, err := todays(tx, places)
	if err != nil {
		return nil, err
	}
	all := make([]Glance, 0, len(subscribers))
	for _, id := range subscribers {
		g := Glance{Subscriber: id, Today: today[id]}
		g.Destination, g.Directed = places[id]
		if err := g.count(tx, most); err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, nil
}

// count fills what the rows of the queue say.
func (g *Glance) count(tx *store.Tx, most int) error {
	for state, n := range map[State]*int{Waiting: &g.Waiting, Claimed: &g.Claimed, Due: &g.Due, Dead: &g.Dead} {
		var err error
		if *n, err = countUpTo(tx, g.Subscriber, state, most); err != nil {
			return err
		}
	}
	if g.Waiting+g.Due > 0 {
		if err := g.oldest(tx); err != nil {
			return err
		}
	}
	return g.lastError(tx)
}

// lastError finds why the queue is not through: what those that go next failed with, or
// else the newest of those due or dead.
func (g *Glance) lastError(tx *store.Tx) error {
	// Of those waiting, what was tried stands first. Of the others, ids grow with time: the
	// newest is among the last of each state.
	for _, query := range []string{
		`SELECT error, failed FROM (
			SELECT error, failed FROM deliver_delivery WHERE subscriber = $1 AND state = 'waiting' ORDER BY ahead DESC, priority DESC, queued_at, id LIMIT 10
		) AS x WHERE error <> '' LIMIT 1`,
		`SELECT error, failed FROM (
			SELECT * FROM (SELECT error, failed, next_at AS at FROM deliver_delivery WHERE subscriber = $1 AND state = 'due' ORDER BY id DESC LIMIT 50) AS x
			UNION ALL
			SELECT * FROM (SELECT error, failed, done_at AS at FROM deliver_delivery WHERE subscriber = $1 AND state = 'dead' ORDER BY id DESC LIMIT 50) AS y
		) AS z WHERE error <> '' ORDER BY at DESC LIMIT 1`,
	} {
		err := tx.QueryRow(query, g.Subscriber).Scan(&g.LastError, &g.LastFailed)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	return nil
}

// oldest looks at the first twenty of each state by id, which is by age but for the few
// that were queued anew as an update: the longest wait is among them.
func (g *Glance) oldest(tx *store.Tx) error {
	var ms sql.NullInt64
	err := tx.QueryRow(`SELECT MIN(queued_at) FROM (
		SELECT * FROM (SELECT queued_at FROM deliver_delivery WHERE subscriber = $1 AND state = 'waiting' ORDER BY id LIMIT 20) AS x
		UNION ALL
		SELECT * FROM (SELECT queued_at FROM deliver_delivery WHERE subscriber = $1 AND state = 'due' AND attempts > 0 ORDER BY id LIMIT 20) AS y
	) AS z`, g.Subscriber).Scan(&ms)
	g.Oldest = store.Time(ms.Int64)
	return err
}

// todays gives the totals of the subscribers' present days, which begin where their
// limits' zones have midnight: at any moment that is one of at most three dates.
func todays(tx *store.Tx, places map[string]Destination) (map[string]Totals, error) {
	by := map[string]Totals{}
	for _, shift := range []time.Duration{-24 * time.Hour, 0, 24 * time.Hour} {
		day := Day(tx.Now.Add(shift), time.UTC)
		all, err := totals[string](tx, `SELECT subscriber, what, n FROM deliver_day WHERE day = $1`, day)
		if err != nil {
			return nil, err
		}
		for id, t := range all {
			if day == Day(tx.Now, places[id].Limits.zone()) {
				by[id] = t
			}
		}
	}
	return by, nil
}

// zone is where the subscriber's days begin.
func (l Limits) zone() *time.Location {
	z, err := time.LoadLocation(l.Zone)
	if err != nil {
		return time.UTC // a name that was known when it was saved
	}
	return z
}

// Hour is what happened in one hour.
type Hour struct {
	Begin time.Time
	Totals
}

// History gives a subscriber's last n hours, the earliest first and the present one
// last, none left out; of all subscribers together for "".
func History(tx *store.Tx, subscriber string, n int) ([]Hour, error) {
	last := tx.Now.Truncate(time.Hour)
	first := last.Add(-time.Duration(n-1) * time.Hour)
	by, err := HoursSince(tx, subscriber, first)
	if err != nil {
		return nil, err
	}
	all := make([]Hour, n)
	for i := range all {
		begin := first.Add(time.Duration(i) * time.Hour)
		all[i] = Hour{begin, by[store.Millis(begin)]}
	}
	return all, nil
}

// Sum adds hours up.
func Sum(hours []Hour) (t Totals) {
	for _, h := range hours {
		t = t.Plus(h.Totals)
	}
	return t
}

// Plus gives the sum of both, in maps of its own.
func (t Totals) Plus(o Totals) Totals {
	sum := Totals{Sent: t.Sent + o.Sent, Bytes: t.Bytes + o.Bytes, Recalled: t.Recalled + o.Recalled, Failed: map[send.Kind]int64{}, Latency: pace.Histogram{}}
	for _, x := range []Totals{t, o} {
		for k, n := range x.Failed {
			sum.Failed[k] += n
		}
		for b, n := range x.Latency {
			sum.Latency[b] += n
		}
	}
	return sum
}

// TotalsBetween gives each subscriber's totals from a day, as 2026-11-22, up to another,
// which is excluded.
func TotalsBetween(tx *store.Tx, first, end string) (map[string]Totals, error) {
	return totals[string](tx, `SELECT subscriber, what, SUM(n) FROM deliver_day WHERE day >= $1 AND day < $2 GROUP BY subscriber, what`, first, end)
}

// Trouble is why somebody should look after a subscriber.
type Trouble string

// The troubles, the worst first.
const (
	Failed  Trouble = "failed"  // nothing is sent until somebody resumes it
	Nowhere Trouble = "nowhere" // pictures wait, and there is no destination
	Down    Trouble = "down"    // its breaker is open: the destination can't be reached
	GaveUp  Trouble = "gave_up" // some deliveries were given up
	Behind  Trouble = "behind"  // the oldest has been on its way for over LateAfter
	Fine    Trouble = "fine"
)

// LateAfter is how long a picture may be on its way before its subscriber counts as behind.
const LateAfter = 5 * time.Minute

// Trouble says why somebody should look after the subscriber; down is whether its breaker
// is open.
func (g Glance) Trouble(now time.Time, down bool) Trouble {
	switch {
	case g.Destination.Failed:
		return Failed
	case !g.Directed && g.Queued() > 0:
		return Nowhere
	case down:
		return Down
	case g.Dead > 0:
		return GaveUp
	case g.Behind(now) > LateAfter:
		return Behind
	}
	return Fine
}
