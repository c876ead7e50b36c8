package pace

import (
	"math/rand/v2"
	"testing"
	"time"
	_ "time/tzdata"
)

func TestBackoffGoesFromSecondsToHoursForThreeDays(t *testing.T) {
	t.Parallel()
	var past time.Duration
	last := time.Duration(0)
	tries := 0
	for attempt := 1; ; attempt++ {
		low, again := Backoff(attempt, 0)
		high, _ := Backoff(attempt, 1)
		if !again {
			break
		}
		middle, _ := Backoff(attempt, 0.5)
		if low >= middle || middle >= high || float64(high)/float64(low) > 1.51 {
			t.Errorf("try %d: %v, %v, %v", attempt, low, middle, high)
		}
		if middle < last {
			t.Errorf("try %d waits %v, less than the one before", attempt, middle)
		}
		last, past, tries = middle, past+middle, attempt
	}
	if one, _ := Backoff(1, 0.5); one != 5*time.Second || last != 4*time.Hour {
		t.Errorf("from %v to %v", one, last)
	}
	if past < patience || past > patience+longest || tries != 25 {
		t.Errorf("%d tries in %v", tries, past)
	}
	for n := 1; n < 100; n++ {
		if p := Probe(n, rand.Float64()); p < 4*time.Second || p > 12*time.Minute {
			t.Errorf("probe %d after %v", n, p)
		}
	}
}

// However it is asked, never more than the limit go in any 60 seconds, and nearly as many
// do.
func TestMinuteHoldsToItsLimit(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		most := 1 + r.IntN([]int{3, 50, 2000, 50_000}[seed%4])
		now := time.Unix(1e9, 0)
		var m Minute
		m.Limit(now, most)
		type sent struct {
			at time.Time
			n  int
		}
		var all []sent
		end := now.Add(3 * time.Minute)
		for now.Before(end) {
			n, next := m.Allow(now)
			if n > 0 {
				n = 1 + r.IntN(n)
				m.Take(n)
				all = append(all, sent{now, n})
				continue
			}
			if !next.After(now) {
				t.Fatalf("%d a minute: none may go, and the next at once", most)
			}
			now = next.Add(time.Duration(r.Int64N(int64(20 * time.Millisecond))))
		}
		total, from, window := 0, 0, 0
		for _, s := range all {
			total, window = total+s.n, window+s.n
			for ; !all[from].at.Add(time.Minute).After(s.at); from++ {
				window -= all[from].n
			}
			if window > most {
				t.Fatalf("%d a minute: %d went within one", most, window)
			}
		}
		if total < most*3*8/10 {
			t.Errorf("%d a minute: only %d in three", most, total)
		}
	}
}

func TestThrottleIsSharedAndExact(t *testing.T) {
	t.Parallel()
	var s Throttle
	now := time.Unix(1e9, 0)
	if s.Take(now, 1<<30) != 0 {
		t.Error("no limit makes one wait")
	}
	s.Limit(10_000)
	var through [3]time.Time
	for i := range through {
		through[i] = now
	}
	total := 0
	for i := 0; through[i%3].Before(now.Add(10 * time.Second)); i++ {
		at := through[i%3]
		n := s.Chunk()
		total += n
		through[i%3] = at.Add(s.Take(at, n))
	}
	if total < 95_000 || total > 110_000 {
		t.Errorf("%d bytes in 10 s of 10,000", total)
	}
}

func TestBreakerSendsOneProbe(t *testing.T) {
	t.Parallel()
	var b Breaker
	now := time.Unix(1e9, 0)
	for range opensAfter - 1 {
		b.Down(now, false, 0.5)
	}
	if n, _ := b.Allow(now, 5); n < 100 {
		t.Errorf("%d may go after %d that broke off", n, opensAfter-1)
	}
	b.Down(now, false, 0.5)
	n, next := b.Allow(now, 0)
	if n != 0 || !next.After(now) {
		t.Errorf("%d may go while it is open; next at %v", n, next)
	}
	wait := next.Sub(now)
	b.Down(now.Add(time.Second), true, 0.5)
	if _, again := b.Allow(now, 0); !again.Equal(next) {
		t.Error("one that was under way before put the probe off")
	}
	if n, _ = b.Allow(next, 0); n != 1 {
		t.Errorf("%d probes", n)
	}
	if n, _ = b.Allow(next, 1); n != 0 {
		t.Error("a second probe went beside the first")
	}
	b.Down(next, false, 0.5)
	if _, later := b.Allow(next, 0); later.Sub(next) <= wait {
		t.Error("the second wait is no longer than the first")
	}
	b.Answered()
	if n, _ = b.Allow(next, 3); n < 100 || b.Failures() != 0 {
		t.Error("an answer didn't close it")
	}
	if b.Down(now, true, 0.5); !b.open {
		t.Error("what can't be connected to counts as up")
	}
}

// Next is the first open instant, and Midnight the first of the next day, in any zone and
// whatever its clocks do.
func TestHoursAreThoseOfTheClockOnTheWall(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Cairo", "Asia/Beirut"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for range 60 {
			h := Hours{Zone: zone}
			for range 1 + r.IntN(2) {
				h.Stretches = append(h.Stretches, Stretch{r.IntN(1440), r.IntN(1440)})
			}
			at := time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(r.Int64N(int64(10 * 365 * 24 * time.Hour))))
			next := h.Next(at)
			if !h.Open(next) || next.Before(at) {
				t.Fatalf("%s %v: after %v comes %v, which isn't open", name, h.Stretches, at, next)
			}
			for x := at; x.Before(next.Truncate(time.Minute)); x = x.Add(time.Minute) {
				if h.Open(x) {
					t.Fatalf("%s %v: it is open at %v, before %v", name, h.Stretches, x, next)
				}
			}
			m := h.Midnight(at)
			if m.In(zone).Format(time.DateOnly) <= at.In(zone).Format(time.DateOnly) || m.Add(-time.Minute).In(zone).Day() != at.In(zone).Day() {
				t.Fatalf("%s: the day of %v ends at %v", name, at.In(zone), m.In(zone))
			}
		}
	}
}

func TestHoursByHand(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	night := Hours{Stretches: []Stretch{{22 * 60, 6 * 60}}, Zone: berlin}
	gap := Hours{Stretches: []Stretch{{2 * 60, 3 * 60}}, Zone: berlin}
	for _, c := range []struct {
		h        Hours
		at, want string
	}{
		{night, "2026-01-10T23:30:00+01:00", "2026-01-10T23:30:00+01:00"},
		{night, "2026-01-11T05:59:59+01:00", "2026-01-11T05:59:59+01:00"},
		{night, "2026-01-11T06:00:00+01:00", "2026-01-11T22:00:00+01:00"},
		{night, "2026-03-28T12:00:00+01:00", "2026-03-28T22:00:00+01:00"},
		{gap, "2026-03-29T01:00:00+01:00", "2026-03-30T02:00:00+02:00"}, // there is no 2 o'clock on the 29th
		{gap, "2026-10-25T02:59:00+02:00", "2026-10-25T02:59:00+02:00"}, // and two of them in autumn
		{gap, "2026-10-25T02:00:00+01:00", "2026-10-25T02:00:00+01:00"},
	} {
		at, _ := time.Parse(time.RFC3339, c.at)
		if got := c.h.Next(at).In(berlin).Format(time.RFC3339); got != c.want {
			t.Errorf("after %s: %s, want %s", c.at, got, c.want)
		}
	}
}

func TestQuantilesAreNear(t *testing.T) {
	t.Parallel()
	h := Histogram{}
	if h.Quantile(0.5) != 0 {
		t.Error("nothing has a median")
	}
	for ms := 1; ms <= 100_000; ms++ {
		h[Bucket(time.Duration(ms)*time.Millisecond)]++
	}
	for _, q := range []float64{0.05, 0.5, 0.95, 0.99} {
		if got, want := h.Quantile(q).Seconds(), q*100; got < want*0.8 || got > want*1.2 {
			t.Errorf("the quantile %g is %g s, want about %g", q, got, want)
		}
	}
	if b := Bucket(time.Hour * 24 * 365); b != buckets-1 {
		t.Errorf("a year is in bucket %d", b)
	}
}
