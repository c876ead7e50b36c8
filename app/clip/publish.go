package clip

import (
	"context"
	"database/sql"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/source"
	"oneframe/app/store"
)

// publish makes the render, whose file lies durably in its place, the clip's current one,
// all at once. It gives the files that are no longer kept, for removal.
func (s *Studio) publish(ctx context.Context, r Render, t Timeline) (old []string, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := source.Get(tx, r.Clip); err != nil {
			return err // it was removed meanwhile
		}
		if err := tx.QueryRow(`SELECT COALESCE(MAX(version), 0) + 1 FROM clip_render WHERE clip = $1`, r.Clip).Scan(&r.Version); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE clip_render SET current = 0 WHERE clip = $1 AND current = 1`, r.Clip); err != nil {
			return err
		}
		r.Current = true
		if err := r.finish(tx); err != nil {
			return err
		}
		if err := record(tx, r.Clip, r.Version, t); err != nil {
			return err
		}
		if err := wantStills(tx, r); err != nil {
			return err
		}
		if old, err = s.outdated(tx, r.Clip); err != nil {
			return err
		}
		gone, err := s.forgotten(tx, r.Clip, r.Version)
		old = append(old, gone...)
		return err
	})
	return old, err
}

// unchanged ends a render that would make the current file again: it is that file.
func (s *Studio) unchanged(ctx context.Context, r *Render, t Timeline, current Render) error {
	r.plan, r.Quality, r.SlotsFilled, r.Units, r.UnitsReused = current.plan, current.Quality, t.Filled(), len(t.Units), len(t.Units)
	r.Version, r.File, r.Hash, r.Bytes, r.Frames = current.Version, current.File, current.Hash, current.Bytes, current.Frames
	return s.DB.Write(ctx, func(tx *store.Tx) error { return r.finish(tx) })
}

// finish writes the row of a render that is done.
func (r Render) finish(tx *store.Tx) error {
	current := 0
	if r.Current {
		current = 1
	}
	return r.update(tx, `state = 'done', progress = 1, error = '', finished_at = $3, plan = $4, fit = $5, version = $6, file = $7, current = $8,
		hash = $9, bytes = $10, frames = $11, slots_filled = $12, units_encoded = $13, units_reused = $14, units = $15, quality = $16`,
		store.Millis(tx.Now), r.plan, r.Quality.Fit, r.Version, r.File, current, r.Hash, r.Bytes, r.Frames, r.SlotsFilled, r.UnitsEncoded, r.UnitsReused,
		r.Units, r.Quality.text())
}

// outdated lets go of all but the newest files of a clip, and gives their paths.
func (s *Studio) outdated(tx *store.Tx, clip string) (paths []string, err error) {
	files, err := store.Each(tx, func(rows *sql.Rows, file *string) error {
		var version int
		return rows.Scan(file, &version)
	}, `SELECT file, version FROM clip_render WHERE clip = $1 AND file <> '' GROUP BY file, version ORDER BY version DESC`, clip)
	for i, file := range files {
		if err != nil || i < s.keep() { // the current one is the newest
			continue
		}
		paths = append(paths, s.File(Render{Clip: clip, File: file}))
		_, err = tx.Exec(`UPDATE clip_render SET file = '' WHERE file = $1`, file)
	}
	return paths, err
}

// record notes which slots show another picture from this version on.
func record(tx *store.Tx, clip string, version int, t Timeline) error {
	before, err := choicesAt(tx, clip, version-1)
	if err != nil {
		return err
	}
	was := map[int]picture.Choice{}
	for _, c := range before {
		was[c.Slot.Number] = c
	}
	for _, u := range t.Units {
		if u.Picture == "" {
			continue
		}
		now := picture.Choice{Slot: slot.ID{Clip: clip, Number: u.Slot}, Picture: u.Frame, Large: u.Picture}
		if was[u.Slot] != now {
			if err := end(tx, clip, u.Slot, version); err != nil {
				return err
			}
			_, err := tx.Exec(`INSERT INTO clip_choice (clip, number, picture, large, since) VALUES ($1, $2, $3, $4, $5)`, clip, u.Slot, u.Frame, u.Picture, version)
			if err != nil {
				return err
			}
		}
		delete(was, u.Slot)
	}
	for number := range was {
		if err := end(tx, clip, number, version); err != nil {
			return err
		}
	}
	return nil
}

func end(tx *store.Tx, clip string, number, version int) error {
	_, err := tx.Exec(`UPDATE clip_choice SET until = $1 WHERE clip = $2 AND number = $3 AND until = 0`, version, clip, number)
	return err
}

// choicesAt gives the pictures that a version of the clip showed, in slot order.
func choicesAt(tx *store.Tx, clip string, version int) ([]picture.Choice, error) {
	return store.Each(tx, func(rows *sql.Rows, c *picture.Choice) error {
		return rows.Scan(&c.Slot.Clip, &c.Slot.Number, &c.Picture, &c.Large)
	}, `SELECT clip, number, picture, large FROM clip_choice WHERE clip = $1 AND since <= $2 AND (until = 0 OR until > $2) ORDER BY number`, clip, version)
}

// PlanOf makes the plan of a render that is done again, as it was.
func PlanOf(tx *store.Tx, r Render) (Timeline, error) {
	if r.State != Done {
		return Timeline{}, fault.New(fault.Conflict, "not_rendered", "This render isn't done.")
	}
	v, err := source.Get(tx, r.Clip)
	if err != nil {
		return Timeline{}, err
	}
	slots, err := slot.List(tx, r.Clip)
	if err != nil {
		return Timeline{}, err
	}
	choices, err := choicesAt(tx, r.Clip, r.Version)
	return Plan(factsOf(v), slots, choices, r.Quality), err
}
