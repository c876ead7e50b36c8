package clip

import (
	"cmp"
	"slices"
)

// How much one ffmpeg encodes, in pictures: of a run of the original every frame costs as
// much as two, since it is decoded as well, and its beginning some more, since a decoder
// begins before it. Starting an ffmpeg takes 70 ms, so that less than the least is not
// worth a process of its own; the most keeps an error from costing much.
const (
	batchLeast = 50
	batchMost  = 500
	runFrame   = 2
	runStart   = 5
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

// cost is what encoding the unit takes, in pictures.
func (j job) cost() int {
	if j.unit.Picture != "" {
		return 1
	}
	return runStart + runFrame*j.unit.Frames
}

// batch is what one ffmpeg encodes: pictures, or runs of the original, in clip order.
type batch struct {
	jobs         []job
	frames, cost int
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

// batches divides the units among processes of which workers run at once: the costly
// runs first, and less and less at a time, so that the workers end together (guided
// self-scheduling; Polychronopoulos and Kuck 1987).
func batches(jobs []job, workers int) []batch {
	jobs = slices.Clone(jobs)
	slices.SortStableFunc(jobs, func(a, b job) int {
		return cmp.Or(cmp.Compare(kind(a), kind(b)), cmp.Compare(a.unit.First, b.unit.First))
	})
	left := 0
	for _, j := range jobs {
		left += j.cost()
	}
	var all []batch
	full := 0
	for i, j := range jobs {
		if i == 0 || kind(j) != kind(jobs[i-1]) || all[len(all)-1].cost+j.cost() > full {
			full = min(max(left/(2*workers), batchLeast), batchMost)
			all = append(all, batch{})
		}
		b := &all[len(all)-1]
		b.jobs = append(b.jobs, j)
		b.frames += j.frames()
		b.cost += j.cost()
		left -= j.cost()
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
