package deliver

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"oneframe/app/deliver/pace"
	"oneframe/app/deliver/send"
	"oneframe/app/store"
)

// Totals are what was counted for a subscriber in a stretch of time.
type Totals struct {
	Sent, Bytes, Recalled int64
	Failed                map[send.Kind]int64 // tries
	Latency               pace.Histogram      // from the picture's arrival until it was sent
}

const latencyPrefix = "latency "

// Day writes the date that an instant has in the zone, as deliver_day has it.
func Day(t time.Time, zone *time.Location) string { return t.In(zone).Format(time.DateOnly) }

// Days gives a subscriber's totals by day, as 2026-11-22 in the zone of its limits, from
// the first to the last, both included; of all subscribers together for "".
func Days(tx *store.Tx, subscriber, first, last string) (map[string]Totals, error) {
	if subscriber == "" {
		return totals[string](tx, `SELECT day, what, SUM(n) FROM deliver_day WHERE day BETWEEN $1 AND $2 GROUP BY day, what`, first, last)
	}
	return totals[string](tx, `SELECT day, what, n FROM deliver_day WHERE subscriber = $1 AND day BETWEEN $2 AND $3`, subscriber, first, last)
}

// HoursSince gives a subscriber's totals by the unix milliseconds of the begin of each
// hour, UTC; of all subscribers together for "". They are kept for a week.
func HoursSince(tx *store.Tx, subscriber string, since time.Time) (map[int64]Totals, error) {
	from := store.Millis(since.Truncate(time.Hour))
	if subscriber == "" {
		return totals[int64](tx, `SELECT hour, what, SUM(n) FROM deliver_hour WHERE hour >= $1 GROUP BY hour, what`, from)
	}
	return totals[int64](tx, `SELECT hour, what, n FROM deliver_hour WHERE subscriber = $1 AND hour >= $2`, subscriber, from)
}

func totals[K comparable](tx *store.Tx, query string, args ...any) (map[K]Totals, error) {
	type row struct {
		key  K
		what string
		n    int64
	}
	rows, err := store.Each(tx, func(r *sql.Rows, x *row) error { return r.Scan(&x.key, &x.what, &x.n) }, query, args...)
	all := map[K]Totals{}
	for _, x := range rows {
		t, known := all[x.key]
		if !known {
			t = Totals{Failed: map[send.Kind]int64{}, Latency: pace.Histogram{}}
		}
		switch bucket, is := strings.CutPrefix(x.what, latencyPrefix); {
		case is:
			b, err := strconv.Atoi(bucket)
			if err != nil {
				return nil, fmt.Errorf("the totals count %q: %w", x.what, err)
			}
			t.Latency[b] = x.n
		case x.what == "sent":
			t.Sent = x.n
		case x.what == "bytes":
			t.Bytes = x.n
		case x.what == "recalled":
			t.Recalled = x.n
		default:
			t.Failed[send.Kind(x.what)] = x.n
		}
		all[x.key] = t
	}
	return all, err
}

// latencyWord is what a latency is counted as.
func latencyWord(d time.Duration) string { return fmt.Sprintf("%s%02d", latencyPrefix, pace.Bucket(d)) }

// counts are what a transaction adds to the totals: subscriber → what → how many.
type counts map[string]map[string]int64

func (c counts) add(subscriber, what string, n int64) {
	if c[subscriber] == nil {
		c[subscriber] = map[string]int64{}
	}
	c[subscriber][what] += n
}

// write adds them to the day and the hour of the transaction; zone gives where a
// subscriber's days begin.
func (c counts) write(tx *store.Tx, zone func(subscriber string) *time.Location) error {
	hour := store.Millis(tx.Now.Truncate(time.Hour))
	var days, hours [][]any
	for subscriber, all := range c {
		day := Day(tx.Now, zone(subscriber))
		for what, n := range all {
			days = append(days, []any{subscriber, day, what, n})
			hours = append(hours, []any{subscriber, hour, what, n})
		}
	}
	if len(days) == 0 {
		return nil
	}
	if _, err := tx.ExecAll(`INSERT INTO deliver_day (subscriber, day, what, n) VALUES ($1, $2, $3, $4)
		ON CONFLICT (subscriber, day, what) DO UPDATE SET n = deliver_day.n + excluded.n`, days); err != nil {
		return err
	}
	_, err := tx.ExecAll(`INSERT INTO deliver_hour (subscriber, hour, what, n) VALUES ($1, $2, $3, $4)
		ON CONFLICT (subscriber, hour, what) DO UPDATE SET n = deliver_hour.n + excluded.n`, hours)
	return err
}
