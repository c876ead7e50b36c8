package source

import (
	"context"
	"errors"
	"time"

	"oneframe/app/fault"
	"oneframe/app/slot"
	"oneframe/app/store"
)

// errCancelled is the cause of an import's context that Cancel has ended.
var errCancelled = errors.New("the import was cancelled")

// job is one import that is running, in this process.
type job struct {
	*Importer
	*work
	Request
	source func(ctx context.Context) (file string, err error) // gives the file, in the work folder perhaps
	tell   func(share float64)
	stop   context.CancelCauseFunc

	// One goroutine at a time calls report, which owns these.
	share float64   // told so far
	noted time.Time // when the row was written last
}

// Import imports a video and gives it back. Progress is told as a share from 0 to 1, and
// written to the import's row at most once a second. The errors are fault.Invalid where
// the request or the video can't be taken, fault.Conflict slug_taken, fault.Gone
// import_cancelled or import_stopped, fault.Full, or Internal. Nothing is left of an import that fails.
func (im *Importer) Import(ctx context.Context, r Request, progress func(share float64)) (Video, error) {
	return im.here(ctx, r, func(context.Context, *job) (string, error) { return r.File, nil }, progress)
}

// here does an import that has no place in the queue, from wherever source has the file.
func (im *Importer) here(ctx context.Context, r Request, source func(context.Context, *job) (string, error), progress func(float64)) (Video, error) {
	r, err := im.check(r)
	if err != nil {
		return Video{}, err
	}
	if err := im.interrupted(ctx); err != nil { // an earlier one of the same name, perhaps
		return Video{}, err
	}
	w, err := im.Library.open(store.NewID())
	if err != nil {
		return Video{}, err
	}
	err = im.DB.Write(ctx, func(tx *store.Tx) error { return admit(tx, w.id, r, false, Running) })
	if err != nil {
		return Video{}, errors.Join(err, w.close())
	}
	if progress == nil {
		progress = func(float64) {}
	}
	j := &job{Importer: im, work: w, Request: r, tell: progress}
	j.source = func(ctx context.Context) (string, error) { return source(ctx, j) }
	v, err := j.run(ctx)
	if _, err = j.over(ctx, err, Cancelled); err != nil {
		return Video{}, err
	}
	return v, nil
}

// run does the import up to its last transaction.
func (j *job) run(ctx context.Context) (Video, error) {
	ctx, j.stop = context.WithCancelCause(ctx)
	defer j.stop(nil)
	v, all, err := j.make(ctx)
	if err == nil {
		err = j.publish(j.Slug)
	}
	if err == nil {
		err = j.DB.Write(ctx, func(tx *store.Tx) error { return j.enter(tx, &v, all) })
		if err != nil {
			err = errors.Join(err, j.library.unpublish(j.Slug, j.id))
		}
	}
	if err != nil && ctx.Err() != nil {
		return Video{}, context.Cause(ctx)
	}
	return v, err
}

// enter writes the video, its slots and the end of its import, unless it was cancelled
// in the last moment.
func (j *job) enter(tx *store.Tx, v *Video, all []slot.Slot) error {
	if stop, err := advance(tx, j.id, 1); err != nil || stop {
		return errors.Join(err, errCancelled)
	}
	v.Created, v.Featured = tx.Now, tx.Now
	if err := v.insert(tx); err != nil {
		return err
	}
	if err := slot.Add(tx, all); err != nil {
		return err
	}
	return settle(tx, j.id, Done, "", "")
}

// over settles what became of the import and takes its place away. It gives the error
// that a person sees. An import that ended because the program is told to stop is
// settled as the caller says: Queued or Cancelled.
func (j *job) over(ctx context.Context, err error, stopped State) (State, error) {
	ctx = context.WithoutCancel(ctx)
	if err == nil {
		return Done, errors.Join(j.library.keep(j.Slug), j.close())
	}
	state := Refused
	switch {
	case errors.Is(err, errCancelled):
		state, err = Cancelled, fault.Wrap(err, fault.Gone, "import_cancelled", "The import was cancelled.")
	case errors.Is(err, context.Canceled):
		state, err = stopped, fault.Wrap(err, fault.Gone, "import_stopped", "The import was stopped.")
	case ours(err):
		state = Failed
	}
	said := fault.Of(err)
	err = errors.Join(err, j.clear()) // first, so that there is room for the row on a full disk
	settled := j.DB.Write(ctx, func(tx *store.Tx) error {
		if state == Queued {
			return postpone(tx, j.id)
		}
		return settle(tx, j.id, state, said.Code, said.Message)
	})
	return state, errors.Join(err, settled, j.close()) // the lock goes last: without it the import would count as interrupted
}

// ours tells a failure on our side from one of the video or the request.
func ours(err error) bool {
	k := fault.Of(err).Kind
	return k == fault.Internal || k == fault.Full || k == fault.Busy
}

const notedEvery = time.Second

// report tells how far the import has come. Once a second it writes it down too, and
// learns whether the import was cancelled, perhaps in another process.
func (j *job) report(ctx context.Context, share float64) {
	j.share = max(j.share, min(share, 1))
	j.tell(j.share)
	if time.Since(j.noted) < notedEvery || ctx.Err() != nil {
		return
	}
	j.noted = time.Now()
	var stop bool
	err := j.DB.Write(ctx, func(tx *store.Tx) (err error) {
		stop, err = advance(tx, j.id, j.share)
		return err
	})
	if stop {
		err = errCancelled
	}
	if err != nil {
		j.stop(err)
	}
}
