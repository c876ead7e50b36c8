package send

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"oneframe/app/fault"
)

// folder writes into a folder of this machine. Whatever names and symbolic links say,
// nothing outside of it is touched (os.Root).
type folder struct {
	root *os.Root
	dir  string // absolute
}

// openFolder makes the folder where it is missing, inside one that the config allows.
func openFolder(t Target, n Network) (*folder, error) {
	dir := filepath.Clean(filepath.FromSlash(t.URL.Path))
	base, rel, ok := within(n.Folders, dir)
	if !ok {
		return nil, &Error{Kind: Hopeless, Message: "The folder " + dir + " lies in none of those that deliver.folders allows."}
	}
	allowed, err := os.OpenRoot(base)
	if err != nil {
		return nil, onDisk(err, "The folder "+base+" can't be opened.")
	}
	defer allowed.Close()
	if err = allowed.MkdirAll(rel, 0o750); err == nil {
		var own *os.Root
		if own, err = allowed.OpenRoot(rel); err == nil {
			return &folder{root: own, dir: dir}, nil
		}
	}
	return nil, onDisk(err, "The folder "+dir+" can't be opened.")
}

// within finds the allowed folder that the path lies in, or is.
func within(allowed []string, dir string) (base, rel string, ok bool) {
	for _, base := range allowed {
		if rel, err := filepath.Rel(filepath.Clean(base), dir); err == nil && filepath.IsLocal(rel) {
			return base, rel, true
		}
	}
	return "", "", false
}

func (f *folder) Close() error { return f.root.Close() }

// here says whether the folder that is held open is still the one that its path leads to:
// somebody may have moved it away, or mounted a disk there.
func (f *folder) here() error {
	is, err := os.Stat(f.dir)
	if err == nil {
		var held fs.FileInfo
		if held, err = f.root.Stat("."); err == nil && os.SameFile(is, held) {
			return nil
		}
	}
	return &Error{Kind: Down, Message: "The folder " + f.dir + " was moved, or another disk is there now.", Cause: err}
}

// Send writes the sidecar and the picture, each under a temporary name, durably, and
// renames it.
func (f *folder) Send(ctx context.Context, p Parcel) (r Receipt, err error) {
	ctx, pulse, stop := watch(ctx, quiet)
	defer stop()
	if err := f.here(); err != nil {
		return r, err
	}
	c, err := p.open(pulse)
	if err != nil {
		return r, err
	}
	defer c.Close()
	if p.Sidecar != nil {
		if r.Sidecar, err = f.write(ctx, p.Delivery, p.Sidecar.Name, strings.NewReader(string(p.Sidecar.Data)), ""); err != nil {
			return r, err
		}
	}
	r.Remote, err = f.write(ctx, p.Delivery, p.Name, c, p.SHA256)
	r.Bytes = p.Size + p.Sidecar.size()
	r.Answer, r.Verified = "Written.", "sha256"
	return r, err
}

// write gives the path under which the content lies then, which has the SHA-256 if that
// is given. A repeat has the same temporary name, so that a crash leaves at most one.
func (f *folder) write(ctx context.Context, delivery, name string, content io.Reader, sum string) (remote string, err error) {
	name = filepath.FromSlash(name)
	if !filepath.IsLocal(name) {
		return "", &Error{Kind: Ours, Message: "The name " + tidy(name) + " is not one of a file inside a folder."}
	}
	dir := filepath.Dir(name)
	temporary := filepath.Join(dir, "."+delivery+".part")
	if err := f.root.MkdirAll(dir, 0o750); err != nil {
		return "", onDisk(err, "The folder of "+tidy(name)+" can't be made.")
	}
	out, err := f.root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return "", onDisk(err, "The file can't be made.")
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, h), until{ctx, content})
	if err == nil && sum != "" && hex.EncodeToString(h.Sum(nil)) != sum {
		err = &Error{Kind: Ours, Message: "The picture's file is not what it should be: its SHA-256 is another one."}
	}
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err == nil {
		err = f.root.Rename(temporary, name)
	}
	if err == nil {
		err = f.settle(dir)
	}
	if err != nil {
		return "", onDisk(errors.Join(err, f.drop(temporary)), "The file can't be written.")
	}
	return filepath.Join(f.dir, name), nil
}

// settle makes the names in a folder durable, and the folder's own.
func (f *folder) settle(dir string) error {
	for {
		d, err := f.root.Open(dir)
		if err != nil {
			return err
		}
		if err = errors.Join(d.Sync(), d.Close()); err != nil || dir == "." {
			return err
		}
		dir = filepath.Dir(dir)
	}
}

// drop removes a file; one that is gone is no error.
func (f *folder) drop(name string) error {
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Recall deletes the files, where that is allowed.
func (f *folder) Recall(_ context.Context, r Recall) (Receipt, error) {
	if !r.Delete {
		return Receipt{Answer: notDeleted}, nil
	}
	if r.Remote == "" && r.Name != "" {
		r.Remote = filepath.Join(f.dir, filepath.FromSlash(r.Name))
	}
	if err := f.here(); err != nil {
		return Receipt{}, err
	}
	for _, file := range []string{r.Remote, r.Sidecar} {
		if file == "" {
			continue
		}
		name, err := filepath.Rel(f.dir, file)
		if err != nil || !filepath.IsLocal(name) {
			return Receipt{}, &Error{Kind: Refused, Message: "The picture lies in another folder than the destination's: " + tidy(file) + "."}
		}
		if err = f.drop(name); err == nil {
			err = f.settled(filepath.Dir(name))
		}
		if err != nil {
			return Receipt{}, onDisk(err, "The file can't be deleted.")
		}
	}
	return Receipt{Remote: r.Remote, Sidecar: r.Sidecar, Answer: "Deleted."}, nil
}

// settled is settle, where the folder is still there.
func (f *folder) settled(dir string) error {
	if err := f.settle(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// onDisk says what a failure on this machine's disks means.
func onDisk(err error, message string) *Error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	e := &Error{Kind: Hopeless, Message: message, Cause: err}
	switch err = fault.Disk(err); {
	case errors.Is(err, context.Canceled):
		e.Kind = Ours
	case fault.Is(err, fault.Full):
		e.Kind, e.Message = Busy, "The disk is full."
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.EIO), errors.Is(err, syscall.ESTALE):
		e.Kind = Down // a disk that is not there, or not now
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, fs.ErrExist):
		e.Kind = Refused
	}
	return e
}

// until reads as long as the context lasts.
type until struct {
	ctx context.Context
	io.Reader
}

func (u until) Read(b []byte) (int, error) {
	if err := context.Cause(u.ctx); err != nil {
		return 0, err
	}
	return u.Reader.Read(b)
}

// elements gives the path of a URL without its slashes at both ends, "" for none.
func elements(urlPath string) string { return strings.Trim(path.Clean("/"+urlPath), "/") }
