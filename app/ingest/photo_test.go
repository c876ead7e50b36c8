package ingest_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/ingest"
	"oneframe/app/picture"
	"oneframe/app/rendition"
	"oneframe/app/store"
)

func (s *site) photo(account, name string, data []byte) (ingest.Receipt, error) {
	return s.door.Accept(context.Background(), ingest.Upload{Data: data, Origin: "ftp", Account: account, FileName: name})
}

func (s *site) sentPhoto(account, name string, data []byte) ingest.Receipt {
	s.Helper()
	r, err := s.photo(account, name, data)
	if err != nil {
		s.Fatal(err)
	}
	return r
}

func (s *site) kinds(id picture.ID) (kinds []string) {
	s.Helper()
	err := s.db.Read(context.Background(), func(tx *store.Tx) error {
		events, err := picture.Events(tx, id)
		for _, e := range events {
			kinds = append(kinds, e.Kind)
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return kinds
}

func TestAPhotographNeedsNoSlot(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.sentPhoto("ann", "sport/a.jpg", shot(t, 1))
	if r.State != picture.Received || r.Duplicate || r.Version != 1 || r.Secret != "" {
		t.Errorf("%+v", r)
	}
	s.step()
	p := s.get(r.ID)
	if p.State != picture.Waiting || !p.Photo() || p.FileName != "sport/a.jpg" || p.Bytes == 0 || p.Account != "ann" {
		t.Errorf("%+v", p)
	}
	for _, u := range []ingest.Upload{{Origin: "ftp", FileName: "a.jpg"}, {Origin: "ftp", Account: "ann", FileName: "/.."}, {Origin: "webcam", Account: "ann", FileName: "a.jpg"}} {
		u.Data = shot(t, 2)
		if _, err := s.door.Accept(t.Context(), u); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", u, err)
		}
	}
}

// The very file again is the same picture, also when both arrive at once.
func TestTheSameBytesAreTheSamePicture(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	data := shot(t, 1)
	got := make([]ingest.Receipt, 8)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() { got[i], _ = s.photo("ann", "a.jpg", data) })
	}
	all.Wait()
	fresh := 0
	for _, r := range got {
		if r.ID != got[0].ID || r.ID == "" || r.Version != 1 {
			t.Errorf("%+v and %+v", got[0], r)
		}
		if !r.Duplicate {
			fresh++
		}
	}
	if fresh != 1 {
		t.Errorf("%d were taken in", fresh)
	}
	s.step()
	if s.step() {
		t.Error("it was scaled twice")
	}
	if r := s.sentPhoto("ann", "other.jpg", data); !r.Duplicate || r.State != picture.Waiting || r.ID != got[0].ID {
		t.Errorf("under another name: %+v", r)
	}
	if r := s.sentPhoto("ben", "a.jpg", data); r.Duplicate || r.ID == got[0].ID {
		t.Errorf("from another account: %+v", r)
	}
	s.write(func(tx *store.Tx) error { return picture.Withdraw(tx, got[0].ID, "mia") })
	if _, err := s.photo("ann", "a.jpg", data); !fault.Has(err, "withdrawn") {
		t.Errorf("withdrawn: %v", err)
	}
}

func TestACorrectedVersionReplacesThePicture(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.sentPhoto("ann", "a.jpg", shot(t, 1))
	s.step()
	was := s.get(first.ID)
	s.write(func(tx *store.Tx) error {
		_, err := picture.Settle(tx, first.ID, picture.Verdict{State: picture.Accepted, By: "mia"})
		return err
	})
	second := s.sentPhoto("ann", "a.jpg", shot(t, 2))
	if second.ID != first.ID || second.Version != 2 || second.Duplicate {
		t.Fatalf("%+v", second)
	}
	if p := s.get(first.ID); p.State != picture.Received || p.Large != was.Large {
		t.Errorf("until it is scaled the old one is served: %+v", p)
	}
	s.step()
	p := s.get(first.ID)
	if p.State != picture.Waiting || p.Version != 2 || p.Original == was.Original || p.Large == was.Large {
		t.Errorf("%+v", p)
	}
	var versions []picture.Version
	err := s.db.Read(t.Context(), func(tx *store.Tx) (err error) { versions, err = picture.Versions(tx, p.ID); return err })
	if err != nil || len(versions) != 2 || versions[1].Large != was.Large || versions[1].State != picture.Accepted {
		t.Errorf("%+v, %v", versions, err)
	}
	for _, v := range versions {
		err := s.db.Read(t.Context(), func(tx *store.Tx) error {
			q, named, err := picture.Names(tx, v.Original)
			if !named || q.ID != p.ID {
				t.Errorf("version %d's file is not named", v.Number)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	if r := s.sentPhoto("ann", "a.jpg", shot(t, 1)); !r.Duplicate || r.Version != 1 || r.ID != p.ID {
		t.Errorf("the first version again: %+v", r)
	}
	if got := s.kinds(p.ID); len(got) != 5 || got[4] != "updated" {
		t.Errorf("%v", got)
	}
	s.later(8 * 24 * time.Hour)
	if r := s.sentPhoto("ann", "a.jpg", shot(t, 3)); r.ID == p.ID {
		t.Error("a camera that begins its numbers anew is not a correction")
	}
}

// A worker that has an old version in hand when the new one comes changes nothing.
func TestAVersionThatComesWhileTheOldOneIsScaled(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.sentPhoto("ann", "a.jpg", shot(t, 1))
	old := s.get(r.ID)
	s.scaler.Budget = rendition.NewBudget(1)
	release, err := s.scaler.Budget.Acquire(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := s.scaler.Step(t.Context())
		done <- err
	}()
	for s.get(r.ID).Attempts == 0 { // the claim is committed
	}
	s.sentPhoto("ann", "a.jpg", shot(t, 2))
	release()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if p := s.get(r.ID); p.State != picture.Received || p.Large != "" {
		t.Errorf("the old version's renditions were taken for the new one's: %+v", p)
	}
	s.step()
	p := s.get(r.ID)
	if p.State != picture.Waiting || p.Version != 2 || p.Original == old.Original {
		t.Errorf("%+v", p)
	}
	if s.step() {
		t.Error("it was scaled again")
	}
}

func TestAVersionThatCannotBeScaledGivesWayToTheOneBefore(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.sentPhoto("ann", "a.jpg", shot(t, 1))
	s.step()
	was := s.get(r.ID)
	s.sentPhoto("ann", "a.jpg", shot(t, 2))
	s.write(func(tx *store.Tx) error { return picture.Fail(tx, r.ID, "broken") })
	p := s.get(r.ID)
	if p.State != picture.Waiting || p.Version != 1 || p.Original != was.Original || p.Large != was.Large {
		t.Errorf("%+v", p)
	}
	if again := s.sentPhoto("ann", "a.jpg", shot(t, 3)); again.Version != 3 || again.ID != r.ID {
		t.Errorf("%+v", again)
	}
	only := s.sentPhoto("ann", "b.jpg", shot(t, 4))
	s.write(func(tx *store.Tx) error { return picture.Fail(tx, only.ID, "broken") })
	if p := s.get(only.ID); p.State != picture.Failed {
		t.Errorf("%+v", p)
	}
}

// A copy of a picture is linked to the first one, or refused where the profile says so.
func TestAPictureThatLooksTheSame(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	data := file(t, "photos/iptc-ref-2021.1.jpg")
	first := s.sentPhoto("ann", "a.jpg", data)
	s.step()
	copied := append(append([]byte{}, data...), 0)
	second := s.sentPhoto("ben", "b.jpg", copied)
	other := s.sentPhoto("ben", "c.jpg", file(t, "photos/orient-landscape-2.jpg"))
	for s.step() {
	}
	err := s.db.Read(t.Context(), func(tx *store.Tx) error {
		for id, want := range map[picture.ID]picture.ID{first.ID: "", second.ID: first.ID, other.ID: ""} {
			got, _, err := picture.LooksLike(tx, id)
			if err != nil || got != want {
				t.Errorf("%s is linked to %q, want %q, %v", id, got, want, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	s.door.Default.RefuseAlike = true
	if got := codes(s.refusal("ben", "d.jpg", append(copied, 0)).Reasons); len(got) != 1 || got[0] != "file alike" {
		t.Errorf("%v", got)
	}
	if r := s.sentPhoto("ann", "a.jpg", append(copied, 0, 0)); r.ID != first.ID || r.Version != 2 {
		t.Errorf("a correction looks like what it corrects: %+v", r)
	}
}
