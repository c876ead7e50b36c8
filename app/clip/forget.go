package clip

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/source"
	"oneframe/app/store"
)

// shown is a picture's time in a clip: from version since up to, but without, until; 0 is
// to this day.
type shown struct {
	picture.Choice
	since, until int
}

// Forget takes a withdrawn picture out of what was rendered: the clip's older files that
// show it go at once, its encoded unit, the stills it is in, and the film of the growth.
// Where the current file shows it a render is queued, which ends the same way; nothing
// happens where no version ever showed it.
func (s *Studio) Forget(ctx context.Context, id picture.ID) error {
	var past []shown
	var left []string
	now := ""
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		all, err := shownBy(tx, `picture = $1`, id)
		for _, c := range all {
			if c.until == 0 {
				now = c.Slot.Clip
				continue
			}
			past = append(past, c)
		}
		if err == nil {
			left, err = s.letGo(tx, past)
		}
		if err == nil {
			var made []string
			made, err = s.letGoPrints(tx, all)
			left = append(left, made...)
		}
		return err
	})
	if err == nil && now != "" {
		_, err = s.Request(ctx, now, "withdrawal")
		if fault.Is(err, fault.NotFound) {
			err = nil // the clip itself is gone
		}
	}
	return errors.Join(err, removeAll(left))
}

// forgotten lets go of what shows the pictures that the version is the first without
// because they were withdrawn, or rejected after all, and gives the paths for removal.
// Those that another picture replaced stay in the older versions.
func (s *Studio) forgotten(tx *store.Tx, clip string, version int) (paths []string, err error) {
	all, err := shownBy(tx, `clip = $1 AND until = $2`, clip, version)
	if err != nil {
		return nil, err
	}
	var gone []shown
	for _, c := range all {
		p, err := picture.Get(tx, c.Picture)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		if err != nil || p.State != picture.Accepted {
			gone = append(gone, c)
		}
	}
	if paths, err = s.letGo(tx, gone); err != nil {
		return nil, err
	}
	made, err := s.letGoPrints(tx, gone)
	return append(paths, made...), err
}

// letGoPrints lets go of the prints that show the pictures, and gives their paths: what is
// being made of them meanwhile is thrown away when it is done (settlePrint).
func (s *Studio) letGoPrints(tx *store.Tx, gone []shown) (paths []string, err error) {
	for _, c := range gone {
		all, err := prints(tx, `clip = $1 AND state = 'done' AND version >= $2 AND ($3 = 0 OR version < $3 OR kind = 'growth')`, c.Slot.Clip, c.since, c.until)
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(p Print) bool { return p.Kind == Stills && !slices.Contains(p.shows, c.Picture) })
		left, err := s.drop(tx, all)
		if err != nil {
			return nil, err
		}
		paths = append(paths, left...)
	}
	return paths, nil
}

// letGo gives the paths of the files that show the pictures and of their units, and takes
// the files' names from their rows. The current file is never among them: every one of
// the pictures' times is over.
func (s *Studio) letGo(tx *store.Tx, gone []shown) (paths []string, err error) {
	for _, c := range gone {
		files, err := store.Each(tx, func(rows *sql.Rows, file *string) error { return rows.Scan(file) },
			`SELECT DISTINCT file FROM clip_render WHERE clip = $1 AND version >= $2 AND version < $3 AND file <> ''`, c.Slot.Clip, c.since, c.until)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			paths = append(paths, s.File(Render{Clip: c.Slot.Clip, File: file}))
			if _, err := tx.Exec(`UPDATE clip_render SET file = '' WHERE file = $1`, file); err != nil {
				return nil, err
			}
		}
		units, err := s.unitsOf(tx, c)
		if err != nil {
			return nil, err
		}
		paths = append(paths, units...)
	}
	return paths, nil
}

// unitsOf gives the paths of a picture's encoded units, in all qualities that the clip
// was ever made in. The same
// picture in another slot may lose its unit too, which is then encoded again.
func (s *Studio) unitsOf(tx *store.Tx, c shown) (paths []string, err error) {
	v, err := source.Get(tx, c.Slot.Clip)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	place, err := slot.Get(tx, c.Slot)
	if err != nil {
		return nil, err
	}
	qualities, err := s.qualities(tx, c.Slot.Clip)
	if err != nil {
		return nil, err
	}
	for _, q := range qualities {
		t := Plan(factsOf(v), []slot.Slot{place}, []picture.Choice{c.Choice}, q)
		for i, k := range t.keys() {
			if t.Units[i].Picture != "" {
				paths = append(paths, s.cache().path(k))
			}
		}
	}
	return paths, nil
}

func shownBy(tx *store.Tx, where string, args ...any) ([]shown, error) {
	return store.Each(tx, func(rows *sql.Rows, c *shown) error {
		return rows.Scan(&c.Slot.Clip, &c.Slot.Number, &c.Picture, &c.Large, &c.since, &c.until)
	}, `SELECT clip, number, picture, large, since, until FROM clip_choice WHERE `+where, args...)
}
