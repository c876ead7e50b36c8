package send

import (
	"context"
	"io"
	"sync"
	"time"
)

// pulse ends a try in which nothing moves any more, without a limit on how long a whole
// one takes: a subscriber at 1 kB/s gets its pictures as well.
type pulse struct {
	timer *time.Timer
	still time.Duration
}

// watch gives a context that ends with the cause errStill when nothing has moved for that
// long. The caller stops it by the CancelFunc.
func watch(ctx context.Context, still time.Duration) (context.Context, *pulse, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	p := &pulse{still: still, timer: time.AfterFunc(still, func() { cancel(errStill) })}
	return ctx, p, func() { p.timer.Stop(); cancel(nil) }
}

// hold says that it is this side's turn, however long that takes.
func (p *pulse) hold() { p.timer.Stop() }

// beat says that something moved, and that it is the receiver's turn.
func (p *pulse) beat() { p.timer.Reset(p.still) }

// last says that every byte has left the program. What lies in buffers on the way has time
// then: of a receiver at 1 kB/s some 300 kB.
func (p *pulse) last() { p.timer.Reset(5 * p.still) }

// content reads a parcel's picture on its way out. It notices when the fault is ours: a
// file that can't be read, or has not the size that was announced. The transport may
// still read it, and closes it, when the answer is there already.
type content struct {
	io.ReadCloser
	pulse *pulse
	size  int64

	mu    sync.Mutex // guards what follows
	n     int64
	fault *Error
}

// open begins a parcel's content. Its error is an *Error of the kind Ours.
func (p Parcel) open(pulse *pulse) (*content, error) {
	r, err := p.Open()
	if err != nil {
		return nil, &Error{Kind: Ours, Message: "The picture's file can't be read.", Cause: err}
	}
	return &content{ReadCloser: r, pulse: pulse, size: p.Size}, nil
}

// Read gives the content. Its last bytes come only when nothing follows them: until then
// what is sent is not whole, and nobody keeps it.
func (c *content) Read(b []byte) (int, error) {
	c.pulse.hold()
	n, err := c.ReadCloser.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n += int64(n); c.n == c.size && err == nil {
		var more int
		more, err = io.ReadFull(c.ReadCloser, make([]byte, 1))
		c.n += int64(more)
	}
	c.pulse.beat()
	switch {
	case c.n > c.size, err == io.EOF && c.n < c.size:
		c.fault = &Error{Kind: Ours, Message: "The picture's file has not the size that it should have.", Cause: err}
	case err != nil && err != io.EOF:
		c.fault = &Error{Kind: Ours, Message: "The picture's file can't be read.", Cause: err}
	}
	if c.fault != nil {
		return 0, c.fault
	}
	if c.n == c.size {
		c.pulse.last()
	}
	return n, err
}

// failed gives what went wrong on this side, or nil. The nil content never fails.
func (c *content) failed() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fault == nil {
		return nil
	}
	return c.fault
}
