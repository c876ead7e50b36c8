package webhook

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Attempts is how often a message is tried before it counts as dead: over about 75 hours.
const Attempts = 10

// Delay says how long to wait after a number of failed attempts, 1 or more. By the
// specification's schedule that is
//
//	5 s · 5 min · 30 min · 2 h · 5 h · 10 h · 14 h · 20 h · 24 h
//
// plus up to a tenth of it, by jitter from 0 to 1. more is false where no attempt is left.
func Delay(failed int, jitter float64) (wait time.Duration, more bool) {
	schedule := [Attempts - 1]time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
		5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}
	if failed < 1 || failed > len(schedule) {
		return 0, false
	}
	wait = schedule[failed-1]
	return wait + time.Duration(jitter*float64(wait)/10), true
}

// RetryAfter reads the header of that name, seconds or a date (RFC 9110 section
// 10.2.3); 0 where there is none, or it lies in the past, and at most a day.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	wait := time.Duration(0)
	if n, err := strconv.ParseInt(text, 10, 32); err == nil {
		wait = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), 24*time.Hour)
}
