package source

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"oneframe/app/fault"
	"oneframe/app/store"
)

// Sweep makes the folders and takes away what killed imports left: their work folders,
// a published folder whose video was never written, and uploads that no import waits
// for and that are a day old. An import that runs, in this or another process, is left
// alone. A folder of a video's name that no interrupted import accounts for is left
// alone too: a wrong database must not cost the site its videos.
func (im *Importer) Sweep(ctx context.Context) error {
	for _, dir := range []string{im.Library.Dir, im.Incoming} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return fault.Disk(err)
		}
	}
	if err := im.interrupted(ctx); err != nil {
		return err
	}
	if err := im.sweepLibrary(ctx); err != nil {
		return err
	}
	return im.sweepIncoming(ctx)
}

// sweepLibrary looks at every folder that is, or by its mark was, an import's.
func (im *Importer) sweepLibrary(ctx context.Context) error {
	ids, slugs, err := im.Library.works()
	if err != nil {
		return err
	}
	for id, slug := range slugs {
		err = errors.Join(err, im.Library.idle(id, func() error { return im.decide(ctx, id, slug) }))
	}
	for _, id := range ids {
		err = errors.Join(err, im.Library.idle(id, func() error { return nil }))
	}
	return err
}

// decide keeps a marked folder whose video was written and takes any other away.
func (im *Importer) decide(ctx context.Context, id, slug string) error {
	err := im.DB.Read(ctx, func(tx *store.Tx) error { _, err := Get(tx, slug); return err })
	switch {
	case err == nil:
		return im.Library.keep(slug)
	case fault.Is(err, fault.NotFound):
		return im.Library.unpublish(slug, id)
	default:
		return err
	}
}

// interrupted settles the imports whose process has ended before them.
func (im *Importer) interrupted(ctx context.Context) error {
	var running []Import
	err := im.DB.Read(ctx, func(tx *store.Tx) (err error) { running, err = inState(tx, Running); return err })
	for _, i := range running {
		err = errors.Join(err, im.bury(ctx, i))
	}
	return err
}

// bury settles one import if nobody is at it: an upload is queued again while it has
// tries left. What it published is removed before the row forgets it.
func (im *Importer) bury(ctx context.Context, i Import) error {
	return im.Library.idle(i.ID, func() error {
		lost, err := im.lost(ctx, i)
		if err != nil || !lost {
			return err
		}
		if err := im.Library.unpublish(i.Slug, i.ID); err != nil {
			return err
		}
		state := Failed
		err = im.DB.Write(ctx, func(tx *store.Tx) (err error) { state, err = im.requeued(tx, i.ID); return err })
		if err == nil && i.Uploaded && state != Queued {
			err = gone(im.incoming(i.request.File))
		}
		return err
	})
}

// requeued writes what becomes of an interrupted import.
func (im *Importer) requeued(tx *store.Tx, id string) (State, error) {
	i, err := ImportByID(tx, id)
	switch {
	case err != nil:
		return i.State, err
	case i.cancel:
		return Cancelled, settle(tx, id, Cancelled, "import_cancelled", "The import was cancelled.")
	case i.Uploaded && i.Attempts < or(im.Tries, defaultTries):
		return Queued, requeue(tx, id)
	default:
		return Failed, settle(tx, id, Failed, "interrupted", "The import was interrupted: its process ended before it.")
	}
}

// lost says whether an import, whose lock we hold, is still written down as running: it
// may have ended between our reading of its row and our taking of its lock. Then there
// is no video of its slug, since both are written together.
func (im *Importer) lost(ctx context.Context, i Import) (lost bool, err error) {
	err = im.DB.Read(ctx, func(tx *store.Tx) error {
		now, err := ImportByID(tx, i.ID)
		lost = now.State == Running
		return err
	})
	return lost, err
}

const incomingKept = 24 * time.Hour

func (im *Importer) sweepIncoming(ctx context.Context) error {
	wanted := map[string]bool{}
	err := im.DB.Read(ctx, func(tx *store.Tx) error {
		for _, s := range []State{Queued, Running} {
			all, err := inState(tx, s)
			if err != nil {
				return err
			}
			for _, i := range all {
				wanted[i.request.File] = true
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(im.Incoming)
	for _, e := range entries {
		info, statErr := e.Info()
		if errors.Is(statErr, fs.ErrNotExist) || wanted[e.Name()] || e.IsDir() {
			continue
		}
		if statErr == nil && time.Since(info.ModTime()) > incomingKept {
			statErr = gone(filepath.Join(im.Incoming, e.Name()))
		}
		err = errors.Join(err, statErr)
	}
	return err
}
