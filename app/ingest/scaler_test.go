package ingest_test

import (
	"context"
	"image/jpeg"
	"strings"
	"testing"
	"time"

	"oneframe/app/ingest"
	"oneframe/app/picture"
	"oneframe/app/rendition"
	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/vault"
)

func TestAReceivedPictureGetsItsRenditions(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if s.step() {
		t.Error("there was nothing to do")
	}
	id := s.sent(file(t, "photos/usmc-helicopter.jpg")) // 1200×800
	if !s.step() || s.step() {
		t.Error("one round has work, the next has none")
	}
	p := s.get(id)
	if p.State != picture.Waiting || p.LargeWidth != 1200 || p.LargeHeight != 800 || p.Attempts != 1 {
		t.Fatalf("%+v", p)
	}
	for key, width := range map[vault.Key]int{p.Large: 1200, p.Medium: 640, p.Thumb: 160} {
		f, err := s.scaler.Renditions.Open(key)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if c, err := jpeg.DecodeConfig(f); err != nil || c.Width != width {
			t.Errorf("%d wide: %+v, %v", width, c, err)
		}
	}
}

func TestARoundTakesAsManyAsThereAreWorkers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var ids []picture.ID
	for n := range 5 {
		ids = append(ids, s.sent(shot(t, n)))
	}
	for round, want := range []int{2, 4, 5} {
		s.step()
		done := 0
		for _, id := range ids {
			if s.get(id).State == picture.Waiting {
				done++
			}
		}
		if done != want {
			t.Errorf("%d are done after round %d, want %d", done, round+1, want)
		}
	}
}

// record registers bytes that the door would not have let in.
func (s *site) record(data []byte, keep bool) picture.ID {
	s.Helper()
	id, key := picture.ID(store.NewID()), vault.KeyOf(data)
	if keep {
		if _, err := s.door.Originals.Put(context.Background(), data); err != nil {
			s.Fatal(err)
		}
	}
	lease := s.lease()
	s.write(func(tx *store.Tx) error {
		place, err := slot.Fill(tx, lease)
		if err != nil {
			return err
		}
		_, err = picture.Record(tx, picture.New{ID: id, Origin: "webcam", Slot: place, Original: key, Type: "image/jpeg", Width: 1, Height: 1})
		return err
	})
	return id
}

func TestABrokenPictureFailsAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, data := range []string{"no picture at all", "\xff\xd8\xff\xe0 broken"} {
		id := s.record([]byte(data), true)
		s.step()
		if p := s.get(id); p.State != picture.Failed || p.Attempts != 1 || p.Error == "" {
			t.Errorf("%q: %s after %d tries, %q", data, p.State, p.Attempts, p.Error)
		}
	}
	err := s.db.Read(t.Context(), func(tx *store.Tx) error {
		sl, err := slot.Get(tx, slot.ID{Clip: "c", Number: 1})
		if sl.Filled != 0 {
			t.Errorf("its slot has %d pictures", sl.Filled)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestOtherTroubleIsTriedAgainLater(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	data := shot(t, 1)
	id := s.record(data, false) // its file is missing
	for try := 1; try <= 2; try++ {
		if !s.step() {
			t.Fatalf("try %d: nothing was due", try)
		}
		if p := s.get(id); p.State != picture.Received || p.Attempts != try || !strings.Contains(p.Error, "no such file") {
			t.Fatalf("try %d: %s, %d tries, %q", try, p.State, p.Attempts, p.Error)
		}
		s.later(ingest.Backoff(try) - time.Second)
		if s.step() {
			t.Errorf("it was tried again before its time")
		}
		s.later(time.Second)
	}
	s.step()
	if p := s.get(id); p.State != picture.Failed || p.Attempts != 3 {
		t.Errorf("after the last try: %s, %d tries, %q", p.State, p.Attempts, p.Error)
	}
	id = s.record(data, false)
	s.step()
	if _, err := s.door.Originals.Put(t.Context(), data); err != nil {
		t.Fatal(err)
	}
	s.later(ingest.Backoff(1))
	s.step()
	if p := s.get(id); p.State != picture.Waiting || p.Error != "" {
		t.Errorf("when the trouble is over: %s, %q", p.State, p.Error)
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	for try, want := range map[int]time.Duration{0: 10 * time.Second, 1: 10 * time.Second, 2: 30 * time.Second, 3: 90 * time.Second,
		4: 270 * time.Second, 6: 2430 * time.Second, 7: time.Hour, 1000: time.Hour} {
		if got := ingest.Backoff(try); got != want {
			t.Errorf("after try %d: %v, want %v", try, got, want)
		}
	}
}

// A worker that is killed leaves its claim, which runs out.
func TestAClaimThatRanOutIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id, deadly := s.sent(shot(t, 1)), s.sent(shot(t, 2))
	crash := func() {
		s.write(func(tx *store.Tx) error { _, err := picture.Claim(tx, 2, time.Minute); return err })
	}
	crash()
	if s.step() {
		t.Error("a claimed picture was taken")
	}
	s.later(time.Minute)
	s.scaler.Workers = 1
	s.step()
	if p := s.get(id); p.State != picture.Waiting || p.Attempts != 2 {
		t.Errorf("%s after %d tries", p.State, p.Attempts)
	}
	for range 2 {
		crash()
		s.later(time.Minute)
	}
	s.step()
	if p := s.get(deadly); p.State != picture.Failed || !strings.Contains(p.Error, "never came to an end") {
		t.Errorf("what stopped the site three times is %s, %q", p.State, p.Error)
	}
}

func TestAPictureOfAStoppedSiteIsDueAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.sent(shot(t, 1))
	s.scaler.Budget = rendition.NewBudget(1)
	release, err := s.scaler.Budget.Acquire(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 5 { // more often than there are tries
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := s.scaler.Step(ctx)
			done <- err
		}()
		for s.get(id).Attempts == round { // the claim is committed
		}
		stop()
		if err := <-done; err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	}
	release()
	if s.step(); s.get(id).State != picture.Waiting {
		t.Errorf("%+v", s.get(id))
	}
}

func TestAPictureThatWasWithdrawnMeanwhileStaysWithdrawn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.sent(shot(t, 1))
	var claimed []picture.Picture
	s.write(func(tx *store.Tx) (err error) { claimed, err = picture.Claim(tx, 1, time.Second); return err })
	s.write(func(tx *store.Tx) error { err := picture.Withdraw(tx, claimed[0].ID, "contributor"); return err })
	s.later(time.Minute)
	if s.step() {
		t.Error("it was claimed")
	}
	if p := s.get(id); p.State != picture.Withdrawn {
		t.Errorf("%s", p.State)
	}
}
