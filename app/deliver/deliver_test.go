package deliver

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/store"
)

func open(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), t.TempDir()+"/x.db")
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

func write(t testing.TB, db *store.DB, f func(*store.Tx) error) {
	t.Helper()
	if err := db.Write(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func TestThereIsOneDeliveryPerPictureAndSubscriber(t *testing.T) {
	t.Parallel()
	db := open(t)
	write(t, db, func(tx *store.Tx) error {
		for i, want := range []bool{true, false, true, true} {
			n := New{Picture: "p", Version: 1 + i/3, Subscriber: []string{"a", "a", "b", "a"}[i], Rules: []string{"r"}, Priority: 500}
			if changed, err := Enqueue(tx, n); err != nil || changed != want {
				t.Errorf("%d: changed %v, %v", i, changed, err)
			}
		}
		all, _, err := List(tx, Query{Picture: "p"})
		for _, d := range all {
			if d.State != Waiting || d.Kind != First || d.Rules[0] != "r" || d.Version != map[string]int{"a": 2, "b": 1}[d.Subscriber] {
				t.Errorf("%+v", d)
			}
		}
		if len(all) != 2 {
			t.Errorf("%d deliveries", len(all))
		}
		return err
	})
}

func TestListsGoPageByPage(t *testing.T) {
	t.Parallel()
	db := open(t)
	write(t, db, func(tx *store.Tx) error {
		for i := range 7 {
			if _, err := Enqueue(tx, New{Picture: picture.ID(fmt.Sprint(i)), Subscriber: "a"}); err != nil {
				return err
			}
		}
		var seen []string
		for q := (Query{Subscriber: "a", State: Waiting, Limit: 3}); ; {
			page, next, err := List(tx, q)
			if err != nil {
				return err
			}
			for _, d := range page {
				seen = append(seen, string(d.Picture))
			}
			if q.Cursor = next; next == "" {
				break
			}
		}
		if got := strings.Join(seen, ""); got != "6543210" {
			t.Errorf("the pages have %s", got)
		}
		if n, err := Count(tx, "a", Waiting); err != nil || n != 7 {
			t.Errorf("counted %d, %v", n, err)
		}
		if n, err := Count(tx, "", Sent); err != nil || n != 0 {
			t.Errorf("counted %d sent, %v", n, err)
		}
		if _, _, err := List(tx, Query{State: "lost"}); !fault.Has(err, "bad_state") {
			t.Errorf("a state that there is not: %v", err)
		}
		return nil
	})
}

// What a sender will ask first, the next ones of a subscriber by priority and age, and
// whatever is due again, is read off an index, however long the queue is.
func TestWhatIsClaimedNextIsReadOffAnIndex(t *testing.T) {
	t.Parallel()
	db := open(t)
	write(t, db, func(tx *store.Tx) error {
		for query, index := range map[string]string{
			`SELECT id FROM deliver_delivery WHERE subscriber = 'a' AND state = 'waiting' ORDER BY ahead DESC, priority DESC, queued_at, id LIMIT 50`: "deliver_ready",
			`SELECT id FROM deliver_delivery WHERE state = 'due' AND next_at <= 5 ORDER BY next_at LIMIT 50`:                                          "deliver_due",
			`SELECT id FROM deliver_delivery WHERE state = 'claimed' AND claimed_until <= 5 LIMIT 50`:                                                 "deliver_claims",
		} {
			var id, parent, unused int
			var plan string
			if err := tx.QueryRow(`EXPLAIN QUERY PLAN `+query).Scan(&id, &parent, &unused, &plan); err != nil {
				return err
			}
			if !strings.Contains(plan, index) || strings.Contains(plan, "TEMP") {
				t.Errorf("%s: %s", query, plan)
			}
		}
		return nil
	})
}
