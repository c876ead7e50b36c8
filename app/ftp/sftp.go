package ftp

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"oneframe/app/fault"
	"oneframe/app/people"
)

// The bounds of one SSH connection.
const (
	maxAuthTries = 6
	maxChannels  = 4
)

// sshConfig lets photographers in by password or by one of their keys.
func (s *Server) sshConfig(key ssh.Signer) *ssh.ServerConfig {
	c := &ssh.ServerConfig{MaxAuthTries: maxAuthTries, ServerVersion: "SSH-2.0-oneframe"}
	c.PasswordCallback = func(m ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
		ctx, cancel := context.WithTimeout(context.Background(), loginTime)
		defer cancel()
		a, err := s.check(ctx, m.RemoteAddr(), m.User(), string(password))
		return s.permit(a, err)
	}
	c.PublicKeyCallback = func(m ssh.ConnMetadata, public ssh.PublicKey) (*ssh.Permissions, error) {
		ctx, cancel := context.WithTimeout(context.Background(), loginTime)
		defer cancel()
		return s.permit(s.People.ByKey(ctx, m.User(), public))
	}
	c.AddHostKey(key)
	return c
}

// permit notes whose connection it is.
func (s *Server) permit(a people.Account, err error) (*ssh.Permissions, error) {
	if err != nil {
		return nil, say(err)
	}
	return &ssh.Permissions{Extensions: map[string]string{"account": a.ID}}, nil
}

// serveSSH takes connections until the gate is closed, and returns when all have ended.
func (s *Server) serveSSH(g *gate, config *ssh.ServerConfig) error {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		c, err := g.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		all.Go(func() { s.serveSSHConn(c.(*line), config) })
	}
}

func (s *Server) serveSSHConn(l *line, config *ssh.ServerConfig) {
	defer func() { _ = l.Close() }() // the client is gone, or is to go
	conn, channels, requests, err := ssh.NewServerConn(l, config)
	if err != nil {
		s.Log.Debug("an SSH handshake failed", "error", err, s.address(l.RemoteAddr()))
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	a, err := s.People.Get(ctx, conn.Permissions.Extensions["account"])
	cancel()
	if err == nil {
		err = s.admit(a)
	}
	if err != nil {
		s.Log.Warn("a login failed", "door", "sftp", "code", fault.Of(err).Code, s.address(l.RemoteAddr()))
		return
	}
	defer s.senders.leave(a.ID)
	l.login()
	go ssh.DiscardRequests(requests) // ends with the connection
	s.serveChannels(l, &folder{s, a}, channels)
}

// serveChannels runs the SFTP sessions of a connection, side by side, until it ends.
func (s *Server) serveChannels(l *line, f *folder, channels <-chan ssh.NewChannel) {
	var all sync.WaitGroup
	defer all.Wait()
	seats := make(chan struct{}, maxChannels)
	for n := range channels {
		if n.ChannelType() != "session" {
			_ = n.Reject(ssh.UnknownChannelType, "only SFTP is served here") // a client that is gone needs no answer
			continue
		}
		select {
		case seats <- struct{}{}:
		default:
			_ = n.Reject(ssh.ResourceShortage, "too many sessions in one connection")
			continue
		}
		all.Go(func() {
			defer func() { <-seats }()
			s.serveChannel(l, f, n)
		})
	}
}

// serveChannel serves a session whose client asks for the subsystem sftp, and no other.
func (s *Server) serveChannel(l *line, f *folder, n ssh.NewChannel) {
	channel, requests, err := n.Accept()
	if err != nil {
		return
	}
	defer func() { _ = channel.Close() }()
	for r := range requests {
		is := r.Type == "subsystem" && len(r.Payload) > 4 && string(r.Payload[4:]) == "sftp"
		if err := r.Reply(is, nil); err != nil {
			return
		}
		if !is {
			continue
		}
		go ssh.DiscardRequests(requests)
		h := &sftpFolder{folder: f, line: l}
		server := sftp.NewRequestServer(channel, sftp.Handlers{FileGet: h, FilePut: h, FileCmd: h, FileList: h})
		err := server.Serve()
		s.Log.Debug("an SFTP session ended", "account", f.account.ID, "error", err)
		// The client waits for a status before it believes in the end (RFC 4254 6.10).
		_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
		return
	}
}
