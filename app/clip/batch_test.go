package clip

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"oneframe/app/vault"
)

// Every unit is in one batch, one kind in each, in clip order; and workers that take one
// batch after the other end about together.
func TestBatchesKeepAllWorkersBusy(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		var jobs []job
		at := 0
		for n := range 1 + random.IntN(900) {
			u := Unit{First: at, Frames: 2}
			if random.IntN(3) > 0 {
				u.Picture = vault.Key(fmt.Sprint("p", n))
			} else {
				u.Frames = 1 + random.IntN(block)
			}
			jobs = append(jobs, job{Key(fmt.Sprint(n)), u})
			at += u.Frames
		}
		workers := 1 + random.IntN(8)
		free, seen, total := make([]int, workers), map[Key]bool{}, 0
		for _, b := range batches(jobs, workers) {
			least := 0
			for w, until := range free {
				if until < free[least] {
					least = w
				}
			}
			frames, cost := 0, 0
			for i, j := range b.jobs {
				if (j.unit.Picture != "") != b.pictures() || i > 0 && j.unit.First < b.jobs[i-1].unit.First || seen[j.key] {
					t.Fatalf("%+v stands wrong", j)
				}
				seen[j.key] = true
				frames += j.frames()
				cost += j.cost()
			}
			if frames != b.frames || cost != b.cost {
				t.Fatalf("a batch of %d frames at %d says %d at %d", frames, cost, b.frames, b.cost)
			}
			free[least] += cost
			total += cost
		}
		if len(seen) != len(jobs) {
			t.Fatalf("%d of %d units", len(seen), len(jobs))
		}
		longest := 0
		for _, f := range free {
			longest = max(longest, f)
		}
		if most := total/workers + batchLeast + runStart + runFrame*block; longest > most {
			t.Fatalf("%d workers need %d for %d", workers, longest, total)
		}
	}
}
