package ftp

import (
	"context"
	"io"
	"os"
	"strings"
	"time"

	"github.com/pkg/sftp"

	"oneframe/app/fault"
)

// sftpFolder is the folder as pkg/sftp asks for it.
type sftpFolder struct {
	folder *folder
	line   *line
}

// with cleans the path and does something with it, in bounded time.
func (h *sftpFolder) with(r *sftp.Request, do func(ctx context.Context, path string) error) error {
	ctx, cancel := context.WithTimeout(r.Context(), commandTime)
	defer cancel()
	p, err := clean(r.Filepath)
	if err == nil {
		err = safely(func() error { return do(ctx, p) })
	}
	if f := fault.Of(err); f != nil && f.Kind == fault.Internal && ctx.Err() == nil {
		h.folder.s.Log.Error("an SFTP command failed", "account", h.folder.account.ID, "method", r.Method, "error", err)
	}
	return say(err)
}

// Fileread gives the notices, and nothing else.
func (h *sftpFolder) Fileread(r *sftp.Request) (at io.ReaderAt, err error) {
	err = h.with(r, func(ctx context.Context, p string) error {
		text, err := h.folder.read(ctx, p)
		at = strings.NewReader(text)
		return err
	})
	return at, err
}

// Filewrite opens a file to be received: from its beginning where the client truncates,
// else it goes on with what is there.
func (h *sftpFolder) Filewrite(r *sftp.Request) (at io.WriterAt, err error) {
	err = h.with(r, func(ctx context.Context, p string) error {
		offset := int64(-1)
		if flags := r.Pflags(); flags.Trunc || flags.Excl {
			offset = 0
		}
		u, err := h.folder.open(ctx, p, offset, func() { _ = h.line.Close() }) // it has stalled: there is nobody to tell
		if err == nil {
			u.done = h.line.begin()
			at = u
		}
		return err
	})
	return at, err
}

// Filecmd makes folders, gives files their names, notes their times, and refuses the rest.
func (h *sftpFolder) Filecmd(r *sftp.Request) error {
	return h.with(r, func(ctx context.Context, p string) error {
		switch r.Method {
		case "Mkdir":
			return h.folder.mkdir(ctx, p)
		case "Rmdir":
			return h.folder.remove(ctx, p, true)
		case "Remove":
			return h.folder.remove(ctx, p, false)
		case "Rename":
			to, err := clean(r.Target)
			if err != nil {
				return err
			}
			defer h.line.begin()()
			return h.folder.rename(ctx, p, to)
		case "Setstat":
			return h.setstat(ctx, r, p)
		}
		return denied("That can't be done here.")
	})
}

// setstat takes the time; owner and permissions mean nothing here, and a client that
// sets them after each file, as many do, is left in peace.
func (h *sftpFolder) setstat(ctx context.Context, r *sftp.Request, p string) error {
	flags, attributes := r.AttrFlags(), r.Attributes()
	if flags.Size {
		i, err := h.folder.stat(ctx, p)
		if err != nil {
			return err
		}
		if uint64(i.size) != attributes.Size {
			return denied("A file's size can't be changed.")
		}
	}
	if !flags.Acmodtime {
		return nil
	}
	return h.folder.touch(ctx, p, time.Unix(int64(attributes.Mtime), 0))
}

// Filelist answers ls, stat and lstat.
func (h *sftpFolder) Filelist(r *sftp.Request) (l sftp.ListerAt, err error) {
	err = h.with(r, func(ctx context.Context, p string) error {
		var found []item
		var err error
		switch r.Method {
		case "List":
			found, err = h.folder.list(ctx, p)
		case "Stat", "Lstat":
			var i item
			i, err = h.folder.stat(ctx, p)
			found = []item{i}
		default:
			err = denied("That can't be done here.")
		}
		l = listing(found)
		return err
	})
	return l, err
}

// listing is a list as it is asked for, some at a time.
type listing []item

// ListAt implements sftp.ListerAt.
func (l listing) ListAt(to []os.FileInfo, from int64) (n int, err error) {
	for ; n < len(to) && from+int64(n) < int64(len(l)); n++ {
		to[n] = l[from+int64(n)]
	}
	if n < len(to) {
		err = io.EOF
	}
	return n, err
}
