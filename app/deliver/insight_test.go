package deliver

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"oneframe/app/deliver/pace"
	"oneframe/app/picture"
	"oneframe/app/store"
)

func TestAGlanceSaysHowAQueueStands(t *testing.T) {
	t.Parallel()
	db, b := open(t), box(t)
	now := time.Date(2026, 3, 1, 23, 30, 0, 0, time.UTC)
	db.Now = func() time.Time { return now }
	write(t, db, func(tx *store.Tx) error {
		for i := range 7 {
			if _, err := Enqueue(tx, New{Picture: picture.ID(fmt.Sprint(i)), Subscriber: "a"}); err != nil {
				return err
			}
		}
		if _, err := SetDestination(tx, b, "a", NewDestination{URL: new("ftp://x.example/"), Limits: &Limits{Zone: "Asia/Tokyo"}}); err != nil {
			return err
		}
		c := counts{}
		c.add("a", "sent", 3)
		c.add("a", "down", 2)
		c.add("b", "sent", 9)
		for range 9 {
			c.add("b", fmt.Sprintf("%s%02d", latencyPrefix, pace.Bucket(time.Second)), 1)
		}
		if err := c.write(tx, func(s string) *time.Location {
			return Limits{Zone: map[string]string{"a": "Asia/Tokyo", "b": ""}[s]}.zone()
		}); err != nil {
			return err
		}
		for _, q := range []string{
			`UPDATE deliver_delivery SET queued_at = queued_at - 600000 WHERE picture = '1'`,
			`UPDATE deliver_delivery SET state = 'due', next_at = 5, attempts = 1, error = 'It was down.', failed = 'down' WHERE picture IN ('2', '3')`,
			`UPDATE deliver_delivery SET state = 'dead', done_at = 9, error = 'It was refused.', failed = 'refused' WHERE picture = '4'`,
			`UPDATE deliver_delivery SET state = 'sent', sent_at = 5 WHERE picture = '5'`,
		} {
			if _, err := tx.Exec(q); err != nil {
				return err
			}
		}
		one, err := GlanceAt(tx, "a")
		if err != nil {
			return err
		}
		all, err := Glances(tx, []string{"a", "b", "c"}, CountMost)
		if err != nil {
			return err
		}
		for _, g := range []Glance{one, all[0]} {
			if g.Waiting != 3 || g.Due != 2 || g.Dead != 1 || g.Claimed != 0 || g.Queued() != 5 || g.Behind(now) != 10*time.Minute || !g.Directed {
				t.Errorf("%+v", g)
			}
			if g.Today.Sent != 3 || g.Today.Failed["down"] != 2 || g.LastError != "It was refused." || g.LastFailed != "refused" {
				t.Errorf("%+v", g)
			}
		}
		if g := all[1]; g.Today.Sent != 9 || g.Queued() != 0 || g.Behind(now) != 0 || g.Today.Latency.Quantile(.5) < 500*time.Millisecond {
			t.Errorf("%+v", g)
		}
		if _, err := tx.Exec(`UPDATE deliver_delivery SET error = 'Its server is down.', failed = 'down' WHERE picture = '6'`); err != nil {
			return err
		}
		if g, err := GlanceAt(tx, "a"); err != nil || g.LastError != "Its server is down." {
			t.Errorf("%q, %v", g.LastError, err)
		}
		hours, err := History(tx, "a", 48)
		if len(hours) != 48 || hours[47].Sent != 3 || hours[0].Sent != 0 || !hours[47].Begin.Equal(now.Truncate(time.Hour)) || Sum(hours).Failed["down"] != 2 {
			t.Errorf("%+v", hours[47])
		}
		return err
	})
}

func TestWhoIsLookedAfterFirst(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	late := now.Add(-6 * time.Minute)
	for _, x := range []struct {
		g    Glance
		down bool
		want Trouble
	}{
		{Glance{Destination: Destination{Failed: true}, Directed: true, Dead: 1}, true, Failed},
		{Glance{Waiting: 1}, false, Nowhere},
		{Glance{}, false, Fine},
		{Glance{Directed: true, Dead: 1}, true, Down},
		{Glance{Directed: true, Dead: 1, Oldest: late}, false, GaveUp},
		{Glance{Directed: true, Oldest: late}, false, Behind},
		{Glance{Directed: true, Waiting: 9, Oldest: now.Add(-4 * time.Minute)}, false, Fine},
	} {
		if got := x.g.Trouble(now, x.down); got != x.want {
			t.Errorf("%+v: %s, not %s", x.g, got, x.want)
		}
	}
}

// What a page asks about a queue is read off an index, however long the queue is.
func TestInsightIsReadOffIndexes(t *testing.T) {
	t.Parallel()
	db := open(t)
	write(t, db, func(tx *store.Tx) error {
		for _, query := range []string{
			`SELECT queued_at FROM deliver_delivery WHERE subscriber = 'a' AND state = 'waiting' ORDER BY id LIMIT 100`,
			`SELECT id, error, failed FROM deliver_delivery WHERE subscriber = 'a' AND state = 'dead' ORDER BY id DESC LIMIT 50`,
			`SELECT error FROM deliver_delivery WHERE subscriber = 'a' AND state = 'waiting' ORDER BY ahead DESC, priority DESC, queued_at, id LIMIT 50`,
			`SELECT 1 FROM deliver_delivery WHERE subscriber = 'a' AND state = 'due' LIMIT 10000`,
			`SELECT subscriber, what, n FROM deliver_day WHERE day = '2026-03-01'`,
			`SELECT hour, what, n FROM deliver_hour WHERE subscriber = 'a' AND hour >= 5`,
		} {
			var id, parent, unused int
			var plan string
			if err := tx.QueryRow(`EXPLAIN QUERY PLAN `+query).Scan(&id, &parent, &unused, &plan); err != nil {
				return err
			}
			if !strings.Contains(plan, "SEARCH") || strings.Contains(plan, "TEMP") {
				t.Errorf("%s: %s", query, plan)
			}
		}
		return nil
	})
}
