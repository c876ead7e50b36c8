package slot_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/slot"
	"oneframe/app/store"
)

// queue is a clip of n slots, with a clock that the test moves.
type queue struct {
	*testing.T
	db  *store.DB
	mu  sync.Mutex
	now time.Time
}

const lasts = 10 * time.Minute

func newQueue(t *testing.T, n int) *queue {
	t.Helper()
	t.Parallel()
	db, err := store.Open(context.Background(), filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	q := &queue{T: t, db: db, now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	db.Now = func() time.Time { q.mu.Lock(); defer q.mu.Unlock(); return q.now }
	t.Cleanup(func() {
		q.checkCounts()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	var slots []slot.Slot
	for i := range n {
		slots = append(slots, slot.Slot{ID: slot.ID{Clip: "c", Number: i + 1}, First: 2 * i, Hold: 2, Start: time.Duration(2*i) * 40 * time.Millisecond})
	}
	q.write(func(tx *store.Tx) error { return slot.Add(tx, slots) })
	return q
}

func (q *queue) write(f func(*store.Tx) error) {
	q.Helper()
	if err := q.db.Write(q.Context(), f); err != nil {
		q.Fatal(err)
	}
}

func (q *queue) pass(d time.Duration) { q.mu.Lock(); q.now = q.now.Add(d); q.mu.Unlock() }

func (q *queue) take(number int) (l slot.Lease, err error) {
	err = q.db.Write(context.Background(), func(tx *store.Tx) error {
		l, err = slot.Take(tx, "c", number, lasts)
		return err
	})
	return l, err
}

func (q *queue) next() slot.Lease {
	q.Helper()
	l, err := q.take(0)
	if err != nil {
		q.Fatal(err)
	}
	return l
}

func (q *queue) fill(l slot.Lease) error {
	return q.db.Write(context.Background(), func(tx *store.Tx) error { _, err := slot.Fill(tx, l.Token); return err })
}

// checkCounts holds the slots' counters against the leases themselves.
func (q *queue) checkCounts() {
	q.Helper()
	err := q.db.Read(context.Background(), func(tx *store.Tx) error {
		var wrong int
		err := tx.QueryRow(`SELECT COUNT(*) FROM slot WHERE leases <> (SELECT COUNT(*) FROM slot_lease l
			WHERE l.clip = slot.clip AND l.number = slot.number AND l.state = 'held')`).Scan(&wrong)
		if wrong != 0 {
			q.Errorf("%d slots miscount their leases", wrong)
		}
		return err
	})
	if err != nil {
		q.Error(err)
	}
}

func numbers(ls ...slot.Lease) string {
	var n []int
	for _, l := range ls {
		n = append(n, l.Slot.Number)
	}
	return fmt.Sprint(n)
}

func TestTheEmptiestFirstInClipOrder(t *testing.T) {
	q := newQueue(t, 3)
	a, b := q.next(), q.next()
	if err := q.fill(a); err != nil {
		t.Fatal(err)
	}
	c := q.next()
	if got := numbers(a, b, c); got != "[1 2 3]" {
		t.Errorf("slots in the order %s, want [1 2 3]", got)
	}
	// 1 is filled and free, 2 and 3 are held: a free slot before a held one, though it is fuller.
	if d := q.next(); d.Slot.Number != 1 {
		t.Errorf("got slot %d, want 1: the only one that nobody holds", d.Slot.Number)
	}
	// All are held now: people share rather than being turned away, the emptiest first.
	if e := q.next(); e.Slot.Number != 2 {
		t.Errorf("got slot %d, want 2", e.Slot.Number)
	}
}

func TestTheNextRoundBegins(t *testing.T) {
	q := newQueue(t, 2)
	var got []slot.Lease
	for range 5 {
		l := q.next()
		if err := q.fill(l); err != nil {
			t.Fatal(err)
		}
		got = append(got, l)
	}
	if numbers(got...) != "[1 2 1 2 1]" {
		t.Errorf("rounds went %s", numbers(got...))
	}
}

func TestALeaseReturnsByItself(t *testing.T) {
	q := newQueue(t, 2)
	a := q.next()
	q.pass(lasts - time.Millisecond)
	if b := q.next(); b.Slot.Number != 2 {
		t.Errorf("slot 1 was handed out twice within its lease")
	}
	q.pass(time.Millisecond)
	if c := q.next(); c.Slot.Number != 1 {
		t.Errorf("got slot %d; slot 1 did not return when its lease ran out", c.Slot.Number)
	}
	if err := q.fill(a); !fault.Has(err, "lease_expired") || !fault.Is(err, fault.Gone) {
		t.Errorf("filling an expired lease: %v, want Gone lease_expired", err)
	}
}

func TestRenewReleaseAndUse(t *testing.T) {
	q := newQueue(t, 2)
	a := q.next()
	q.pass(lasts - time.Second)
	q.write(func(tx *store.Tx) error {
		l, err := slot.Renew(tx, a.Token, lasts)
		if want := tx.Now.Add(lasts); !l.Expires.Equal(want) {
			t.Errorf("renewed until %v, want %v", l.Expires, want)
		}
		return err
	})
	q.pass(lasts - time.Second)
	if err := q.fill(a); err != nil {
		t.Errorf("a renewed lease: %v", err)
	}
	if err := q.fill(a); !fault.Has(err, "lease_used") {
		t.Errorf("filling twice: %v, want lease_used", err)
	}
	b := q.next()
	for range 2 {
		q.write(func(tx *store.Tx) error { return slot.Release(tx, b.Token) })
	}
	if c := q.next(); c.Slot.ID != b.Slot.ID {
		t.Errorf("a slot that was given back is not next: got %v", c.Slot.ID)
	}
	if err := q.fill(b); !fault.Has(err, "lease_expired") {
		t.Errorf("filling a released lease: %v", err)
	}
	if err := q.fill(slot.Lease{Token: "nonsense"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown token: %v", err)
	}
}

func TestAskingForASlot(t *testing.T) {
	q := newQueue(t, 3)
	if l, err := q.take(3); err != nil || l.Slot.Number != 3 || l.Slot.First != 4 || l.Slot.Start != 160*time.Millisecond {
		t.Errorf("asked for 3: %+v, %v", l.Slot, err)
	}
	if _, err := q.take(3); !fault.Is(err, fault.Conflict) || !fault.Has(err, "slot_taken") {
		t.Errorf("a slot that is held: %v, want Conflict slot_taken", err)
	}
	if _, err := q.take(4); !fault.Is(err, fault.NotFound) {
		t.Errorf("a slot that isn't there: %v", err)
	}
	err := q.db.Write(t.Context(), func(tx *store.Tx) error { _, err := slot.Take(tx, "nowhere", 0, lasts); return err })
	if !fault.Has(err, "no_clip") {
		t.Errorf("a clip that isn't there: %v", err)
	}
}

func TestReopenedSlotIsNext(t *testing.T) {
	q := newQueue(t, 3)
	for range 3 {
		if err := q.fill(q.next()); err != nil {
			t.Fatal(err)
		}
	}
	q.write(func(tx *store.Tx) error { return slot.Reopen(tx, slot.ID{Clip: "c", Number: 2}) })
	if l := q.next(); l.Slot.Number != 2 {
		t.Errorf("got slot %d, want the reopened 2", l.Slot.Number)
	}
}

func TestAFailedFillKeepsTheLease(t *testing.T) {
	q := newQueue(t, 1)
	l, boom := q.next(), errors.New("the picture could not be recorded")
	err := q.db.Write(t.Context(), func(tx *store.Tx) error {
		if _, err := slot.Fill(tx, l.Token); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Fatal(err)
	}
	if err := q.fill(l); err != nil {
		t.Errorf("the lease was lost with the failed transaction: %v", err)
	}
}

func TestAHundredClientsTakeAThousandDistinctSlots(t *testing.T) {
	q := newQueue(t, 1000)
	var mu sync.Mutex
	seen := map[int]int{}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			for range 10 {
				l, err := q.take(0)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				seen[l.Slot.Number]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != 1000 {
		t.Errorf("%d distinct slots in 1,000 leases", len(seen))
	}
}
