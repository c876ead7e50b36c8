package send

import "time"

// Impatient has a sender over a connection of its own wait no longer than that for signs
// of life; it gives false for others.
func Impatient(s Sender, d time.Duration) bool {
	f, ok := s.(*filer)
	if ok {
		f.quiet, f.wire.quiet = d, d
	}
	return ok
}
