package pace

import "time"

// Hours are stretches of the day by the clock on the wall of a time zone: where the clock
// is put forward or back, they are shorter or longer by that hour. None means always.
type Hours struct {
	Stretches []Stretch
	Zone      *time.Location
}

// Stretch is a part of the day in minutes after midnight, from From (included) to Until
// (excluded); where Until isn't after From it goes over midnight.
type Stretch struct{ From, Until int }

func (s Stretch) has(minute int) bool {
	if s.From < s.Until {
		return s.From <= minute && minute < s.Until
	}
	return minute >= s.From || minute < s.Until
}

// Open reports whether the instant lies in one of them.
func (h Hours) Open(t time.Time) bool {
	t = t.In(h.Zone)
	minute := t.Hour()*60 + t.Minute()
	for _, s := range h.Stretches {
		if s.has(minute) {
			return true
		}
	}
	return len(h.Stretches) == 0
}

// Next gives the first instant from t on that lies in one of them. It goes minute by
// minute: whatever clocks do, the answer is the one that Open gives.
func (h Hours) Next(t time.Time) time.Time {
	if h.Open(t) {
		return t
	}
	const most = 49 * 60 // a stretch that an hour put forward swallows comes the day after
	t = t.Truncate(time.Minute)
	for range most {
		if t = t.Add(time.Minute); h.Open(t) {
			break
		}
	}
	return t
}

// Midnight gives the instant at which the zone's next day begins.
func (h Hours) Midnight(t time.Time) time.Time {
	here := t.In(h.Zone)
	y, m, d := here.Date()
	next := time.Date(y, m, d+1, 0, 0, 0, 0, h.Zone).Add(-2 * time.Hour) // where the clock jumps over midnight, Date may be off
	if next.Before(here) {
		next = here.Truncate(time.Minute)
	}
	for next.In(h.Zone).Day() == d {
		next = next.Add(time.Minute)
	}
	return next
}
