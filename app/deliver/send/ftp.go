package send

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"net/url"
	"path"
	"strings"

	"github.com/jlaffaye/ftp"
)

// ftpDoor leads into an FTP server (RFC 959, 2428, 3659), without TLS (ftp:), with it from
// the first byte (ftps:) or after AUTH TLS (ftpes:, RFC 4217).
//
// As everywhere with FTP, the path of the URL begins where the login leads to; one with two
// slashes, as in ftp://ann@example.org//srv/in, begins at the server's root. Names are sent
// as UTF-8. Data connections are passive and go to the host of the control connection, on
// whatever port it says and whatever address.
type ftpDoor struct {
	host, address  string
	user, password string
	tls            *tls.Config // nil without
	implicit       bool
}

// openFTP logs in at an FTP server.
func openFTP(ctx context.Context, t Target, n Network) (Sender, error) {
	d, err := newFTPDoor(t)
	if err != nil {
		return nil, err
	}
	f := &filer{door: d, place: d.host, base: ftpFolder(t.URL)}
	return f.open(ctx, n)
}

func newFTPDoor(t Target) (*ftpDoor, error) {
	d := &ftpDoor{host: t.URL.Hostname(), user: t.URL.User.Username(), password: t.Secret}
	if d.user == "" {
		d.user = "anonymous"
	}
	port := t.URL.Port()
	if d.implicit = t.URL.Scheme == "ftps"; port == "" && d.implicit {
		port = "990"
	} else if port == "" {
		port = "21"
	}
	d.address = net.JoinHostPort(d.host, port)
	if t.URL.Scheme == "ftp" {
		return d, nil
	}
	var err error
	d.tls, err = tlsConfig(t.URL)
	return d, err
}

// ftpFolder is the folder that the URL names.
func ftpFolder(u *url.URL) string {
	if strings.HasPrefix(u.Path, "//") {
		return path.Clean(u.Path[1:])
	}
	return elements(u.Path)
}

// enter implements door.
func (d *ftpDoor) enter(_ context.Context, w *wire) (tree, error) {
	t := &ftpTree{door: d}
	how := []ftp.DialOption{ftp.DialWithDialFunc(d.dial(w)), ftp.DialWithDebugOutput(&t.said)}
	if d.implicit {
		how = append(how, ftp.DialWithTLS(d.tls))
	} else if d.tls != nil {
		how = append(how, ftp.DialWithExplicitTLS(d.tls))
	}
	var err error
	if t.conn, err = ftp.Dial(d.address, how...); err != nil {
		e := t.refused(err)
		if d.tls != nil && !d.implicit && t.said.code() >= 500 {
			e.Kind, e.Message = Hopeless, d.host+" doesn't offer TLS."
		}
		return nil, e
	}
	if err = t.conn.Login(d.user, d.password); err != nil {
		err = t.refused(err)
		_ = t.conn.Quit() // the login's failure is the one to tell
		return nil, err
	}
	return t, nil
}

// dial gives the control connection first, then data connections.
func (d *ftpDoor) dial(w *wire) func(network, address string) (net.Conn, error) {
	var control *line
	return func(_, address string) (net.Conn, error) {
		if control == nil {
			l, err := w.dial(address)
			if control = l; err != nil || !d.implicit {
				return l, err
			}
			return tls.Client(l, d.tls), nil
		}
		host, _, err := net.SplitHostPort(control.RemoteAddr().String())
		if err != nil {
			return nil, err
		}
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		l, err := w.dial(net.JoinHostPort(host, port))
		if err != nil {
			return nil, &Error{Kind: Down, Message: d.host + " lets us in, but its port " + port + ", where it wants the file, can't be reached: a firewall may stand between.", Cause: err}
		}
		if d.tls == nil {
			return l, nil
		}
		return &drained{tls.Client(l, d.tls), l}, nil
	}
}

// ftpTree is a login at an FTP server.
type ftpTree struct {
	door *ftpDoor
	conn *ftp.ServerConn
	said replies
}

func (t *ftpTree) put(path string, s *source) error {
	if err := t.conn.Stor(path, s); err != nil {
		return t.failure(err)
	}
	return nil
}

func (t *ftpTree) size(path string) (int64, error) {
	n, err := t.conn.FileSize(path)
	if r, ok := errors.AsType[*textproto.Error](err); ok && r.Code == ftp.StatusFileUnavailable {
		return 0, errNoSuchFile
	} else if ok && r.Code >= 500 {
		return 0, errCantTell
	}
	if err != nil {
		return 0, t.failure(err)
	}
	return n, nil
}

func (t *ftpTree) mkdir(path string) error {
	if err := t.conn.MakeDir(path); err != nil {
		return t.failure(err)
	}
	return nil
}

// rename replaces what there is.
func (t *ftpTree) rename(from, to string) error {
	return over(t, to, func() error {
		if err := t.conn.Rename(from, to); err != nil {
			return t.failure(err)
		}
		return nil
	})
}

func (t *ftpTree) remove(path string) error {
	err := t.conn.Delete(path)
	if err == nil {
		return nil
	}
	failure := t.failure(err)
	if failure.Kind == Refused {
		if _, err := t.size(path); errors.Is(err, errNoSuchFile) {
			return errNoSuchFile
		}
	}
	return failure
}

func (t *ftpTree) answer() string { return t.said.last }

func (t *ftpTree) close() error { return t.conn.Quit() }

// failure says what it means that a command failed: the server's reply counts more than
// what became of the data connection.
func (t *ftpTree) failure(err error) *Error {
	r, replied := errors.AsType[*textproto.Error](err)
	if !replied {
		return secure(err, t.door.host)
	}
	return reply(t.door.host, r.Code, fmt.Sprintf("%d %s", r.Code, r.Msg))
}

// refused says why nobody was let in. The library drops the code of some replies.
func (t *ftpTree) refused(err error) *Error {
	e, code := t.failure(err), t.said.code()
	if lost(err) {
		return e
	}
	if _, replied := errors.AsType[*textproto.Error](err); !replied && e.Kind == Down && code >= 400 {
		e = reply(t.door.host, code, t.said.last)
	}
	if e.Kind == Refused || e.Kind == Down && (code == ftp.StatusLoginNeedAccount || code > 501) {
		e.Kind, e.Message = Hopeless, t.door.host+" refused the login."
	}
	return e
}
