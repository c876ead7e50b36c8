package feed

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"oneframe/app/deliver"
	"oneframe/app/feed/condition"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/store"
)

const (
	follower  = "feed" // its cursor in the log of pictures
	batchSize = 100    // events of one transaction
	learnFrom = 500    // past pictures that tell what values are rare
)

// Engine follows the log of pictures. For every picture that is accepted it has one
// delivery made for each subscriber one of whose rules matches; for one that is
// withdrawn or rejected, or proves to be no picture, recalls. What it does for a batch
// of events and the mark in the log are one transaction, so that it never skips an event and never does one twice,
// whenever the process dies.
//
// It goes by what a picture is now, not by what an event said: a picture that was
// accepted and withdrawn since is recalled, and nothing is queued in between.
type Engine struct {
	DB     *store.DB
	People *people.Register

	index atomic.Pointer[Index] // read without a lock; written under mu

	mu      sync.Mutex // guards what follows, and is held through a step
	stats   *Stats
	seen    int64            // the last line of feed_change that the index has
	over    map[string]Entry // the rules that lie over its large table
	removed map[string]bool  // and those that are gone from it
}

// Index is the snapshot in force; nil before the first step.
func (e *Engine) Index() *Index { return e.index.Load() }

// Step brings the index up to date and does one batch of the log.
func (e *Engine) Step(ctx context.Context) (worked bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.refresh(ctx); err != nil {
		return false, err
	}
	waiting := false
	err = e.DB.Read(ctx, func(tx *store.Tx) error {
		events, err := picture.Follow(tx, follower, 1)
		waiting = len(events) > 0
		return err
	})
	if err != nil || !waiting {
		return false, err
	}
	names, err := names(ctx, e.People)
	if err != nil {
		return false, err
	}
	err = e.DB.Write(ctx, func(tx *store.Tx) error { return e.batch(tx, names) })
	return err == nil, err
}

// batch does the next events. Where a rule was changed since the index was brought up
// to date it does nothing: the next step begins with that.
func (e *Engine) batch(tx *store.Tx, names map[string]string) error {
	last, err := lastChange(tx)
	if err != nil || last != e.seen {
		return err
	}
	events, err := picture.Follow(tx, follower, batchSize)
	if err != nil || len(events) == 0 {
		return err
	}
	done, counts := map[picture.ID]bool{}, matches{}
	for _, ev := range events {
		if done[ev.Picture] || !decides(ev.Kind) {
			continue
		}
		done[ev.Picture] = true
		if err := e.settle(tx, ev.Picture, names, counts); err != nil {
			return err
		}
	}
	if err := counts.write(tx); err != nil {
		return err
	}
	return picture.Mark(tx, follower, events[len(events)-1].Seq)
}

// decides reports whether after such an event a picture may have to go out, or back.
func decides(kind string) bool {
	return kind == "accepted" || kind == "updated" || kind == "withdrawn" || kind == "rejected" || kind == "failed"
}

// settle does for a picture what its state now asks for.
func (e *Engine) settle(tx *store.Tx, id picture.ID, names map[string]string, counts matches) error {
	p, err := picture.Get(tx, id)
	if err != nil {
		return err
	}
	switch {
	case p.Approved(): // perhaps before it has its renditions
		return e.send(tx, p, names, counts)
	case p.State == picture.Withdrawn || p.State == picture.Rejected || p.State == picture.Failed:
		_, err := deliver.Recall(tx, id, string(p.State))
		return err
	}
	return nil
}

// send has the picture delivered to every subscriber that asks for it, once each.
func (e *Engine) send(tx *store.Tx, p picture.Picture, names map[string]string, counts matches) error {
	f, err := facts(tx, p, names)
	if err != nil {
		return err
	}
	e.stats.Add(f)
	if _, err := deliver.Correct(tx, p.ID, max(p.Version, 1)); err != nil {
		return err
	}
	x := e.index.Load()
	for _, s := range bySubscriber(x, x.Match(f, nil)) {
		changed, err := deliver.Enqueue(tx, deliver.New{Picture: p.ID, Version: p.Version, Subscriber: s.subscriber, Rules: s.rules, Priority: Priority(f, s.priority)})
		if err != nil {
			return fmt.Errorf("enqueue picture %s for %s: %w", p.ID, s.subscriber, err)
		}
		if changed {
			counts.add(s.rules, p.ID)
		}
	}
	return nil
}

// wanted is a subscriber that gets a picture, and by which rules.
type wanted struct {
	subscriber string
	rules      []string
	priority   int
}

// bySubscriber puts the rules that matched together, subscriber by subscriber.
func bySubscriber(x *Index, numbers []int32) (all []*wanted) {
	at := map[string]*wanted{}
	for _, n := range numbers {
		h := x.Hit(n)
		w := at[h.Subscriber]
		if w == nil {
			w = &wanted{subscriber: h.Subscriber}
			at[h.Subscriber], all = w, append(all, w)
		}
		w.rules, w.priority = append(w.rules, h.Rule), max(w.priority, h.Priority)
	}
	return all
}

// matches count what each rule matched in a batch.
type matches map[string]struct {
	n    int64
	last picture.ID
}

func (m matches) add(rules []string, p picture.ID) {
	for _, r := range rules {
		x := m[r]
		x.n, x.last = x.n+1, p
		m[r] = x
	}
}

func (m matches) write(tx *store.Tx) error {
	for rule, x := range m {
		if _, err := tx.Exec(`INSERT INTO feed_match (rule, matches, picture, at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (rule) DO UPDATE SET matches = feed_match.matches + excluded.matches, picture = excluded.picture, at = excluded.at`,
			rule, x.n, x.last, store.Millis(tx.Now)); err != nil {
			return err
		}
	}
	return nil
}

// past gives the facts of the newest accepted pictures.
func past(tx *store.Tx, n int, names map[string]string) (all []*condition.Facts, err error) {
	q := picture.Query{States: []picture.State{picture.Accepted}, Limit: 500}
	for len(all) < n {
		page, next, err := picture.List(tx, q)
		if err != nil {
			return nil, err
		}
		for _, p := range page {
			f, err := facts(tx, p, names)
			if err != nil {
				return nil, err
			}
			all = append(all, f)
		}
		if q.Cursor = next; next == "" {
			break
		}
	}
	return all[:min(n, len(all))], nil
}
