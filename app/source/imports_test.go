package source

import (
	"testing"
	"time"
)

func TestTheTimeLeftIsTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		elapsed time.Duration
		share   float64
		want    time.Duration
		known   bool
	}{
		{time.Minute, 0.5, time.Minute, true},
		{30 * time.Second, 0.25, 90 * time.Second, true},
		{time.Minute, 1, 0, true},
		{time.Minute, 0.01, 0, false}, // too early to say
		{time.Second, 0.5, 0, false},
		{time.Minute, 1.5, 0, false},
	} {
		if got, known := TimeLeft(c.elapsed, c.share); got != c.want || known != c.known {
			t.Errorf("%v of the work in %v: %v left, known %v", c.share, c.elapsed, got, known)
		}
	}
	now := time.Now()
	running := Import{State: Running, Started: now.Add(-time.Minute), Progress: 0.5}
	if left, known := running.Left(now); left != time.Minute || !known {
		t.Errorf("a running import: %v, %v", left, known)
	}
	running.State = Done
	if _, known := running.Left(now); known {
		t.Error("an import that is over has time left")
	}
}
