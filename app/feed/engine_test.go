package feed

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"oneframe/app/deliver"
	"oneframe/app/metadata"
	"oneframe/app/picture"
	"oneframe/app/store"
	"oneframe/app/vault"
)

func (s *site) want(id picture.ID, want ...string) {
	s.Helper()
	got := s.queue(id)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.Fatalf("queued %q, want %q", got, want)
	}
}

func TestAnAcceptedPictureIsQueuedOnceForEverySubscriberThatAsks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	sea, land, gone := s.subscriber("Sea"), s.subscriber("Land"), s.subscriber("Gone")
	s.rule(sea, `keyword = ferry`)
	both := s.rule(sea, `urgency <= 3`)
	s.rule(land, `keyword = tractor`)
	s.rule(gone, `keyword is present`)
	if _, err := s.book.ChangeSubscriber(t.Context(), "account:a", gone, NewSubscriber{Name: "Gone", State: Ended}); err != nil {
		t.Fatal(err)
	}
	first, other, waits := s.accepted("Ferry", "sea"), s.accepted("Tractor"), s.received(metadata.Record{Keywords: []string{"ferry"}})
	s.step()
	s.want(first, "Sea waiting first 2")
	s.want(other, "Sea waiting first 1", "Land waiting first 1")
	s.want(waits)
	s.settle(waits, picture.Accepted)
	s.step()
	s.want(waits, "Sea waiting first 1")
	s.restart()
	s.step()
	s.want(first, "Sea waiting first 2")
	err := s.db.Read(t.Context(), func(tx *store.Tx) error {
		r, err := GetRule(tx, both.ID)
		if err == nil && (r.Matches != 2 || r.LastPicture != string(other) || !r.LastMatch.Equal(s.now)) {
			t.Errorf("the rule has matched %d times, last %s at %v", r.Matches, r.LastPicture, r.LastMatch)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A trusted photographer's picture is accepted before it is scaled: the feed doesn't wait
// for that, and takes it back where the file turns out broken.
func TestAPictureThatCameInAcceptedIsQueuedAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann := s.subscriber("ann")
	s.rule(ann, `keyword has "tulip"`)
	id := picture.ID(store.NewID())
	s.write(func(tx *store.Tx) error {
		_, err := picture.Record(tx, picture.New{ID: id, Origin: "ftp", Account: "x", Original: vault.KeyOf([]byte(id)), Type: "image/jpeg",
			Width: 3000, Height: 2000, FileName: "a.jpg", Approver: "account:x", Approval: "trusted"})
		if err != nil {
			return err
		}
		return picture.Describe(tx, id, metadata.Record{Keywords: []string{"tulip"}})
	})
	s.step()
	s.want(id, "ann waiting first 1")
	s.write(func(tx *store.Tx) error { return picture.Fail(tx, id, "broken") })
	s.step()
	s.want(id, "ann cancelled first 1")
}

func TestAWithdrawnPictureIsRecalledFromWhoeverWasGivenIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a, b := s.subscriber("A"), s.subscriber("B")
	s.rule(a, `keyword = ferry`)
	id := s.accepted("ferry")
	s.step()
	s.sent(id)
	s.rule(b, `keyword = ferry`)
	s.settle(id, picture.Undecided)
	s.settle(id, picture.Accepted) // a second time: B's rule is new
	s.step()
	s.want(id, "A sent first 1", "B waiting first 1")
	s.write(func(tx *store.Tx) error { return picture.Withdraw(tx, id, "account:m") })
	s.step()
	s.want(id, "A recalled first 1", "B cancelled first 1", "recall waiting withdrawn")

	unseen := s.accepted("ferry")
	s.write(func(tx *store.Tx) error { return picture.Withdraw(tx, unseen, "account:m") })
	s.step()
	s.want(unseen)
}

func TestAnApprovedPictureIsQueuedBeforeItIsScaled(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.rule(s.subscriber("A"), `keyword = ferry and verdict = accepted`)
	id := picture.ID(store.NewID())
	s.write(func(tx *store.Tx) error {
		if _, err := picture.Record(tx, picture.New{ID: id, Origin: "ftp", Account: "x", Original: vault.KeyOf([]byte("x")), Type: "image/jpeg", Width: 30, Height: 20,
			FileName: "x.jpg", Approver: "account:x", Approval: "trusted"}); err != nil {
			return err
		}
		return picture.Describe(tx, id, metadata.Record{Keywords: []string{"ferry"}})
	})
	s.step()
	s.want(id, "A waiting first 1")
	s.write(func(tx *store.Tx) error { return picture.Fail(tx, id, "broken") })
	s.step()
	s.want(id, "A cancelled first 1")
}

func TestARejectedPictureComesBackWhenItIsAcceptedAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.rule(s.subscriber("A"), `keyword = ferry`)
	id := s.accepted("ferry")
	s.step()
	s.sent(id)
	s.settle(id, picture.Rejected)
	s.step()
	s.want(id, "A recalled first 1", "recall waiting rejected")
	s.settle(id, picture.Accepted)
	s.step()
	s.want(id, "A waiting update 1", "recall cancelled rejected")
}

func TestANewVersionIsDeliveredAsAnUpdate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.rule(s.subscriber("A"), `keyword = ferry`)
	s.rule(s.subscriber("B"), `keyword = boat`)
	id := s.accepted("ferry")
	s.step()
	s.sent(id)
	s.write(func(tx *store.Tx) error {
		p, err := picture.Get(tx, id)
		if err != nil {
			return err
		}
		if _, err := picture.Replace(tx, p, picture.New{ID: id, Origin: "ftp", Account: "x", Original: vault.KeyOf([]byte("2")), Type: "image/jpeg", Width: 30, Height: 20, FileName: "y.jpg"}); err != nil {
			return err
		}
		if err := picture.Describe(tx, id, metadata.Record{Keywords: []string{"boat"}}); err != nil {
			return err
		}
		return picture.Ready(tx, id, picture.Renditions{Large: "l", Medium: "m", Thumb: "t", Width: 30, Height: 20})
	})
	s.step()
	s.want(id, "A sent first 1")
	s.settle(id, picture.Accepted)
	s.step()
	s.want(id, "A waiting update 1", "B waiting first 1")
}

// A crash at each step of a batch: the database refuses one statement, so all of the
// transaction is lost as it is when the process dies there. Afterwards a new process
// does it all, once.
func TestACrashAtAnyStepSkipsAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.rule(s.subscriber("A"), `keyword = ferry`)
	s.rule(s.subscriber("B"), `keyword = ferry`)
	s.step()
	withdrawn := s.accepted("ferry")
	s.step()
	s.sent(withdrawn)
	for i, at := range []string{"INSERT ON deliver_delivery", "INSERT ON feed_match", "UPDATE ON feed_match", "INSERT ON picture_cursor", "UPDATE ON picture_cursor", "INSERT ON deliver_recall", "UPDATE ON deliver_delivery"} {
		id := s.accepted("ferry", fmt.Sprint(i))
		s.write(func(tx *store.Tx) error {
			if strings.HasSuffix(at, "_recall") || strings.HasPrefix(at, "UPDATE ON deliver") {
				if err := picture.Withdraw(tx, withdrawn, "account:m"); err != nil {
					return err
				}
			}
			_, err := tx.Exec(`CREATE TRIGGER crash BEFORE ` + at + ` BEGIN SELECT RAISE(ABORT, 'the process dies here'); END`)
			return err
		})
		_, err := s.engine.Step(t.Context())
		reached := err != nil
		if got := s.queue(id); reached && len(got) != 0 {
			t.Fatalf("%s: after the crash there is %q", at, got)
		}
		s.write(func(tx *store.Tx) error { _, err := tx.Exec(`DROP TRIGGER crash`); return err })
		s.restart()
		s.step()
		s.want(id, "A waiting first 1", "B waiting first 1")
		if !reached && !strings.HasPrefix(at, "INSERT ON feed_match") && !strings.HasPrefix(at, "INSERT ON picture_cursor") && at != "UPDATE ON deliver_delivery" {
			t.Errorf("%s was never reached", at)
		}
	}
	s.want(withdrawn, "A recalled first 1", "B recalled first 1", "recall waiting withdrawn", "recall waiting withdrawn")
	err := s.db.Read(t.Context(), func(tx *store.Tx) error {
		all, _, err := Rules(tx, Search{})
		for _, r := range all {
			if r.Matches != 8 {
				t.Errorf("the rule counts %d matches, want 8", r.Matches)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAChangedRuleCountsFromTheNextPicture(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.subscriber("A")
	r := s.rule(a, `keyword = ferry`)
	s.accepted("ferry")
	s.step()
	if _, err := s.book.ChangeRule(t.Context(), "account:b", r.ID, Draft{Text: `keyword = tractor`, Active: true}); err != nil {
		t.Fatal(err)
	}
	ferry, tractor := s.accepted("ferry"), s.accepted("tractor")
	s.step()
	s.want(ferry)
	s.want(tractor, "A waiting first 1")
	if s.engine.Index().Laid() != 1 {
		t.Errorf("%d rules lie over the table", s.engine.Index().Laid())
	}
	for i := range laidMost + 1 {
		s.rule(a, fmt.Sprintf("keyword = k%d", i))
	}
	s.step()
	late := s.accepted("k7")
	if worked, err := s.engine.Rebuild(t.Context()); err != nil || !worked || s.engine.Index().Laid() != 0 {
		t.Errorf("rebuilt %v, %v; %d rules lie over the table", worked, err, s.engine.Index().Laid())
	}
	if err := s.book.RemoveRule(t.Context(), "account:b", r.ID); err != nil {
		t.Fatal(err)
	}
	gone := s.accepted("tractor")
	s.step()
	s.want(late, "A waiting first 1")
	s.want(gone)
}

func TestARuleThatCantBeCompiledIsSetAsideAndShown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.subscriber("A")
	bad, _ := s.rule(a, `keyword = ferry`), s.rule(a, `keyword = ferry`)
	s.write(func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE feed_term SET field = 'aura' WHERE rule = $1`, bad.ID)
		return err
	})
	id := s.accepted("ferry")
	s.step()
	s.want(id, "A waiting first 1")
	err := s.db.Read(t.Context(), func(tx *store.Tx) error {
		all, _, err := Rules(tx, Search{Aside: true})
		if len(all) != 1 || all[0].ID != bad.ID || !strings.Contains(all[0].Problem, "there is no field “aura”") {
			t.Errorf("set aside: %+v", all)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.engine.Find(t.Context())
	if err != nil || len(f.Aside) != 1 {
		t.Errorf("found %+v, %v", f, err)
	}
}

func TestUrgentPicturesGoFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.subscriber("A")
	s.rule(a, `keyword = ferry`)
	if _, err := s.book.AddRule(t.Context(), "account:a", a, Draft{Text: `keyword = flash`, Active: true, Priority: 90}); err != nil {
		t.Fatal(err)
	}
	four := 4
	got := map[int]string{}
	for name, r := range map[string]metadata.Record{"plain": {}, "urgent": {Urgency: 1}, "rated": {Rating: &four}, "flash": {Urgency: 8}} {
		r.Keywords = []string{"ferry", name}
		id := s.received(r)
		s.settle(id, picture.Accepted)
		s.step()
		if err := s.db.Read(t.Context(), func(tx *store.Tx) error {
			page, _, err := deliver.List(tx, deliver.Query{Picture: id})
			if len(page) == 1 {
				got[page[0].Priority] = name
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if want := map[int]string{500: "plain", 700: "urgent", 540: "rated", 900: "flash"}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("priorities %v, want %v", got, want)
	}
}

// A subscriber that is not active gets nothing sent; see deliver.Pause.
func TestWhoIsNotActiveIsPaused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.subscriber("Birds")
	paused := func() (n int) {
		s.write(func(tx *store.Tx) error {
			return tx.QueryRow(`SELECT COALESCE(MAX(paused), 0) FROM deliver_pause WHERE subscriber = $1`, id).Scan(&n)
		})
		return n
	}
	for _, c := range []struct {
		state SubscriberState
		want  int
	}{{Active, 0}, {Paused, 1}, {Ended, 1}, {Active, 0}} {
		if _, err := s.book.ChangeSubscriber(t.Context(), "account:a", id, NewSubscriber{Name: "Birds", State: c.state}); err != nil {
			t.Fatal(err)
		}
		if got := paused(); got != c.want {
			t.Errorf("%s: paused is %d", c.state, got)
		}
	}
	x, err := s.book.AddSubscriber(t.Context(), "account:a", NewSubscriber{Name: "Late", State: Paused})
	if err != nil {
		t.Fatal(err)
	}
	if id = x.ID; paused() != 1 {
		t.Error("one that begins paused is not")
	}
}
