package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/web"
)

// BenchmarkLeases takes 1,000 leases by 100 clients at once over HTTP, durably, and
// reports the waiting time that 99 % stayed under.
func BenchmarkLeases(b *testing.B) {
	for range b.N {
		url := leaseSite(b)
		var mu sync.Mutex
		var waits []time.Duration
		start := time.Now()
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				for range 10 {
					from := time.Now()
					err := post(url+"/api/v1/clips/c/leases", "application/json", strings.NewReader("{}"), new(struct{}))
					mu.Lock()
					waits = append(waits, time.Since(from))
					mu.Unlock()
					if err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		total := time.Since(start)
		slices.Sort(waits)
		b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "p99-ms")
		b.ReportMetric(float64(len(waits))/total.Seconds(), "leases/s")
	}
}

// leaseSite serves a clip of 1,000 slots on loopback.
func leaseSite(b *testing.B) string {
	b.Helper()
	c := Defaults()
	c.Data, c.Limits.Enabled = b.TempDir(), false
	a, err := New(context.Background(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	var slots []slot.Slot
	for i := range 1000 {
		slots = append(slots, slot.Slot{ID: slot.ID{Clip: "c", Number: i + 1}, First: i, Hold: 1})
	}
	if err := a.DB.Write(b.Context(), func(tx *store.Tx) error { return slot.Add(tx, slots) }); err != nil {
		b.Fatal(err)
	}
	settings, err := a.settings()
	if err != nil {
		b.Fatal(err)
	}
	handler, err := web.New(a.rooms(), settings, a.Log)
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(handler)
	b.Cleanup(func() {
		server.Close()
		if err := a.Close(); err != nil {
			b.Error(fmt.Errorf("close: %w", err))
		}
	})
	return server.URL
}
