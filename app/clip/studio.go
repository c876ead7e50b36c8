package clip

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"oneframe/app/fault"
	"oneframe/app/source"
	"oneframe/app/store"
)

// Step takes one render that is queued, or was left behind by a killed process, and does
// it. A render that fails is recorded with the reason, and its error also returned, for
// the log.
func (s *Studio) Step(ctx context.Context) (worked bool, err error) {
	r, ok, err := s.take(ctx, "")
	if err != nil || !ok {
		return false, err
	}
	return true, s.do(ctx, r, nil)
}

// Render renders the clip and returns when it is done: here, or, where another process
// was first, there. progress is called with shares from 0 to 1.
func (s *Studio) Render(ctx context.Context, slug string, progress func(float64)) (Render, error) {
	r, err := s.Request(ctx, slug, "command")
	for err == nil {
		var mine bool
		var taken Render
		changed := s.DB.Changed()
		if taken, mine, err = s.take(ctx, r.ID); err != nil {
			break
		}
		if mine {
			err = s.do(ctx, taken, progress)
		}
		r, err = s.after(ctx, r.ID, err)
		if err != nil || r.State == Done {
			return r, err
		}
		if progress != nil {
			progress(r.Progress)
		}
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-changed: // only of this process's own commits
		case <-time.After(tellEvery):
		}
	}
	return r, err
}

// after reads the render again; one that failed, here or elsewhere, is an error.
func (s *Studio) after(ctx context.Context, id string, err error) (r Render, _ error) {
	read := s.DB.Read(context.WithoutCancel(ctx), func(tx *store.Tx) (err error) {
		r, err = Get(tx, id)
		return err
	})
	switch {
	case errors.Is(err, errTaken):
		return r, read
	case r.State == Failed:
		return r, fault.Wrap(err, fault.Internal, "render_failed", "The clip could not be rendered: %s", r.Error)
	default:
		return r, errors.Join(err, read)
	}
}

// do does a claimed render and settles it.
func (s *Studio) do(ctx context.Context, r Render, tell func(float64)) error {
	if r.Tries > s.tries() {
		return s.fail(ctx, r, "It was interrupted too often.")
	}
	m := &meter{tell: tell}
	err := s.attend(ctx, r, m, func(ctx context.Context) error { return s.render(ctx, &r, m) })
	settle := context.WithoutCancel(ctx)
	switch {
	case err == nil, errors.Is(err, errTaken):
		return err
	case ctx.Err() != nil:
		return errors.Join(ctx.Err(), s.putDown(settle, r))
	default:
		return errors.Join(err, s.fail(settle, r, reason(err)))
	}
}

// reason is what the admin reads: the message, and the cause's first line.
func reason(err error) string {
	f := fault.Of(err)
	if f.Cause == nil {
		return f.Message
	}
	cause, _, _ := strings.Cut(f.Cause.Error(), "\n")
	return f.Message + " (" + cause[:min(len(cause), 500)] + ")"
}

// render makes the clip as it is planned now. A picture that can't be read may have been
// withdrawn since, so then the plan is made once more.
func (s *Studio) render(ctx context.Context, r *Render, m *meter) error {
	for {
		t, current, err := s.planNow(ctx, r.Clip)
		if err != nil {
			return err
		}
		if t.Hash() == current.plan && exists(s.File(current)) {
			return s.unchanged(ctx, r, t, current)
		}
		again := r.plan == t.Hash()
		if err := s.planned(ctx, r, t); err != nil {
			return err
		}
		studio := s
		if current.ID != "" && current.Quality != t.Quality {
			studio = s.yielding()
		}
		if err = studio.produce(ctx, r, t, m); !fault.Has(err, "bad_picture") || again {
			return err
		}
	}
}

// yielding is the studio for a render after a change of settings: nobody waits for it, so
// its ffmpegs leave the cores to whatever else wants them.
func (s *Studio) yielding() *Studio {
	low := *s
	low.nice = 10 // a tenth of another's share of a core
	return &low
}

// planNow plans the clip, and gives its current render, the zero Render before the first.
func (s *Studio) planNow(ctx context.Context, slug string) (t Timeline, current Render, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		v, err := source.Get(tx, slug)
		if err != nil {
			return err
		}
		if t, err = s.plan(tx, v); err != nil {
			return err
		}
		current, err = Current(tx, slug)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		return err
	})
	return t, current, err
}

// produce makes the file, checks it and makes it the current one. The file is named by
// the claim, so that of two processes that believe to have the render neither harms the
// other's.
func (s *Studio) produce(ctx context.Context, r *Render, t Timeline, m *meter) error {
	r.File = r.claim
	err := s.write(ctx, r, t, m)
	if err == nil {
		var old []string
		if old, err = s.publish(ctx, *r, t); err == nil {
			return removeAll(old)
		}
	}
	return errors.Join(err, s.discard(context.WithoutCancel(ctx), *r))
}

// discard removes a file that did not become anything.
func (s *Studio) discard(ctx context.Context, r Render) error {
	named, err := s.named(ctx, r.File)
	if err != nil || named {
		return err
	}
	if err := ignoreMissing(os.Remove(s.File(r))); err != nil {
		return err
	}
	return errors.Join(removeEmpty(s.Library.Renders(r.Clip)), removeEmpty(s.Library.Folder(r.Clip)))
}

// removeEmpty takes away a folder that the join made for a clip that was removed meanwhile.
func removeEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		return ignoreMissing(err)
	}
	return ignoreMissing(os.Remove(dir))
}

func removeAll(paths []string) (err error) {
	for _, p := range paths {
		err = errors.Join(err, ignoreMissing(os.Remove(p)))
	}
	return err
}
