package ftp

import (
	"context"
	"errors"
	"os"
	"path"

	"oneframe/app/fault"
	"oneframe/app/ingest"
	"oneframe/app/store"
)

// settle hands a file that came to its end on to the house, and keeps what became of
// it. A nil error means that it is a picture, for good. Errors: Invalid half_file where
// its end is missing, and those of Accept; after one that says that the picture isn't
// taken, the folder shows the reasons, and after any other the file can be sent again.
func (s *Server) settle(ctx context.Context, r row) error {
	receipt, err := s.accept(ctx, r)
	f := fault.Of(err)
	switch {
	case err == nil:
		r.state, r.picture = taken, string(receipt.ID)
	case final(f):
		r.state, r.reasons = refused, reasons(err)
	default:
		return errors.Join(err, s.keep(ctx, r, part))
	}
	err2 := s.DB.Write(ctx, func(tx *store.Tx) error {
		was, err := find(tx, r.account, r.path)
		if err != nil {
			return err
		}
		if was.id == r.id {
			r.modified = was.modified
		}
		return put(tx, r)
	})
	s.report(r, receipt, err)
	if err2 != nil && err == nil {
		s.Log.Error("a picture was taken, and the sender's folder doesn't show it", "picture", receipt.ID, "error", err2)
	}
	if err2 := removed(s.spool(r.id)); err2 != nil {
		s.Log.Warn("a file stays in the spool until it is swept", "error", err2)
	}
	return err
}

// signature is how many bytes tell what a file is; fewer are no more than the beginning of one.
const signature = 12

// accept reads the file and asks whether it is whole and the house takes it; so many
// bytes at a time that memory stays bounded.
func (s *Server) accept(ctx context.Context, r row) (receipt ingest.Receipt, err error) {
	room := s.memory()
	n := min(r.size, maxMemory)
	if err := room.Acquire(ctx, n); err != nil {
		return receipt, fault.Wrap(err, fault.Busy, "too_busy", "Very many pictures are arriving right now; please send it again in a moment.")
	}
	defer room.Release(n)
	data, err := os.ReadFile(s.spool(r.id))
	if err != nil {
		return receipt, err
	}
	if len(data) < signature || !ingest.Whole(data) {
		return receipt, fault.New(fault.Invalid, "half_file", "%s isn't whole: its end is missing after %d bytes. Go on with the rest, or send it again.", path.Base(r.path), len(data))
	}
	return s.Door.Accept(ctx, ingest.Upload{Data: data, Origin: "ftp", Account: r.account, FileName: r.path})
}

// final reports whether sending the same file again would end the same way.
func final(f *fault.Error) bool {
	switch f.Kind {
	case fault.Invalid:
		return f.Code != "half_file"
	case fault.TooLarge, fault.Unsupported, fault.Denied, fault.Conflict, fault.Gone:
		return true
	}
	return false
}

// reasons are why a picture wasn't taken, a sentence each.
func reasons(err error) (all []string) {
	var r *ingest.Refusal
	if errors.As(err, &r) {
		for _, reason := range r.Reasons {
			all = append(all, reason.Message)
		}
	}
	if len(all) == 0 {
		all = []string{fault.Of(err).Message}
	}
	return all
}

// report logs what became of a file.
func (s *Server) report(r row, receipt ingest.Receipt, err error) {
	switch f := fault.Of(err); {
	case err == nil:
		s.Log.Info("a picture came in", "door", "ftp", "account", r.account, "file", r.path, "bytes", r.size, "picture", receipt.ID, "duplicate", receipt.Duplicate)
	default:
		s.Log.Info("a picture was refused", "door", "ftp", "account", r.account, "file", r.path, "bytes", r.size, "code", f.Code)
	}
}
