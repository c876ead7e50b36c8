package ftp

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"
)

// passiveListener waits for one data connection, on a port of ours. The library has made
// one of its own beforehand, on any port and address; nobody is told about it, and it
// closes with ours.
type passiveListener struct {
	*net.TCPListener
	theirs net.Listener
}

// passive listens on a free port of the range, on the address that the door listens on.
func (s *Server) passive(door net.Addr, theirs net.Listener) (net.Listener, error) {
	host, _, err := net.SplitHostPort(door.String())
	if err != nil {
		return nil, errors.Join(err, theirs.Close())
	}
	n := s.To - s.From + 1
	first := rand.IntN(n)
	for i := range n {
		l, err := net.Listen("tcp", net.JoinHostPort(host, fmt.Sprint(s.From+(first+i)%n)))
		if err == nil {
			return passiveListener{l.(*net.TCPListener), theirs}, nil
		}
	}
	s.Log.Error("no passive port is free", "from", s.From, "to", s.To)
	return nil, errors.Join(errors.New("no port is free for a data connection; try again later"), theirs.Close())
}

// Accept waits for the client, not for long.
func (l passiveListener) Accept() (net.Conn, error) {
	if err := l.SetDeadline(time.Now().Add(connectionTime)); err != nil {
		return nil, err
	}
	c, err := l.TCPListener.Accept()
	if err != nil {
		return nil, err
	}
	return dataConn{c}, nil
}

// Close closes both.
func (l passiveListener) Close() error { return errors.Join(l.TCPListener.Close(), l.theirs.Close()) }

// dataConn is a data connection whose client must read what it asked for.
type dataConn struct{ net.Conn }

// Write fails when the client doesn't read for too long.
func (c dataConn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(stall)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func netAddr(a net.Addr) (netip.Addr, error) {
	port, err := netip.ParseAddrPort(a.String())
	return port.Addr().Unmap(), err
}
