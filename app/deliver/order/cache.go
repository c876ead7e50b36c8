package order

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"oneframe/app/vault"
)

// touched is how old a file's time of use may be before it is renewed.
const touched = 10 * time.Minute

// writing is how long a temporary file may be somebody's work, and not what a crash left.
const writing = time.Hour

// made gives the path of a file with the look of the original, and makes it where it is
// missing: once, whoever asks meanwhile. A crash leaves the whole file or none.
func (m *Maker) made(ctx context.Context, original vault.Key, l look) (path string, err error) {
	key, err := json.Marshal(l)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append([]byte(original), key...))
	name := hex.EncodeToString(sum[:])
	path = filepath.Join(m.Dir, name[:2], name+".jpg")
	for {
		if used(path) {
			return path, nil
		}
		_, err, _ = m.flights.Do(name, func() (any, error) {
			if used(path) {
				return nil, nil
			}
			data, err := m.draw(ctx, original, l)
			if err != nil {
				return nil, err
			}
			return nil, vault.Durable(path, bytes.NewReader(data))
		})
		// Who waited for another's try doesn't end because the other was called off.
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			if ctx.Err() == nil {
				continue
			}
		}
		return path, err
	}
}

// used reports whether the file is there, and notes that it was wanted.
func used(path string) bool {
	st, err := os.Stat(path)
	if err != nil {
		return false
	}
	if now := time.Now(); now.Sub(st.ModTime()) > touched {
		if err := os.Chtimes(path, now, now); err != nil {
			return false // it has just been swept
		}
	}
	return true
}

// Sweep removes what nobody wanted since the time, then the longest unused until at most
// so many bytes are left, and watermarks that no destination names. A file that is being
// read stays readable; one that is wanted again is made again. It gives the number removed.
func (m *Maker) Sweep(ctx context.Context, most int64, unusedSince time.Time) (removed int, err error) {
	type file struct {
		path string
		size int64
		used time.Time
	}
	var all []file
	var total int64
	err = filepath.WalkDir(m.Dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && d.IsDir() {
			return nil
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && (filepath.Ext(path) == ".jpg" || time.Since(info.ModTime()) > writing) {
			all = append(all, file{path, info.Size(), info.ModTime()})
			total += info.Size()
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	slices.SortFunc(all, func(a, b file) int { return a.used.Compare(b.used) })
	for _, f := range all {
		if total <= most && !f.used.Before(unusedSince) {
			break
		}
		if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return removed, err
		}
		total -= f.size
		removed++
	}
	marks, err := m.Marks.Sweep(ctx, m.DB.Now().Add(-24*time.Hour), func(k vault.Key, remove func() error) error { return m.unmarked(ctx, k, remove) })
	return removed + marks, err
}
