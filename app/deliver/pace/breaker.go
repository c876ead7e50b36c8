package pace

import "time"

// opensAfter is how many tries in a row may break off before nothing is begun any more.
const opensAfter = 3

// Breaker keeps a queue from running against a destination that is down:
//
//	closed ─ can't connect, or three tries broke off ─► open ─ after Probe ─► half open
//	  ▲                                                  ▲                        │
//	  └──────────────── the probe got an answer ─────────┼────────────────────────┤
//	                                                     └── it didn't ───────────┘
//
// While it is half open one try is under way. The zero Breaker is closed. It is used by
// one goroutine at a time.
type Breaker struct {
	failures int // in a row
	until    time.Time
	open     bool
}

// Open reports whether the destination counts as down, and when it is tried again.
func (b *Breaker) Open() (since bool, until time.Time) { return b.open, b.until }

// Failures is how many tries in a row broke off.
func (b *Breaker) Failures() int { return b.failures }

// Allow says how many tries may be begun now, where flying are under way; many means any
// number. Where it is 0 and nothing is under way, next says when to ask again.
func (b *Breaker) Allow(now time.Time, flying int) (n int, next time.Time) {
	switch {
	case !b.open:
		return many, time.Time{}
	case now.Before(b.until):
		return 0, b.until
	case flying > 0:
		return 0, time.Time{}
	}
	return 1, time.Time{}
}

const many = 1 << 20

// Down notes a try that broke off; connecting tells one that did not even connect.
func (b *Breaker) Down(now time.Time, connecting bool, random float64) {
	if b.open && now.Before(b.until) {
		return // begun before it opened: the same trouble
	}
	if b.failures++; connecting || b.open || b.failures >= opensAfter {
		b.open, b.until = true, now.Add(Probe(b.failures, random))
	}
}

// Answered notes that the destination answered, well or not.
func (b *Breaker) Answered() { *b = Breaker{} }
