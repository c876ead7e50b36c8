package ftp

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	ftpserver "github.com/fclairamb/ftpserverlib"
	"github.com/spf13/afero"

	"oneframe/app/fault"
)

// commandTime is how long a command that opens no data connection may take.
const commandTime = 30 * time.Second

// client is the folder as ftpserverlib asks for it: an afero.Fs of which only what
// senders need works.
type client struct {
	folder *folder
	cc     ftpserver.ClientContext
	line   *line
}

// with cleans the path and does something with it, in bounded time.
func (c *client) with(name string, do func(ctx context.Context, path string) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	defer cancel()
	p, err := clean(name)
	if err == nil {
		err = safely(func() error { return do(ctx, p) })
	}
	if f := fault.Of(err); f != nil && f.Kind == fault.Internal && !errors.Is(err, context.DeadlineExceeded) {
		c.folder.s.Log.Error("an FTP command failed", "account", c.folder.account.ID, "error", err)
	}
	return say(err)
}

// GetHandle opens a file to be received, or one of the notices to be read.
func (c *client) GetHandle(name string, flags int, offset int64) (t ftpserver.FileTransfer, err error) {
	err = c.with(name, func(ctx context.Context, p string) error {
		if flags&os.O_WRONLY == 0 {
			text, err := c.folder.read(ctx, p)
			t = notice{strings.NewReader(text)}
			return err
		}
		if flags&os.O_APPEND != 0 {
			offset = -1
		} else if offset < 0 {
			return fault.New(fault.Invalid, "bad_offset", "REST takes a number of bytes.")
		}
		u, err := c.folder.open(ctx, p, offset, func() { _ = c.cc.Close() }) // it has stalled: there is nobody to tell
		if err == nil {
			u.done = c.line.begin()
			t = u
		}
		return err
	})
	if err != nil && flags&os.O_WRONLY == 0 {
		err = errors.New(err.Error()) // always 550: RFC 959 has no 553 for RETR
	}
	return t, err
}

// Stat answers SIZE, MDTM, CWD and the like.
func (c *client) Stat(name string) (info os.FileInfo, err error) {
	err = c.with(name, func(ctx context.Context, p string) (err error) { info, err = c.folder.stat(ctx, p); return err })
	return info, err
}

// ReadDir answers LIST, NLST and MLSD.
func (c *client) ReadDir(name string) (all []os.FileInfo, err error) {
	err = c.with(name, func(ctx context.Context, p string) error {
		items, err := c.folder.list(ctx, p)
		for _, i := range items {
			all = append(all, i)
		}
		return err
	})
	return all, err
}

// Mkdir answers MKD.
func (c *client) Mkdir(name string, _ os.FileMode) error { return c.with(name, c.folder.mkdir) }

// MkdirAll is Mkdir, since folders need none above them.
func (c *client) MkdirAll(name string, _ os.FileMode) error { return c.with(name, c.folder.mkdir) }

// Remove answers DELE.
func (c *client) Remove(name string) error {
	return c.with(name, func(ctx context.Context, p string) error { return c.folder.remove(ctx, p, false) })
}

// RemoveDir answers RMD.
func (c *client) RemoveDir(name string) error {
	return c.with(name, func(ctx context.Context, p string) error { return c.folder.remove(ctx, p, true) })
}

// Rename answers RNTO.
func (c *client) Rename(from, to string) error {
	return c.with(from, func(ctx context.Context, p string) error {
		q, err := clean(to)
		if err != nil {
			return err
		}
		defer c.line.begin()()
		return c.folder.rename(ctx, p, q)
	})
}

// Chtimes answers MFMT.
func (c *client) Chtimes(name string, _, modified time.Time) error {
	return c.with(name, func(ctx context.Context, p string) error { return c.folder.touch(ctx, p, modified) })
}

// AllocateSpace answers ALLO: a file that is too large is refused before it is sent.
func (c *client) AllocateSpace(size int) error {
	if int64(size) > c.folder.s.MaxBytes {
		return say(fault.New(fault.TooLarge, "too_many_bytes", "That is too large: %d MB are taken.", c.folder.s.MaxBytes/1e6))
	}
	return nil
}

// Site answers SITE. CHMOD is told yes and does nothing, as SFTP's setstat does: lftp's
// mirror asks for it, and gives up without. Everything else is refused.
func (c *client) Site(param string) *ftpserver.AnswerCommand {
	command, rest, _ := strings.Cut(param, " ")
	_, name, _ := strings.Cut(rest, " ")
	if !strings.EqualFold(command, "CHMOD") || name == "" {
		return &ftpserver.AnswerCommand{Code: ftpserver.StatusCommandNotImplemented, Message: "SITE does nothing here."}
	}
	if !strings.HasPrefix(name, "/") {
		name = c.cc.Path() + "/" + name
	}
	if _, err := c.Stat(name); err != nil {
		return &ftpserver.AnswerCommand{Code: ftpserver.StatusActionNotTaken, Message: err.Error()}
	}
	return &ftpserver.AnswerCommand{Code: ftpserver.StatusOK, Message: "Permissions mean nothing here."}
}

// Name is afero's.
func (c *client) Name() string { return "oneframe" }

// RemoveAll, Chmod, Chown, Create, Open and OpenFile belong to afero.Fs; no command
// leads to them that isn't refused here.
func (c *client) RemoveAll(string) error            { return c.no() }
func (c *client) Chmod(string, os.FileMode) error   { return c.no() }
func (c *client) Chown(string, int, int) error      { return c.no() }
func (c *client) Create(string) (afero.File, error) { return nil, c.no() }
func (c *client) Open(string) (afero.File, error)   { return nil, c.no() }
func (c *client) OpenFile(string, int, os.FileMode) (afero.File, error) {
	return nil, c.no()
}

func (c *client) no() error { return say(denied("That can't be done here.")) }

// notice is a text that is being fetched.
type notice struct{ *strings.Reader }

// Write refuses.
func (notice) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// Close has nothing to do.
func (notice) Close() error { return nil }
