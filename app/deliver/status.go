package deliver

import "time"

// Status is how a subscriber's queue stands at this moment, in the memory of the process
// that sends.
type Status struct {
	Down        bool      // the breaker is open
	Failures    int       // tries in a row that broke off
	Flying      int       // being sent
	Claimed     int       // about to be
	Connections int       // open, with those that are kept for the next
	Why         string    // nothing is sent at the moment though something waits: one of Why…; "" where nothing hinders it
	Next        time.Time // when that is over, or is tried again; zero where that isn't known
}

// Status gives how a subscriber's queue stands.
func (o *Office) Status(subscriber string) (s Status) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := o.lines[subscriber]
	if l == nil {
		return s
	}
	now := o.DB.Now()
	s = Status{Failures: l.breaker.Failures(), Flying: l.flying, Claimed: len(l.jobs), Connections: l.flying + len(l.idle)}
	s.Down, s.Next = l.breaker.Open()
	if why, next := l.blocked(now, l.flying); why != "" {
		s.Why, s.Next = why, next
	} else if _, why, next := l.ask(now); l.ready.waiting {
		s.Why, s.Next = why, next
	}
	if s.Down {
		s.Why = WhyDown
	}
	return s
}
