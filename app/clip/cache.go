package clip

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"oneframe/app/fault"
	"oneframe/app/vault"
)

// cache is the folder of encoded units, one file each under its key. Several processes
// may use it at once: a file appears whole, by rename, and equal keys have equal content.
type cache struct{ dir string }

func (c cache) path(k Key) string { return filepath.Join(c.dir, string(k[:2]), string(k)) }

// temp is where batches are written on their way; Sweep clears what a crash left.
func (c cache) temp() (dir string, err error) {
	dir = filepath.Join(c.dir, "tmp")
	return dir, fault.Disk(os.MkdirAll(dir, 0o750))
}

// head reads a unit's description; errCorrupt or fs.ErrNotExist where there is none to use.
func (c cache) head(k Key) (head, error) {
	f, err := os.Open(c.path(k))
	if err != nil {
		return head{}, err
	}
	defer f.Close()
	h, at, err := readHead(f)
	if err != nil {
		return head{}, err
	}
	st, err := f.Stat()
	if err == nil && st.Size() != int64(at)+h.size()+int64(crcBytes) {
		err = errCorrupt
	}
	return h, err
}

// readHead gives the head and where the data begins.
func readHead(r io.ReaderAt) (h head, at int, err error) {
	b := make([]byte, 1024)
	n, err := r.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return head{}, 0, err
	}
	if at, err = headLength(b[:n]); err != nil {
		return head{}, 0, err
	}
	if at > n {
		b = make([]byte, at)
		if _, err := r.ReadAt(b, 0); err != nil {
			return head{}, 0, errCorrupt
		}
	}
	h, err = parseHead(b[:at])
	return h, at, err
}

// load reads a unit's samples into buf, which it grows as needed, and checks them.
func (c cache) load(k Key, h head, buf []byte) ([]byte, error) {
	f, err := os.Open(c.path(k))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	_, at, err := readHead(f)
	if err != nil {
		return nil, err
	}
	n := int(h.size())
	buf = slices.Grow(buf[:0], n+crcBytes)[:n+crcBytes]
	if _, err := f.ReadAt(buf, int64(at)); err != nil {
		return nil, errCorrupt
	}
	if checksum(buf[:n]) != binary.BigEndian.Uint32(buf[n:]) {
		return nil, errCorrupt
	}
	return buf[:n], nil
}

// put stores a unit. A full disk is fault.Full.
func (c cache) put(k Key, e encoded) (err error) {
	path := c.path(k)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fault.Disk(err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return fault.Disk(err)
	}
	_, err = f.Write(e.appendHead(nil))
	if err == nil {
		_, err = f.Write(e.Data)
	}
	if err == nil {
		_, err = f.Write(binary.BigEndian.AppendUint32(nil, checksum(e.Data)))
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fault.Disk(err), os.Remove(f.Name()))
	}
	return nil
}

// drop takes a unit away; it is no error if it was gone already.
func (c cache) drop(k Key) error {
	if err := os.Remove(c.path(k)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// touch renews the age of units that a render uses, by which sweep tells the useful ones.
func (c cache) touch(keys []Key, now time.Time) error {
	for _, k := range keys {
		if err := os.Chtimes(c.path(k), now, now); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// leftover is a file that sweep may take.
type leftover struct {
	path string
	size int64
	used time.Time
}

// sweep removes units last used before the time, and then the least recently used ones
// until at most maxBytes are left; never one that keep holds, nor one used after young,
// which a running render may be about to join.
func (c cache) sweep(ctx context.Context, keep map[Key]bool, before, young time.Time, maxBytes int64) (removed int, err error) {
	var free []leftover
	var total int64
	err = filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the cache is still empty, or a file has just gone
		}
		if err != nil || d.IsDir() {
			return errors.Join(err, ctx.Err())
		}
		info, err := d.Info()
		if err != nil {
			return ignoreMissing(err)
		}
		total += info.Size()
		if !keep[Key(d.Name())] && info.ModTime().Before(young) {
			free = append(free, leftover{path, info.Size(), usedAt(d.Name(), info)})
		}
		return nil
	})
	slices.SortFunc(free, func(a, b leftover) int { return cmp.Or(a.used.Compare(b.used), strings.Compare(a.path, b.path)) })
	for _, f := range free {
		if err != nil || total <= maxBytes && !f.used.Before(before) {
			break
		}
		err = ignoreMissing(os.Remove(f.path))
		total -= f.size
		removed++
	}
	return removed, err
}

// usedAt is when a unit was last used; what isn't one, because a crash left it, never was.
func usedAt(name string, info fs.FileInfo) time.Time {
	if !vault.Key(name).Valid() {
		return time.Time{}
	}
	return info.ModTime()
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
