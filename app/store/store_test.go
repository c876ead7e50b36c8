package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
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

// woken reports whether f's commit wakes the waiters, and whether it writes to the disk.
func woken(t *testing.T, db *store.DB, f func(*store.Tx) error) (woke, wrote bool) {
	t.Helper()
	wal := func() string {
		info, err := os.Stat(db.Path() + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(info.Size(), info.ModTime())
	}
	changed, before := db.Changed(), wal()
	if err := db.Write(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changed:
		woke = true
	default:
	}
	return woke, wal() != before
}

// A loop that claims and finds nothing must not wake the others, who would claim too.
func TestChangedWakesOnlyOnChange(t *testing.T) {
	t.Parallel()
	db := open(t)
	if err := db.Write(t.Context(), add(1)); err != nil {
		t.Fatal(err)
	}
	id := func(rows *sql.Rows, v *int) error { return rows.Scan(v) }
	one := func(query string) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			var n int
			if err := tx.QueryRow(query).Scan(&n); !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			return nil
		}
	}
	all := func(query string) func(*store.Tx) error {
		return func(tx *store.Tx) error { _, err := store.Each(tx, id, query); return err }
	}
	for _, c := range []struct {
		what  string
		write func(*store.Tx) error
		want  bool
	}{
		{"remove none", func(tx *store.Tx) error { return slot.Remove(tx, "none") }, false},
		{"claim none", one("UPDATE slot SET hold = 3 WHERE clip = 'none' RETURNING number"), false},
		{"claim no list", all("UPDATE slot SET hold = 3 WHERE clip = 'none' RETURNING number"), false},
		{"look at one", one("SELECT number FROM slot"), false},
		{"look at a list", all("WITH s AS (SELECT number FROM slot) SELECT number FROM s"), false},
		{"add one", add(2), true},
		{"claim one", one("UPDATE slot SET hold = 3 WHERE number = 1 RETURNING number"), true},
		{"claim a list", all("UPDATE slot SET hold = 4 RETURNING number"), true},
		{"claim one with a name", one("WITH s AS (SELECT 1 AS n) UPDATE slot SET hold = 5 WHERE number IN (SELECT n FROM s) RETURNING number"), true},
		{"claim, not collecting", func(tx *store.Tx) error {
			rows, err := tx.Query("UPDATE slot SET hold = 6 RETURNING number")
			if err != nil {
				return err
			}
			return rows.Close()
		}, true},
	} {
		if woke, wrote := woken(t, db, c.write); woke != c.want || wrote != c.want {
			t.Errorf("%s: woke the waiters %v, wrote %v, want %v", c.what, woke, wrote, c.want)
		}
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
