package clip

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// StepStills makes one version's stills. What fails is recorded with the reason and its
// error also returned, for the log; the version itself stands whatever becomes of it.
func (s *Studio) StepStills(ctx context.Context) (worked bool, err error) {
	return s.stepPrint(ctx, true)
}

// StepHistory joins one version again, or makes one film of a clip's growth: slower work,
// which neither the renders nor the stills wait for.
func (s *Studio) StepHistory(ctx context.Context) (worked bool, err error) {
	return s.stepPrint(ctx, false)
}

func (s *Studio) stepPrint(ctx context.Context, stills bool) (worked bool, err error) {
	p, ok, err := s.takePrint(ctx, stills)
	if err != nil || !ok {
		return false, err
	}
	return true, s.makePrint(ctx, p)
}

// takePrint claims one that is queued, or whose claim has run out.
func (s *Studio) takePrint(ctx context.Context, stills bool) (p Print, ok bool, err error) {
	kinds := `kind <> 'stills'`
	if stills {
		kinds = `kind = 'stills'`
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		now := store.Millis(tx.Now)
		err := scanPrint(tx.QueryRow(`UPDATE clip_print SET state = 'running', tries = tries + 1, claim = $1, claimed_until = $2, progress = 0
			WHERE id = (SELECT id FROM clip_print WHERE `+kinds+` AND (state = 'queued' OR state = 'running' AND claimed_until <= $3)
				ORDER BY queued_at, id LIMIT 1)
			RETURNING `+printColumns, store.NewID(), now+claimLasts.Milliseconds(), now), &p)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		ok = err == nil
		return err
	})
	return p, ok && err == nil, err
}

// madePrint is what came of making a print.
type madePrint struct {
	Hash  string
	Bytes int64
	shows []picture.ID // all pictures in it
}

// makePrint makes a claimed print and settles it.
func (s *Studio) makePrint(ctx context.Context, p Print) error {
	if p.Tries > s.tries() {
		return s.failPrint(ctx, p, "It was interrupted too often.")
	}
	p.File = p.claim // so that two processes that believe to have it don't meet
	m := new(meter)
	var done madePrint
	renew := func(ctx context.Context, now reach) error {
		return s.DB.Write(ctx, func(tx *store.Tx) error {
			return p.update(tx, `claimed_until = $3, progress = $4`, store.Millis(tx.Now.Add(claimLasts)), now.share)
		})
	}
	err := attend(ctx, renew, m, func(ctx context.Context) (err error) {
		done, err = s.printed(ctx, p, m)
		return err
	})
	settle := context.WithoutCancel(ctx)
	var old []string
	if err == nil {
		if old, err = s.settlePrint(settle, p, done); err == nil {
			return removeAll(old)
		}
	}
	switch {
	case errors.Is(err, errTaken):
	case ctx.Err() != nil:
		err = errors.Join(ctx.Err(), s.requeue(settle, p))
	case fault.Is(err, fault.Conflict): // it was asked for too much, which is nothing for the log
		err = s.failPrint(settle, p, reason(err))
	default:
		err = errors.Join(err, s.failPrint(settle, p, reason(err)))
	}
	return errors.Join(err, removeAll(s.paths(p)))
}

// printed makes the print's files.
func (s *Studio) printed(ctx context.Context, p Print, m *meter) (madePrint, error) {
	switch p.Kind {
	case Rejoined:
		return s.rejoin(ctx, p, m)
	case Stills:
		return s.still(ctx, p, m)
	default:
		return s.grow(ctx, p, m)
	}
}

// settlePrint makes what was made part of the site, unless a picture in it may no longer be
// shown: then it is made anew. It gives the files that go for it.
func (s *Studio) settlePrint(ctx context.Context, p Print, done madePrint) (old []string, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		may, err := picture.Showable(tx, p.Clip)
		if err != nil {
			return err
		}
		for _, id := range done.shows {
			if _, ok := may[id]; !ok {
				old = s.paths(p)
				return p.back(tx)
			}
		}
		shows := ""
		if p.Kind == Stills {
			raw, err := json.Marshal(done.shows)
			if err != nil {
				return err
			}
			shows = string(raw)
		}
		if err := p.update(tx, `state = 'done', progress = 1, error = '', finished_at = $3, file = $4, hash = $5, bytes = $6, shows = $7`,
			store.Millis(tx.Now), p.File, done.Hash, done.Bytes, shows); err != nil {
			return err
		}
		old, err = s.surplus(tx, p)
		return err
	})
	return old, err
}

// requeue gives a claimed print back; the try doesn't count.
func (s *Studio) requeue(ctx context.Context, p Print) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error { return p.back(tx) })
}

func (p Print) back(tx *store.Tx) error {
	return p.update(tx, `state = 'queued', claim = '', claimed_until = 0, tries = tries - 1`)
}

func (s *Studio) failPrint(ctx context.Context, p Print, why string) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		return p.update(tx, `state = 'failed', error = $3, finished_at = $4, claimed_until = 0`, why, store.Millis(tx.Now))
	})
}

// update changes the row while the claim is ours; $1 and $2 are taken.
func (p Print) update(tx *store.Tx, set string, args ...any) error {
	n, err := tx.Exec(`UPDATE clip_print SET `+set+` WHERE id = $1 AND claim = $2 AND state = 'running'`, append([]any{p.ID, p.claim}, args...)...)
	if err == nil && n == 0 {
		return errTaken
	}
	return err
}
