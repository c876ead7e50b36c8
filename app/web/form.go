package web

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
)

// maxField bounds a form's text field, in bytes.
const maxField = 4 << 10

// form is a multipart form as it arrived: its text fields, and its one file, which
// lies on the disk so that slow senders hold no memory.
type form struct {
	fields map[string]string
	file   *os.File // at its beginning; nil where the form had none
	size   int64
	name   string // of the file, as its sender called it, without folders
}

// readForm reads a multipart form whose file part has the name, into a file in dir that
// the caller closes with discard, or keeps. Its errors: Unsupported not_multipart;
// Invalid bad_form; TooLarge; Full.
func readForm(c echo.Context, part, dir string) (*form, error) {
	mr, err := c.Request().MultipartReader()
	if err != nil {
		return nil, fault.Wrap(err, fault.Unsupported, "not_multipart", "This call takes a form: multipart/form-data.")
	}
	f := &form{fields: map[string]string{}}
	if err := f.read(mr, part, dir); err != nil {
		f.discard()
		return nil, badForm(err)
	}
	return f, nil
}

func (f *form) read(mr *multipart.Reader, part, dir string) error {
	for {
		p, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case p.FormName() != part:
			err = f.field(p)
		case f.file == nil:
			err = f.keep(p, dir)
		default:
			err = fault.New(fault.Invalid, "bad_form", "The form has more than one %s.", part)
		}
		if err != nil {
			return err
		}
	}
}

func (f *form) field(p *multipart.Part) error {
	value, err := io.ReadAll(io.LimitReader(p, maxField+1))
	if err != nil {
		return err
	}
	if len(value) > maxField || len(f.fields) >= 16 {
		return fault.New(fault.Invalid, "bad_form", "The form's field %q is too long.", p.FormName())
	}
	f.fields[p.FormName()] = string(value)
	return nil
}

// keep writes the part to a temporary file. Its name tells a sweep that nobody has
// taken it over yet.
func (f *form) keep(p *multipart.Part, dir string) error {
	file, err := os.CreateTemp(dir, "upload-*.part")
	if err != nil {
		return fault.Disk(err)
	}
	f.file, f.name = file, p.FileName()
	if f.size, err = io.Copy(file, p); err != nil {
		return fault.Disk(err)
	}
	_, err = file.Seek(0, io.SeekStart)
	return err
}

// discard removes the form's file.
func (f *form) discard() {
	if f.file != nil {
		_ = f.file.Close() // nothing of it is needed any more
		_ = os.Remove(f.file.Name())
	}
}

// take makes the form's file durable under a name in its folder, for whoever works
// on it later.
func (f *form) take(name string) (path string, err error) {
	path = filepath.Join(filepath.Dir(f.file.Name()), name)
	if err := errors.Join(f.file.Sync(), f.file.Close()); err != nil {
		return "", fault.Disk(err)
	}
	return path, os.Rename(f.file.Name(), path)
}

// badForm says what was wrong with a form.
func badForm(err error) error {
	var large *http.MaxBytesError
	var f *fault.Error
	switch {
	case errors.As(err, &large), errors.As(err, &f):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fault.Wrap(err, fault.Invalid, "too_slow", "The upload stalled for too long.")
	}
	return fault.Wrap(err, fault.Invalid, "bad_form", "The form could not be read to its end.")
}

// need gives a field that must be there; Invalid missing_<name>.
func (f *form) need(name string) (string, error) {
	v, ok := f.fields[name]
	if !ok {
		return "", missing(name)
	}
	return strings.TrimSpace(v), nil
}

func missing(part string) error {
	return fault.New(fault.Invalid, "missing_"+part, "The form has no part %s.", part)
}

// number gives a field that counts something; 0 where it is absent or empty.
func (f *form) number(name string) (int, error) {
	text := strings.TrimSpace(f.fields[name])
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fault.New(fault.Invalid, "bad_"+name, "%s must be a whole number.", name)
	}
	return n, nil
}
