package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"oneframe/app/fault"
)

// Folder takes photographs out of a folder that somebody else writes into. What was taken
// is moved to accepted/ in it, what was refused to refused/, with a .txt of the reasons.
// Only real files inside the folder are touched: no links, nothing whose name begins with
// a dot, and nothing that a program is still writing.
type Folder struct {
	Door     *Door
	Dir      string
	Account  func(context.Context) (id string, err error) // that the photographs come from
	Interval time.Duration                                // between two looks; a file is taken when both saw the same

	seen   map[string]look // of the last look; used by Step alone
	looked time.Time
}

// look is how a file was seen.
type look struct {
	size  int64
	mtime time.Time
}

const (
	batchMost = 32               // files that one Step takes
	lookMost  = 320              // that it looks at for these
	failMost  = 8                // after so many that couldn't be taken it is the site that is ill
	halfWait  = 10 * time.Minute // after which a file without an end is refused
	deepest   = 8                // folders within folders
)

// Step looks at the folder, where it is time to, and takes what is complete. It reports
// whether it took something. The error is the site's or the folder's; a file that can't be
// taken for it stays where it is, and holds up no other one unless the disk is full.
func (f *Folder) Step(ctx context.Context) (worked bool, err error) {
	now := f.Door.DB.Now()
	if f.Dir == "" || now.Sub(f.looked) < f.Interval {
		return false, nil
	}
	f.looked = now
	if err := os.MkdirAll(f.Dir, 0o750); err != nil {
		return false, fault.Disk(err)
	}
	root, err := os.OpenRoot(f.Dir) // nothing outside of it can be reached, whatever links say
	if err != nil {
		return false, fmt.Errorf("the watched folder: %w", err)
	}
	defer root.Close()
	ready, err := f.ready(root)
	if err != nil || len(ready) == 0 {
		return false, err
	}
	account, err := f.Account(ctx)
	if err != nil {
		return false, fmt.Errorf("the watched folder's account: %w", err)
	}
	taken, failed := 0, 0
	for _, name := range ready[:min(len(ready), lookMost)] {
		took, err2 := f.take(ctx, root, name, account)
		if took {
			taken++
		}
		if err2 != nil {
			failed++
			err = errors.Join(err, fmt.Errorf("take %s from the watched folder: %w", name, err2))
		}
		if taken == batchMost || failed == failMost || fault.Is(err2, fault.Full) || ctx.Err() != nil {
			break
		}
	}
	if taken == batchMost {
		f.looked = time.Time{} // the rest need no second look
	}
	return taken > 0, err
}

// ready lists the files that are the same as in the look before, in the order of names.
func (f *Folder) ready(root *os.Root) (names []string, err error) {
	before := f.seen
	f.seen = map[string]look{}
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // it was moved meanwhile, or can't be read; another look will tell
		}
		if d.IsDir() {
			if name != "." && (strings.HasPrefix(d.Name(), ".") || name == "accepted" || name == "refused" || strings.Count(name, "/") >= deepest) {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || unfinished(d.Name()) {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		l := look{info.Size(), info.ModTime()}
		f.seen[name] = l
		if before[name] == l && l.size > 0 {
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// unfinished reports whether a name says that its file is not to be taken: hidden, still
// being written, or a sidecar, which goes with its picture.
func unfinished(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") {
		return true
	}
	return slices.Contains([]string{".part", ".tmp", ".temp", ".filepart", ".partial", ".crdownload", ".download", ".xmp"}, strings.ToLower(path.Ext(name)))
}

// take sends one file through the door and moves it where it belongs. It reports false
// for one that has no end yet.
func (f *Folder) take(ctx context.Context, root *os.Root, name, account string) (bool, error) {
	data, reasons, err := f.read(root, name)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, errChanged):
		return false, nil // another look will tell
	case errors.Is(err, fs.ErrPermission):
		reasons = []Reason{{"file", "unreadable", "The site may not read the file."}}
	case err != nil:
		return false, err
	}
	if len(reasons) == 0 && !Whole(data) {
		if f.Door.DB.Now().Sub(f.seen[name].mtime) < halfWait {
			return false, nil
		}
		reasons = []Reason{{"file", "incomplete", "The file ends in the middle; please send it again."}}
	}
	sidecar, err := f.sidecar(root, name)
	if err != nil && !errors.Is(err, fs.ErrPermission) {
		return false, err
	}
	if len(reasons) == 0 {
		_, err = f.Door.Accept(ctx, Upload{Data: data, Sidecar: sidecar.data, Origin: "folder", Account: account, FileName: name})
		if reasons, err = reasonsOf(err); err != nil {
			return false, err
		}
	}
	to := "accepted"
	if len(reasons) > 0 {
		to = "refused"
	}
	return true, f.move(root, to, name, sidecar.name, reasons)
}

// reasonsOf tells what is wrong with a photograph from what is wrong with the site.
func reasonsOf(err error) ([]Reason, error) {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal.Reasons, nil
	}
	switch e := fault.Of(err); {
	case e == nil:
		return nil, nil
	case e.Kind == fault.Invalid || e.Kind == fault.Gone || e.Kind == fault.TooLarge || e.Kind == fault.Unsupported:
		return []Reason{{"file", e.Code, e.Message}}, nil
	}
	return nil, err
}

// read gives the file's bytes, or why they aren't read.
func (f *Folder) read(root *os.Root, name string) (data []byte, reasons []Reason, err error) {
	most := f.Door.PhotoLimits.Bytes
	if most > 0 && f.seen[name].size > most {
		return nil, []Reason{{"file", "too_many_bytes", fmt.Sprintf("The file has %s; at most %s are taken.", size(f.seen[name].size), size(most))}}, nil
	}
	file, err := open(root, name)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	data, err = io.ReadAll(io.LimitReader(file, f.seen[name].size+1))
	if err == nil && int64(len(data)) != f.seen[name].size {
		err = errChanged
	}
	return data, nil, err
}

// errChanged says that a file is not what it was when it was looked at.
var errChanged = errors.New("it changed while it was read")

// open opens a real file; what was put in its place meanwhile, such as a pipe, doesn't
// hold us up.
func open(root *os.Root, name string) (*os.File, error) {
	was, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	file, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	is, err := file.Stat()
	if err == nil && (!is.Mode().IsRegular() || !os.SameFile(was, is)) {
		err = errChanged
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

type sidecar struct {
	name string // "" where there is none
	data []byte
}

// sidecarMost bounds a sidecar, in bytes.
const sidecarMost = 4 << 20

// sidecar reads the .xmp file beside a picture: photo.xmp or photo.jpg.xmp.
func (f *Folder) sidecar(root *os.Root, name string) (s sidecar, err error) {
	for _, beside := range []string{strings.TrimSuffix(name, path.Ext(name)) + ".xmp", name + ".xmp"} {
		if info, err := root.Lstat(beside); err != nil || !info.Mode().IsRegular() || info.Size() > sidecarMost {
			continue
		}
		file, err := open(root, beside)
		if err != nil {
			return s, err
		}
		s = sidecar{name: beside}
		s.data, err = io.ReadAll(io.LimitReader(file, sidecarMost))
		return s, errors.Join(err, file.Close())
	}
	return s, nil
}

// move puts a file and its sidecar into the folder for what was taken or refused, and
// the reasons beside it. What has the name there already is kept.
func (f *Folder) move(root *os.Root, to, name, sidecar string, reasons []Reason) error {
	target, err := free(root, path.Join(to, name))
	if err != nil {
		return err
	}
	if err := root.MkdirAll(path.Dir(target), 0o750); err != nil {
		return fault.Disk(err)
	}
	if len(reasons) > 0 {
		var text strings.Builder
		for _, r := range reasons {
			fmt.Fprintf(&text, "%s\n", r.Message)
		}
		if err := root.WriteFile(target+".txt", []byte(text.String()), 0o640); err != nil {
			return fault.Disk(err)
		}
	}
	if sidecar != "" {
		if err := root.Rename(sidecar, target+".xmp"); err != nil {
			return err
		}
	}
	return root.Rename(name, target)
}

// stemMost bounds the name of a file that is moved, in bytes without its extension: file
// systems take 255, and a number and .txt come behind it.
const stemMost = 225

// free gives a name that nothing has yet, by a number before the extension.
func free(root *os.Root, name string) (string, error) {
	ext := path.Ext(name)
	if len(ext) > 20 {
		ext = ""
	}
	dir, stem := path.Split(strings.TrimSuffix(name, ext))
	if len(stem) > stemMost {
		stem = strings.ToValidUTF8(stem[:stemMost], "")
	}
	for n := 1; n < 10_000; n++ {
		tried := dir + stem + ext
		if n > 1 {
			tried = fmt.Sprintf("%s%s-%d%s", dir, stem, n, ext)
		}
		if _, err := root.Lstat(tried); errors.Is(err, fs.ErrNotExist) {
			return tried, nil
		}
	}
	return "", fmt.Errorf("ten thousand files are called %s already", name)
}
