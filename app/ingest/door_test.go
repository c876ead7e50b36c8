package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/ingest"
	"oneframe/app/picture"
	"oneframe/app/rendition"
	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/vault"
)

func TestAPictureIsTakenIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	data := file(t, "photos/orient-portrait-6.jpg")
	r, err := s.door.Accept(t.Context(), ingest.Upload{Data: data, Origin: "upload", Lease: s.lease(), Account: "a1", Name: "  Ann\u202e ", Consent: "2"})
	if err != nil {
		t.Fatal(err)
	}
	p := s.get(r.ID)
	want := picture.Picture{ID: r.ID, Origin: "upload", Slot: slot.ID{Clip: "c", Number: 1}, Account: "a1", Name: "Ann", Consent: "2", State: picture.Received,
		Original: vault.KeyOf(data), Type: "image/jpeg", Width: 1200, Height: 1800, Bytes: int64(len(data)), Version: 1, ReceivedAt: s.now}
	if p != want {
		t.Errorf("recorded\n%+v, want\n%+v", p, want)
	}
	if kept, err := s.door.Originals.Read(p.Original); err != nil || !bytes.Equal(kept, data) {
		t.Errorf("the original: %d bytes, %v", len(kept), err)
	}
	err = s.db.Read(t.Context(), func(tx *store.Tx) error {
		own, err := picture.BySecret(tx, r.Secret)
		sl, err2 := slot.Get(tx, r.Slot)
		if own.ID != r.ID || sl.Filled != 1 || sl.Leases != 0 {
			t.Errorf("by its secret %s; the slot %+v", own.ID, sl)
		}
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Error(err)
	}
}

func TestRefusalsLeaveNothingBehindAndTheLeaseAsItWas(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	good := shot(t, 1)
	lease := s.lease()
	for name, c := range map[string]struct {
		change func(*ingest.Upload)
		code   string
	}{
		"no consent":    {func(u *ingest.Upload) { u.Consent = "" }, "consent_missing"},
		"other door":    {func(u *ingest.Upload) { u.Origin = "ftp" }, "bad_origin"},
		"no picture":    {func(u *ingest.Upload) { u.Data = []byte("GIF89a") }, "unsupported_type"},
		"empty":         {func(u *ingest.Upload) { u.Data = nil }, "unsupported_type"},
		"broken header": {func(u *ingest.Upload) { u.Data = file(t, "bad/i-corrupt-header.jpg") }, "broken_image"},
		"broken pixels": {func(u *ingest.Upload) { u.Data = headOnly(good) }, "broken_image"},
		"bomb":          {func(u *ingest.Upload) { u.Data = file(t, "bad/i-bomb-30000x30000-1bit.png") }, "too_many_pixels"},
		"12 MB":         {func(u *ingest.Upload) { u.Data = make([]byte, 12_000_001) }, "too_many_bytes"},
		"no lease":      {func(u *ingest.Upload) { u.Lease = "" }, "no_lease"},
	} {
		u := upload(lease, good)
		c.change(&u)
		if _, err := s.door.Accept(t.Context(), u); !fault.Has(err, c.code) {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	if n := s.count(); n != 0 {
		t.Errorf("%d rows were written", n)
	}
	if _, err := s.door.Accept(t.Context(), upload(lease, good)); err != nil {
		t.Errorf("the lease is gone: %v", err)
	}
}

// Whoever lost the reply sends the same picture again, and hears what was said the first time.
func TestTheSamePictureAgainGetsTheSameReceipt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	lease, photo := s.lease(), shot(t, 1)
	first, err := s.door.Accept(t.Context(), upload(lease, photo))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.door.Accept(t.Context(), upload(lease, photo)); err != nil || again != first {
		t.Errorf("the second reply is %+v, %v; the first was %+v", again, err, first)
	}
	if other, err := s.door.Accept(t.Context(), upload(s.lease(), photo)); err != nil || other.ID == first.ID || other.Secret == first.Secret {
		t.Errorf("the same picture for another slot: %+v, %v", other, err)
	}
	s.write(func(tx *store.Tx) error { return picture.Withdraw(tx, first.ID, "contributor") })
	if _, err := s.door.Accept(t.Context(), upload(lease, photo)); !fault.Is(err, fault.Gone) || !fault.Has(err, "withdrawn") {
		t.Errorf("again after it was deleted: %v", err)
	}
	if n := s.count(); n != 2 {
		t.Errorf("%d rows were written, want 2", n)
	}
}

// A lease is looked at before anything costly is done, and again when it is used.
func TestALeaseThatHasEnded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	lease, broken := s.lease(), headOnly(shot(t, 1))
	if _, err := s.door.Accept(t.Context(), upload(lease, shot(t, 2))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.door.Accept(t.Context(), upload(lease, broken)); !fault.Has(err, "lease_used") {
		t.Errorf("a second picture: %v", err)
	}
	lease = s.lease()
	s.later(11 * time.Minute)
	if _, err := s.door.Accept(t.Context(), upload(lease, broken)); !fault.Has(err, "lease_expired") {
		t.Errorf("too late: %v", err)
	}
	lease = s.lease()
	s.door.Budget = rendition.NewBudget(1)
	release, err := s.door.Budget.Acquire(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	answer := make(chan error)
	go func() {
		_, err := s.door.Accept(t.Context(), upload(lease, shot(t, 3)))
		answer <- err
	}()
	s.later(11 * time.Minute)
	release()
	if err := <-answer; !fault.Has(err, "lease_expired") {
		t.Errorf("it ended while the picture waited: %v", err)
	}
}

func TestTwentyPicturesForOneLease(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	lease := s.lease()
	var taken atomic.Int64
	var all sync.WaitGroup
	for n := range 20 {
		data := shot(t, n)
		all.Go(func() {
			_, err := s.door.Accept(t.Context(), upload(lease, data))
			if err == nil {
				taken.Add(1)
			} else if !fault.Has(err, "lease_used") {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if taken.Load() != 1 || s.count() != 1 {
		t.Errorf("%d were taken, %d are recorded", taken.Load(), s.count())
	}
}

func TestWithoutMemoryAVisitorIsAskedToComeAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.door.Budget, s.door.Patience = rendition.NewBudget(1<<20), time.Millisecond
	release, err := s.door.Budget.Acquire(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	lease := s.lease()
	_, err = s.door.Accept(t.Context(), upload(lease, shot(t, 1)))
	if !fault.Is(err, fault.Busy) || !fault.Has(err, "too_busy") || fault.Of(err).RetryAfter <= 0 {
		t.Errorf("%v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.door.Accept(gone, upload(lease, shot(t, 1))); !errors.Is(err, context.Canceled) {
		t.Errorf("a visitor who has left: %v", err)
	}
	release()
	if _, err := s.door.Accept(t.Context(), upload(lease, shot(t, 1))); err != nil {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for given, want := range map[string]string{
		"": "", "Ann": "Ann", "  Ann \t\n Lee ": "Ann Lee", "A\x00n\x1bn\u0085": "Ann", "\u202eevil\u2066 name\u2069\u200f": "evil name",
		"Zoë 👩‍🎤": "Zoë 👩‍🎤", "a\xffb": "ab", "\ufeffx\ufffd": "x", "\u2028": "", strings.Repeat("é", 80): strings.Repeat("é", 60),
		strings.Repeat("x", 59) + " y": strings.Repeat("x", 59), "<b>": "<b>",
	} {
		u := upload(s.lease(), shot(t, 1))
		u.Name = given
		r, err := s.door.Accept(t.Context(), u)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.get(r.ID).Name; got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}
