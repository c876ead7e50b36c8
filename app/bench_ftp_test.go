package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"oneframe/app/ftp"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// ftpSite is a whole site with its loops running and its FTP door open to ann, who is
// trusted, and a follower that notes when it sees a picture accepted: the feed's place.
type ftpSite struct {
	app *App
	at  string

	mu   sync.Mutex // guards seen
	seen map[string]time.Time
	more chan struct{} // closed and replaced when seen grows
}

func newFTPSite(b testing.TB) *ftpSite {
	b.Helper()
	c := Defaults()
	c.Data, c.Import.Demo, c.Limits.Enabled = b.TempDir(), false, false
	c.FTP.Address, c.FTP.TLS, c.Profile.Trusted = "127.0.0.1:0", "off", true
	a, err := New(context.Background(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := a.People.Add(b.Context(), "ann", "a long password", people.Photographer); err != nil {
		b.Fatal(err)
	}
	s := &ftpSite{app: a, seen: map[string]time.Time{}, more: make(chan struct{})}
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	ready := make(chan ftp.Addresses, 1)
	failed := make(chan error, 3)
	all.Go(func() { failed <- a.FTP.Serve(ctx, func(at ftp.Addresses) { ready <- at }) })
	all.Go(func() { failed <- a.Loops(ctx) })
	all.Go(func() { failed <- s.follow(ctx) })
	s.at = (<-ready).FTP
	b.Cleanup(func() {
		stop()
		all.Wait()
		close(failed)
		for err := range failed {
			if err != nil && !errors.Is(err, context.Canceled) {
				b.Error(err)
			}
		}
		if err := a.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

// follow reads the log as the feed does, woken by commits.
func (s *ftpSite) follow(ctx context.Context) error {
	for ctx.Err() == nil {
		changed := s.app.DB.Changed()
		var events []picture.Event
		names := map[picture.ID]string{}
		err := s.app.DB.Write(ctx, func(tx *store.Tx) (err error) {
			if events, err = picture.Follow(tx, "bench", 500); err != nil || len(events) == 0 {
				return err
			}
			for _, e := range events {
				p, err := picture.Get(tx, e.Picture)
				if err != nil {
					return err
				}
				names[p.ID] = p.FileName
			}
			return picture.Mark(tx, "bench", events[len(events)-1].Seq)
		})
		if err != nil {
			return err
		}
		s.note(events, names)
		if len(events) == 0 {
			sleep(ctx, changed, idle)
		}
	}
	return nil
}

func (s *ftpSite) note(events []picture.Event, names map[picture.ID]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		if _, twice := s.seen[names[e.Picture]]; e.Kind == "accepted" && !twice {
			s.seen[names[e.Picture]] = time.Now()
			close(s.more)
			s.more = make(chan struct{})
		}
	}
}

// accepted waits until the follower has seen the picture.
func (s *ftpSite) accepted(b testing.TB, name string) time.Time {
	b.Helper()
	for {
		s.mu.Lock()
		at, ok := s.seen[name]
		more := s.more
		s.mu.Unlock()
		if ok {
			return at
		}
		select {
		case <-more:
		case <-time.After(time.Minute):
			b.Fatalf("%s was not accepted within a minute", name)
		}
	}
}

// scaled waits until nothing is left to scale.
func (s *ftpSite) scaled(b testing.TB) {
	b.Helper()
	for {
		changed := s.app.DB.Changed()
		var counts map[picture.State]int
		if err := s.app.DB.Read(b.Context(), func(tx *store.Tx) (err error) { counts, err = picture.CountPhotos(tx, picture.Received); return err }); err != nil {
			b.Fatal(err)
		}
		if counts[picture.Received] == 0 {
			return
		}
		sleep(b.Context(), changed, idle)
	}
}

func (s *ftpSite) senders(b testing.TB, n int) (all []*sender) {
	b.Helper()
	for range n {
		c, err := newSender(s.at, "ann", "a long password")
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = c.conn.Close() })
		all = append(all, c)
	}
	return all
}

func percentile(all []time.Duration, p int) float64 {
	slices.Sort(all)
	return float64(all[min(len(all)-1, len(all)*p/100)].Microseconds()) / 1000
}

// BenchmarkFTPBurst sends 50 pictures of 3 MB at once over 20 connections, and reports
// how long each took from its last byte until the feed could see it accepted. The clients
// and the scaling run on the same cores.
func BenchmarkFTPBurst(b *testing.B) {
	photo := bigPhoto(b)
	for range b.N {
		s := newFTPSite(b)
		clients := s.senders(b, 20)
		var mu sync.Mutex
		last := map[string]time.Time{}
		jobs := make(chan int, 50)
		files := make([][]byte, 50)
		for i := range files {
			files[i] = captioned(b, photo, i)
			jobs <- i
		}
		close(jobs)
		start := time.Now()
		var all sync.WaitGroup
		for _, c := range clients {
			all.Go(func() {
				for i := range jobs {
					name := fmt.Sprintf("%d.jpg", i)
					at, err := c.store(name, files[i])
					if err != nil {
						b.Error(err)
						return
					}
					mu.Lock()
					last[name] = at
					mu.Unlock()
				}
			})
		}
		all.Wait()
		var waits, since []time.Duration
		for name, at := range last {
			seen := s.accepted(b, name)
			waits, since = append(waits, seen.Sub(at)), append(since, seen.Sub(start))
		}
		b.ReportMetric(percentile(waits, 50), "p50-ms")
		b.ReportMetric(percentile(waits, 95), "p95-ms")
		b.ReportMetric(percentile(since, 95), "p95-from-start-ms")
		s.scaled(b)
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "scaled-ms")
		b.ReportMetric(float64(len(photo))/1e6, "MB")
	}
}

// cpuTime is what the process has used of its cores.
func cpuTime(b testing.TB) time.Duration {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkFTPSteady sends a picture of 3 MB each 1.7 s, as 50,000 a day are, and reports
// the part of two cores that it takes, renditions and client included, and the waits.
func BenchmarkFTPSteady(b *testing.B) {
	photo := bigPhoto(b)
	s := newFTPSite(b)
	c := s.senders(b, 1)[0]
	for b.Loop() {
		var waits []time.Duration
		files := make([][]byte, 12)
		for i := range files {
			files[i] = captioned(b, photo, i)
		}
		tick := time.NewTicker(1700 * time.Millisecond)
		defer tick.Stop()
		before, start := cpuTime(b), time.Now()
		for i, f := range files {
			<-tick.C
			name := fmt.Sprintf("%d.jpg", i)
			last, err := c.store(name, f)
			if err != nil {
				b.Fatal(err)
			}
			waits = append(waits, s.accepted(b, name).Sub(last))
		}
		s.scaled(b)
		used := cpuTime(b) - before
		b.ReportMetric(100/2*used.Seconds()/max(time.Since(start).Seconds(), 1.7*float64(len(files))), "cpu-%")
		b.ReportMetric(used.Seconds()*1000/float64(len(files)), "cpu-ms/picture")
		b.ReportMetric(percentile(waits, 50), "p50-ms")
		b.ReportMetric(percentile(waits, 99), "p99-ms")
	}
}

// BenchmarkFTPIdle logs in 300 times and reports what the connections cost the server's
// process in memory, as the system counts it.
func BenchmarkFTPIdle(b *testing.B) {
	binary := buildProgram(b)
	for range b.N {
		dir := b.TempDir()
		photographersAt(b, dir, "ann")
		p := startProgram(b, binary, dir, "ONEFRAME_FTP_ADDRESS=127.0.0.1:0")
		at := p.door(b)
		var open []*sender
		login := func(n int) {
			for range n {
				s, err := newSender(at, "ann", "a long password")
				if err != nil {
					b.Fatal(err)
				}
				open = append(open, s)
			}
		}
		closeAll := func() {
			for _, s := range open {
				if err := s.conn.Close(); err != nil {
					b.Fatal(err)
				}
			}
			open = nil
		}
		login(20) // so that what a login takes for itself is there before
		closeAll()
		before := p.status(b, "VmRSS:")
		login(300)
		after := p.status(b, "VmRSS:")
		b.ReportMetric(float64(after-before)/1e6, "MB")
		closeAll()
	}
}
