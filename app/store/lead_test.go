package store

import (
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
)

// A writer gets its answer after its own commit, though others keep coming.
func TestNobodyCommitsForTheOthersForever(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	const enough = 50
	var answered atomic.Bool
	var after atomic.Int64 // writers that were served before the first had its answer
	over := make(chan struct{})
	var next func(*Tx) error
	next = func(*Tx) error {
		if answered.Load() || after.Add(1) == enough {
			close(over)
			return nil
		}
		go func() { _ = db.Write(t.Context(), next) }() // whose error is next's: none
		for waiting := 0; waiting == 0; runtime.Gosched() {
			db.mu.Lock()
			waiting = len(db.queue)
			db.mu.Unlock()
		}
		return nil
	}
	if err := db.Write(t.Context(), next); err != nil {
		t.Error(err)
	}
	answered.Store(true)
	<-over
	if n := after.Load(); n == enough {
		t.Errorf("the first writer had to commit for %d others", n)
	}
	if err := db.Write(t.Context(), func(*Tx) error { return nil }); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
