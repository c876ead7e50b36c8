package clip

import (
	"cmp"
	"slices"
)

// How many frames one ffmpeg encodes. Starting one costs 70 ms, so that fewer frames
// than the least are not worth a process of their own; more than the most would make
// the cores wait for the last one.
const (
	batchLeast = 50
	batchMost  = 500
)

// job is a unit that has to be encoded.
type job struct {
	key  Key
	unit Unit
}

// frames is how many frames of the unit ffmpeg encodes: of a picture one, however long it
// is held.
func (j job) frames() int {
	if j.unit.Picture != "" {
		return 1
	}
	return j.unit.Frames
}

// batch is what one ffmpeg encodes: pictures, or runs of the original, in clip order.
type batch struct {
	jobs   []job
	frames int
}

func (b batch) pictures() bool { return b.jobs[0].unit.Picture != "" }

// starts gives the batch's frame at which each unit begins.
func (b batch) starts() []int {
	all := make([]int, len(b.jobs))
	at := 0
	for i, j := range b.jobs {
		all[i] = at
		at += j.frames()
	}
	return all
}

// batches divides the units among processes of which workers run at once.
func batches(jobs []job, workers int) []batch {
	jobs = slices.Clone(jobs)
	slices.SortStableFunc(jobs, func(a, b job) int {
		return cmp.Or(cmp.Compare(kind(a), kind(b)), cmp.Compare(a.unit.First, b.unit.First))
	})
	total := 0
	for _, j := range jobs {
		total += j.frames()
	}
	full := min(max((total+workers-1)/workers, batchLeast), batchMost)
	var all []batch
	for i, j := range jobs {
		if i == 0 || kind(j) != kind(jobs[i-1]) || all[len(all)-1].frames+j.frames() > full {
			all = append(all, batch{})
		}
		b := &all[len(all)-1]
		b.jobs = append(b.jobs, j)
		b.frames += j.frames()
	}
	return all
}

// kind is 0 for a run of the original and 1 for a picture: only jobs of one kind go into
// one ffmpeg.
func kind(j job) int {
	if j.unit.Picture == "" {
		return 0
	}
	return 1
}
