package source

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"

	"oneframe/app/fault"
	"oneframe/app/vault"
)

const (
	workPrefix = ".import-"
	lockSuffix = ".lock"
	markName   = ".import"
)

// work is the place of one import: its folder, and the lock that says it is alive.
type work struct {
	library Library
	id      string
	lock    *os.File
}

// open takes the place of an import, empty; nil where another process is at it.
func (l Library) open(id string) (*work, error) {
	if err := os.MkdirAll(l.Dir, 0o750); err != nil {
		return nil, fault.Disk(err)
	}
	f, err := acquire(filepath.Join(l.Dir, workPrefix+id+lockSuffix))
	if err != nil || f == nil {
		return nil, fault.Disk(err)
	}
	return &work{library: l, id: id, lock: f}, nil
}

func (w *work) folder() string { return filepath.Join(w.library.Dir, workPrefix+w.id) }

// prepare makes the folder anew, with a mark in it that says whose it is.
func (w *work) prepare() error {
	err := os.RemoveAll(w.folder())
	if err == nil {
		err = os.MkdirAll(filepath.Join(w.folder(), posesName), 0o750)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(w.folder(), markName), []byte(w.id), 0o640)
	}
	return fault.Disk(err)
}

// publish gives the folder the video's name, durably. A folder that is there already
// belongs to no video, or the slug would be taken; it is left alone.
func (w *work) publish(slug string) error {
	to := w.library.Folder(slug)
	if err := vacant(to); err != nil {
		return err
	}
	if err := syncTree(w.folder()); err != nil {
		return fault.Disk(err)
	}
	if err := os.Rename(w.folder(), to); err != nil {
		return fault.Disk(err)
	}
	if err := vault.SyncDir(w.library.Dir); err != nil {
		return errors.Join(err, w.library.unpublish(slug, w.id))
	}
	return nil
}

// marked gives the import that published the folder and has not written its video yet;
// "" where there is none.
func (l Library) marked(slug string) (id string, err error) {
	mark, err := os.ReadFile(filepath.Join(l.Folder(slug), markName))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return "", nil
	}
	return string(mark), err
}

// keep takes the mark away: the folder is a video's now.
func (l Library) keep(slug string) error { return gone(filepath.Join(l.Folder(slug), markName)) }

// unpublish takes the folder away if it is this import's and not yet a video's.
func (l Library) unpublish(slug, id string) error {
	mark, err := l.marked(slug)
	if err != nil || mark != id {
		return err
	}
	return os.RemoveAll(l.Folder(slug))
}

func vacant(folder string) error {
	if _, err := os.Lstat(folder); err == nil {
		return fault.New(fault.Conflict, "folder_taken", "The folder %s is in the way: it belongs to no clip. Move it away or take another name.", folder)
	}
	return nil
}

// clear removes what is in the folder.
func (w *work) clear() error { return os.RemoveAll(w.folder()) }

// close removes what is left of the folder and gives up the lock.
func (w *work) close() error {
	return errors.Join(w.clear(), os.Remove(w.lock.Name()), w.lock.Close())
}

// idle does f with the place of an import in hand, and removes what is left there. It
// does nothing where a process is at that import.
func (l Library) idle(id string, f func() error) error {
	w, err := l.open(id)
	if err != nil || w == nil {
		return err
	}
	return errors.Join(f(), w.close())
}

// works lists the ids of the imports of which a work folder or a lock lies in the
// library, and those that published a folder, with its slug, and left their mark in it.
func (l Library) works() (ids []string, published map[string]string, err error) {
	entries, err := os.ReadDir(l.Dir)
	if err != nil {
		return nil, nil, err
	}
	published = map[string]string{}
	for _, e := range entries {
		if id, ours := strings.CutPrefix(e.Name(), workPrefix); ours {
			ids = append(ids, strings.TrimSuffix(id, lockSuffix))
			continue
		}
		id, err := l.marked(e.Name())
		if err != nil {
			return nil, nil, err
		}
		if id != "" {
			published[id] = e.Name()
		}
	}
	return ids, published, nil
}

// syncers is how many files are synced at a time: a disk writes them together.
const syncers = 16

// syncTree makes a folder's files and names durable.
func syncTree(dir string) error {
	var g errgroup.Group
	g.SetLimit(syncers)
	folders := []string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			folders = append(folders, path)
			return nil
		}
		g.Go(func() error { return syncFile(path) })
		return nil
	})
	if err := errors.Join(err, g.Wait()); err != nil {
		return err
	}
	for _, f := range folders {
		if err := vault.SyncDir(f); err != nil {
			return err
		}
	}
	return nil
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
