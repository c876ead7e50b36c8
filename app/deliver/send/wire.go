package send

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// The longest silences that are borne while something is being done; between pictures a
// connection may be silent as long as the server lets it.
const (
	quiet     = time.Minute      // nothing is taken and nothing is said
	quietKept = 15 * time.Second // before the first answer on a connection that was kept
	loginTime = time.Minute      // from the first packet until logged in
)

// answerTime is how long the answer to a whole file is waited for: a minute, and as long as
// the file takes at 1 kB/s, since buffers on the way may have swallowed all of it at once;
// ten minutes at most.
func answerTime(bytes int64) time.Duration {
	return min(time.Minute+time.Duration(bytes)*time.Millisecond, 10*time.Minute)
}

// wire is the sockets of one connection to a server. While something is done over them
// they end together, when its context does or when nothing moves for too long; after that
// the wire can't be used again. Its methods may be called from any goroutine.
type wire struct {
	dialer *net.Dialer
	place  string // for messages
	quiet  time.Duration

	mu       sync.Mutex // guards the rest
	ctx      context.Context
	lines    map[*line]struct{}
	timer    *time.Timer // runs while busy, but for pauses
	busy     bool
	paused   int
	patience time.Duration // how long the timer is set for
	why      error         // the wire was cut
}

// line is one of the sockets.
type line struct {
	net.Conn
	wire *wire
}

func (l *line) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	l.wire.moved()
	return n, err
}

func (l *line) Write(b []byte) (int, error) {
	n, err := l.Conn.Write(b)
	l.wire.moved()
	return n, err
}

func (l *line) Close() error {
	l.wire.mu.Lock()
	delete(l.wire.lines, l)
	l.wire.mu.Unlock()
	return l.Conn.Close()
}

// dial connects on behalf of what is being done.
func (w *wire) dial(address string) (*line, error) {
	w.mu.Lock()
	ctx := w.ctx
	w.mu.Unlock()
	c, err := w.dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	l := &line{c, w}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.why != nil {
		return nil, errors.Join(w.why, c.Close())
	}
	if w.lines == nil {
		w.lines = map[*line]struct{}{}
	}
	w.lines[l] = struct{}{}
	w.set()
	return l, nil
}

// during does something over the wire, whose first sign of life may take that long. Where
// it fails because the wire was cut, the error says why.
func (w *wire) during(ctx context.Context, first time.Duration, do func() error) error {
	w.mu.Lock()
	w.ctx, w.busy, w.paused, w.patience = ctx, true, 0, w.quiet
	w.timer = time.AfterFunc(first, func() {
		w.cut(&Error{Kind: Down, Message: w.place + " did not answer for too long."}, true)
	})
	w.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { w.cut(ended(ctx), true) })
	err := do()
	stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = false
	w.timer.Stop()
	if err != nil && w.why != nil {
		return w.why
	}
	return err
}

// ended is the failure of a try whose context ended.
func ended(ctx context.Context) *Error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Error{Kind: Down, Message: "It took too long.", Cause: context.Cause(ctx)}
	}
	return &Error{Kind: Ours, Message: "The try was broken off.", Cause: context.Cause(ctx)}
}

// cut ends all sockets at once, ifBusy only while something is being done.
func (w *wire) cut(why error, ifBusy bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.why != nil || ifBusy && !w.busy {
		return
	}
	w.why = why
	for l := range w.lines {
		_ = l.Conn.Close() // whoever uses it gets an error
	}
}

// moved notes a sign of life.
func (w *wire) moved() {
	w.mu.Lock()
	w.set()
	w.mu.Unlock()
}

// set starts the timer anew. The caller holds mu.
func (w *wire) set() {
	if w.busy && w.paused == 0 {
		w.timer.Reset(w.patience)
	}
}

// pause stops the timer until resume, while this side has nothing to send yet.
func (w *wire) pause() {
	w.mu.Lock()
	w.paused++
	w.timer.Stop()
	w.mu.Unlock()
}

func (w *wire) resume(patience time.Duration) {
	w.mu.Lock()
	w.paused--
	w.patience = patience
	w.set()
	w.mu.Unlock()
}
