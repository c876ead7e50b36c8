package ftp

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	ftpserver "github.com/fclairamb/ftpserverlib"

	"oneframe/app/fault"
	"oneframe/app/people"
)

// connectionTime is how long a data connection may take to come about.
const connectionTime = 10 * time.Second

// driver answers for ftpserverlib who may come in and how. One serves a listener.
type driver struct {
	s    *Server
	gate *gate
	tls  *tls.Config // nil for none
	how  ftpserver.TLSRequirement
}

// session is what the driver keeps of a connection.
type session struct {
	once    sync.Once
	account people.Account
}

// GetSettings is asked once.
func (d *driver) GetSettings() (*ftpserver.Settings, error) {
	var listener net.Listener = d.gate
	if d.how == ftpserver.ImplicitEncryption {
		listener = tls.NewListener(d.gate, d.tls)
	}
	return &ftpserver.Settings{
		Listener: listener, Banner: "oneframe", TLSRequired: d.how,
		IdleTimeout: int(d.s.Idle.Seconds()), ConnectionTimeout: int(connectionTime.Seconds()),
		// A picture is bytes: a camera that forgets TYPE I sends it as it is.
		DefaultTransferType: ftpserver.TransferTypeBinary, DisableASCIIConversion: true,
		ActiveTransferPortNon20: true, PublicIPResolver: d.public,
		ActiveConnectionsCheck: ftpserver.IPMatchRequired, PasvConnectionsCheck: ftpserver.IPMatchRequired,
	}, nil
}

// ClientConnected greets.
func (d *driver) ClientConnected(ftpserver.ClientContext) (string, error) {
	return "oneframe takes pictures here.", nil
}

// ClientDisconnected forgets the connection.
func (d *driver) ClientDisconnected(cc ftpserver.ClientContext) { d.leave(cc) }

func (d *driver) leave(cc ftpserver.ClientContext) {
	if was, ok := cc.Extra().(*session); ok {
		was.once.Do(func() { d.s.senders.leave(was.account.ID) })
	}
}

// AuthUser lets photographers in.
func (d *driver) AuthUser(cc ftpserver.ClientContext, user, password string) (ftpserver.ClientDriver, error) {
	ctx, cancel := context.WithTimeout(context.Background(), loginTime)
	defer cancel()
	l := d.gate.line(cc.RemoteAddr())
	if l == nil {
		return nil, say(net.ErrClosed)
	}
	a, err := d.s.check(ctx, cc.RemoteAddr(), user, password)
	if err == nil {
		err = d.s.admit(a)
	}
	if err != nil {
		return nil, say(err)
	}
	d.leave(cc) // who logged in here before
	cc.SetExtra(&session{account: a})
	l.login()
	return &client{folder: &folder{d.s, a}, cc: cc, line: l}, nil
}

// PostAuthMessage is what a client is told about its login; "" leaves it to the library.
func (d *driver) PostAuthMessage(_ ftpserver.ClientContext, user string, err error) string {
	if err != nil {
		return err.Error()
	}
	return "Welcome. Send your pictures; what became of them stands in /" + inWaiting + ", /" + inAccepted + " and /" + inRefused + "."
}

// QuitMessage is the last word.
func (d *driver) QuitMessage() string { return "Goodbye." }

// GetTLSConfig gives the same config each time.
func (d *driver) GetTLSConfig() (*tls.Config, error) {
	if d.tls == nil {
		return nil, errors.New("TLS is off here")
	}
	return d.tls, nil
}

// WrapPassiveListener gives a listener on one of our ports; see passive.
func (d *driver) WrapPassiveListener(theirs net.Listener) (net.Listener, error) {
	return d.s.passive(d.gate.Addr(), theirs)
}

// public is the address of the PASV answer: clients of the same network, as the camera
// beside the server, get the one that they called.
func (d *driver) public(cc ftpserver.ClientContext) (string, error) {
	called, _, err := net.SplitHostPort(cc.LocalAddr().String())
	if err != nil {
		return "", err
	}
	from, err := netAddr(cc.RemoteAddr())
	if err != nil || d.s.Public == "" || from.IsPrivate() || from.IsLoopback() || from.IsLinkLocalUnicast() {
		return called, err
	}
	if ip := net.ParseIP(d.s.Public).To4(); ip != nil {
		return ip.String(), nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectionTime)
	defer cancel()
	all, err := net.DefaultResolver.LookupIP(ctx, "ip4", d.s.Public)
	if err != nil || len(all) == 0 {
		return "", errors.Join(errors.New("ftp.public has no IPv4 address"), err)
	}
	return all[0].To4().String(), nil
}

// check asks for the account of a name and password. Its errors: Unknown bad_login, Busy
// too_many_logins.
func (s *Server) check(ctx context.Context, from net.Addr, user, password string) (a people.Account, err error) {
	if err = s.senders.mayTry(neighbours(from), s.Limits, s.DB.Now()); err == nil {
		a, err = s.People.Authenticate(ctx, user, password)
	}
	if err != nil {
		s.Log.Warn("a login failed", "door", "ftp", "code", fault.Of(err).Code, s.address(from))
		return a, err
	}
	s.senders.succeeded(neighbours(from))
	return a, nil
}

// admit counts a connection of somebody who has proved to be the account. Its errors:
// Denied, Busy too_many_connections.
func (s *Server) admit(a people.Account) error {
	if !maySend(a) {
		return denied("Only photographers' accounts can send pictures here.")
	}
	return s.senders.enter(a.ID, s.Limits)
}

func maySend(a people.Account) bool { return a.Can(people.Photographer) }

// address is what the log says about where somebody is.
func (s *Server) address(a net.Addr) slog.Attr {
	if !s.LogAddresses {
		return slog.Attr{}
	}
	host, _, _ := strings.Cut(a.String(), "%")
	return slog.String("address", host)
}
