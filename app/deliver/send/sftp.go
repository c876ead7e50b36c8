package send

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// sshDoor leads into an SFTP server (draft-ietf-secsh-filexfer-02, version 3, over SSH).
//
// As everywhere with SFTP, the path of the URL begins at the server's root; one whose first
// element is ~, as in sftp://ann@example.org/~/in, where the login leads to.
type sshDoor struct {
	host, address, user string
	auth                []ssh.AuthMethod
	key                 *hostKey
}

// openSFTP logs in at an SFTP server, and pins its host key where none is pinned yet.
func openSFTP(ctx context.Context, t Target, n Network) (Sender, error) {
	d := &sshDoor{host: t.URL.Hostname(), user: t.URL.User.Username()}
	port := t.URL.Port()
	if port == "" {
		port = "22"
	}
	d.address = net.JoinHostPort(d.host, port)
	var err error
	if d.key, err = pinned(t); err != nil {
		return nil, err
	}
	if d.auth, err = proofs(t.Secret); err != nil {
		return nil, err
	}
	f := &filer{door: d, place: d.host, base: sftpFolder(t.URL)}
	return f.open(ctx, n)
}

// sftpFolder is the folder that the URL names; "" for the one where the login leads to.
func sftpFolder(u *url.URL) string {
	p := elements(u.Path)
	if p == "~" || p == "" {
		return ""
	}
	if rest, ok := strings.CutPrefix(p, "~/"); ok {
		return rest
	}
	return "/" + p
}

// enter implements door.
func (d *sshDoor) enter(_ context.Context, w *wire) (tree, error) {
	l, err := w.dial(d.address)
	if err != nil {
		return nil, unreachable(err, d.host)
	}
	d.key.seen = nil
	conn, channels, requests, err := ssh.NewClientConn(l, d.address, &ssh.ClientConfig{User: d.user, Auth: d.auth,
		HostKeyCallback: d.key.check, HostKeyAlgorithms: d.key.algorithms()})
	if err != nil {
		return nil, d.shut(err)
	}
	t := &sftpTree{host: d.host, ssh: ssh.NewClient(conn, channels, requests)}
	if t.client, err = sftp.NewClient(t.ssh, sftp.UseConcurrentWrites(true)); err == nil {
		if err = d.key.pin(); err == nil {
			return t, nil
		}
	} else {
		err = t.noSFTP(err)
	}
	_ = t.ssh.Close() // the failure is the one to tell
	return nil, err
}

// shut says why nobody was let in.
func (d *sshDoor) shut(err error) *Error {
	_, network := errors.AsType[net.Error](err)
	e := unreachable(err, d.host)
	if d.key.seen == nil || e.Kind != Down || network || lost(err) {
		return e
	}
	return &Error{Kind: Hopeless, Message: d.host + " refused the login.", Cause: err}
}

// sftpTree is a login at an SFTP server.
type sftpTree struct {
	host   string
	ssh    *ssh.Client
	client *sftp.Client
}

// noSFTP words that a login doesn't lead to files: the connection lives, and nobody answers.
func (t *sftpTree) noSFTP(err error) *Error {
	if e, ok := errors.AsType[*ssh.OpenChannelError](err); ok && e.Reason == ssh.ResourceShortage {
		return &Error{Kind: Busy, Message: t.host + " has no room for another connection.", Cause: err}
	}
	if _, _, dead := t.ssh.SendRequest("keepalive@openssh.com", true, nil); dead != nil {
		return unreachable(err, t.host)
	}
	return &Error{Kind: Hopeless, Message: t.host + " lets this account in, but doesn't offer SFTP.", Cause: err}
}

func (t *sftpTree) put(path string, s *source) error {
	f, err := t.client.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return t.failure(err)
	}
	_, err = f.ReadFrom(s)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		return nil
	}
	if code, ok := errors.AsType[*sftp.StatusError](err); ok && code.FxCode() == sftp.ErrSSHFxFailure {
		return &Error{Kind: Busy, Message: t.host + " could not write the file; it may have no room.", Answer: tidy(err.Error()), Cause: err}
	}
	return t.failure(err)
}

func (t *sftpTree) size(path string) (int64, error) {
	info, err := t.client.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, errNoSuchFile
	}
	if err != nil {
		return 0, t.failure(err)
	}
	return info.Size(), nil
}

func (t *sftpTree) mkdir(path string) error {
	if err := t.client.Mkdir(path); err != nil {
		return t.failure(err)
	}
	return nil
}

// rename replaces what there is, in one step where the server has OpenSSH's extension.
func (t *sftpTree) rename(from, to string) error {
	if _, ok := t.client.HasExtension("posix-rename@openssh.com"); ok {
		if err := t.client.PosixRename(from, to); err != nil {
			return t.failure(err)
		}
		return nil
	}
	return over(t, to, func() error {
		if err := t.client.Rename(from, to); err != nil {
			return t.failure(err)
		}
		return nil
	})
}

func (t *sftpTree) remove(path string) error {
	err := t.client.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return errNoSuchFile
	}
	if err != nil {
		return t.failure(err)
	}
	return nil
}

func (t *sftpTree) answer() string { return "OK" }

// close doesn't wait for the server to close its side first, as the library would.
func (t *sftpTree) close() error {
	err := t.ssh.Close()
	_ = t.client.Close() // it has been ended by now
	return err
}

// failure says what a status means.
func (t *sftpTree) failure(err error) *Error {
	e := &Error{Kind: Refused, Message: t.host + " refused the file.", Answer: tidy(err.Error()), Cause: err}
	status, answered := errors.AsType[*sftp.StatusError](err)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
	case !answered || lost(err):
		return unreachable(err, t.host)
	case status.Code == 14: // SSH_FX_NO_SPACE_ON_FILESYSTEM, of later versions
		e.Kind, e.Message = Busy, t.host+" has no room at the moment."
	case status.Code == 15: // SSH_FX_QUOTA_EXCEEDED
		e.Kind, e.Message = Hopeless, t.host+" has no room left for this account."
	case status.FxCode() == sftp.ErrSSHFxOpUnsupported:
		e.Kind, e.Message = Hopeless, t.host+" doesn't know a command that is needed."
	}
	return e
}
