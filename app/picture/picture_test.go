package picture_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// register is a clip "c" of nine slots in a fresh database.
type register struct {
	*testing.T
	db  *store.DB
	now time.Time
}

func newRegister(t *testing.T) *register {
	t.Helper()
	t.Parallel()
	db, err := store.Open(context.Background(), filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	r := &register{T: t, db: db, now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	db.Now = func() time.Time { return r.now }
	t.Cleanup(func() {
		r.checkSlots()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	for n := range 9 {
		r.write(func(tx *store.Tx) error {
			return slot.Add(tx, []slot.Slot{{ID: slot.ID{Clip: "c", Number: n + 1}, Hold: 2}})
		})
	}
	return r
}

func (r *register) write(f func(*store.Tx) error) {
	r.Helper()
	if err := r.db.Write(r.Context(), f); err != nil {
		r.Fatal(err)
	}
}

// checkSlots asserts that each slot counts exactly its standing pictures.
func (r *register) checkSlots() {
	r.Helper()
	err := r.db.Read(context.Background(), func(tx *store.Tx) error {
		all, _, err := picture.List(tx, picture.Query{Limit: 500})
		if err != nil {
			return err
		}
		standing := map[int]int{}
		for _, p := range all {
			if p.State.Standing() {
				standing[p.Slot.Number]++
			}
		}
		slots, err := slot.List(tx, "c")
		for _, s := range slots {
			if s.Filled != standing[s.Number] {
				r.Errorf("slot %d counts %d, has %d standing pictures", s.Number, s.Filled, standing[s.Number])
			}
		}
		return err
	})
	if err != nil {
		r.Error(err)
	}
}

// record makes a picture for slot n whose original is named after its content.
func (r *register) record(n int, content string) (id picture.ID, secret string) {
	r.Helper()
	r.now = r.now.Add(time.Second)
	id = picture.ID(store.NewID())
	r.write(func(tx *store.Tx) (err error) {
		l, err := slot.Take(tx, "c", n, time.Minute)
		if err != nil {
			return err
		}
		s, err := slot.Fill(tx, l.Token)
		if err != nil {
			return err
		}
		secret, err = picture.Record(tx, picture.New{ID: id, Origin: "webcam", Slot: s, Name: "Ann", Consent: "1",
			Original: vault.KeyOf([]byte(content)), Type: "image/jpeg", Width: 640, Height: 480})
		return err
	})
	return id, secret
}

func (r *register) ready(id picture.ID) {
	r.Helper()
	k := vault.KeyOf([]byte(id))
	r.write(func(tx *store.Tx) error {
		return picture.Ready(tx, id, picture.Renditions{Large: k, Medium: k, Thumb: k, Width: 640, Height: 480})
	})
}

func (r *register) settle(id picture.ID, v picture.Verdict) {
	r.Helper()
	r.write(func(tx *store.Tx) error { _, err := picture.Settle(tx, id, v); return err })
}

func (r *register) get(id picture.ID) (p picture.Picture) {
	r.Helper()
	err := r.db.Read(r.Context(), func(tx *store.Tx) (err error) { p, err = picture.Get(tx, id); return err })
	if err != nil {
		r.Fatal(err)
	}
	return p
}

func TestAPicturesLife(t *testing.T) {
	r := newRegister(t)
	id, secret := r.record(1, "a")
	r.ready(id)
	r.settle(id, picture.Verdict{State: picture.Rejected, Reason: "nudity", By: "crowd", Judgments: 2})
	r.settle(id, picture.Verdict{State: picture.Accepted, By: "mod", Score: 4.5, Judgments: 2})
	r.settle(id, picture.Verdict{State: picture.Waiting, By: "mod"})
	r.settle(id, picture.Verdict{State: picture.Undecided, By: "crowd"})
	var kinds []string
	err := r.db.Read(t.Context(), func(tx *store.Tx) error {
		es, err := picture.Events(tx, id)
		for _, e := range es {
			kinds = append(kinds, e.Kind+":"+e.By)
		}
		p, err2 := picture.BySecret(tx, secret)
		if err2 != nil || p.ID != id {
			t.Errorf("by its secret: %v, %v", p.ID, err2)
		}
		_, err2 = picture.BySecret(tx, secret+"x")
		if !fault.Is(err2, fault.NotFound) {
			t.Errorf("by a wrong secret: %v", err2)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "[received: ready: rejected:crowd accepted:mod reopened:mod undecided:crowd]"
	if fmt.Sprint(kinds) != want {
		t.Errorf("events %v, want %s", kinds, want)
	}
}

func TestOnlyWhatIsReadyIsJudged(t *testing.T) {
	r := newRegister(t)
	id, _ := r.record(1, "a")
	err := r.db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := picture.Settle(tx, id, picture.Verdict{State: picture.Accepted})
		return err
	})
	if !fault.Has(err, "not_judged") {
		t.Errorf("settling a picture without renditions: %v", err)
	}
}

func TestScalingIsClaimedAndRetried(t *testing.T) {
	r := newRegister(t)
	a, _ := r.record(1, "a")
	b, _ := r.record(2, "b")
	claim := func(n int) (ids []picture.ID) {
		r.write(func(tx *store.Tx) error {
			ps, err := picture.Claim(tx, n, time.Minute)
			for _, p := range ps {
				ids = append(ids, p.ID)
			}
			return err
		})
		return ids
	}
	if got := claim(1); !slices.Equal(got, []picture.ID{a}) {
		t.Fatalf("claimed %v, want the oldest", got)
	}
	if got := claim(5); !slices.Equal(got, []picture.ID{b}) {
		t.Fatalf("claimed %v, want only the unclaimed", got)
	}
	r.write(func(tx *store.Tx) error { return picture.Retry(tx, b, "disk", tx.Now.Add(5*time.Minute)) })
	r.now = r.now.Add(time.Minute)
	if got := claim(5); !slices.Equal(got, []picture.ID{a}) {
		t.Fatalf("claimed %v, want the one whose claim ran out", got)
	}
	r.now = r.now.Add(4 * time.Minute)
	r.ready(a)
	if got := claim(5); !slices.Equal(got, []picture.ID{b}) {
		t.Fatalf("claimed %v, want the one whose next try is due", got)
	}
	if p := r.get(b); p.Attempts != 2 || p.Error != "disk" {
		t.Errorf("after two tries: %d attempts, error %q", p.Attempts, p.Error)
	}
	r.write(func(tx *store.Tx) error { return picture.Fail(tx, b, "broken") })
	if p := r.get(b); p.State != picture.Failed || p.Error != "broken" {
		t.Errorf("state %s, error %q", p.State, p.Error)
	}
}

func TestWithdrawnFilesAreThoseNobodyElseNames(t *testing.T) {
	r := newRegister(t)
	a, _ := r.record(1, "same")
	b, _ := r.record(2, "same")
	r.ready(a)
	withdraw := func(id picture.ID) (files []vault.Key) {
		r.write(func(tx *store.Tx) error { return picture.Withdraw(tx, id, "contributor") })
		r.write(func(tx *store.Tx) error {
			return picture.Forget(tx, id, func(k vault.Key) error { files = append(files, k); return nil })
		})
		return files
	}
	r.write(func(tx *store.Tx) error {
		return picture.Forget(tx, a, func(k vault.Key) error { return fmt.Errorf("removed %s of a standing picture", k) })
	})
	if files := withdraw(a); slices.Contains(files, vault.KeyOf([]byte("same"))) || !slices.Contains(files, vault.KeyOf([]byte(a))) {
		t.Errorf("files of the first: %v; its original is still another's, its renditions are not", files)
	}
	for range 2 {
		if files := withdraw(b); !slices.Equal(files, []vault.Key{vault.KeyOf([]byte("same"))}) {
			t.Errorf("files of the last: %v", files)
		}
	}
	if p := r.get(b); p.Name != "" || p.State != picture.Withdrawn {
		t.Errorf("the tombstone keeps %q, state %s", p.Name, p.State)
	}
	r.ready(b) // a scaling worker that was under way
	if p := r.get(b); p.State != picture.Withdrawn {
		t.Errorf("a withdrawn picture became %s", p.State)
	}
}

func TestChooseNewestOrBest(t *testing.T) {
	r := newRegister(t)
	accept := func(n int, score float64) picture.ID {
		id, _ := r.record(n, fmt.Sprint(n, score))
		r.ready(id)
		r.settle(id, picture.Verdict{State: picture.Accepted, Score: score})
		return id
	}
	old, tie, best := accept(3, 5), accept(3, 5), accept(1, 2)
	newest := accept(3, 1)
	waiting, _ := r.record(2, "w")
	r.ready(waiting)
	for pick, want := range map[string][]picture.ID{"newest": {best, newest}, "best": {best, tie}} {
		err := r.db.Read(t.Context(), func(tx *store.Tx) error {
			cs, err := picture.Choose(tx, "c", pick)
			var got []picture.ID
			for _, c := range cs {
				got = append(got, c.Picture)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v (old is %s)", pick, got, want, old)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestListPagesThroughEverySort(t *testing.T) {
	r := newRegister(t)
	var ids []picture.ID
	for n := range 7 {
		id, _ := r.record(n+1, fmt.Sprint(n))
		r.ready(id)
		r.settle(id, picture.Verdict{State: picture.Accepted, Score: float64(n%3) + 0.1})
		ids = append(ids, id)
	}
	newest := slices.Clone(ids)
	slices.Reverse(newest)
	best := []picture.ID{ids[5], ids[2], ids[4], ids[1], ids[6], ids[3], ids[0]}
	for sort, want := range map[string][]picture.ID{"recent": newest, "oldest": ids, "best": best} {
		var got []picture.ID
		err := r.db.Read(t.Context(), func(tx *store.Tx) error {
			q := picture.Query{Clip: "c", States: []picture.State{picture.Accepted}, Sort: sort, Limit: 3}
			for {
				page, next, err := picture.List(tx, q)
				for _, p := range page {
					got = append(got, p.ID)
				}
				if q.Cursor = next; err != nil || next == "" {
					return err
				}
			}
		})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v; want %v", sort, got, err, want)
		}
	}
	err := r.db.Read(t.Context(), func(tx *store.Tx) error {
		_, _, err := picture.List(tx, picture.Query{Cursor: "!"})
		return err
	})
	if !fault.Has(err, "bad_cursor") {
		t.Errorf("a made-up cursor: %v", err)
	}
}

func TestNamesFindsWhoNamesAFile(t *testing.T) {
	r := newRegister(t)
	a, _ := r.record(1, "a")
	r.ready(a)
	err := r.db.Read(t.Context(), func(tx *store.Tx) error {
		for _, k := range []vault.Key{vault.KeyOf([]byte("a")), vault.KeyOf([]byte(a))} {
			if p, found, err := picture.Names(tx, k); err != nil || !found || p.ID != a {
				t.Errorf("%s: %v %v %v", k, p.ID, found, err)
			}
		}
		if _, found, err := picture.Names(tx, vault.KeyOf(nil)); found || err != nil {
			t.Errorf("an unnamed file: %v %v", found, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
