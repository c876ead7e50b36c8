package vault

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"oneframe/app/fault"
)

// Durable writes a file so that a crash leaves either the whole of it or nothing
// under its name: temporary name in the same folder, fsync, rename, fsync of the
// folder. Folders on the way are made. A full disk is fault.Full.
func Durable(path string, content io.Reader) (err error) {
	dir := filepath.Dir(path)
	if err := makeDir(dir); err != nil {
		return fault.Disk(err)
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return fault.Disk(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fault.Disk(err), os.Remove(f.Name()))
		}
	}()
	_, err = io.Copy(f, content)
	if err == nil {
		err = f.Chmod(0o640)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return SyncDir(dir)
}

// makeDir makes the folder, and its entry in its parent durable.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(dir))
}

// SyncDir makes renames and new names in the folder durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
