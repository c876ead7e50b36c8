package publish

import (
	"fmt"
	"time"
)

// Severity says what a failure means for what comes after it.
type Severity int

// The severities.
const (
	Passing Severity = iota // try again later
	Busy                    // the host wants to be left alone for a time: all of its videos wait
	Refused                 // this file is of no use to the host; the next one may be
	Barred                  // this video is paused until somebody looks
	Locked                  // as Barred, for all videos of the host: it doesn't know us
)

// Trouble is a failure at a host. Message is a sentence for an admin and holds no secret.
type Trouble struct {
	Severity Severity
	Message  string
	After    time.Duration // when to try again, where the host said so
	Cause    error
}

// Error gives the message with its cause.
func (t *Trouble) Error() string {
	if t.Cause != nil {
		return t.Message + " (" + t.Cause.Error() + ")"
	}
	return t.Message
}

// Unwrap gives the cause.
func (t *Trouble) Unwrap() error { return t.Cause }

func trouble(s Severity, format string, args ...any) *Trouble {
	return &Trouble{Severity: s, Message: fmt.Sprintf(format, args...)}
}

func passing(after time.Duration, format string, args ...any) *Trouble {
	t := trouble(Passing, format, args...)
	t.After = after
	return t
}

// Backoff is how long to wait after the nth failure in a row, from 1: 60 s, 120 s,
// 240 s and so on, twice as long each time, at most 21,600 s (6 hours).
func Backoff(failure int) time.Duration {
	const most = 6 * time.Hour
	d := time.Minute
	for ; failure > 1 && d < most; failure-- {
		d *= 2
	}
	return min(d, most)
}

// patience is how long to wait between looks at a host that is still at work: 10 s,
// 20 s, 40 s and so on, at most 600 s.
func patience(looks int) time.Duration {
	const most = 10 * time.Minute
	d := 10 * time.Second
	for ; looks > 1 && d < most; looks-- {
		d *= 2
	}
	return min(d, most)
}
