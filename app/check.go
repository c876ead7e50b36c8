package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

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
