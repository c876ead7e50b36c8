package deliver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"oneframe/app/deliver/send"
	"oneframe/app/fault"
	"oneframe/app/metadata"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// verdict is what is to become of a job.
type verdict int

const (
	putBack verdict = iota // it waits as before: nothing was tried
	holdOn                 // it waits until the outcome's hold
	notOurs                // its row says something else by now
	moot                   // a recall of what the subscriber is meant to have again
	tried                  // it was sent, or the outcome's err says why not
)

// outcome is what became of a job.
type outcome struct {
	job     *job
	verdict verdict
	begun   bool      // by a courier
	hold    time.Time // an embargo's end, or when to look again
	embargo bool
	since   time.Time // from when its latency counts
	try     Try
	receipt send.Receipt
	err     error

	connecting bool      // it failed before there was a connection
	changed    time.Time // of the destination that it was tried at
}

// again is when a delivery is looked at again whose picture isn't ready: a corrected
// version is on its way, or a recall.
const again = time.Minute

// carry is a courier: it does jobs of one line until there are none, and parks its
// connection.
func (o *Office) carry(ctx context.Context, l *line, c *conn, j *job) {
	for j != nil {
		var out outcome
		out, c = o.run(ctx, j, c)
		j = o.finish(ctx, out)
	}
	o.mu.Lock()
	l.flying--
	o.flying--
	if c != nil {
		c.since = o.DB.Now()
		l.idle = append(l.idle, c)
		o.parked++
	}
	o.mu.Unlock()
	o.nudge()
}

// finish notes what became of a job and gives the next one.
func (o *Office) finish(ctx context.Context, out outcome) *job {
	o.mu.Lock()
	defer o.mu.Unlock()
	out.begun = true
	l, now := out.job.line, o.DB.Now()
	if out.verdict != tried {
		l.restore(out.job)
		if out.verdict == putBack && ctx.Err() == nil {
			l.patience = now.Add(again) // it was stopped, and this side has not heard of that
		}
	} else if out.changed.Equal(l.dest.Changed) {
		l.learn(out, now, o.Jitter())
	}
	o.ended = append(o.ended, out)
	o.nudge()
	if ctx.Err() != nil || o.starving {
		return nil
	}
	return l.begin(now, l.flying-1)
}

// learn has the line heed what a try told about the destination.
func (l *line) learn(out outcome, now time.Time, random float64) {
	down, _ := l.breaker.Open()
	if out.err == nil {
		l.back = l.back || down
		l.forgive()
		return
	}
	failure := failureOf(out.err)
	switch failure.Kind {
	case send.Down:
		l.breaker.Down(now, out.connecting, random)
	case send.Busy:
		l.breaker.Answered()
		if now.Before(l.patience) && failure.RetryAfter == 0 {
			return // over another connection: the same answer
		}
		l.busy++
		l.patience = now.Add(patienceFor(failure, l.busy, random))
	case send.Hopeless:
		l.dest.Failed, l.dest.Reason = true, failure.Message
	case send.Refused:
		l.forgive()
	}
}

// run does one job over the connection, or a new one, and gives the connection back where
// it can be used again.
func (o *Office) run(ctx context.Context, j *job, c *conn) (out outcome, kept *conn) {
	out = outcome{job: j}
	var b brief
	if err := o.DB.Read(ctx, func(tx *store.Tx) (err error) { b, err = o.brief(tx, j); return err }); err != nil {
		if ctx.Err() == nil {
			o.Log.Error("a delivery could not be looked up", "id", j.id, "error", err)
			out.verdict, out.hold = holdOn, o.DB.Now().Add(again)
		}
		return out, c
	}
	if out.verdict, out.hold, out.embargo = b.verdict, b.hold, b.embargo; out.verdict != tried {
		return out, c
	}
	out.changed, out.since = b.dest.Changed, b.since
	began := time.Now()
	kept = o.attempt(ctx, b, c, &out)
	if out.err != nil && ctx.Err() != nil {
		return outcome{job: j}, kept // the site stops: that is nobody's failure
	}
	out.try = Try{Delivery: j.delivery.ID, At: o.DB.Now(), Recall: j.recall, Took: time.Since(began), Bytes: out.receipt.Bytes, Kind: kindOf(out.err), Answer: out.receipt.Answer}
	if out.err != nil {
		f := failureOf(out.err)
		out.try.Message, out.try.Answer = f.Message, f.Answer
		o.Log.Info("a delivery failed", "subscriber", j.line.subscriber, "delivery", j.delivery.ID, "kind", out.try.Kind, "error", out.err)
	}
	return out, kept
}

// attempt makes the parcel and sends it. A kept connection that breaks is replaced once:
// servers close those that were idle, and that is no failure.
func (o *Office) attempt(ctx context.Context, b brief, c *conn, out *outcome) (kept *conn) {
	defer func() {
		if r := recover(); r != nil {
			out.err = &send.Error{Kind: send.Ours, Message: "Sending it made this program stumble.", Cause: fmt.Errorf("panic: %v\n%s", r, debug.Stack())}
		}
	}()
	var p send.Parcel
	if !b.job.recall {
		if p, out.err = o.Make(ctx, Order{Delivery: b.delivery, Picture: b.picture, Record: b.record, Made: b.dest.Made}); out.err != nil {
			return c
		}
	}
	if c != nil && !c.changed.Equal(b.dest.Changed) {
		o.drop(c)
		c = nil
	}
	for {
		used := c != nil
		if c == nil {
			if c, out.err = o.connect(ctx, b); out.err != nil {
				out.connecting = true
				return nil
			}
		}
		out.receipt, out.err = o.over(ctx, c, b, p)
		if out.err == nil || send.KindOf(out.err) == send.Refused {
			return c
		}
		o.drop(c)
		if c = nil; !used || send.KindOf(out.err) != send.Down || ctx.Err() != nil {
			return nil
		}
	}
}

// connect opens a connection to the destination.
func (o *Office) connect(ctx context.Context, b brief) (*conn, error) {
	if b.broken != nil {
		return nil, b.broken
	}
	ctx, cancel := context.WithTimeout(ctx, stalls)
	defer cancel()
	t := b.target
	t.Pin = func(hostKey string) error {
		return o.DB.Write(ctx, func(tx *store.Tx) error { return Pin(tx, b.dest.Subscriber, b.dest.URL, hostKey) })
	}
	s, err := o.Open(ctx, t)
	if err != nil {
		return nil, err
	}
	return &conn{subscriber: b.dest.Subscriber, sender: s, changed: b.dest.Changed}, nil
}

// over sends the parcel or the recall over a connection, as long as something moves.
func (o *Office) over(ctx context.Context, c *conn, b brief, p send.Parcel) (r send.Receipt, err error) {
	w, ctx := newWatch(ctx)
	defer w.stop()
	if b.job.recall {
		r, err = c.sender.Recall(ctx, b.recall)
	} else {
		p.Open = w.watched(ctx, p.Open, &b.job.line.throttle)
		r, err = c.sender.Send(ctx, p)
	}
	if err != nil && errors.Is(context.Cause(ctx), errStalled) {
		return r, &send.Error{Kind: send.Down, Message: "Nothing moved for too long.", Cause: err}
	}
	return r, err
}

// brief is what a courier is told of its job.
type brief struct {
	job      *job
	verdict  verdict // tried: go
	hold     time.Time
	embargo  bool
	since    time.Time
	delivery Delivery
	recall   send.Recall
	picture  picture.Picture
	record   metadata.Record
	dest     Destination
	target   send.Target
	broken   error // there is no target
}

// brief reads what a job is about, just before it is begun: what changed since it was
// claimed counts.
func (o *Office) brief(tx *store.Tx, j *job) (b brief, err error) {
	b = brief{job: j, verdict: notOurs}
	rows, err := store.Each(tx, scan, `SELECT `+columns+` FROM deliver_delivery WHERE id = $1`, j.delivery.ID)
	if err != nil || len(rows) == 0 {
		return b, err
	}
	b.delivery = rows[0]
	if j.recall {
		err = b.recalling(tx)
	} else {
		err = b.delivering(tx)
	}
	if err != nil || b.verdict != tried {
		return b, err
	}
	var found bool
	if b.dest, found, err = GetDestination(tx, j.line.subscriber); err != nil {
		return b, err
	}
	if !found || b.dest.Failed {
		b.verdict = putBack
		return b, nil
	}
	b.recall.Delete = b.dest.MayDelete
	if b.target, err = Target(tx, o.Box, j.line.subscriber); err != nil {
		b.broken = &send.Error{Kind: send.Hopeless, Message: "What is kept of the destination can't be read.", Cause: err}
	}
	return b, nil
}

// delivering says whether the picture may go now.
func (b *brief) delivering(tx *store.Tx) (err error) {
	d := b.delivery
	if d.State != Claimed || d.Version != b.job.delivery.Version {
		return nil
	}
	if b.picture, err = picture.Get(tx, d.Picture); fault.Is(err, fault.NotFound) {
		b.verdict, b.hold = holdOn, tx.Now.Add(again)
		return nil
	}
	if err != nil {
		return err
	}
	if !b.picture.Approved() || max(b.picture.Version, 1) != d.Version {
		b.verdict, b.hold = holdOn, tx.Now.Add(again) // the feed's engine is about to recall or to renew it
		return nil
	}
	if b.record, err = picture.Metadata(tx, d.Picture); err != nil {
		return err
	}
	b.since = d.QueuedAt
	if d.Kind == First {
		b.since = b.picture.ReceivedAt
	}
	if r := b.record.Release; r != nil {
		if tx.Now.Before(r.At) {
			b.verdict, b.hold, b.embargo = holdOn, r.At, true
			return nil
		}
		if b.since.Before(r.At) {
			b.since = r.At
		}
	}
	b.verdict = tried
	return nil
}

// recalling says whether the recall still goes, and what it takes back.
func (b *brief) recalling(tx *store.Tx) error {
	var state, reason string
	if err := tx.QueryRow(`SELECT state, reason FROM deliver_recall WHERE id = $1`, b.job.id).Scan(&state, &reason); err != nil {
		return err
	}
	d := b.delivery
	switch {
	case state != "claimed":
		return nil
	case d.State != Recalled:
		b.verdict = moot
		return nil
	}
	b.verdict = tried
	b.recall = send.Recall{ID: b.job.id, Delivery: d.ID, Picture: string(d.Picture), Reason: reason, Remote: d.Remote, Sidecar: d.Sidecar}
	if d.Remote != "" {
		return nil
	}
	err := tx.QueryRow(`SELECT stem || ext FROM deliver_name WHERE subscriber = $1 AND picture = $2 ORDER BY made_at DESC LIMIT 1`, d.Subscriber, d.Picture).Scan(&b.recall.Name)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // it was not even made
	}
	return err
}
