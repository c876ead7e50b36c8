package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"oneframe/app/clip"
	"oneframe/app/fault"
	"oneframe/app/source"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// check tries everything that the site needs and reports each with a word.
func (c *command) check(ctx context.Context) (err error) {
	fs, config := c.flags("check")
	a, _, err := c.open(ctx, fs, config, 0, "no names")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	var wrong []error
	report := func(what string, err error) {
		word := "ok"
		if err != nil {
			word, wrong = sentence(err), append(wrong, fmt.Errorf("%s: %w", what, err))
		}
		fmt.Fprintf(c.Out, "%-10s %s\n", what, word)
	}
	report("config", nil) // or open had failed
	report("ffmpeg", nil) // as above
	report("database", errors.Join(a.DB.Read(ctx, sound), a.DB.Write(ctx, func(*store.Tx) error { return nil })))
	report("disk", writable(a.Config.Data))
	report("pictures", a.invariants(ctx))
	report("clips", a.DB.Read(ctx, a.clipFiles))
	return errors.Join(wrong...)
}

// sound looks through the database, beside a running server's writing.
func sound(tx *store.Tx) error {
	var word string
	if err := tx.QueryRow(`PRAGMA quick_check`).Scan(&word); err != nil || word == "ok" {
		return err
	}
	return errors.New(word)
}

// writable writes and removes a small file in the folder.
func writable(dir string) error {
	path := filepath.Join(dir, ".check")
	if err := vault.Durable(path, strings.NewReader("oneframe")); err != nil {
		return err
	}
	return os.Remove(path)
}

// clipFiles says which files of the clips are missing.
func (a *App) clipFiles(tx *store.Tx) error {
	videos, err := source.List(tx)
	for _, v := range videos {
		l := a.Importer.Library
		files := []string{l.Mezzanine(v.Slug), l.Poster(v.Slug)}
		if v.Sound {
			files = append(files, l.Sound(v.Slug))
		}
		for n := range v.Slots {
			files = append(files, l.Pose(v.Slug, n+1))
		}
		r, why := clip.Current(tx, v.Slug)
		switch {
		case why == nil:
			files = append(files, a.Studio.File(r))
		case !fault.Is(why, fault.NotFound): // that is before the first render
			err = errors.Join(err, why)
		}
		for _, f := range files {
			if _, why := os.Stat(f); why != nil {
				err = errors.Join(err, fmt.Errorf("the clip %s needs a file that can't be found: %w", v.Slug, why))
			}
		}
	}
	return err
}
