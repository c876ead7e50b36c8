package web

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/deliver"
	"oneframe/app/feed"
	"oneframe/app/store"
)

const (
	// labelsMost is how many subscribers have series of their own; all others are counted
	// together as "other", so that nobody's Prometheus grows without bound.
	labelsMost = 200
	settled    = 48 * time.Hour // after which no day, of any zone, is counted on
)

// Metrics answers Prometheus (text format 0.0.4). Its methods may be called from any
// goroutine.
type Metrics struct {
	DB      *store.DB
	Sending *deliver.Office

	mu    sync.Mutex // guards what follows
	past  map[string]deliver.Totals
	until string // the day before which past counts
}

func (s *Server) metrics(c echo.Context) error {
	raw, err := s.measures.write(c.Request().Context())
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, "text/plain; version=0.0.4; charset=utf-8", raw)
}

// ServeMetrics answers /metrics, and nothing else, at the address until the context ends.
// Whoever reaches the address may read them.
func ServeMetrics(ctx context.Context, m *Metrics, address string, to *slog.Logger) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("metrics.address %s: %w", address, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		raw, err := m.write(r.Context())
		if err != nil {
			to.Error("the metrics can't be read", "cause", err)
			http.Error(w, "The metrics can't be read.", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(raw) // whoever left needs no answer
	})
	return run(ctx, l, mux, to)
}

// measure is what the series of one subscriber are made of.
type measure struct {
	id, name string
	glance   deliver.Glance
	status   deliver.Status
	ever     deliver.Totals
	behind   time.Duration
}

func (m *Metrics) write(ctx context.Context) ([]byte, error) {
	var all []measure
	err := m.DB.Read(ctx, func(tx *store.Tx) (err error) {
		all, err = m.read(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return expose(all), nil
}

// read gives the measures of the subscribers in the order in which they were added, and
// then what is left.
func (m *Metrics) read(tx *store.Tx) ([]measure, error) {
	subscribers, err := feed.Subscribers(tx)
	if err != nil {
		return nil, err
	}
	ever, err := m.ever(tx)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(subscribers))
	for i, x := range subscribers {
		ids[i] = x.ID
	}
	glances, err := deliver.Glances(tx, ids, deliver.CountMost)
	if err != nil {
		return nil, err
	}
	var all []measure
	for i, x := range subscribers {
		all = append(all, measure{x.ID, x.Name, glances[i], m.Sending.Status(x.ID), ever[x.ID], glances[i].Behind(tx.Now)})
	}
	return fold(all), nil
}

// fold leaves the first subscribers as they are, by the order of their ids, which is that
// of their age, and adds the others up.
func fold(all []measure) []measure {
	slices.SortFunc(all, func(a, b measure) int { return cmp.Compare(a.id, b.id) })
	if len(all) <= labelsMost {
		return all
	}
	rest := measure{id: "other", name: "all others"}
	for _, x := range all[labelsMost:] {
		g := &rest.glance
		g.Waiting, g.Claimed, g.Due, g.Dead = g.Waiting+x.glance.Waiting, g.Claimed+x.glance.Claimed, g.Due+x.glance.Due, g.Dead+x.glance.Dead
		g.Destination.Failed = g.Destination.Failed || x.glance.Destination.Failed
		rest.status.Down, rest.status.Flying = rest.status.Down || x.status.Down, rest.status.Flying+x.status.Flying
		rest.behind = max(rest.behind, x.behind)
		rest.ever = rest.ever.Plus(x.ever)
	}
	return append(all[:labelsMost:labelsMost], rest)
}

// ever gives the totals since the first day. Those of days that are over are added up once
// a day.
func (m *Metrics) ever(tx *store.Tx) (map[string]deliver.Totals, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if until := deliver.Day(tx.Now.Add(-settled), time.UTC); until != m.until {
		past, err := deliver.TotalsBetween(tx, "", until)
		if err != nil {
			return nil, err
		}
		m.past, m.until = past, until
	}
	recent, err := deliver.TotalsBetween(tx, m.until, "9999")
	for id, t := range m.past {
		recent[id] = recent[id].Plus(t)
	}
	return recent, err
}

// expose writes the series family by family.
func expose(all []measure) []byte {
	var b bytes.Buffer
	family := func(name, kind, help string, write func(x measure, line func(labels string, v float64))) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
		for _, x := range all {
			write(x, func(labels string, v float64) {
				suffix, labels, _ := strings.Cut(labels, "|")
				fmt.Fprintf(&b, "%s%s{subscriber=\"%s\"%s} %s\n", name, suffix, escape(x.id), labels, strconv.FormatFloat(v, 'g', -1, 64))
			})
		}
	}
	type line = func(labels string, v float64)
	family("oneframe_subscriber_info", "gauge", "Each subscriber's name.", func(x measure, line line) { line(`|,name="`+escape(x.name)+`"`, 1) })
	family("oneframe_delivery_queue", "gauge", "Deliveries in the queue, counted up to 10000.", func(x measure, line line) {
		for _, s := range []struct {
			state deliver.State
			n     int
		}{{deliver.Waiting, x.glance.Waiting}, {deliver.Claimed, x.glance.Claimed}, {deliver.Due, x.glance.Due}, {deliver.Dead, x.glance.Dead}} {
			line(`|,state="`+string(s.state)+`"`, float64(s.n))
		}
	})
	family("oneframe_delivery_oldest_seconds", "gauge", "For how long the oldest delivery has been on its way.", func(x measure, line line) { line("", x.behind.Seconds()) })
	family("oneframe_delivery_sending", "gauge", "Deliveries that are being sent.", func(x measure, line line) { line("", float64(x.status.Flying)) })
	family("oneframe_delivery_failed", "gauge", "1 where nothing is sent until somebody resumes it.", func(x measure, line line) { line("", one(x.glance.Destination.Failed)) })
	family("oneframe_delivery_breaker_open", "gauge", "1 where the destination counts as down.", func(x measure, line line) { line("", one(x.status.Down)) })
	family("oneframe_deliveries_sent_total", "counter", "Pictures sent.", func(x measure, line line) { line("", float64(x.ever.Sent)) })
	family("oneframe_delivery_bytes_total", "counter", "Bytes sent.", func(x measure, line line) { line("", float64(x.ever.Bytes)) })
	family("oneframe_deliveries_recalled_total", "counter", "Recalls that went through.", func(x measure, line line) { line("", float64(x.ever.Recalled)) })
	family("oneframe_delivery_failures_total", "counter", "Tries that failed.", func(x measure, line line) {
		for _, k := range failureKinds() {
			line(`|,kind="`+string(k.Kind)+`"`, float64(x.ever.Failed[k.Kind]))
		}
	})
	family("oneframe_delivery_latency_seconds", "histogram", "From a picture's arrival until it was sent; the sum is estimated from the buckets.", func(x measure, line line) {
		var count int64
		for _, n := range x.ever.Latency {
			count += n
		}
		for d := 10 * time.Millisecond; d < 100*time.Hour; d *= 4 {
			line(`_bucket|,le="`+strconv.FormatFloat(d.Seconds(), 'g', -1, 64)+`"`, float64(x.ever.Latency.Under(d)))
		}
		line(`_bucket|,le="+Inf"`, float64(count))
		line("_sum|", x.ever.Latency.Seconds())
		line("_count|", float64(count))
	})
	return b.Bytes()
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// escape writes a label's value (text format: backslash, quote and line feed).
func escape(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text)
}
