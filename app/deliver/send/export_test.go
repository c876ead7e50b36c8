package send

import "time"

// Impatient has a sender wait no longer than that for signs of life; it gives false for one
// that never waits.
func Impatient(s Sender, d time.Duration) bool {
	switch s := s.(type) {
	case *filer:
		s.quiet, s.wire.quiet = d, d
	case *overHTTP:
		s.still = d
	case *bucket:
		s.still = d
	default:
		return false
	}
	return true
}
