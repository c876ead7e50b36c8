package ftp

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"oneframe/app/store"
)

// orphaned is how old a file of the spool must be that no row names before it is
// removed; an upload's row is there before its file.
const orphaned = time.Hour

// Sweep forgets what became of files after a while (Keep), and removes unfinished ones
// that nobody went on with.
func (s *Server) Sweep(ctx context.Context) error {
	before := s.DB.Now().Add(-s.Keep)
	for {
		n, err := s.sweep(ctx, before)
		if err != nil {
			return err
		}
		if n == 0 {
			return s.sweepSpool(ctx)
		}
	}
}

// sweep forgets some rows and says how many.
func (s *Server) sweep(ctx context.Context, before time.Time) (n int, err error) {
	var rows []row
	if err := s.DB.Read(ctx, func(tx *store.Tx) (err error) { rows, err = older(tx, before); return err }); err != nil || len(rows) == 0 {
		return 0, err
	}
	var gone []row
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		gone, n = gone[:0], 0
		for _, r := range rows {
			is, err := find(tx, r.account, r.path)
			if err != nil {
				return err
			}
			n++
			if is.changed.Before(before) && s.senders.receiving(r.account, r.path) == nil {
				gone = append(gone, r)
				err = drop(tx, r.account, r.path)
			} else if is.state != "" {
				err = put(tx, is) // it is being received: its time begins anew
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	for _, r := range gone {
		if err == nil && (r.state == part || r.state == held) {
			err = removed(s.spool(r.id))
		}
	}
	return n, err
}

// sweepSpool removes files that no row names.
func (s *Server) sweepSpool(ctx context.Context) error {
	files, err := os.ReadDir(s.spool(""))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, f := range files {
		info, err := f.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && time.Since(info.ModTime()) < orphaned {
			continue
		}
		var is bool
		if err == nil {
			err = s.DB.Read(ctx, func(tx *store.Tx) error { is, err = named(tx, f.Name()); return err })
		}
		if err == nil && !is {
			err = removed(s.spool(f.Name()))
		}
		if err != nil {
			return err
		}
	}
	return err
}
