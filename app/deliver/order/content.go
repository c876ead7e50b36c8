package order

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"

	"oneframe/app/metadata"
)

// content is a file that goes out: a head, and behind it a piece of a file on disk.
type content struct {
	kind     string // as image/jpeg
	head     []byte
	path     string
	from, to int64
	sha256   string       // where it is known already, in hex
	again    func() error // makes the file once more, where it was swept
}

func (c content) size() int64 { return int64(len(c.head)) + c.to - c.from }

// describe puts the record in; see metadata.Splice.
func (c *content) describe(r metadata.Record, bare bool) error {
	f, err := c.file()
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err == nil {
		c.head, c.from, c.to, err = metadata.Splice(f, st.Size(), r, bare)
		c.sha256 = ""
	}
	return errors.Join(err, f.Close())
}

func (c content) file() (*os.File, error) {
	f, err := os.Open(c.path)
	if errors.Is(err, fs.ErrNotExist) && c.again != nil {
		if err := c.again(); err != nil {
			return nil, err
		}
		return os.Open(c.path)
	}
	return f, err
}

// open gives the content from its beginning, as often as it is asked.
func (c content) open() (io.ReadCloser, error) {
	f, err := c.file()
	if err != nil {
		return nil, trouble(err)
	}
	if len(c.head) == 0 {
		return f, nil
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(c.head), io.NewSectionReader(f, c.from, c.to-c.from)), f}, nil
}

// sum gives the SHA-256 in hex; what isn't known is read once.
func (c content) sum() (string, error) {
	if c.sha256 != "" {
		return c.sha256, nil
	}
	r, err := c.open()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), errors.Join(err, r.Close())
}
