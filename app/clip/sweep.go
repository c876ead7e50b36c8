package clip

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"oneframe/app/fault"
	"oneframe/app/source"
	"oneframe/app/store"
)

// What Sweep leaves alone: units that a render has used this lately, and files in the
// renders folders that are this young, whose row may be on its way.
const (
	unitAge  = 60 * 24 * time.Hour // an unused unit goes at this age in any case
	unitRest = 24 * time.Hour
	fileRest = 24 * time.Hour
)

// Sweep takes away encoded units that no current render needs, the long unused and then
// the least recently used until the cache has at most maxBytes, and what killed renders
// left behind.
func (s *Studio) Sweep(ctx context.Context, maxBytes int64) error {
	needed, clips, err := s.needed(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	_, err = s.cache().sweep(ctx, needed, now.Add(-unitAge), now.Add(-unitRest), maxBytes)
	err = errors.Join(err, s.sweepPrints(ctx, now))
	for _, c := range clips {
		err = errors.Join(err, s.sweepFiles(ctx, c, now.Add(-fileRest)))
	}
	return err
}

// needed gives the units of every clip's current render, of its next one, and those made
// ahead of the one after.
func (s *Studio) needed(ctx context.Context) (keys map[Key]bool, clips []string, err error) {
	keys = map[Key]bool{}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		videos, err := source.List(tx)
		for _, v := range videos {
			clips = append(clips, v.Slug)
			if err == nil {
				err = s.need(tx, v, keys)
			}
		}
		return err
	})
	return keys, clips, err
}

func (s *Studio) need(tx *store.Tx, v source.Video, keys map[Key]bool) error {
	next, err := s.plan(tx, v)
	if err != nil {
		return err
	}
	r, err := Current(tx, v.Slug)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	var now Timeline
	if err == nil {
		if now, err = PlanOf(tx, r); err != nil {
			return err
		}
	}
	for _, k := range append(next.keys(), now.keys()...) {
		keys[k] = true
	}
	for _, u := range next.ahead() {
		keys[next.key(u)] = true
	}
	return nil
}

// sweepFiles removes old files of a clip that no row names.
func (s *Studio) sweepFiles(ctx context.Context, clip string, before time.Time) error {
	dir := s.Library.Renders(clip)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ignoreMissing(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.ModTime().After(before) {
			continue // it has just gone, or come
		}
		named, err := s.named(ctx, strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())))
		if err != nil {
			return err
		}
		if !named {
			if err := ignoreMissing(os.Remove(filepath.Join(dir, e.Name()))); err != nil {
				return err
			}
		}
	}
	return nil
}

// named says whether a row names the file.
func (s *Studio) named(ctx context.Context, file string) (named bool, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		_, err := one(tx, `file = $1 LIMIT 1`, file)
		if !fault.Is(err, fault.NotFound) {
			named = err == nil
			return err
		}
		p, err := onePrint(tx, `file = $1 LIMIT 1`, file)
		named = p.ID != ""
		return err
	})
	return named, err
}
