package deliver

import (
	"time"
	_ "time/tzdata" // the zones' names are known on every machine

	"oneframe/app/fault"
)

// check says which limit is out of its range: Invalid bad_per_minute, bad_connections,
// bad_bytes_per_second, bad_per_day, bad_hours or bad_zone.
func (l Limits) check() error {
	for _, x := range []struct {
		code, what  string
		n, low, top int64
	}{
		{"bad_per_minute", "deliveries a minute", int64(l.PerMinute), 1, 100_000},
		{"bad_connections", "connections", int64(l.Connections), 1, 32},
		{"bad_bytes_per_second", "bytes a second", l.BytesPerSecond, 1000, 10_000_000_000},
		{"bad_per_day", "deliveries a day", int64(l.PerDay), 1, 100_000_000},
	} {
		if x.n != 0 && (x.n < x.low || x.n > x.top) {
			return fault.New(fault.Invalid, x.code, "The limit of %s is from %d to %d, or left out; not %d.", x.what, x.low, x.top, x.n)
		}
	}
	if len(l.Hours) > 12 {
		return fault.New(fault.Invalid, "bad_hours", "There are at most 12 stretches of the day.")
	}
	for _, h := range l.Hours {
		if err := h.check(); err != nil {
			return err
		}
	}
	if _, err := time.LoadLocation(l.Zone); err != nil || l.Zone == "Local" {
		return fault.New(fault.Invalid, "bad_zone", "A time zone is like Europe/Berlin, not %q.", l.Zone)
	}
	return nil
}

func (h Hours) check() error {
	for _, t := range []string{h.From, h.Until} {
		if _, err := time.Parse("15:04", t); err != nil || len(t) != 5 {
			return fault.New(fault.Invalid, "bad_hours", "Hours are written as 08:00, not %q.", t)
		}
	}
	if h.From == h.Until {
		return fault.New(fault.Invalid, "bad_hours", "From %s until %s is no time at all; without hours, pictures go at any time.", h.From, h.Until)
	}
	return nil
}
