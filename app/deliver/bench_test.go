//go:build unix

package deliver

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"oneframe/app/deliver/send"
	"oneframe/app/metadata"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// cpu is the processor time that the process has used, in all its threads.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// fill has n deliveries wait for each of so many subscribers, without pictures.
func (s *site) fill(subscribers, n int) {
	s.Helper()
	write(s, s.DB, func(tx *store.Tx) error {
		_, err := tx.Exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
			INSERT INTO deliver_delivery (id, picture, subscriber, kind, version, priority, state, queued_at)
			SELECT 'd' || i, 'p' || i, 's' || (i % $2), 'first', 1, (i * 7919) % 1000, 'waiting', i FROM n`, subscribers*n, subscribers)
		return err
	})
}

// BenchmarkClaim takes 50 of a million that wait, durably, and reports what it costs to see
// who of the 300 subscribers has something waiting.
func BenchmarkClaim(b *testing.B) {
	s := newSite(b)
	s.fill(300, 3334)
	s.Office.begin()
	before := cpu(b)
	b.ResetTimer()
	for i := range b.N {
		l := &line{subscriber: fmt.Sprint("s", i%300)}
		write(b, s.DB, func(tx *store.Tx) error {
			jobs, err := takeDeliveries(tx, l, 0, 50, 9)
			if len(jobs) != 50 {
				b.Errorf("%d were claimed", len(jobs))
			}
			return err
		})
	}
	b.StopTimer()
	b.ReportMetric((cpu(b)-before).Seconds()*1000/float64(b.N), "cpu-ms/op")
	before = cpu(b)
	for range 20 {
		if err := s.Office.look(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((cpu(b)-before).Seconds()*1000/20, "look-cpu-ms")
}

// BenchmarkSettle claims and settles without sending: Singly one delivery a transaction,
// Batches as the office does, with 20 subscribers. Of several rounds the last is reported,
// as of a process that has been running for a while.
func BenchmarkSettle(b *testing.B) {
	b.Run("Singly", func(b *testing.B) { settling(b, 1, 1, 300) })
	b.Run("Batches", func(b *testing.B) { settling(b, 20, 64, 12_800) })
}

func settling(b *testing.B, subscribers, batch, all int) {
	for range b.N {
		b.StopTimer()
		s := newSite(b)
		s.fill(subscribers, all/subscribers)
		s.Office.begin()
		b.StartTimer()
		before, began := cpu(b), time.Now()
		for done := 0; done < all; {
			p := plan{}
			for i := range subscribers {
				p.asks = append(p.asks, ask{line: s.Office.line(fmt.Sprint("s", i)), regular: batch})
			}
			if _, err := s.Office.write(b.Context(), p); err != nil {
				b.Fatal(err)
			}
			for _, j := range s.Office.held {
				s.Office.ended = append(s.Office.ended, outcome{job: j, verdict: tried, begun: true, since: began,
					try: Try{Delivery: j.id, At: s.DB.Now(), Kind: Done, Answer: "thank you"}, receipt: send.Receipt{Remote: "/x/" + j.id, Bytes: 200_000}})
			}
			done += len(s.Office.ended)
			for _, l := range s.Office.ring {
				l.jobs = nil
			}
		}
		if _, err := s.Office.write(b.Context(), plan{}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(all)/time.Since(began).Seconds(), "rows/s")
		b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(all), "cpu-us/row")
	}
}

// BenchmarkWoken queues one delivery after another for an office at rest and reports how
// long it takes until it arrives; the baseline is a durable write alone.
func BenchmarkWoken(b *testing.B) {
	s := newSite(b)
	s.subscriber("a", Limits{})
	came := make(chan time.Time, 1)
	s.World.receive = func(context.Context, string, send.Parcel) error { came <- time.Now(); return nil }
	s.serve()
	var all, bare []time.Duration
	b.ResetTimer()
	for range b.N {
		began := time.Now()
		write(b, s.DB, func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO deliver_hour (subscriber, hour, what, n) VALUES ($1, 0, 'sent', 0)`, store.NewID())
			return err
		})
		bare = append(bare, time.Since(began))
		time.Sleep(30 * time.Millisecond) // more than the gap between two looks: what is measured is an office at rest
		s.queue(1, "a")
		began = time.Now()
		all = append(all, (<-came).Sub(began))
		time.Sleep(30 * time.Millisecond) // that it is written down too, so that no write is measured but the baseline's own
	}
	b.ReportMetric(ms(all, 0.5), "p50-ms")
	b.ReportMetric(ms(all, 0.95), "p95-ms")
	b.ReportMetric(ms(bare, 0.5), "write-ms")
}

func ms(all []time.Duration, q float64) float64 {
	slices.Sort(all)
	return all[int(q*float64(len(all)-1))].Seconds() * 1000
}

// BenchmarkFairness has one subscriber with 100,000 waiting, and 50 that get one each
// while it is being sent as fast as it goes. It reports how long the last of them waits.
func BenchmarkFairness(b *testing.B) {
	for range b.N {
		s := newSite(b)
		s.subscriber("many", Limits{Connections: 32})
		few := make([]string, 50)
		for i := range few {
			few[i] = fmt.Sprint("few", i)
			s.subscriber(few[i], Limits{})
		}
		s.queue(1000, "many")
		write(b, s.DB, func(tx *store.Tx) error {
			_, err := tx.Exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
				INSERT INTO deliver_delivery (id, picture, subscriber, repeat, kind, version, priority, state, queued_at)
				SELECT id || '-' || i, picture, subscriber, i, 'demand', version, 100, 'waiting', queued_at FROM deliver_delivery, n`)
			return err
		})
		stop := s.serve()
		for len(s.World.arrivals("many")) < 1000 {
			time.Sleep(10 * time.Millisecond) // until it is in full swing; asking without a pause would take its cores
		}
		began, before := time.Now(), len(s.World.arrivals("many"))
		s.queue(1, few...)
		var last time.Duration
		for _, f := range few {
			for len(s.World.arrivals(f)) == 0 {
				time.Sleep(time.Millisecond) // as above; when it came is read off the arrival itself
			}
			last = max(last, s.World.arrivals(f)[0].at.Sub(began))
		}
		rate := float64(len(s.World.arrivals("many"))-before) / time.Since(began).Seconds()
		stop()
		b.ReportMetric(last.Seconds()*1000, "last-ms")
		b.ReportMetric(rate, "others/s")
	}
}

// BenchmarkIdle has an office of 1,000 subscribers at rest for five seconds: Empty with
// nothing to send, Held with ten pictures each that wait for their hours.
func BenchmarkIdle(b *testing.B) {
	b.Run("Empty", func(b *testing.B) { idling(b, Limits{}, 0) })
	b.Run("Held", func(b *testing.B) {
		soon := time.Now().UTC().Add(2 * time.Hour)
		idling(b, Limits{Hours: []Hours{{soon.Format("15:04"), soon.Add(time.Minute).Format("15:04")}}}, 10)
	})
}

func idling(b *testing.B, l Limits, each int) {
	for range b.N {
		s := newSite(b)
		for i := range 1000 {
			s.subscriber(fmt.Sprint("s", i), l)
		}
		if each > 0 {
			s.fill(1000, each)
		}
		stop := s.serve()
		time.Sleep(time.Second) // its first look is over: what is measured is rest
		runtime.GC()
		before, began := cpu(b), time.Now()
		time.Sleep(5 * time.Second) // what is measured is the CPU time of nothing happening
		b.ReportMetric(100*(cpu(b)-before).Seconds()/time.Since(began).Seconds(), "core-%")
		stop()
	}
}

// BenchmarkIsolation sends pictures of 200 kB by HTTP to 200 subscribers, a hundred a
// second: Alone to 200 that are well, Beside with one of them silent and one
// that takes 1 kB a second. It reports how long it took to arrive at those that are well.
func BenchmarkIsolation(b *testing.B) {
	b.Run("Alone", func(b *testing.B) { isolated(b, false) })
	b.Run("Beside", func(b *testing.B) { isolated(b, true) })
}

func isolated(b *testing.B, bad bool) {
	for range b.N {
		s := newSite(b)
		well := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				b.Error(err)
			}
		}))
		names, c := s.directed(b, well.URL, bad), &clock{queued: map[string]time.Time{}}
		s.Office.Open = func(ctx context.Context, t send.Target) (send.Sender, error) {
			to, err := send.Open(ctx, t, send.Network{Private: true})
			if t.URL.Path == "" || err != nil {
				return to, err // not one of those that are well
			}
			return timed{to, c}, nil
		}
		stop, before := s.serve(), cpu(b)
		s.rounds(names, c)
		want := each * (len(names) - 2)
		for deadline := time.Now().Add(time.Minute); c.count() < want && time.Now().Before(deadline); {
			time.Sleep(20 * time.Millisecond) // asking without a pause would take the cores that are measured
		}
		used := cpu(b) - before
		stop()
		well.Close()
		if len(c.took) != want {
			b.Errorf("%d arrived, of %d", len(c.took), want)
		}
		b.ReportMetric(ms(c.took, 0.5), "p50-ms")
		b.ReportMetric(ms(c.took, 0.95), "p95-ms")
		b.ReportMetric(used.Seconds()*1000/float64(want), "cpu-ms/op")
	}
}

// clock takes the time from the moment when a picture was queued until it is there.
type clock struct {
	mu     sync.Mutex // guards both
	queued map[string]time.Time
	took   []time.Duration
}

func (c *clock) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.took)
}

// timed is a sender by the clock.
type timed struct {
	send.Sender
	clock *clock
}

func (t timed) Send(ctx context.Context, p send.Parcel) (send.Receipt, error) {
	r, err := t.Sender.Send(ctx, p)
	if err == nil {
		t.clock.mu.Lock()
		defer t.clock.mu.Unlock()
		t.clock.took = append(t.clock.took, time.Since(t.clock.queued[p.Picture]))
	}
	return r, err
}

// directed gives 200 subscribers addresses at the server; with bad, the first is silent and
// the second slow.
func (s *site) directed(b *testing.B, base string, bad bool) (names []string) {
	hole, slow := base, base
	if bad {
		hole, slow = s.silent(b, 0), s.silent(b, 1000)
	}
	secret := "whsec_" + strings.Repeat("MfKQ", 8)
	for i := range 200 {
		name := fmt.Sprint("s", i)
		address := fmt.Sprint(base, "/", i)
		switch i {
		case 0:
			address = hole
		case 1:
			address = slow
		}
		write(s, s.DB, func(tx *store.Tx) error {
			_, err := SetDestination(tx, s.Office.Box, name, NewDestination{URL: &address, Secret: secret})
			return err
		})
		names = append(names, name)
	}
	return names
}

// silent accepts connections and reads so many bytes a second from them, and says nothing.
func (s *site) silent(b *testing.B, rate int) string {
	at, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { at.Close() })
	go func() {
		for {
			c, err := at.Accept()
			if err != nil {
				return
			}
			if tcp, ok := c.(*net.TCPConn); ok && tcp.SetReadBuffer(4096) != nil {
				return
			}
			if rate > 0 {
				go func() { _ = drain(b.Context(), c, rate) }() // to the benchmark's end
			}
		}
	}()
	return (&url.URL{Scheme: "http", Host: at.Addr().String()}).String()
}

// each is how many pictures a subscriber of BenchmarkIsolation gets.
const each = 4

// rounds queues a picture for twenty subscribers each fifth of a second, until all have
// been queued as many as they get.
func (s *site) rounds(names []string, c *clock) {
	for i := range each * len(names) / 20 {
		id := picture.ID(fmt.Sprint("round", i))
		s.picture(string(id), "big200000", metadata.Record{})
		c.mu.Lock()
		c.queued[string(id)] = time.Now()
		c.mu.Unlock()
		write(s, s.DB, func(tx *store.Tx) error {
			for j := range 20 {
				if _, err := Enqueue(tx, New{Picture: id, Version: 1, Subscriber: names[(20*i+j)%len(names)]}); err != nil {
					return err
				}
			}
			return nil
		})
		time.Sleep(200 * time.Millisecond) // the load is a hundred a second, in real time
	}
}
