package ftp

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"oneframe/app/fault"
)

const (
	loginTime = time.Minute            // how long somebody may take to log in
	goodbye   = 200 * time.Millisecond // between the last answer and the end, when the site stops
)

// gate is a listener that counts who comes in, turns away who is too much, and knows
// which connections are at work when the site stops.
type gate struct {
	net.Listener
	s       *Server
	refusal string        // begins what somebody turned away is told: "421 " for FTP; "" for nothing
	rolling time.Duration // the silence that ends a connection, where nobody else sees to it; 0 for none

	mu    sync.Mutex // guards what follows
	lines map[string]*line
	ended bool
	empty chan struct{} // closed when the last one has gone, after the end
}

func newGate(l net.Listener, s *Server, refusal string, rolling time.Duration) *gate {
	return &gate{Listener: l, s: s, refusal: refusal, rolling: rolling, lines: map[string]*line{}, empty: make(chan struct{})}
}

// line is one control connection.
type line struct {
	net.Conn
	gate     *gate
	accepted time.Time

	mu       sync.Mutex // guards what follows
	loggedIn bool
	uploads  int  // being received
	answer   bool // an upload has ended whose answer was not written yet
	closed   bool
}

// Accept gives the next connection that may stay.
func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if err := g.s.senders.arrive(neighbours(c.RemoteAddr()), g.s.Limits, g.s.DB.Now()); err != nil {
			g.turnAway(c, err)
			continue
		}
		l := &line{Conn: c, gate: g, accepted: time.Now()}
		if !g.enter(l) {
			_ = l.Close() // the site is stopping
			continue
		}
		if err := l.SetDeadline(time.Now().Add(loginTime)); err != nil {
			_ = l.Close() // gone already
			continue
		}
		return l, nil
	}
}

// turnAway says why, where there is a way to, and ends the connection. A client that
// doesn't read loses nothing: so few bytes fit into any socket.
func (g *gate) turnAway(c net.Conn, err error) {
	if g.refusal != "" {
		_ = c.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = io.WriteString(c, g.refusal+fault.Of(err).Message+"\r\n")
	}
	_ = c.Close()
	g.s.Log.Warn("a connection was turned away", "door", "ftp", "code", fault.Of(err).Code, g.s.address(c.RemoteAddr()))
}

func (g *gate) enter(l *line) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.ended {
		g.lines[l.RemoteAddr().String()] = l
	}
	return !g.ended
}

// line gives the connection that comes from the address, or nil.
func (g *gate) line(from net.Addr) *line {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lines[from.String()]
}

func (g *gate) leave(l *line) {
	g.s.senders.depart(neighbours(l.RemoteAddr()))
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lines[l.RemoteAddr().String()] == l {
		delete(g.lines, l.RemoteAddr().String())
	}
	g.maybeEmpty()
}

// maybeEmpty needs g.mu.
func (g *gate) maybeEmpty() {
	if g.ended && len(g.lines) == 0 && g.empty != nil {
		close(g.empty)
		g.empty = nil
	}
}

// end lets nobody in any more, ends the connections that are idle, and waits for the
// others to finish their uploads until the context ends; then it cuts them off.
func (g *gate) end(ctx context.Context) {
	g.mu.Lock()
	g.ended = true
	empty, lines := g.empty, g.all()
	g.maybeEmpty()
	g.mu.Unlock()
	for _, l := range lines {
		l.closeIfIdle()
	}
	select {
	case <-empty:
		return
	case <-ctx.Done():
	}
	g.mu.Lock()
	lines = g.all()
	g.mu.Unlock()
	for _, l := range lines {
		_ = l.Close() // cut off: nothing was promised
	}
}

// all needs g.mu.
func (g *gate) all() (lines []*line) {
	for _, l := range g.lines {
		lines = append(lines, l)
	}
	return lines
}

func (g *gate) stopping() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ended
}

// SetDeadline keeps the time to log in, whatever the library asks for.
func (l *line) SetDeadline(t time.Time) error {
	l.mu.Lock()
	last := l.accepted.Add(loginTime)
	if !l.loggedIn && (t.IsZero() || t.After(last)) {
		t = last
	}
	l.mu.Unlock()
	return l.Conn.SetDeadline(t)
}

// Read ends a connection that is silent for too long, where nobody else does.
func (l *line) Read(b []byte) (int, error) {
	if l.gate.rolling > 0 {
		l.mu.Lock()
		in := l.loggedIn
		l.mu.Unlock()
		if in {
			if err := l.Conn.SetDeadline(time.Now().Add(l.gate.rolling)); err != nil {
				return 0, err
			}
		}
	}
	return l.Conn.Read(b)
}

// Write passes an answer on; after the answer to the last upload of a site that is
// stopping the connection ends.
func (l *line) Write(b []byte) (int, error) {
	n, err := l.Conn.Write(b)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.answer && l.uploads == 0 {
		l.answer = false
		if l.gate.stopping() {
			time.AfterFunc(goodbye, func() { _ = l.Close() })
		}
	}
	return n, err
}

// Close ends the connection, once.
func (l *line) Close() error {
	l.mu.Lock()
	was := l.closed
	l.closed = true
	l.mu.Unlock()
	if was {
		return nil
	}
	err := l.Conn.Close()
	l.gate.leave(l)
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (l *line) closeIfIdle() {
	l.mu.Lock()
	busy := l.uploads > 0 || l.answer
	l.mu.Unlock()
	if !busy {
		_ = l.Close()
	}
}

// login lifts the time to log in.
func (l *line) login() {
	l.mu.Lock()
	l.loggedIn = true
	l.mu.Unlock()
}

// begin counts an upload, and gives what ends it; then its answer is waited for.
func (l *line) begin() (done func()) {
	l.mu.Lock()
	l.uploads++
	l.mu.Unlock()
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.uploads--
		l.answer = true
	}
}
