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
	"sync"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/store"
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
		first.UnitsEncoded != 11 || first.UnitsReused != 0 || first.Bytes != int64(len(content)) || first.Hash != hex.EncodeToString(sum[:]) {
		t.Errorf("the first render is %+v", first)
	}

	same := s.render()
	if same.UnitsEncoded != 0 || same.UnitsReused != 11 || same.State != Done || same.Current || same.Hash != first.Hash || s.File(same) != s.File(first) {
		t.Errorf("with nothing changed the render is %+v", same)
	}
	if files := s.files(); len(files) != 1 {
		t.Errorf("with nothing changed there are the files %v", files)
	}

	s.fill(40, still(3, 160, 90)) // frames 78 and 79, in the piece from 72 to 84
	third := s.render()
	if third.UnitsEncoded != 3 || third.UnitsReused != 10 || !third.Current || third.Version != 2 || third.Hash == first.Hash {
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
	s.fill(1, still(4, 160, 90))
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
