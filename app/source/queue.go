package source

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"oneframe/app/fault"
	"oneframe/app/store"
)

// Queue takes an uploaded video, which lies in Incoming already and from now on belongs
// to the importer: Step imports it and removes it. A request that is refused, as Import
// refuses one, costs the file at once.
func (im *Importer) Queue(ctx context.Context, r Request) (id string, err error) {
	file := im.incoming(r.File)
	defer func() {
		if err != nil {
			err = errors.Join(err, gone(file))
		}
	}()
	if r, err = im.check(r); err != nil {
		return "", err
	}
	if _, err := os.Stat(file); err != nil {
		return "", fault.Wrap(err, fault.Internal, "internal", "The uploaded file is not where it should be.")
	}
	r.File = filepath.Base(r.File)
	id = store.NewID()
	err = im.DB.Write(ctx, func(tx *store.Tx) error { return admit(tx, id, r, true, Queued) })
	return id, err
}

// incoming is where an uploaded file lies: in that folder, whatever path it is named with.
func (im *Importer) incoming(file string) string {
	return filepath.Join(im.Incoming, filepath.Base(file))
}

// gone removes a file; it is no error if it was gone already.
func gone(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Cancel ends an import: a queued one at once, a running one, in whatever process,
// within about a second. fault.NotFound no_import, fault.Conflict import_over.
func (im *Importer) Cancel(ctx context.Context, id string) error {
	var i Import
	err := im.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if i, err = ImportByID(tx, id); err != nil {
			return err
		}
		return cancel(tx, i)
	})
	if err == nil && i.State == Queued {
		err = gone(im.incoming(i.request.File))
	}
	return err
}

// Step does one queued import, if there is one. What became of it stands in its row; the
// error is one of our side's only.
func (im *Importer) Step(ctx context.Context) (worked bool, err error) {
	if err := im.interrupted(ctx); err != nil {
		return false, err
	}
	var waiting []Import
	err = im.DB.Read(ctx, func(tx *store.Tx) (err error) { waiting, err = inState(tx, Queued); return err })
	for _, i := range waiting {
		if worked, err = im.take(ctx, i); worked || err != nil {
			return worked, err
		}
	}
	return false, err
}

// take does a queued import, unless another process has it.
func (im *Importer) take(ctx context.Context, i Import) (worked bool, err error) {
	w, err := im.Library.open(i.ID)
	if err != nil || w == nil {
		return false, err
	}
	err = im.DB.Write(ctx, func(tx *store.Tx) (err error) { worked, err = begin(tx, i.ID); return err })
	if err != nil || !worked {
		return false, errors.Join(err, w.close())
	}
	file := im.incoming(i.request.File)
	j := &job{Importer: im, work: w, Request: i.request, tell: func(float64) {}}
	j.source = func(context.Context) (string, error) { return file, nil }
	_, err = j.run(ctx)
	state, err := j.over(ctx, err, Queued)
	if state == Queued {
		return true, err // it waits for the next start, and needs its file
	}
	if state == Refused || state == Cancelled {
		err = nil
	}
	return true, errors.Join(err, gone(file))
}
