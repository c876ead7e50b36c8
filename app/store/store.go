// Package store is the database and its transactions.
//
// One connection writes, under IMMEDIATE transactions; several read-only ones read
// the last committed state without waiting for it (SQLite's WAL). Writers that arrive
// while another is committing are put together into one transaction with a savepoint
// each (group commit), so that a burst of small writes costs few fsyncs.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/google/uuid"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"oneframe/app/fault"
)

// DB is the database. Its methods may be called from any goroutine.
type DB struct {
	// Now is the clock; tests replace it before the first transaction.
	Now func() time.Time

	path  string
	write *sql.DB
	read  *sql.DB

	mu      sync.Mutex // guards queue, leading and changed
	queue   []*pending
	leading bool
	changed chan struct{}
}

// Tx is one transaction. A function that is given a Tx never commits; whoever opened
// it does. It is used by one goroutine.
type Tx struct {
	// Now is the transaction's one instant, in UTC, whole milliseconds.
	Now time.Time

	ctx   context.Context
	sql   *sql.Tx
	dirty bool
}

// Open opens the SQLite database in the file, makes it where it is missing, and
// brings its schema up to date.
func Open(ctx context.Context, path string) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("open the database: %w", fault.Disk(err))
	}
	w, err := sql.Open("sqlite", dsn(path, "rw"))
	if err != nil {
		return nil, err
	}
	w.SetMaxOpenConns(1)
	w.SetConnMaxLifetime(0)
	if err := migrate(ctx, w); err != nil {
		return nil, errors.Join(fmt.Errorf("open the database %s: %w", path, err), w.Close())
	}
	// What a statement needs to take itself back, and its small sorts, stay in memory: in
	// files they took a sixth of the work of small writes. Not before the migrations, which
	// may sort much.
	if _, err := w.ExecContext(ctx, `PRAGMA temp_store = MEMORY`); err != nil {
		return nil, errors.Join(fmt.Errorf("open the database %s: %w", path, err), w.Close())
	}
	r, err := sql.Open("sqlite", dsn(path, "ro"))
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	n := max(4, 2*runtime.NumCPU())
	r.SetMaxOpenConns(n)
	r.SetMaxIdleConns(n)
	return &DB{Now: time.Now, path: path, write: w, read: r, changed: make(chan struct{})}, nil
}

// dsn sets the busy timeout before the journal mode, which may have to wait.
func dsn(path, mode string) string {
	q := url.Values{}
	q.Add("_pragma", "busy_timeout(10000)")
	if mode == "ro" {
		q.Add("mode", "ro")
	} else {
		q.Add("_pragma", "journal_mode(WAL)")
		q.Add("_pragma", "synchronous(FULL)")
		q.Add("_pragma", "wal_autocheckpoint(4000)") // pages, 16 MB: what changes often is copied back seldom
		q.Add("_txlock", "immediate")
	}
	q.Add("_pragma", "foreign_keys(1)")
	q.Add("_pragma", "cache_size(-8000)")
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// Path is the file that the database lies in.
func (db *DB) Path() string { return db.path }

// Close waits for what is running and closes the database.
func (db *DB) Close() error { return errors.Join(db.read.Close(), db.write.Close()) }

// Read runs f in a read-only transaction: it sees one committed state throughout.
func (db *DB) Read(ctx context.Context, f func(*Tx) error) error {
	t, err := db.read.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = t.Rollback() }() // nothing was written; there is nothing to lose
	return f(&Tx{Now: db.instant(), ctx: ctx, sql: t})
}

func (db *DB) instant() time.Time { return db.Now().UTC().Truncate(time.Millisecond) }

// Changed gives a channel that is closed at the next commit of this process that
// changed something. It is a wake-up that may be missed, never a promise.
func (db *DB) Changed() <-chan struct{} {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.changed
}

// Exec runs a statement; the result's error, if any, is the statement's.
func (tx *Tx) Exec(query string, args ...any) (rows int64, err error) {
	res, err := tx.sql.ExecContext(tx.ctx, query, args...)
	if err != nil {
		return 0, fault.Disk(err)
	}
	n, err := res.RowsAffected()
	if n > 0 {
		tx.dirty = true
	}
	return n, err
}

// ExecAll runs a statement once for each list of arguments; it is parsed only once, which
// is a third of the work of a small one. It gives how many rows each changed.
func (tx *Tx) ExecAll(query string, all [][]any) (rows []int64, err error) {
	stmt, err := tx.sql.PrepareContext(tx.ctx, query)
	if err != nil {
		return nil, fault.Disk(err)
	}
	defer stmt.Close()
	for _, args := range all {
		res, err := stmt.ExecContext(tx.ctx, args...)
		if err != nil {
			return nil, fault.Disk(err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			return nil, err
		}
		tx.dirty = tx.dirty || n > 0
		rows = append(rows, n)
	}
	return rows, nil
}

// Context is the context that the transaction was opened with.
func (tx *Tx) Context() context.Context { return tx.ctx }

// NewID gives a fresh UUIDv7 (RFC 9562), which sorts by the time it was made.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// Millis is a time as the tables keep it: unix milliseconds, 0 for the zero time.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Time is what Millis made, back again, in UTC.
func Time(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
