package ingest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/ingest"
	"oneframe/app/metadata"
	"oneframe/app/picture"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// refusal is the refusal that the photograph meets.
func (s *site) refusal(account, name string, data []byte) *ingest.Refusal {
	s.Helper()
	r, err := s.photo(account, name, data)
	var refusal *ingest.Refusal
	if !errors.As(err, &refusal) {
		s.Fatalf("not refused: %+v, %v", r, err)
	}
	return refusal
}

func (s *site) held(id string) (h ingest.Held) {
	s.Helper()
	if err := s.db.Read(s.Context(), func(tx *store.Tx) (err error) { h, err = ingest.HeldOne(tx, id); return err }); err != nil {
		s.Fatal(err)
	}
	return h
}

func (s *site) named(k vault.Key) (named bool) {
	s.Helper()
	if err := s.db.Read(s.Context(), func(tx *store.Tx) (err error) { named, err = ingest.Names(tx, k); return err }); err != nil {
		s.Fatal(err)
	}
	return named
}

func codes(reasons []ingest.Reason) (all []string) {
	for _, r := range reasons {
		all = append(all, r.Field+" "+r.Code)
	}
	slices.Sort(all)
	return all
}

func TestARefusedPhotographLiesInQuarantineWithEachReason(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.door.Default = ingest.Rules{Required: []string{"caption", "headline"}, MinSide: 5000}
	data := file(t, "photos/iptc-ref-2021.1.jpg")
	plain := shot(t, 1)
	refusal := s.refusal("ann", "a.jpg", plain)
	if got := codes(refusal.Reasons); !slices.Equal(got, []string{"caption missing", "file too_small", "headline missing"}) || refusal.ID == "" {
		t.Errorf("%v", got)
	}
	if f := fault.Of(refusal); f.Kind != fault.Invalid || f.Code != "refused" || !strings.Contains(f.Message, "The field caption is missing.") {
		t.Errorf("%+v", f)
	}
	h := s.held(refusal.ID)
	if h.State != "held" || h.Account != "ann" || h.FileName != "a.jpg" || h.Width != 64 || !h.Readable() || !slices.Equal(codes(h.Reasons), codes(refusal.Reasons)) {
		t.Errorf("%+v", h)
	}
	if got := codes(s.refusal("ann", "b.jpg", data).Reasons); !slices.Equal(got, []string{"file too_small"}) {
		t.Errorf("with metadata: %v", got)
	}
	if again := s.refusal("ann", "c.jpg", plain); again.ID != refusal.ID {
		t.Error("the same file is held twice")
	}
	if !s.named(vault.KeyOf(plain)) {
		t.Error("its file would be swept")
	}
	s.later(8 * 24 * time.Hour)
	if err := s.door.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.named(vault.KeyOf(plain)) {
		t.Error("its file would be kept for ever")
	}
}

func TestWhatCannotBeOpenedIsHeldButNeverReleased(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, code := range map[string]string{"text": "unsupported_type", "\xff\xd8\xff\xe0 broken": "broken_image"} {
		refusal := s.refusal("ann", "a.jpg", []byte(name))
		if got := codes(refusal.Reasons); len(got) != 1 || got[0] != "file "+code || !fault.Has(refusal, code) {
			t.Errorf("%v, %v", got, fault.Of(refusal))
		}
		if _, err := s.door.Release(t.Context(), refusal.ID, metadata.Record{}, "account:mia", true); !fault.Has(err, "not_held") {
			t.Errorf("released: %v", err)
		}
	}
	s.door.PhotoLimits.Bytes = 10
	if refusal := s.refusal("ann", "b.jpg", shot(t, 1)); refusal.ID != "" || !fault.Is(refusal, fault.TooLarge) {
		t.Errorf("too large: %+v", refusal)
	}
}

func TestACorrectedPhotographIsAccepted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.door.Default = ingest.Rules{Required: []string{"caption", "city"}}
	refusal := s.refusal("ann", "a.jpg", shot(t, 1))
	half := metadata.Record{Caption: "A dog"}
	var again *ingest.Refusal
	if _, err := s.door.Release(t.Context(), refusal.ID, half, "account:mia", false); !errors.As(err, &again) || !slices.Equal(codes(again.Reasons), []string{"city missing"}) {
		t.Fatalf("half corrected: %v", err)
	}
	if s.held(refusal.ID).Record.Caption != "A dog" {
		t.Error("the correction is lost")
	}
	full := metadata.Record{Caption: "A dog", City: "Kiel"}
	r, err := s.door.Release(t.Context(), refusal.ID, full, "account:mia", false)
	if err != nil {
		t.Fatal(err)
	}
	s.step()
	p := s.get(r.ID)
	if p.State != picture.Accepted || p.Account != "ann" {
		t.Errorf("%+v", p)
	}
	err = s.db.Read(t.Context(), func(tx *store.Tx) error {
		record, err := picture.Metadata(tx, r.ID)
		if record.City != "Kiel" {
			t.Errorf("%+v", record)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if h := s.held(refusal.ID); h.State != "accepted" || h.Picture != r.ID || h.SettledBy != "account:mia" {
		t.Errorf("%+v", h)
	}
	if _, err := s.door.Release(t.Context(), refusal.ID, full, "account:mia", true); !fault.Has(err, "not_held") {
		t.Errorf("twice: %v", err)
	}
	if dup := s.sentPhoto("ann", "a.jpg", shot(t, 1)); !dup.Duplicate || dup.ID != r.ID {
		t.Errorf("sent again: %+v", dup)
	}
}

func TestRefusedForGood(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.door.Default = ingest.Rules{Required: []string{"caption"}}
	data := shot(t, 1)
	refusal := s.refusal("ann", "a.jpg", data)
	if err := s.door.Dismiss(t.Context(), refusal.ID, "account:mia"); err != nil {
		t.Fatal(err)
	}
	if s.door.Originals.Has(vault.KeyOf(data)) {
		t.Error("its file is still there")
	}
	s.door.Default = ingest.Rules{}
	if got := codes(s.refusal("ann", "a.jpg", data).Reasons); !slices.Equal(got, []string{" refused_for_good"}) {
		t.Errorf("%v", got)
	}
	if r := s.sentPhoto("ben", "a.jpg", data); r.State != picture.Received {
		t.Errorf("another account's: %+v", r)
	}
	if err := s.door.Dismiss(t.Context(), refusal.ID, "account:mia"); !fault.Has(err, "not_held") {
		t.Errorf("twice: %v", err)
	}
}

func TestAProfileForAnAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p, err := s.door.SaveProfile(t.Context(), ingest.Profile{Name: "Sport", Rules: ingest.Rules{Types: []string{"png"}, Required: []string{"event"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.door.Assign(t.Context(), ingest.Assignment{Account: "ann", Profile: p.ID, Trusted: true}); err != nil {
		t.Fatal(err)
	}
	if got := codes(s.refusal("ann", "a.jpg", shot(t, 1)).Reasons); !slices.Equal(got, []string{"event missing", "file bad_type"}) {
		t.Errorf("%v", got)
	}
	p.Rules = ingest.Rules{}
	if _, err := s.door.SaveProfile(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	r := s.sentPhoto("ann", "a.jpg", shot(t, 1))
	s.step()
	if q := s.get(r.ID); q.State != picture.Accepted {
		t.Errorf("a trusted account's picture is %s", q.State)
	}
	second := s.sentPhoto("ann", "a.jpg", shot(t, 2))
	s.step()
	if q := s.get(second.ID); q.State != picture.Accepted || q.Version != 2 {
		t.Errorf("its correction is %s", q.State)
	}
	if got := strings.Join(s.kinds(r.ID), " "); got != "received accepted ready received updated accepted ready" {
		t.Error(got)
	}
	for code, wrong := range map[string]ingest.Profile{"name_taken": {Name: "SPORT"}, "bad_name": {Name: " "}, "no_profile": {ID: "x", Name: "X"},
		"bad_profile": {Name: "Y", Rules: ingest.Rules{Required: []string{"mood"}}}} {
		if _, err := s.door.SaveProfile(t.Context(), wrong); !fault.Has(err, code) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	if err := s.door.RemoveProfile(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	err = s.db.Read(t.Context(), func(tx *store.Tx) error {
		a, err := s.door.Assigned(tx, "ann")
		if a.Profile != "" || !a.Trusted {
			t.Errorf("%+v", a)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
