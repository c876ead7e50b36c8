// Package pace decides when something may be sent: how long to wait after a failure, how
// many a minute, in which hours, and whether to try a destination that is down. It is
// pure: every function is given the time.
package pace

import (
	"math"
	"time"
)

const (
	least   = 10 * time.Millisecond // the upper bound of the first bucket
	buckets = 60                    // the last one has no upper bound; it begins at three months
)

// Histogram counts durations in buckets whose upper bounds grow by √2 from 10 ms on: a
// quantile read off it is at most a fifth away from the true one. It is what remains of
// deliveries whose rows are gone.
type Histogram map[int]int64

// Bucket gives the bucket of a duration, from 0.
func Bucket(d time.Duration) int {
	if d <= least {
		return 0
	}
	return min(int(math.Ceil(2*math.Log2(float64(d)/float64(least)))), buckets-1)
}

// bound is the upper bound of a bucket.
func bound(bucket int) time.Duration {
	return time.Duration(float64(least) * math.Pow(2, float64(bucket)/2))
}

// Under counts those in buckets that end at the duration or below it.
func (h Histogram) Under(d time.Duration) (n int64) {
	for b, count := range h {
		if b < buckets-1 && bound(b) <= d {
			n += count
		}
	}
	return n
}

// Seconds is about how long all of them took together: each counts as the middle of its
// bucket.
func (h Histogram) Seconds() (sum float64) {
	for b, n := range h {
		from := time.Duration(0)
		if b > 0 {
			from = bound(b - 1)
		}
		sum += float64(n) * (from + bound(b)).Seconds() / 2
	}
	return sum
}

// Quantile gives the duration that the part q (0 to 1) of those counted stay under; 0
// where none were counted.
func (h Histogram) Quantile(q float64) time.Duration {
	var all int64
	for _, n := range h {
		all += n
	}
	rank, seen := q*float64(all), 0.0
	for b := range buckets {
		n := float64(h[b])
		if n == 0 || seen+n < rank {
			seen += n
			continue
		}
		from := time.Duration(0)
		if b > 0 {
			from = bound(b - 1)
		}
		return from + time.Duration((rank-seen)/n*float64(bound(b)-from))
	}
	return 0
}
