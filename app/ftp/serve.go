package ftp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	ftpserver "github.com/fclairamb/ftpserverlib"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sync/errgroup"
)

// grace is how long uploads in flight have to finish when the site stops.
const grace = 20 * time.Second

// Addresses are where the doors are open; "" where there is none.
type Addresses struct{ FTP, FTPS, SFTP string }

// door is one listener with what serves it.
type door struct {
	gate  *gate
	serve func() error
}

// Serve opens the doors that the settings name until the context ends; then it lets
// nobody in, and returns when the uploads in flight have ended, within 20 seconds. Where
// there are no doors it waits for the context. ready, where it isn't nil, is called
// once when all are open.
func (s *Server) Serve(ctx context.Context, ready func(Addresses)) error {
	doors, at, err := s.open()
	if err != nil {
		for _, d := range doors {
			err = errors.Join(err, d.gate.Close())
		}
		return err
	}
	if ready != nil {
		ready(at)
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, d := range doors {
		g.Go(d.serve)
	}
	<-ctx.Done()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	var ending errgroup.Group
	for _, d := range doors {
		err = errors.Join(err, d.gate.Close())
		ending.Go(func() error { d.gate.end(end); return nil })
	}
	return errors.Join(err, ending.Wait(), g.Wait())
}

// open listens everywhere; on an error it gives the doors that are open already.
func (s *Server) open() (doors []door, at Addresses, err error) {
	if s.FTP == "" && s.FTPS == "" && s.SFTP == "" {
		return nil, at, nil
	}
	if err := os.MkdirAll(s.spool(""), 0o700); err != nil {
		return nil, at, err
	}
	if err := os.Chmod(s.Dir, 0o700); err != nil {
		return nil, at, err
	}
	cert, err := s.certificate()
	if err != nil {
		return nil, at, err
	}
	listen := func(key, address string, to *string, refusal string, rolling time.Duration, serve func(*gate) func() error) {
		if address == "" || err != nil {
			return
		}
		var l net.Listener
		if l, err = net.Listen("tcp", address); err != nil {
			err = fmt.Errorf("%s %s: %w", key, address, err)
			return
		}
		g := newGate(l, s, refusal, rolling)
		doors = append(doors, door{g, serve(g)})
		*to = l.Addr().String()
	}
	how := ftpserver.ClearOrEncrypted
	if s.TLS == "required" {
		how = ftpserver.MandatoryEncryption
	}
	listen("ftp.address", s.FTP, &at.FTP, "421 ", 0, func(g *gate) func() error { return s.serveFTP(g, cert, how) })
	listen("ftp.implicit", s.FTPS, &at.FTPS, "", 0, func(g *gate) func() error { return s.serveFTP(g, cert, ftpserver.ImplicitEncryption) })
	var key ssh.Signer
	if s.SFTP != "" && err == nil {
		key, err = hostKey(s.Dir)
	}
	listen("sftp.address", s.SFTP, &at.SFTP, "", s.Idle, func(g *gate) func() error {
		config := s.sshConfig(key)
		return func() error { return s.serveSSH(g, config) }
	})
	if err == nil {
		s.greet(at, cert, key)
	}
	return doors, at, err
}

// certificate is nil where TLS is off.
func (s *Server) certificate() (*certificate, error) {
	if s.TLS == "off" || s.FTP == "" && s.FTPS == "" {
		return nil, nil
	}
	own, err := selfSigned(s.Dir)
	return &certificate{cert: s.Cert, key: s.Key, own: own, log: s.Log}, err
}

// greet logs where the doors are and how clients can know them.
func (s *Server) greet(at Addresses, cert *certificate, key ssh.Signer) {
	if cert != nil {
		s.Log.Info("photographers can send by FTP", "address", at.FTP, "implicit", at.FTPS, "tls", s.TLS, "certificate_sha256", cert.fingerprint())
	} else if at.FTP != "" {
		s.Log.Warn("photographers can send by FTP, and their passwords come unencrypted", "address", at.FTP, "tls", s.TLS)
	}
	if key != nil {
		s.Log.Info("photographers can send by SFTP", "address", at.SFTP, "host_key", ssh.FingerprintSHA256(key.PublicKey()))
	}
}

// serveFTP serves the connections of the gate by ftpserverlib. Its own log is silenced:
// it may hold what somebody typed as a password.
func (s *Server) serveFTP(g *gate, cert *certificate, how ftpserver.TLSRequirement) func() error {
	d := &driver{s: s, gate: g, how: how}
	if cert != nil {
		d.tls = cert.config()
	}
	return func() error {
		server := ftpserver.NewFtpServer(d)
		server.Logger = slog.New(slog.DiscardHandler)
		return server.ListenAndServe()
	}
}
