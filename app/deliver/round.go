package deliver

import (
	"context"
	"maps"
	"slices"
	"time"

	"oneframe/app/store"
)

// plan is what a round's transaction is to do, beside writing down what has ended.
type plan struct {
	renew []*job
	move  bool    // what is due, or was claimed by a process that is gone
	back  []*line // whose destination is up again
	asks  []ask
}

// round looks where that is worth it, writes, and starts couriers. What it began works
// with the context work. It says when the next round is needed at the latest.
func (o *Office) round(ctx, work context.Context) (worked bool, next time.Time, err error) {
	now := o.DB.Now()
	if o.view.stale && !now.Before(o.view.next) || !now.Before(o.view.anyway) {
		if err := o.look(ctx); err != nil {
			return false, next, err
		}
	}
	if worked, err = o.write(ctx, o.plan(now)); err != nil {
		return worked, next, err
	}
	o.start(work)
	return worked, o.nextRound(), nil
}

// plan decides what to write.
func (o *Office) plan(now time.Time) (p plan) {
	p.move = !o.view.due.IsZero() && !now.Before(o.view.due)
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.renewAt.IsZero() && !now.Before(o.renewAt) {
		p.renew = slices.Collect(maps.Values(o.held))
	}
	for _, l := range o.ring {
		for _, j := range l.giveUp(now) {
			o.ended = append(o.ended, outcome{job: j, verdict: putBack})
			l.restore(j)
		}
		o.retire(l, now)
		if l.back {
			p.back, l.back = append(p.back, l), false
		}
		if l.ready == (ready{}) {
			continue
		}
		if a, _, _ := l.ask(now); a.any() {
			p.asks = append(p.asks, a)
		}
	}
	return p
}

// restore gives back what the limit of deliveries a minute was charged.
func (l *line) restore(j *job) {
	if j.rank() == 2 {
		l.minute.Take(-1)
	}
}

// retire closes connections that had no work for a while, or lead to where the
// destination isn't any more.
func (o *Office) retire(l *line, now time.Time) {
	kept := l.idle[:0]
	for _, c := range l.idle {
		if c.changed.Equal(l.dest.Changed) && now.Sub(c.since) < idleLasts {
			kept = append(kept, c)
			continue
		}
		o.parked--
		o.drop(c)
	}
	clear(l.idle[len(kept):])
	l.idle = kept
}

// write does everything of a round that touches the queue, in one transaction, and then
// takes it over. Where it fails, nothing of it happened.
func (o *Office) write(ctx context.Context, p plan) (wrote bool, err error) {
	o.mu.Lock()
	ended := o.ended[:len(o.ended):len(o.ended)]
	o.mu.Unlock()
	if len(ended)+len(p.renew)+len(p.back)+len(p.asks) == 0 && !p.move {
		return false, nil
	}
	var until int64
	var moved int64
	got := make([][]*job, len(p.asks))
	err = o.DB.Write(ctx, func(tx *store.Tx) (err error) {
		until = store.Millis(tx.Now.Add(o.claim()))
		if err := o.settle(tx, ended); err != nil {
			return err
		}
		for _, j := range p.renew {
			if err := j.renew(tx, until); err != nil {
				return err
			}
		}
		if err := welcomeBack(tx, p.back); err != nil {
			return err
		}
		if p.move {
			if moved, err = o.move(tx); err != nil {
				return err
			}
		}
		for i := range p.asks {
			if got[i], err = o.take(tx, &p.asks[i], ended, until); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	if p.move {
		o.view.stale, o.view.due = true, time.Time{}
	}
	o.takeOver(p, ended, got, until)
	return len(ended) > 0 || moved > 0 || slices.ContainsFunc(got, func(g []*job) bool { return len(g) > 0 }), nil
}

// takeOver brings what is in memory up to what was written.
func (o *Office) takeOver(p plan, ended []outcome, got [][]*job, until int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.DB.Now()
	o.ended = o.ended[len(ended):]
	for _, e := range ended {
		delete(o.held, e.job.id)
		e.job.line.held--
		e.job.line.short = false
		if e.begun {
			delete(e.job.line.pictures, e.job.delivery.Picture)
		}
	}
	for _, j := range p.renew {
		j.until = until
	}
	for i, a := range p.asks {
		for _, j := range got[i] {
			o.held[j.id] = j
		}
		a.line.held += len(got[i])
		a.line.took(a, got[i], now)
	}
	switch {
	case len(o.held) == 0:
		o.renewAt = time.Time{}
	case len(p.renew) > 0 || o.renewAt.IsZero():
		o.renewAt = now.Add(o.claim() / 2)
	}
}

// start sends couriers out, one for each line in turn, until all lines have what they may
// or the connections are used up.
func (o *Office) start(work context.Context) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.DB.Now()
	o.starving = false
	for started := true; started && work.Err() == nil; {
		started = false
		for range o.ring {
			l := o.ring[o.turn%len(o.ring)]
			if len(l.jobs) > 0 && l.flying < l.connections() {
				if o.flying >= o.most() {
					o.starving = true
					return
				}
				if j := l.begin(now, l.flying); j != nil {
					started = true
					o.send(work, l, j)
				}
			}
			o.turn = (o.turn + 1) % len(o.ring)
		}
	}
}

// send sends one courier out.
func (o *Office) send(work context.Context, l *line, j *job) {
	var c *conn
	if n := len(l.idle); n > 0 {
		c, l.idle = l.idle[n-1], l.idle[:n-1]
		o.parked--
	} else if o.flying+o.parked >= o.most() {
		o.evict()
	}
	l.flying++
	o.flying++
	o.couriers.Go(func() { o.carry(work, l, c, j) })
}

// evict closes the connection that has been without work the longest.
func (o *Office) evict() {
	var from *line
	for _, l := range o.ring {
		if len(l.idle) > 0 && (from == nil || l.idle[0].since.Before(from.idle[0].since)) {
			from = l
		}
	}
	if from != nil {
		o.drop(from.idle[0])
		from.idle = from.idle[1:]
		o.parked--
	}
}

// nextRound says when there is something to do without a wake-up.
func (o *Office) nextRound() (next time.Time) {
	now := o.DB.Now()
	next = o.view.anyway
	sooner := func(t time.Time) {
		if !t.IsZero() && t.Before(next) {
			next = t
		}
	}
	if o.view.stale {
		sooner(o.view.next)
	}
	sooner(o.view.due)
	o.mu.Lock()
	defer o.mu.Unlock()
	sooner(o.renewAt)
	for _, l := range o.ring {
		if len(l.idle) > 0 {
			sooner(l.idle[0].since.Add(idleLasts))
		}
		if l.ready == (ready{}) {
			continue
		}
		a, _, t := l.ask(now)
		if a.any() {
			return now
		}
		sooner(t)
	}
	return next
}
