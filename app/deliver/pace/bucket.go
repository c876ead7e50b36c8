package pace

import (
	"sync"
	"time"
)

// Minute holds deliveries to so many in any 60 seconds, evenly spread: tokens come in
// steadily, and no more than a tenth of a second's are kept. It is used by one goroutine
// at a time.
type Minute struct {
	most   int // in 60 s; 0 means no limit
	tokens float64
	at     time.Time
}

// Limit sets how many; what was taken counts on.
func (m *Minute) Limit(now time.Time, most int) {
	if m.most == 0 {
		m.tokens, m.at = 1, now
	}
	m.most = most
	m.fill(now)
}

// kept is how many tokens are kept, and rate how many come a second: so many, that with
// all of them at the beginning of a minute there are most by its end.
func (m *Minute) kept() float64 { return float64(max(1, m.most/600)) }
func (m *Minute) rate() float64 { return (float64(m.most) - m.kept() + 1) / 60 }

func (m *Minute) fill(now time.Time) {
	if past := now.Sub(m.at); past > 0 {
		m.tokens = min(m.kept(), m.tokens+m.rate()*past.Seconds())
		m.at = now
	}
}

// Allow says how many may go now and, where that is none, when one may.
func (m *Minute) Allow(now time.Time) (n int, next time.Time) {
	if m.most == 0 {
		return many, time.Time{}
	}
	m.fill(now)
	const nearly = 1e-9 // what rounding takes away
	if m.tokens+nearly < 1 {
		return 0, now.Add(time.Duration((1-m.tokens)/m.rate()*float64(time.Second)) + time.Millisecond)
	}
	return int(m.tokens + nearly), time.Time{}
}

// Take notes that n go; below 0, that they did not go after all. What goes beyond Allow
// is made up for by those that come later.
func (m *Minute) Take(n int) { m.tokens -= float64(n) }

// Throttle holds bytes to so many a second, over all who share it. Its methods may be
// called from any goroutine.
type Throttle struct {
	mu   sync.Mutex // guards both
	rate int64      // bytes a second; 0 means no limit
	free time.Time  // when what was taken so far is through
}

// Limit sets how many bytes a second.
func (t *Throttle) Limit(rate int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rate = rate
}

// Chunk is how many bytes to take at once at most: an eighth of a second's.
func (t *Throttle) Chunk() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rate == 0 {
		return many
	}
	return int(min(max(t.rate/8, 64), many))
}

// Take notes that n bytes go now and says how long to wait before taking more.
func (t *Throttle) Take(now time.Time, n int) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rate == 0 {
		return 0
	}
	if t.free.Before(now) {
		t.free = now
	}
	t.free = t.free.Add(time.Duration(float64(n) / float64(t.rate) * float64(time.Second)))
	return t.free.Sub(now)
}
