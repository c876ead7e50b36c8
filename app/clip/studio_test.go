package clip

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/vault"
)

func small() made { return made{fps: fps25, frames: 100, hold: 2} }

// files lists the clip's files on disk.
func (s *stage) files() (all []string) {
	s.Helper()
	entries, err := os.ReadDir(s.Library.Renders("c"))
	if !errors.Is(err, fs.ErrNotExist) {
		s.must(err)
	}
	for _, e := range entries {
		all = append(all, filepath.Join(s.Library.Renders("c"), e.Name()))
	}
	return all
}

func (s *stage) list() (all []Render) {
	s.Helper()
	s.must(s.DB.Read(context.Background(), func(tx *store.Tx) (err error) {
		all, err = List(tx, "c", 100)
		return err
	}))
	return all
}

// queued is what RequestDue queues.
func (s *stage) queued() (n int) {
	s.Helper()
	s.must(s.RequestDue(context.Background()))
	for _, r := range s.list() {
		if r.State == Queued {
			n++
		}
	}
	return n
}

func TestARenderEncodesWhatChanged(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	s.fill(1, still(1, 160, 90))
	s.fill(30, still(2, 160, 90))
	first := s.render()
	content, err := os.ReadFile(s.File(first))
	s.must(err)
	sum := sha256.Sum256(content)
	if !first.Current || first.State != Done || first.Progress != 1 || first.SlotsFilled != 2 || first.Frames != 100 || first.Version != 1 ||
		first.UnitsEncoded != 6 || first.UnitsReused != 0 || first.Bytes != int64(len(content)) || first.Hash != hex.EncodeToString(sum[:]) {
		t.Errorf("the first render is %+v", first)
	}

	same := s.render()
	if same.UnitsEncoded != 0 || same.UnitsReused != 6 || same.State != Done || same.Current || same.Hash != first.Hash || s.File(same) != s.File(first) {
		t.Errorf("with nothing changed the render is %+v", same)
	}
	if files := s.files(); len(files) != 1 {
		t.Errorf("with nothing changed there are the files %v", files)
	}

	s.fill(40, still(3, 160, 90)) // frames 78 and 79, between the picture at 58 and the cut at 96
	third := s.render()
	if third.UnitsEncoded != 3 || third.UnitsReused != 5 || !third.Current || third.Version != 2 || third.Hash == first.Hash {
		t.Errorf("with one slot filled the render is %+v", third)
	}
	s.sameFrames(s.File(third), s.singlePass())

	s.fill(40, still(4, 160, 90))
	if r := s.render(); r.UnitsEncoded != 1 {
		t.Errorf("with a slot's picture replaced the render is %+v", r)
	}
	s.fill(2, still(4, 160, 90)) // a picture that was encoded before, held as long
	if r := s.render(); r.UnitsEncoded != 1 {
		t.Errorf("with a known picture in another slot the render is %+v", r)
	}
}

func TestARenderIsDueWhenTheClipWouldDiffer(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	if n := s.queued(); n != 1 {
		t.Errorf("%d renders are queued of a clip that has none", n)
	}
	if n := s.queued(); n != 1 {
		t.Errorf("%d renders are queued when one was already", n)
	}
	s.must(s.step())
	if n := s.queued(); n != 0 {
		t.Errorf("%d renders are queued with nothing changed", n)
	}
	id := s.fill(3, still(1, 160, 90))
	if n := s.queued(); n != 1 {
		t.Errorf("%d renders are queued with a picture accepted", n)
	}
	s.must(s.step())
	s.write(func(tx *store.Tx) error {
		return picture.Withdraw(tx, id, "test")
	})
	if n := s.queued(); n != 1 {
		t.Errorf("%d renders are queued with a picture withdrawn", n)
	}
	s.must(s.step())
	s.must(os.Remove(s.File(s.current())))
	if n := s.queued(); n != 1 {
		t.Errorf("%d renders are queued with the current file gone", n)
	}
	s.must(s.step())
	if !exists(s.File(s.current())) {
		t.Error("the current file is still gone")
	}
	if worked, err := s.Step(context.Background()); worked || err != nil {
		t.Errorf("with nothing queued: %t, %v", worked, err)
	}
}

func TestThereIsOneQueuedRenderOfAClip(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	a, err := s.Request(context.Background(), "c", "account:1")
	s.must(err)
	b, err := s.Request(context.Background(), "c", "account:2")
	s.must(err)
	if a.ID != b.ID || a.State != Queued || a.By != "account:1" {
		t.Errorf("two wishes gave %+v and %+v", a, b)
	}
	if _, err := s.Request(context.Background(), "nosuch", ""); !fault.Has(err, "no_clip") {
		t.Errorf("a render of no clip: %v", err)
	}
	if _, ok, err := s.take(context.Background(), ""); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if c, err := s.Request(context.Background(), "c", ""); err != nil || c.ID == a.ID {
		t.Errorf("while one is running, the next is %+v, %v", c, err)
	}
	if r, ok, err := s.take(context.Background(), ""); ok || err != nil {
		t.Errorf("a second render of the clip is taken beside the first: %+v, %v", r, err)
	}
}

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
			c.breakIt(s, s.timeline().Units[3].Picture)
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

func TestTheCommandRendersBesideTheServer(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	s.fill(3, still(1, 160, 90))
	var all sync.WaitGroup
	renders := make([]Render, 4)
	for i := range renders {
		all.Go(func() {
			other := *s.Studio
			var err error
			if renders[i], err = other.Render(context.Background(), "c", nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, r := range renders {
		if r.State != Done || r.Hash != s.current().Hash {
			t.Errorf("a render is %+v", r)
		}
	}
}

func TestTheNewestFilesStayOnDisk(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	s.Keep = 2
	var plans []string
	for n := range 4 {
		s.fill(n+1, still(n, 160, 90))
		plans = append(plans, s.timeline().Hash())
		s.render()
	}
	s.write(func(tx *store.Tx) error { // the slot shows the original again
		all, _, err := picture.List(tx, picture.Query{Clip: "c", Limit: 1})
		if err != nil {
			return err
		}
		return picture.Withdraw(tx, all[0].ID, "test")
	})
	plans = append(plans, s.timeline().Hash())
	s.render()
	renders := s.list()
	slices.Reverse(renders)
	var there []string
	for i, r := range renders {
		if kept := s.File(r) != ""; kept != (i >= 3) {
			t.Errorf("of 5 renders, number %d has the file %q", i+1, s.File(r))
		} else if kept {
			there = append(there, s.File(r))
		}
		if r.Current != (i == 4) {
			t.Errorf("of 5 renders, number %d is %+v", i+1, r)
		}
		s.must(s.DB.Read(context.Background(), func(tx *store.Tx) error {
			was, err := PlanOf(tx, r)
			if was.Hash() != plans[i] {
				t.Errorf("version %d was planned as %s", i+1, was)
			}
			return err
		}))
	}
	files := s.files()
	slices.Sort(there)
	if !slices.Equal(files, there) {
		t.Errorf("there are the files %v instead of %v", files, there)
	}
}

func TestSweepLeavesWhatTheSiteNeeds(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	s.fill(3, still(1, 160, 90))
	s.render()
	before := s.timeline().keys()
	s.fill(3, still(2, 160, 90))
	s.render()
	old := time.Now().Add(-2 * unitRest)
	s.must(s.cache().touch(append(before, s.timeline().keys()...), old))
	orphan := filepath.Join(s.Library.Renders("c"), "orphan.mp4")
	s.must(os.WriteFile(orphan, nil, 0o600))
	for _, f := range s.files() {
		s.must(os.Chtimes(f, old, old))
	}
	s.must(s.Sweep(context.Background(), 0))
	if _, err := s.cache().head(before[1]); err == nil {
		t.Error("a unit that no render needs is still there")
	}
	if exists(orphan) || len(s.files()) != 2 {
		t.Errorf("the files are %v", s.files())
	}
	s.fill(50, still(3, 160, 90))
	if r := s.render(); r.UnitsEncoded != 2 {
		t.Errorf("after the sweep the render is %+v", r)
	}
}

func TestProgressGrowsToTheEnd(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	var mu sync.Mutex
	var told []float64
	_, err := s.Render(context.Background(), "c", func(share float64) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, share)
	})
	s.must(err)
	if len(told) < 3 || !slices.IsSorted(told) || told[len(told)-1] < 0.9 || told[len(told)-1] > 1 {
		t.Errorf("progress: %v", told)
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
