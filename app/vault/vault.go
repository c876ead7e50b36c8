// Package vault keeps immutable files under the SHA-256 of their content, on the
// local disk. A file that Put has returned survives a power cut: it was written to a
// temporary name in the same folder, fsynced, renamed, and the folder fsynced. What a
// crash leaves behind are temporary files and files that no row names; Sweep takes
// both away after a day.
package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"oneframe/app/fault"
)

// Key names a file: the lower-case hexadecimal SHA-256 of its content, 64 characters.
type Key string

// KeyOf is the key that Put would give the content.
func KeyOf(content []byte) Key {
	sum := sha256.Sum256(content)
	return Key(hex.EncodeToString(sum[:]))
}

// Valid reports whether the key has the right form, whatever it names.
func (k Key) Valid() bool {
	if len(k) != 2*sha256.Size {
		return false
	}
	for _, c := range k {
		if !strings.ContainsRune("0123456789abcdef", c) {
			return false
		}
	}
	return true
}

// Vault is a folder of immutable files. Its methods may be called from any goroutine.
type Vault struct {
	dir string
}

// Open makes the folder where it is missing.
func Open(dir string) (*Vault, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("open the vault: %w", fault.Disk(err))
	}
	return &Vault{dir: dir}, nil
}

// Path is where the file lies, whether it is there or not; for ffmpeg and http.ServeContent.
func (v *Vault) Path(k Key) string {
	if !k.Valid() {
		return filepath.Join(v.dir, "invalid")
	}
	return filepath.Join(v.dir, string(k[:2]), string(k))
}

// Put stores the content durably and gives its key. The same content twice is one file.
// A full disk is fault.Full.
func (v *Vault) Put(ctx context.Context, content []byte) (Key, error) {
	k := KeyOf(content)
	if err := ctx.Err(); err != nil {
		return "", err
	}
	path := v.Path(k)
	if v.refresh(path, int64(len(content))) {
		return k, fault.Disk(SyncDir(filepath.Dir(path))) // who has just renamed it there may not have done so yet
	}
	if err := Durable(path, bytes.NewReader(content)); err != nil {
		return "", fmt.Errorf("keep a file: %w", err)
	}
	return k, nil
}

// refresh says whether the file is there, and renews its age so that no sweep takes
// it between now and the commit of the row that names it.
func (v *Vault) refresh(path string, size int64) bool {
	st, err := os.Stat(path)
	if err != nil || st.Size() != size {
		return false
	}
	now := time.Now()
	return os.Chtimes(path, now, now) == nil
}

// Open opens the file for reading; fault.NotFound where it isn't there.
func (v *Vault) Open(k Key) (*os.File, error) {
	f, err := os.Open(v.Path(k))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(err, fault.NotFound, "no_file", "There is no such file.")
	}
	return f, err
}

// Read gives the whole content.
func (v *Vault) Read(k Key) ([]byte, error) {
	f, err := v.Open(k)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// Has reports whether the file is there.
func (v *Vault) Has(k Key) bool {
	_, err := os.Stat(v.Path(k))
	return err == nil
}

// Remove takes the file away; it is no error if it was gone already.
func (v *Vault) Remove(k Key) error {
	if err := os.Remove(v.Path(k)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Sweep removes what is older than the time and which no row names: temporary files that
// a crash left, and files whose row was never committed or is gone. It gives the number
// removed. unnamed calls remove where no row names the file, in a transaction that whoever
// comes to name it waits for; who does looks in a transaction too whether it is still there.
func (v *Vault) Sweep(ctx context.Context, olderThan time.Time, unnamed func(k Key, remove func() error) error) (removed int, err error) {
	err = filepath.WalkDir(v.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		old := func() (bool, error) {
			info, err := os.Stat(path)
			if errors.Is(err, fs.ErrNotExist) {
				return false, nil
			}
			return err == nil && !info.ModTime().After(olderThan), err
		}
		is, err := old()
		if err != nil || !is {
			return err
		}
		remove := func() error {
			is, err := old() // it may have been put again meanwhile
			if err == nil && is {
				removed++
				err = os.Remove(path)
			}
			return err
		}
		if k := Key(d.Name()); k.Valid() {
			return unnamed(k, remove)
		}
		return remove()
	})
	return removed, err
}
