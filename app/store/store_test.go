package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"oneframe/app/slot"
	"oneframe/app/store"
)

func open(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func add(n int) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		return slot.Add(tx, []slot.Slot{{ID: slot.ID{Clip: "c", Number: n}, Hold: 2}})
	}
}

func count(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		slots, err := slot.List(tx, "c")
		n = len(slots)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// One writer's failure, panic or cancelled context must leave the others of its group untouched.
func TestWritersOfAGroupAreIndependent(t *testing.T) {
	t.Parallel()
	db := open(t)
	boom := errors.New("boom")
	var wg sync.WaitGroup
	for i := 1; i <= 60; i++ {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			switch i % 4 {
			case 0:
				err := db.Write(ctx, func(tx *store.Tx) error { return errors.Join(add(i)(tx), boom) })
				if !errors.Is(err, boom) {
					t.Errorf("writer %d: got %v, want its own error", i, err)
				}
			case 1:
				func() {
					defer func() {
						if recover() != "panic" {
							t.Errorf("writer %d: its panic did not reach it", i)
						}
					}()
					_ = db.Write(ctx, func(tx *store.Tx) error {
						if err := add(i)(tx); err != nil {
							return err
						}
						panic("panic")
					})
				}()
			case 2:
				cancel()
				if err := db.Write(ctx, add(i)); !errors.Is(err, context.Canceled) {
					t.Errorf("writer %d: got %v, want context.Canceled", i, err)
				}
			case 3:
				if err := db.Write(ctx, add(i)); err != nil {
					t.Errorf("writer %d: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	if got := count(t, db); got != 15 {
		t.Errorf("%d rows, want the 15 of the writers that succeeded", got)
	}
}

func TestReadersSeeOneState(t *testing.T) {
	t.Parallel()
	db := open(t)
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		before, err := slot.List(tx, "c")
		if err != nil {
			return err
		}
		if err := db.Write(t.Context(), add(1)); err != nil {
			return err
		}
		after, err := slot.List(tx, "c")
		if len(before) != len(after) {
			t.Errorf("a reader saw a commit in the middle: %d, then %d rows", len(before), len(after))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Read(t.Context(), add(2)); err == nil {
		t.Error("a reader could write")
	}
}

func TestChangedWakesOnlyOnChange(t *testing.T) {
	t.Parallel()
	db := open(t)
	changed := db.Changed()
	if err := db.Write(t.Context(), func(tx *store.Tx) error { return slot.Remove(tx, "none") }); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changed:
		t.Error("a write that changed nothing woke the waiters")
	default:
	}
	if err := db.Write(t.Context(), add(1)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changed:
	default:
		t.Error("a change did not wake the waiters")
	}
}

func TestOneInstantInMilliseconds(t *testing.T) {
	t.Parallel()
	db := open(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_999_999, time.FixedZone("", 3600))
	db.Now = func() time.Time { return at }
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		if want := "2026-01-02T02:04:05.678Z"; tx.Now.Format(time.RFC3339Nano) != want {
			t.Errorf("Now is %v, want %s", tx.Now, want)
		}
		if got := store.Time(store.Millis(tx.Now)); !got.Equal(tx.Now) {
			t.Errorf("%v came back as %v", tx.Now, got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(store.Millis(time.Time{}), store.Time(0).IsZero()); got != "0 true" {
		t.Errorf("the zero time: %s", got)
	}
}
