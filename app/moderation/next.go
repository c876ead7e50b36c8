package moderation

import (
	"context"
	"math/rand/v2"
	"slices"

	"oneframe/app/picture"
	"oneframe/app/store"
)

// Task is a frame on a judge's page.
type Task struct {
	picture.Picture
	Blurred bool // somebody saw nudity: show it blurred until the judge wants to see it
}

// Next gives the judge up to n frames to judge (PageMax where n is 0 or more than
// that), each waiting, sent by somebody else, and never judged by this judge. Frames
// that lie open before nobody else come first, then those that want more judgments than
// others will give who have them open, then the rest; each kind with the most judged
// first, then the oldest.
//
// One frame of a page of 18 is gold that this judge hasn't seen, where there is any, in
// a random place; it looks like the others. Where fewer are asked for, a page holds one
// as often as its share of 18 says. The frames lie open before the judge from now on,
// in place of those of the call before. Errors are those of May.
func (d *Desk) Next(ctx context.Context, j Judge, n int) ([]Task, error) {
	if n <= 0 || n > PageMax {
		n = PageMax
	}
	if err := d.may(ctx, j); err != nil {
		return nil, err
	}
	who, err := d.meet(ctx, j)
	if err != nil {
		return nil, err
	}
	if err := d.catchUp(ctx); err != nil {
		return nil, err
	}
	return d.deal(j, who, n), nil
}

// may is May; only of a volunteer the database is asked.
func (d *Desk) may(ctx context.Context, j Judge) error {
	if err := j.check(); err != nil || !j.Volunteer() {
		return err
	}
	return d.DB.Read(ctx, func(tx *store.Tx) error { return d.May(tx, j) })
}

// deal makes a page of what is in memory.
func (d *Desk) deal(j Judge, who *person, n int) []Task {
	q := &d.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	now := d.DB.Now()
	frames := q.choose(j, who, n, now)
	var gold *entry
	if len(frames) > 0 && goldIsDue(n) {
		gold = q.unseen(j, who)
	}
	if gold != nil {
		frames = frames[:min(len(frames), n-1)]
	}
	q.lay(j, frames, now, d.lease(), d.counts(who.gold.seen, who.gold.right))
	if gold != nil {
		frames = slices.Insert(frames, rand.IntN(len(frames)+1), gold)
	}
	tasks := make([]Task, 0, len(frames))
	for _, e := range frames {
		tasks = append(tasks, Task{e.pic, e.blurred})
	}
	return tasks
}

// goldIsDue draws whether a page of n holds gold: a whole page always does.
func goldIsDue(n int) bool { return rand.IntN(PageMax) < n }
