package clip

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// A file is broken on the disk; it fails the render and nothing else.
func TestAFailedRenderLeavesTheOldClip(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		breakIt func(s *stage, id vault.Key)
		why     string
	}{
		"a picture's file is damaged": {func(s *stage, k vault.Key) { s.must(os.WriteFile(s.Renditions.Path(k), []byte("x"), 0o600)) }, "picture of slot 9"},
		"a picture's file is gone":    {func(s *stage, k vault.Key) { s.must(s.Renditions.Remove(k)) }, "picture of slot 9"},
		"the mezzanine is gone":       {func(s *stage, _ vault.Key) { s.must(os.Remove(s.Library.Mezzanine("c"))) }, "source's video"},
		"the mezzanine is cut off":    {func(s *stage, _ vault.Key) { s.must(os.Truncate(s.Library.Mezzanine("c"), 3000)) }, "source's video"},
		"the mezzanine is another":    {func(s *stage, _ vault.Key) { s.frames = 50; s.makeSource() }, "50 frames instead of 100"},
		"the sound is gone":           {func(s *stage, _ vault.Key) { s.must(os.Remove(s.Library.Sound("c"))) }, "source's sound"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			m := small()
			m.sound = true
			s := newStage(t, m)
			s.fill(3, still(1, 160, 90))
			good := s.render()
			s.fill(9, still(2, 160, 90))
			c.breakIt(s, s.unitOf(9).Picture)
			r, err := s.Render(context.Background(), "c", nil)
			if !fault.Has(err, "render_failed") || r.State != Failed || !strings.Contains(r.Error, c.why) || r.Finished.IsZero() {
				t.Errorf("the render is %+v, %v", r, err)
			}
			if now := s.current(); now.ID != good.ID || !exists(s.File(now)) || len(s.files()) != 1 {
				t.Errorf("the current render is %+v, and the files are %v", now, s.files())
			}
		})
	}
}

func TestAfterTheBadPictureIsWithdrawnTheClipGoesOn(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	s.render()
	id := s.fill(9, []byte("no JPEG"))
	if _, err := s.Render(context.Background(), "c", nil); !fault.Has(err, "render_failed") {
		t.Errorf("with a picture that is none: %v", err)
	}
	s.write(func(tx *store.Tx) error {
		return picture.Withdraw(tx, id, "test")
	})
	s.fill(10, still(1, 160, 90))
	if r := s.render(); r.SlotsFilled != 1 {
		t.Errorf("the render is %+v", r)
	}
}

func TestADamagedUnitIsEncodedAgain(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	s.fill(3, still(1, 160, 90))
	s.render()
	keys := s.timeline().keys()
	for i, k := range keys[:2] { // of the first its head, of the second its data
		content, err := os.ReadFile(s.cache().path(k))
		s.must(err)
		content[[]int{20, len(content) - 9}[i]] ^= 1
		s.must(os.WriteFile(s.cache().path(k), content, 0o600))
	}
	s.fill(20, still(2, 160, 90))
	r := s.render()
	if r.UnitsEncoded != 5 { // and the picture with what is left of its run on either side
		t.Errorf("the render is %+v of %s", r, s.timeline())
	}
	s.sameFrames(s.File(r), s.singlePass())
}

func TestAKilledRenderIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	ctx := context.Background()
	r, err := s.Request(ctx, "c", "")
	s.must(err)
	for range s.tries() {
		if _, ok, err := s.take(ctx, ""); !ok || err != nil { // and is killed
			t.Fatal(ok, err)
		}
		if worked, err := s.Step(ctx); worked || err != nil {
			t.Fatalf("it is taken while its claim lasts: %v", err)
		}
		s.now = s.now.Add(claimLasts)
	}
	s.must(s.step())
	s.must(s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		r, err = Get(tx, r.ID)
		return err
	}))
	if r.State != Failed || !strings.Contains(r.Error, "interrupted") {
		t.Errorf("after too many tries the render is %+v", r)
	}

	r, err = s.Request(ctx, "c", "")
	s.must(err)
	lost, ok, err := s.take(ctx, "")
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	s.now = s.now.Add(claimLasts)
	s.must(s.step())
	if now := s.current(); now.ID != r.ID || now.Tries != 2 {
		t.Errorf("the current render is %+v", now)
	}
	if err := s.do(ctx, lost, nil); !errors.Is(err, errTaken) { // it was only suspended
		t.Errorf("who has lost the claim goes on: %v", err)
	}
	if len(s.files()) != 1 || s.current().ID != r.ID {
		t.Errorf("afterwards there are %v and the current render is %+v", s.files(), s.current())
	}
}

func TestAStoppedRenderIsPutDown(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	_, err := s.Request(context.Background(), "c", "")
	s.must(err)
	ctx, stop := context.WithCancel(context.Background())
	r, _, err := s.take(ctx, "")
	s.must(err)
	stop()
	if err := s.do(ctx, r, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped render: %v", err)
	}
	s.must(s.step())
	if now := s.current(); now.ID != r.ID || now.Tries != 1 {
		t.Errorf("the current render is %+v", now)
	}
}

func TestAClipRemovedWhileItIsRendered(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	_, err := s.Request(context.Background(), "c", "")
	s.must(err)
	r, _, err := s.take(context.Background(), "")
	s.must(err)
	s.write(func(tx *store.Tx) error {
		if _, err := tx.Exec(`DELETE FROM source_video WHERE slug = 'c'`); err != nil {
			return err
		}
		return slot.Remove(tx, "c")
	})
	if err := s.do(context.Background(), r, nil); !fault.Has(err, "no_clip") {
		t.Errorf("its render: %v", err)
	}
	if all := s.list(); len(all) != 1 || all[0].State != Failed {
		t.Errorf("the renders are %+v", all)
	}
}
