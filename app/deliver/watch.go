package deliver

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"oneframe/app/deliver/pace"
)

const (
	stalls   = time.Minute // without progress, a try has failed
	slowest  = 1000        // bytes a second that count as progress
	buffered = 256 << 10   // bytes that may lie in the buffers of a connection, unseen
)

var errStalled = errors.New("nothing moved for too long")

// watch ends a try in which nothing moves. Progress is what is read of the content; what
// was read may still lie in buffers, so that a subscriber that takes 1 kB a second is given
// the time for as much. There is no deadline for the whole.
type watch struct {
	mu    sync.Mutex // guards what follows
	timer *time.Timer
	read  int64
	end   context.CancelCauseFunc
}

func newWatch(ctx context.Context) (*watch, context.Context) {
	ctx, end := context.WithCancelCause(ctx)
	w := &watch{end: end}
	w.timer = time.AfterFunc(stalls, func() { end(errStalled) })
	return w, ctx
}

func (w *watch) stop() {
	w.timer.Stop()
	w.end(nil)
}

func (w *watch) moved(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read += int64(n)
	if w.timer.Stop() { // else it is over
		w.timer.Reset(stalls + time.Duration(min(w.read, buffered))*time.Second/slowest)
	}
}

// watched has whatever open gives throttled, and its reading noted as progress.
func (w *watch) watched(ctx context.Context, open func() (io.ReadCloser, error), t *pace.Throttle) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		content, err := open()
		if err != nil {
			return nil, err
		}
		return &throttled{ctx, content, w, t}, nil
	}
}

// throttled is a content that gives no more than its share of the bytes a second.
type throttled struct {
	ctx     context.Context
	content io.ReadCloser
	watch   *watch
	limit   *pace.Throttle
}

func (r *throttled) Read(p []byte) (int, error) {
	if most := r.limit.Chunk(); len(p) > most {
		p = p[:most]
	}
	n, err := r.content.Read(p)
	r.watch.moved(n)
	wait := r.limit.Take(time.Now(), n)
	if wait <= 0 {
		return n, err
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return n, err
	case <-r.ctx.Done():
		return n, context.Cause(r.ctx)
	}
}

// Close closes the content.
func (r *throttled) Close() error { return r.content.Close() }
