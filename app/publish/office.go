package publish

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"oneframe/app/store"
)

// claimLasts is how long a move may go without a sign of life before another process
// takes the upload over; a third of it is the time between two signs.
const claimLasts = 90 * time.Second

// Office keeps the hosts at the clips' current renders. Several, in several processes,
// may share a database; of a host, only one of them works on one upload at a time.
type Office struct {
	DB    *store.DB
	Hosts []Host        // with names that differ
	Every time.Duration // at least so long from the begin of one upload of a clip to the next, per host
}

// Step makes one move of one upload, the one that has waited longest, and says whether
// there was any. It may take minutes; to have hosts not wait for one another, the hall
// runs as many loops over Step as there are hosts. What goes wrong at a host is no error
// of Step: it is in the row and tried again, or paused with its reason.
func (o *Office) Step(ctx context.Context) (worked bool, err error) {
	t, err := o.claim(ctx)
	if err != nil || t == nil {
		return false, err
	}
	next, failed := o.move(ctx, t)
	err = o.DB.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if failed != nil && ctx.Err() != nil {
			return t.putDown(tx)
		}
		return t.settle(tx, next, failed)
	})
	if err != nil {
		err = fmt.Errorf("publishing %s at %s: %w", t.Clip, t.host.Name(), err)
	}
	return true, err
}

// move has the host make its move, with signs of life meanwhile. A panic is an error.
func (o *Office) move(ctx context.Context, t *task) (n Next, err error) {
	ctx, cancel := context.WithCancel(ctx)
	var alive sync.WaitGroup
	alive.Go(func() { o.live(ctx, cancel, t) })
	defer alive.Wait()
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	if t.Bytes == 0 {
		info, err := os.Stat(t.Path)
		if err != nil {
			return n, &fileError{err}
		}
		t.Bytes = info.Size()
	}
	return t.host.Move(ctx, t.Job, &t.upload)
}

// live renews the claim until the move is over, and ends the move if the claim is lost.
func (o *Office) live(ctx context.Context, lost func(), t *task) {
	tick := time.NewTicker(claimLasts / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := o.DB.Write(ctx, t.renew)
		if errors.Is(err, errLost) { // any other error will meet the end of the move too
			lost()
			return
		}
	}
}

var errLost = errors.New("another process has taken the upload over")
