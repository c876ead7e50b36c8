package moderation_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"oneframe/app/moderation"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/vault"
)

const (
	benchFrames = 10_000
	benchJudges = 200
	benchGold   = 40
)

// benchSite is a desk with 10,000 waiting frames and 40 of gold, on its own database.
func benchSite(b *testing.B, frames int) *moderation.Desk {
	b.Helper()
	db, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "oneframe.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	d := &moderation.Desk{DB: db}
	var ids []picture.ID
	for range frames + benchGold {
		ids = append(ids, picture.ID(store.NewID()))
	}
	write(b, db, func(tx *store.Tx) error {
		var slots []slot.Slot
		for n := range ids {
			slots = append(slots, slot.Slot{ID: slot.ID{Clip: "c", Number: n + 1}, Hold: 2})
		}
		return slot.Add(tx, slots)
	})
	for part := range slices.Chunk(ids, 500) {
		write(b, db, func(tx *store.Tx) error { return receive(tx, part) })
	}
	for i, id := range ids[frames:] {
		if _, err := d.MarkGold(b.Context(), "account:mia", moderation.Judgment{Frame: id, Trying: i%2 == 0}, "because"); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := d.Step(b.Context()); err != nil { // the queue is made once, when the site starts
		b.Fatal(err)
	}
	return d
}

func write(b *testing.B, db *store.DB, f func(*store.Tx) error) {
	b.Helper()
	if err := db.Write(b.Context(), f); err != nil {
		b.Fatal(err)
	}
}

func receive(tx *store.Tx, ids []picture.ID) error {
	for _, id := range ids {
		l, err := slot.Take(tx, "c", 0, time.Minute)
		if err != nil {
			return err
		}
		at, err := slot.Fill(tx, l.Token)
		if err != nil {
			return err
		}
		if _, err := picture.Record(tx, picture.New{ID: id, Origin: "webcam", Slot: at, Original: vault.KeyOf([]byte(id)), Type: "image/jpeg", Width: 640, Height: 480}); err != nil {
			return err
		}
		k := vault.KeyOf([]byte("large" + id))
		if err := picture.Ready(tx, id, picture.Renditions{Large: k, Medium: k, Thumb: k, Width: 640, Height: 480}); err != nil {
			return err
		}
	}
	return nil
}

// waits collects how long things took.
type waits struct {
	mu  sync.Mutex
	all []time.Duration
}

func (w *waits) since(from time.Time) {
	d := time.Since(from)
	w.mu.Lock()
	w.all = append(w.all, d)
	w.mu.Unlock()
}

func (w *waits) report(b *testing.B, name string) {
	slices.Sort(w.all)
	b.ReportMetric(float64(w.all[len(w.all)*99/100].Microseconds())/1000, name+"p99-ms")
	b.ReportMetric(float64(w.all[len(w.all)/2].Microseconds())/1000, name+"p50-ms")
}

// cpu is the processor time that the process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// answer judges a page as a crowd does that mostly agrees.
func answer(rng *rand.Rand, page []moderation.Task) (js []moderation.Judgment) {
	for _, t := range page {
		js = append(js, moderation.Judgment{Frame: t.ID, Nudity: rng.IntN(40) == 0, Trying: rng.IntN(8) > 0, Likeness: 1 + rng.IntN(5)})
	}
	return js
}

// BenchmarkPageBaseline has 200 at once list the 18 oldest waiting frames, for no judge
// in particular: what a page would cost at least if it came from the database.
func BenchmarkPageBaseline(b *testing.B) {
	d := benchSite(b, benchFrames)
	for range b.N {
		var w waits
		together(benchJudges, func(int) {
			from := time.Now()
			err := d.DB.Read(b.Context(), func(tx *store.Tx) error {
				_, _, err := picture.List(tx, picture.Query{States: []picture.State{picture.Waiting}, Sort: "oldest", Limit: moderation.PageMax})
				return err
			})
			w.since(from)
			if err != nil {
				b.Error(err)
			}
		})
		w.report(b, "")
	}
}

// BenchmarkPages has 200 judges, who were never there before, ask for a page at once.
func BenchmarkPages(b *testing.B) {
	d := benchSite(b, benchFrames)
	for round := range b.N {
		var w waits
		used := cpu(b)
		together(benchJudges, func(n int) {
			from := time.Now()
			page, err := d.Next(b.Context(), moderation.ByAccount(fmt.Sprint(round, "-", n)), moderation.PageMax)
			w.since(from)
			if err != nil || len(page) != moderation.PageMax {
				b.Error(len(page), err)
			}
		})
		b.ReportMetric(float64((cpu(b)-used).Microseconds())/1000/benchJudges, "cpu-ms/page")
		w.report(b, "")
	}
}

func together(n int, f func(int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	wg.Wait()
}

// BenchmarkJudging has 200 judges judge page after page, each a page every 7 seconds,
// which makes 514 judgments a second, for 15 seconds.
func BenchmarkJudging(b *testing.B) {
	const every, lasts = 7 * time.Second, 15 * time.Second
	for range b.N {
		d := benchSite(b, benchFrames)
		var pages, sent waits
		var mu sync.Mutex
		taken := 0
		start, used := time.Now(), cpu(b)
		together(benchJudges, func(n int) {
			rng := rand.New(rand.NewPCG(uint64(n), 1))
			next := start.Add(rand.N(every))
			for ; time.Since(start) < lasts; next = next.Add(every) {
				time.Sleep(time.Until(next)) // the judge looks: the load is so many judgments a second of real time
				got, err := judgePage(b.Context(), d, n, rng, &pages, &sent)
				if err != nil {
					b.Error(err)
					return
				}
				mu.Lock()
				taken += got
				mu.Unlock()
			}
		})
		b.ReportMetric(float64(taken)/time.Since(start).Seconds(), "judgments/s")
		b.ReportMetric((cpu(b)-used).Seconds()/time.Since(start).Seconds(), "cores")
		pages.report(b, "page-")
		sent.report(b, "send-")
	}
}

func judgePage(ctx context.Context, d *moderation.Desk, n int, rng *rand.Rand, pages, sent *waits) (int, error) {
	j := moderation.ByAccount(fmt.Sprint(n))
	from := time.Now()
	page, err := d.Next(ctx, j, moderation.PageMax)
	if err != nil {
		return 0, err
	}
	pages.since(from)
	from = time.Now()
	r, err := d.Judge(ctx, j, answer(rng, page))
	sent.since(from)
	return r.Accepted, err
}

// BenchmarkJudgments has 200 judges judge as fast as they can, 18,000 judgments in all.
func BenchmarkJudgments(b *testing.B) {
	for range b.N {
		d := benchSite(b, benchFrames)
		var pages, sent waits
		start, used := time.Now(), cpu(b)
		together(benchJudges, func(n int) {
			rng := rand.New(rand.NewPCG(uint64(n), 2))
			for range 5 {
				if _, err := judgePage(b.Context(), d, n, rng, &pages, &sent); err != nil {
					b.Error(err)
				}
			}
		})
		const all = benchJudges * 5 * moderation.PageMax
		b.ReportMetric(all/time.Since(start).Seconds(), "judgments/s")
		b.ReportMetric(float64((cpu(b)-used).Microseconds())/1000/all, "cpu-ms/judgment")
	}
}

// BenchmarkJudgmentsBaseline writes as many bare rows, each durable by itself, by 200
// writers at once: what group commit alone gives.
func BenchmarkJudgmentsBaseline(b *testing.B) {
	for range b.N {
		d := benchSite(b, 100)
		const each = 90
		start := time.Now()
		together(benchJudges, func(n int) {
			for i := range each {
				v := moderation.NewVisitor()
				if err := d.Sent(b.Context(), v, picture.ID(fmt.Sprint(n, "-", i))); err != nil {
					b.Error(err)
				}
			}
		})
		b.ReportMetric(benchJudges*each/time.Since(start).Seconds(), "judgments/s")
	}
}

// BenchmarkReestimate estimates 1,000 judges anew from 100,000 judgments of 25,000 frames.
func BenchmarkReestimate(b *testing.B) {
	d := benchSite(b, 100)
	rng := rand.New(rand.NewPCG(5, 5))
	for part := range 250 {
		write(b, d.DB, func(tx *store.Tx) error { return moderation.FakeJudgments(tx, rng, part*100, 100, 1000) })
	}
	b.ResetTimer()
	for range b.N {
		e, err := d.Reestimate(b.Context())
		if err != nil || e.Judgments != 100_000 || e.Judges != 1000 {
			b.Fatal(e, err)
		}
	}
}
