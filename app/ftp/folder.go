package ftp

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"oneframe/app/fault"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// folder is what one account can do and see, whatever the protocol. Its paths are
// cleaned ones. Its errors are faults.
type folder struct {
	s       *Server
	account people.Account
}

// item is a file or folder as it is shown.
type item struct {
	path     string
	size     int64
	modified time.Time
	dir      bool
	text     string // what can be read of it
}

// The methods of fs.FileInfo, which both libraries ask for.
func (i item) Name() string       { return path.Base("/" + i.path) }
func (i item) Size() int64        { return i.size }
func (i item) ModTime() time.Time { return i.modified }
func (i item) IsDir() bool        { return i.dir }
func (i item) Sys() any           { return nil }
func (i item) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}

// spool is the file of a row's bytes.
func (s *Server) spool(id string) string { return filepath.Join(s.Dir, "spool", id) }

// stat says what is at the path. Its error: NotFound no_file.
func (f *folder) stat(ctx context.Context, p string) (i item, err error) {
	if p == "" || p == inWaiting || p == inAccepted || p == inRefused {
		return item{path: p, dir: true, modified: f.s.DB.Now()}, nil
	}
	if !shown(p) {
		var r row
		err = f.s.DB.Read(ctx, func(tx *store.Tx) (err error) { r, err = find(tx, f.account.ID, p); return err })
		if err != nil {
			return i, err
		}
		if r.state != "" && r.state != refused {
			return f.sent(r), nil
		}
	}
	all, err := f.items(ctx, p)
	if err != nil {
		return i, err
	}
	for _, i := range all {
		if i.path == p {
			return i, nil
		}
		if strings.HasPrefix(i.path, p+"/") {
			return item{path: p, dir: true, modified: i.modified}, nil
		}
	}
	return i, notFound(p)
}

// list gives what lies in the folder at the path, by name.
func (f *folder) list(ctx context.Context, p string) ([]item, error) {
	at, err := f.stat(ctx, p)
	if err != nil {
		return nil, err
	}
	if !at.dir {
		return nil, fault.New(fault.Invalid, "no_folder", "/%s is no folder.", p)
	}
	all, err := f.items(ctx, p)
	if err != nil {
		return nil, err
	}
	here := map[string]item{}
	if p == "" {
		for _, name := range []string{inWaiting, inAccepted, inRefused} {
			here[name] = item{path: name, dir: true, modified: at.modified}
		}
	}
	for _, i := range all {
		rest := i.path
		if p != "" {
			var below bool
			if rest, below = strings.CutPrefix(i.path, p+"/"); !below {
				continue
			}
		}
		if name, _, deeper := strings.Cut(rest, "/"); deeper {
			i = item{path: path.Join(p, name), dir: true, modified: i.modified}
		}
		if _, known := here[i.Name()]; !known && rest != "" {
			here[i.Name()] = i
		}
	}
	names := make([]item, 0, len(here))
	for _, i := range here {
		names = append(names, i)
	}
	slices.SortFunc(names, func(a, b item) int { return strings.Compare(a.path, b.path) })
	return names, nil
}

// items gives everything that is shown where the path lies: of one of the three folders
// that say what became of the files, or of all the rest.
func (f *folder) items(ctx context.Context, p string) (all []item, err error) {
	top, _, _ := strings.Cut(p, "/")
	err = f.s.DB.Read(ctx, func(tx *store.Tx) error {
		rows, err := rowsOf(tx, f.account.ID)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if !shown(p) {
				if r.state != refused {
					all = append(all, f.sent(r))
				}
				continue
			}
			i, where, err := f.fate(tx, r)
			if err != nil {
				return err
			}
			if where == top {
				all = append(all, i)
			}
		}
		return nil
	})
	return all, err
}

// sent shows a row where its file was sent to.
func (f *folder) sent(r row) item {
	i := item{path: r.path, size: r.size, modified: r.modified, dir: r.state == isFolder}
	if r.state == part {
		if st, err := os.Stat(f.s.spool(r.id)); err == nil {
			i.size = st.Size() // what has arrived up to now
		}
	}
	return i
}

// fate shows what became of a row's file, and in which of the three folders; "" in none.
func (f *folder) fate(tx *store.Tx, r row) (i item, where string, err error) {
	if r.state == refused {
		return f.notice(r, r.reasons), inRefused, nil
	}
	if r.state != taken {
		return i, "", nil
	}
	p, err := picture.Get(tx, picture.ID(r.picture))
	if fault.Is(err, fault.NotFound) {
		return i, "", nil
	}
	if err != nil {
		return i, "", err
	}
	if p.Approved() {
		return item{path: path.Join(inAccepted, r.path), size: r.size, modified: r.modified}, inAccepted, nil
	}
	switch p.State {
	case picture.Rejected:
		return f.notice(r, []string{strings.TrimSpace("It was taken, and rejected later. " + p.Reason)}), inRefused, nil
	case picture.Failed:
		return f.notice(r, []string{"It was taken, and couldn't be scaled: the file is broken."}), inRefused, nil
	case picture.Withdrawn:
		return i, "", nil
	}
	return item{path: path.Join(inWaiting, r.path), size: r.size, modified: r.modified}, inWaiting, nil
}

// notice is the text that says why a file was refused.
func (f *folder) notice(r row, reasons []string) item {
	text := path.Base(r.path) + " was not taken (" + r.changed.UTC().Format("2006-01-02 15:04 MST") + "):\r\n"
	for _, reason := range reasons {
		text += "\r\n- " + reason
	}
	text += "\r\n"
	return item{path: path.Join(inRefused, r.path+".txt"), size: int64(len(text)), modified: r.changed, text: text}
}

// read gives a notice's text, which is all that can be read. Its errors: NotFound
// no_file, Denied denied.
func (f *folder) read(ctx context.Context, p string) (string, error) {
	i, err := f.stat(ctx, p)
	if err != nil {
		return "", err
	}
	if i.text == "" {
		return "", denied("Nothing can be fetched here but what stands in /%s.", inRefused)
	}
	return i.text, nil
}

// mkdir remembers a folder. One that is there already is no error: clients make the
// same ones each time.
func (f *folder) mkdir(ctx context.Context, p string) error {
	if p == "" || shown(p) {
		return denied("No folder can be made here.")
	}
	return f.s.DB.Write(ctx, func(tx *store.Tx) error {
		r, err := find(tx, f.account.ID, p)
		if err != nil || r.state == isFolder {
			return err
		}
		if r.state != "" && r.state != refused {
			return fault.New(fault.Conflict, "name_taken", "/%s is a file.", p)
		}
		return put(tx, row{id: store.NewID(), account: f.account.ID, path: p, state: isFolder, modified: tx.Now})
	})
}

// remove takes an unfinished file away, or a folder that was made. Its errors: NotFound
// no_file, Denied denied for everything that was taken or refused.
func (f *folder) remove(ctx context.Context, p string, dir bool) error {
	var r row
	err := f.s.DB.Write(ctx, func(tx *store.Tx) (err error) {
		r, err = find(tx, f.account.ID, p)
		switch {
		case err != nil:
			return err
		case shown(p) || p == "" || r.state == taken || r.state == refused:
			return denied("Nothing can be deleted here but unfinished files.")
		case r.state == "":
			return notFound(p)
		case dir != (r.state == isFolder):
			return fault.New(fault.Invalid, "wrong_kind", "/%s is no %s.", p, map[bool]string{true: "folder", false: "file"}[dir])
		}
		return drop(tx, f.account.ID, p)
	})
	if err != nil || dir {
		return err
	}
	if u := f.s.senders.receiving(f.account.ID, p); u != nil {
		u.abandon()
	}
	return removed(f.s.spool(r.id))
}

// removed removes a file that may be gone already.
func removed(file string) error {
	if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// touch notes a file's time as its sender has it, so that tools that compare times
// don't send it again.
func (f *folder) touch(ctx context.Context, p string, at time.Time) error {
	return f.s.DB.Write(ctx, func(tx *store.Tx) error {
		r, err := find(tx, f.account.ID, p)
		switch {
		case err != nil:
			return err
		case shown(p):
			return denied("Nothing can be changed here.")
		case r.state == "" || r.state == refused:
			return notFound(p)
		}
		return stamp(tx, r, at)
	})
}

// rename gives a file that came whole under a temporary name its own, and hands it on;
// see Server.settle for the errors. A file that was taken already keeps its name in the register.
func (f *folder) rename(ctx context.Context, from, to string) error {
	if shown(from) || shown(to) || from == "" || to == "" {
		return denied("Nothing can be renamed here.")
	}
	if kindOf(to) == neither {
		return notAPicture(to)
	}
	if from == to {
		return nil
	}
	var r row
	err := f.s.DB.Write(ctx, func(tx *store.Tx) (err error) {
		r, err = find(tx, f.account.ID, from)
		switch {
		case err != nil:
			return err
		case r.state == "" || r.state == refused:
			return notFound(from)
		case r.state == isFolder:
			return denied("Folders can't be renamed.")
		case r.state == part:
			return fault.New(fault.Conflict, "half_file", "/%s isn't whole yet.", from)
		}
		if err := drop(tx, f.account.ID, from); err != nil {
			return err
		}
		r.path = to
		return put(tx, r)
	})
	if err != nil || r.state == taken || kindOf(to) == temporary {
		return err
	}
	return f.s.settle(ctx, r)
}
