package pace

import "time"

const (
	first    = 5 * time.Second
	growth   = 3
	longest  = 4 * time.Hour
	patience = 72 * time.Hour // how long a delivery is tried at all
	spread   = 0.2            // jitter: up to a fifth earlier or later

	probeLongest = 10 * time.Minute
)

// Backoff says after the failed try number attempt, from 1, how long to wait for the next
// one, and whether there is one: after three days it is over.
//
//	try        1     2     3     4       5       6      7     8     9 and later
//	then wait  5 s   15 s  45 s  2 m 15  6 m 45  20 m   1 h   3 h   4 h
//
// Each is spread by a fifth either way: random is from [0, 1). Without the jitter there are
// 25 waits, 72 and a half hours together.
func Backoff(attempt int, random float64) (wait time.Duration, again bool) {
	var past time.Duration
	for i := 1; i < attempt; i++ {
		past += plain(i)
	}
	wait = plain(attempt)
	if past >= patience {
		return 0, false
	}
	return jitter(wait, random), true
}

// plain is the wait after a try, without jitter.
func plain(attempt int) time.Duration {
	wait := first
	for i := 1; i < attempt && wait < longest; i++ {
		wait *= growth
	}
	return min(wait, longest)
}

func jitter(d time.Duration, random float64) time.Duration {
	return time.Duration(float64(d) * (1 - spread + 2*spread*random))
}

// Probe says how long to leave a destination alone that was down so many times in a row,
// from 1: as Backoff, but never longer than ten minutes, and without end, so that one that
// comes back after a week is noticed.
func Probe(failures int, random float64) time.Duration {
	return jitter(min(plain(failures), probeLongest), random)
}
