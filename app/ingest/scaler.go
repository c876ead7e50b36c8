package ingest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/rendition"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// Scaler makes the renditions of received pictures.
type Scaler struct {
	DB                    *store.DB
	Originals, Renditions *vault.Vault
	Budget                *rendition.Budget
	Tries                 int           // after so many the picture has failed; 0 means 5
	Claim                 time.Duration // how long a worker may take before another one tries; 0 means 2 minutes
	Workers               int           // pictures at a time; 0 means 1
}

// Backoff is how long to wait after the nth try, from 1: 10 s, 30 s, 90 s, 270 s and so
// on, at most an hour.
func Backoff(try int) time.Duration {
	d := 10 * time.Second
	for ; try > 1 && d < time.Hour; try-- {
		d *= 3
	}
	return min(d, time.Hour)
}

// Step claims as many pictures as there are workers, scales them side by side, and
// returns when all are done. A picture that can't be scaled is no error: it is put off
// or failed, with the reason in its row. What is wrong with the site is one, such as a
// full disk, for which no picture fails, however long it lasts.
func (s *Scaler) Step(ctx context.Context) (worked bool, err error) {
	batch, err := s.claim(ctx)
	if err != nil {
		return false, err
	}
	errs := make([]error, len(batch))
	var all sync.WaitGroup
	for i, p := range batch {
		all.Go(func() { errs[i] = s.settle(ctx, p) })
	}
	all.Wait()
	return len(batch) > 0, errors.Join(errs...)
}

// claim looks before it writes, so that an idle site writes nothing.
func (s *Scaler) claim(ctx context.Context) (batch []picture.Picture, err error) {
	var some bool
	err = s.DB.Read(ctx, func(tx *store.Tx) (err error) { some, err = picture.Unscaled(tx); return err })
	if err != nil || !some {
		return nil, err
	}
	lasts := s.Claim
	if lasts <= 0 {
		lasts = 2 * time.Minute
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) (err error) {
		batch, err = picture.Claim(tx, max(1, s.Workers), lasts)
		return err
	})
	return batch, err
}

// What is written into a picture's row about tries that are not its fault.
const (
	whyStopped = "the site was stopped"
	whyFull    = "the disk was full"
)

// settle scales one picture and writes down how it went, even while the site is being
// stopped. The error is the site's, not the picture's.
func (s *Scaler) settle(ctx context.Context, p picture.Picture) error {
	r, look, err := s.try(ctx, p)
	full := fault.Is(err, fault.Full)
	outcome := func(tx *store.Tx) error {
		if now, err := picture.Get(tx, p.ID); err != nil || now.Version != p.Version {
			return err // a corrected version came in meanwhile, and is scaled in its turn
		}
		switch {
		case err == nil && !(s.Renditions.Has(r.Large) && s.Renditions.Has(r.Medium) && s.Renditions.Has(r.Thumb)):
			return picture.Retry(tx, p.ID, errForgotten.Error(), tx.Now) // see Door.record
		case err == nil:
			return errors.Join(picture.Ready(tx, p.ID, r), looked(tx, p, look))
		case ctx.Err() != nil:
			return picture.Retry(tx, p.ID, whyStopped, tx.Now)
		case full:
			return picture.Retry(tx, p.ID, whyFull+": "+err.Error(), tx.Now.Add(Backoff(p.Attempts)))
		case fault.Is(err, fault.Invalid) || fault.Is(err, fault.Unsupported) || p.Attempts >= s.tries():
			return picture.Fail(tx, p.ID, err.Error())
		}
		return picture.Retry(tx, p.ID, err.Error(), tx.Now.Add(Backoff(p.Attempts)))
	}
	if err2 := s.DB.Write(context.WithoutCancel(ctx), outcome); err2 != nil {
		return fmt.Errorf("scaling %s: %w", p.ID, errors.Join(err, err2))
	}
	if full {
		return fmt.Errorf("scaling %s: %w", p.ID, err)
	}
	return nil
}

// looked links a photograph to an earlier one that looks the same.
func looked(tx *store.Tx, p picture.Picture, look uint64) error {
	if !p.Photo() {
		return nil
	}
	return picture.Look(tx, p.ID, look, rendition.Alike)
}

// try scales the picture, unless it seems to be what stopped the site each time: more
// tries than there may be, and the last ones never came to an end.
func (s *Scaler) try(ctx context.Context, p picture.Picture) (picture.Renditions, uint64, error) {
	excused := strings.HasPrefix(p.Error, whyStopped) || strings.HasPrefix(p.Error, whyFull)
	if p.Attempts > s.tries() && !excused {
		return picture.Renditions{}, 0, fmt.Errorf("given up after %d tries, the last of which never came to an end", p.Attempts-1)
	}
	return s.scale(ctx, p)
}

func (s *Scaler) tries() int {
	if s.Tries <= 0 {
		return 5
	}
	return s.Tries
}

// scale makes the renditions and keeps them, and says how a photograph looks. A panic is
// an error like others.
func (s *Scaler) scale(ctx context.Context, p picture.Picture) (r picture.Renditions, look uint64, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	set, err := s.render(ctx, p.Original)
	if err != nil {
		return r, 0, err
	}
	if p.Photo() {
		if look, err = rendition.Look(set.Thumb); err != nil {
			return r, 0, err
		}
	}
	r.Width, r.Height = set.Width, set.Height
	for _, f := range []struct {
		key  *vault.Key
		data []byte
	}{{&r.Large, set.Large}, {&r.Medium, set.Medium}, {&r.Thumb, set.Thumb}} {
		if *f.key, err = s.Renditions.Put(ctx, f.data); err != nil {
			return r, 0, err
		}
	}
	return r, look, nil
}

// render reads the original and scales it when there is memory for it. It was let in
// under the limits of its day, so there are none here.
func (s *Scaler) render(ctx context.Context, original vault.Key) (rendition.Set, error) {
	data, err := s.Originals.Read(original)
	if err != nil {
		return rendition.Set{}, err
	}
	info, err := rendition.Inspect(data, rendition.Limits{Bytes: math.MaxInt64, Pixels: math.MaxInt64, TIFF: true})
	if err != nil {
		return rendition.Set{}, err
	}
	release, err := s.Budget.Acquire(ctx, info.Cost)
	if err != nil {
		return rendition.Set{}, err
	}
	defer release()
	return rendition.Make(data, info)
}
