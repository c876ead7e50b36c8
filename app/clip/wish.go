package clip

import (
	"cmp"
	"context"
	"os"
	"slices"
	"time"

	"oneframe/app/fault"
	"oneframe/app/store"
)

// Visitor is who wants a print without an account. What all visitors together may have
// made is bounded, so that no stranger keeps the machine busy; an account's wishes are
// not.
const Visitor = "visitor"

const (
	visitorsWait = 3         // prints that may wait for visitors at a time
	visitorsHour = 24        // prints that are made for visitors within an hour
	growEvery    = time.Hour // between two films of a clip's growth for visitors
)

// WantVersion has a version joined again whose file is gone; nothing is done where it can
// be played, or is on its way. NotFound no_version; Busy too_many_prints.
func (s *Studio) WantVersion(ctx context.Context, slug string, version int, by string) (v Version, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if v, err = VersionOf(tx, slug, version); err != nil || v.Ready() || v.Open() && by == Visitor {
			return err
		}
		if err := want(tx, Rejoined, slug, version, by); err != nil {
			return err
		}
		v, err = VersionOf(tx, slug, version)
		return err
	})
	return v, err
}

// WantGrowth has the film of the clip's growth to its current version made; nothing is
// done where there is one, or it is on its way. NotFound no_render before the first
// render; Busy too_many_prints.
func (s *Studio) WantGrowth(ctx context.Context, slug, by string) (p Print, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		r, err := Current(tx, slug)
		if err != nil {
			return err
		}
		of := func() error {
			p, err = onePrint(tx, `clip = $1 AND kind = 'growth' AND version = $2`, slug, r.Version)
			return err
		}
		if err := of(); err != nil || p.State == Done || p.State == Running || p.State == Queued {
			return err
		}
		done, _, err := GrowthOf(tx, slug)
		if err != nil {
			return err
		}
		if wait := done.Finished.Add(growEvery).Sub(tx.Now); by == Visitor && done.ID != "" && wait > 0 {
			return busy(wait, "The film of the growth is made at most once an hour.")
		}
		if err := want(tx, Growth, slug, r.Version, by); err != nil {
			return err
		}
		return of()
	})
	return p, err
}

// want queues a print, again where it failed or its file is gone.
func want(tx *store.Tx, kind, slug string, version int, by string) error {
	if by == Visitor {
		if err := room(tx); err != nil {
			return err
		}
	}
	_, err := tx.Exec(`INSERT INTO clip_print (id, clip, kind, version, state, wanted_by, queued_at) VALUES ($1, $2, $3, $4, 'queued', $5, $6)
		ON CONFLICT (clip, kind, version) DO UPDATE SET state = 'queued', wanted_by = excluded.wanted_by, queued_at = excluded.queued_at,
			tries = 0, progress = 0, error = '', claim = '', claimed_until = 0, finished_at = 0
		WHERE clip_print.state IN ('queued', 'failed', 'gone')`, store.NewID(), slug, kind, version, by, store.Millis(tx.Now))
	return err
}

// room is an error where visitors have wanted enough for now.
func room(tx *store.Tx) error {
	var open, lately int
	err := tx.QueryRow(`SELECT COALESCE(SUM(CASE WHEN state IN ('queued', 'running') THEN 1 ELSE 0 END), 0), COUNT(*)
		FROM clip_print WHERE wanted_by = $1 AND queued_at > $2`, Visitor, store.Millis(tx.Now.Add(-time.Hour))).Scan(&open, &lately)
	switch {
	case err != nil:
		return err
	case open >= visitorsWait:
		return busy(30*time.Second, "Other versions are being joined just now; please try again in a minute.")
	case lately >= visitorsHour:
		return busy(10*time.Minute, "Many versions were joined within the hour; please try again later.")
	}
	return nil
}

func busy(after time.Duration, message string) error {
	e := fault.New(fault.Busy, "too_many_prints", "%s", message)
	e.RetryAfter = after
	return e
}

// stillsKept is how many versions of a clip keep their stills; two of them take some
// hundred kB.
const stillsKept = 50

// surplus lets go of the prints that the new one, of the same kind, leaves no room for,
// and gives their paths: of versions those not played for the longest, of stills the
// oldest, and all other films of the growth.
func (s *Studio) surplus(tx *store.Tx, p Print) (paths []string, err error) {
	others, err := prints(tx, `clip = $1 AND kind = $2 AND state = 'done' AND id <> $3 ORDER BY version DESC`, p.Clip, p.Kind, p.ID)
	if err != nil {
		return nil, err
	}
	keep := 0
	switch p.Kind {
	case Rejoined:
		keep = s.keep() - 1
		used := func(p Print) time.Time { return usedLast(s.PrintFile(p)) }
		slices.SortStableFunc(others, func(a, b Print) int { return cmp.Or(used(b).Compare(used(a)), cmp.Compare(b.Version, a.Version)) })
	case Stills:
		keep = stillsKept - 1
	}
	return s.drop(tx, others[min(keep, len(others)):])
}

// drop lets go of the prints' files and gives their paths.
func (s *Studio) drop(tx *store.Tx, gone []Print) (paths []string, err error) {
	for _, p := range gone {
		if _, err := tx.Exec(`UPDATE clip_print SET state = 'gone', file = '', hash = '', bytes = 0, shows = '' WHERE id = $1 AND state = 'done'`, p.ID); err != nil {
			return nil, err
		}
		paths = append(paths, s.paths(p)...)
	}
	return paths, nil
}

// usedLast is when a file was written or played; the zero time where it is missing.
func usedLast(path string) time.Time {
	st, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return st.ModTime()
}

// Played notes that a version's file is in use, so that it stays. It is called with every
// part that is sent of it, and notes it every ten minutes.
func (s *Studio) Played(path string) error {
	now := time.Now()
	if now.Sub(usedLast(path)) < 10*time.Minute {
		return nil
	}
	return ignoreMissing(os.Chtimes(path, now, now))
}

// printRest is how long a version that was joined again stays without being played, and
// how long a wish that came to nothing is remembered.
const printRest = 7 * 24 * time.Hour

// sweepPrints takes away versions that were joined again and not played for long, and the
// memory of old wishes.
func (s *Studio) sweepPrints(ctx context.Context, now time.Time) error {
	var paths []string
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(`DELETE FROM clip_print WHERE state IN ('failed', 'gone') AND queued_at < $1`, store.Millis(tx.Now.Add(-printRest))); err != nil {
			return err
		}
		all, err := prints(tx, `kind = 'version' AND state = 'done'`)
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(p Print) bool { return now.Sub(usedLast(s.PrintFile(p))) < printRest })
		paths, err = s.drop(tx, all)
		return err
	})
	if err != nil {
		return err
	}
	return removeAll(paths)
}
