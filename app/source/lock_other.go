//go:build !unix

package source

import (
	"errors"
	"io/fs"
	"os"
)

// acquire makes the file and never takes one over: without locks that end with their
// process, what a killed import left can't be told from one that runs.
func acquire(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o640)
	if errors.Is(err, fs.ErrExist) {
		return nil, nil
	}
	return f, err
}
