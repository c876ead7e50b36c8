package deliver

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"oneframe/app/deliver/send"
	"oneframe/app/metadata"
	"oneframe/app/picture"
	"oneframe/app/seal"
	"oneframe/app/store"
)

const (
	claimLasts = time.Minute           // how long a claim holds without a sign of life; it is renewed at half time
	idleLasts  = time.Minute           // how long a connection without work is kept
	mostFlying = 256                   // connections at once, over all subscribers
	lookGap    = 20 * time.Millisecond // between two looks for who has something ready
	lookAnyway = 5 * time.Minute       // a look without a wake-up
	grace      = 5 * time.Second       // what is being sent has so long to end when the site stops
)

// Order is a delivery to be made into a parcel.
type Order struct {
	Delivery Delivery
	Picture  picture.Picture
	Record   metadata.Record
	Made     json.RawMessage // how the subscriber wants it
}

// Office sends what waits. One goroutine, the clerk, reads who has something ready,
// claims it in batches, hands it to couriers, and writes what became of it: all of a round
// in one transaction, so that the database is asked once for many deliveries. A courier is
// a goroutine with one connection; it never touches the queue, so a subscriber that is slow
// or silent holds its own couriers and nothing else.
//
// A claim that the clerk no longer renews runs out, and its delivery waits again: a process
// that is killed repeats what it was sending, under the same id and name.
type Office struct {
	DB     *store.DB
	Box    *seal.Box
	Log    *slog.Logger
	Make   func(context.Context, Order) (send.Parcel, error)       // its error is a *send.Error
	Open   func(context.Context, send.Target) (send.Sender, error) // connects; its error is a *send.Error
	Jitter func() float64                                          // random numbers from [0, 1)
	Keep   time.Duration                                           // how long finished deliveries stay in the list
	Claim  time.Duration                                           // 0 means a minute
	Most   int                                                     // connections at once over all subscribers; 0 means 256

	clerk sync.Mutex // held by the one who does rounds; guards what follows
	view  view

	mu       sync.Mutex // guards what follows, the lines too
	lines    map[string]*line
	ring     []*line // in the order of their turns
	turn     int
	flying   int             // couriers
	parked   int             // connections that are kept without a courier
	starving bool            // somebody waits for another's connection
	ended    []outcome       // to be written down
	renewAt  time.Time       // when the claims are
	held     map[string]*job // claimed, by the row's id
	wake     chan struct{}   // holds one

	couriers sync.WaitGroup
}

// Step does one round, waits until everything that it began has ended, and writes that
// down. It says whether there was anything to do. It is what a test calls; the hall has
// Serve.
func (o *Office) Step(ctx context.Context) (worked bool, err error) {
	o.clerk.Lock()
	defer o.clerk.Unlock()
	o.begin()
	o.view.stale, o.view.next = true, time.Time{}
	if worked, _, err = o.round(ctx, ctx); err != nil {
		return worked, err
	}
	o.couriers.Wait()
	settled, err := o.write(context.WithoutCancel(ctx), plan{})
	return worked || settled, err
}

// Serve does rounds until the context ends: it is woken by commits, by couriers that have
// ended, and by the earliest instant at which a retry is due, a limit lets something go, a
// claim runs out or an idle connection is closed. When it returns, everything that it began
// has ended and is written down.
func (o *Office) Serve(ctx context.Context) error {
	o.clerk.Lock()
	defer o.clerk.Unlock()
	o.begin()
	o.view.stale = true
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	for failures := 0; ctx.Err() == nil; {
		changed := o.DB.Changed()
		_, next, err := o.round(ctx, work)
		if err != nil {
			if ctx.Err() == nil {
				o.Log.Error("a round of deliveries failed", "error", err)
			}
			failures++
			next = o.DB.Now().Add(min(time.Second<<min(failures, 6), time.Minute))
			o.rest(ctx, nil, nil, next)
			continue
		}
		failures = 0
		if o.view.stale {
			changed = nil // known: the next look comes when the gap is over
		}
		o.rest(ctx, changed, o.wake, next)
	}
	o.mu.Lock()
	o.starving = true // no courier begins another job
	o.mu.Unlock()
	late := time.AfterFunc(grace, stop)
	o.couriers.Wait()
	late.Stop()
	o.Close()
	o.letGo()
	_, err := o.write(context.WithoutCancel(ctx), plan{})
	return err
}

// letGo has what was claimed and not begun wait again, so that the next process needs not
// wait for the claims to run out.
func (o *Office) letGo() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range o.ring {
		for _, j := range l.jobs {
			o.ended = append(o.ended, outcome{job: j, verdict: putBack})
		}
		l.jobs = nil
	}
}

// rest waits for the first of what wakes it; a commit counts only once the gap since the
// last look is over, since a look costs something.
func (o *Office) rest(ctx context.Context, changed, wake <-chan struct{}, next time.Time) {
	t := time.NewTimer(next.Sub(o.DB.Now()))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-t.C:
	case <-changed:
		o.view.stale = true
	}
	if changed != nil {
		select {
		case <-changed:
			o.view.stale = true
		default:
		}
	}
}

// begin makes the maps of an Office that is used for the first time.
func (o *Office) begin() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.lines == nil {
		o.lines, o.held, o.wake = map[string]*line{}, map[string]*job{}, make(chan struct{}, 1)
	}
}

// Close closes the connections that are kept without work. Serve does so at its end.
func (o *Office) Close() {
	o.mu.Lock()
	for _, l := range o.lines {
		for _, c := range l.idle {
			o.drop(c)
		}
		o.parked -= len(l.idle)
		l.idle = nil
	}
	o.mu.Unlock()
	o.couriers.Wait()
}

// drop closes a connection beside everything else: that may take a while.
func (o *Office) drop(c *conn) {
	o.couriers.Go(func() {
		if err := c.sender.Close(); err != nil {
			o.Log.Debug("a connection did not close well", "subscriber", c.subscriber, "error", err)
		}
	})
}

// ring the bell for the clerk; one ring is as good as many.
func (o *Office) nudge() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *Office) claim() time.Duration {
	if o.Claim > 0 {
		return o.Claim
	}
	return claimLasts
}

func (o *Office) most() int {
	if o.Most > 0 {
		return o.Most
	}
	return mostFlying
}
