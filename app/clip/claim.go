package clip

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"oneframe/app/store"
)

// How long a claim on a running render lasts, and how often it is renewed. Progress is
// written with it, at most once a second.
const (
	claimLasts = time.Minute
	renewEvery = 15 * time.Second
	tellEvery  = time.Second
)

var errTaken = errors.New("another process has taken the render over")

// take claims a render: one whose claim has run out, else the first that is queued for a
// clip of which none is running, those after a change of settings last; with an id, only
// that one.
func (s *Studio) take(ctx context.Context, id string) (r Render, ok bool, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		now := store.Millis(tx.Now)
		err := scan(tx.QueryRow(`UPDATE clip_render SET state = 'running', tries = tries + 1, claim = $1, claimed_until = $2, progress = 0, units_encoded = 0, units_reused = 0,
			started_at = CASE WHEN started_at = 0 THEN $3 ELSE started_at END
			WHERE id = (SELECT r.id FROM clip_render r WHERE ($4 = '' OR r.id = $4) AND (
				r.state = 'running' AND r.claimed_until <= $3 OR
				r.state = 'queued' AND NOT EXISTS (SELECT 1 FROM clip_render o WHERE o.clip = r.clip AND o.state = 'running'))
				ORDER BY r.state DESC, CASE WHEN r.wanted_by = 'settings' THEN 1 ELSE 0 END, r.id LIMIT 1)
			RETURNING `+columns, store.NewID(), now+claimLasts.Milliseconds(), now, id), &r)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		ok = err == nil
		return err
	})
	return r, ok && err == nil, err
}

// renew keeps the claim and writes how far the render is; errTaken where it is lost.
func (s *Studio) renew(ctx context.Context, r Render, now reach) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		return r.update(tx, `claimed_until = $3, progress = $4, units_encoded = $5, units_reused = $6`,
			store.Millis(tx.Now.Add(claimLasts)), now.share, now.encoded, now.reused)
	})
}

// planned notes what a running render is going to make.
func (s *Studio) planned(ctx context.Context, r *Render, t Timeline) error {
	r.plan, r.Quality, r.Units, r.SlotsFilled, r.Frames = t.Hash(), t.Quality, len(t.Units), t.Filled(), t.Frames
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		return r.update(tx, `plan = $3, fit = $4, quality = $5, units = $6, slots_filled = $7, frames = $8`,
			r.plan, r.Quality.Fit, r.Quality.text(), r.Units, r.SlotsFilled, r.Frames)
	})
}

// putDown gives the render back, because its process is asked to stop: the next Step
// takes it up at once, and the try doesn't count.
func (s *Studio) putDown(ctx context.Context, r Render) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		return r.update(tx, `claimed_until = 0, tries = tries - 1`)
	})
}

// fail ends the render with the reason.
func (s *Studio) fail(ctx context.Context, r Render, why string) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		return r.update(tx, `state = 'failed', finished_at = $3, error = $4, units_encoded = $5, units_reused = $6`,
			store.Millis(tx.Now), why, r.UnitsEncoded, r.UnitsReused)
	})
}

// update changes the row while the claim is ours; $1 and $2 are taken.
func (r Render) update(tx *store.Tx, set string, args ...any) error {
	n, err := tx.Exec(`UPDATE clip_render SET `+set+` WHERE id = $1 AND claim = $2 AND state = 'running'`, append([]any{r.ID, r.claim}, args...)...)
	if err == nil && n == 0 {
		return errTaken
	}
	return err
}

// attend runs f while it keeps the render's claim and writes its progress.
func (s *Studio) attend(ctx context.Context, r Render, m *meter, f func(context.Context) error) error {
	return attend(ctx, func(ctx context.Context, now reach) error { return s.renew(ctx, r, now) }, m, f)
}

// renewal keeps a claim and writes how far its work is; errTaken where it is lost.
type renewal func(ctx context.Context, now reach) error

// attend runs f and renews its claim meanwhile. f is stopped when the claim is lost.
func attend(ctx context.Context, renew renewal, m *meter, f func(context.Context) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		stop(beat(ctx, renew, m, over))
	}()
	err := f(ctx)
	close(over)
	<-done
	if err == nil {
		return nil // it ended the render itself, so a last beat may have found no claim
	}
	if cause := context.Cause(ctx); errors.Is(cause, errTaken) {
		return cause
	}
	return err
}

// beat renews until over. Where that can't be written it tries on as long as the claim lasts.
func beat(ctx context.Context, renew renewal, m *meter, over <-chan struct{}) error {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	renewed, told := time.Now(), reach{}
	for {
		select {
		case <-over:
			return nil
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now := m.now()
		if now == told && time.Since(renewed) < renewEvery {
			continue
		}
		err := renew(ctx, now)
		if errors.Is(err, errTaken) || err != nil && time.Since(renewed) > claimLasts {
			return err
		}
		if err == nil {
			renewed, told = time.Now(), now
		}
	}
}
