package store

import (
	"context"
	"errors"
	"fmt"

	"oneframe/app/fault"
)

// groupMax bounds how many writers share a commit, and so how long one waits for the others.
const groupMax = 64

// pending is a writer in the queue. done is closed by the leader after err or panicked
// is set; lead is closed where the writer, first in the queue by now, is the next leader.
type pending struct {
	ctx      context.Context
	f        func(*Tx) error
	err      error
	panicked any
	lead     chan struct{}
	done     chan struct{}
}

// Write runs f in a transaction and returns after it is durable: with f's error, and
// then nothing of f happened, or the commit's. f must be quick and must not open
// another transaction; f may run beside other writers' in one commit, each under its
// own savepoint, so an error in one leaves the others untouched.
func (db *DB) Write(ctx context.Context, f func(*Tx) error) error {
	p := &pending{ctx: ctx, f: f, lead: make(chan struct{}), done: make(chan struct{})}
	db.mu.Lock()
	db.queue = append(db.queue, p)
	if !db.leading {
		db.leading = true
		close(p.lead)
	}
	db.mu.Unlock()
	select {
	case <-p.lead:
		db.lead()
	case <-p.done:
	}
	if p.panicked != nil {
		panic(p.panicked)
	}
	return p.err
}

// lead commits the group at the head of the queue, of which the leader is the first,
// and hands over to the first of the next one: nobody's own answer waits for all those
// who came later.
func (db *DB) lead() {
	db.mu.Lock()
	n := min(len(db.queue), groupMax)
	group := db.queue[:n:n]
	db.queue = db.queue[n:]
	db.mu.Unlock()
	db.commit(group)
	db.mu.Lock()
	defer db.mu.Unlock()
	if len(db.queue) == 0 {
		db.leading = false
		return
	}
	close(db.queue[0].lead)
}

// commit runs a group in one transaction and tells each writer how it went.
func (db *DB) commit(group []*pending) {
	ctx := context.Background() // one writer's cancelled request must not undo the others
	dirty, err := db.runGroup(ctx, group)
	if err == nil && dirty {
		db.mu.Lock()
		close(db.changed)
		db.changed = make(chan struct{})
		db.mu.Unlock()
	}
	for _, p := range group {
		if err != nil && p.err == nil {
			p.err = fault.Disk(err)
		}
		close(p.done)
	}
}

func (db *DB) runGroup(ctx context.Context, group []*pending) (dirty bool, err error) {
	t, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = t.Rollback() }() // after a commit this does nothing
	for _, p := range group {
		tx := &Tx{Now: db.instant(), ctx: ctx, sql: t}
		if _, err := t.ExecContext(ctx, "SAVEPOINT one"); err != nil {
			return false, err
		}
		end := "RELEASE one"
		if !p.run(tx) {
			end = "ROLLBACK TO one; RELEASE one"
			tx.dirty = false
		}
		if _, err := t.ExecContext(ctx, end); err != nil {
			return false, errors.Join(p.err, err) // a full disk ends the whole transaction, savepoints too
		}
		dirty = dirty || tx.dirty
	}
	if err := t.Commit(); err != nil {
		return false, fmt.Errorf("commit: %w", err)
	}
	return dirty, nil
}

// run runs the writer's function and reports whether its work is to be kept.
func (p *pending) run(tx *Tx) (keep bool) {
	defer func() {
		if r := recover(); r != nil {
			p.panicked, keep = r, false
		}
	}()
	if p.err = p.ctx.Err(); p.err != nil {
		return false
	}
	p.err = p.f(tx)
	return p.err == nil
}
