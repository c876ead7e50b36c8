package clip

import (
	"context"
	"path/filepath"
	"testing"

	"oneframe/app/picture"
	"oneframe/app/store"
)

// Who withdraws a picture finds it in no version of the clip any more, kept or current,
// and not in the cache; versions from before it came stay.
func TestAWithdrawnPictureLeavesEveryVersion(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	s.Keep = 10
	before := s.render()
	gone := s.fill(3, still(1, 160, 90))
	with := s.render()
	s.fill(2, still(2, 160, 90))
	later := s.render()
	unit := s.unitFile(gone)
	s.write(func(tx *store.Tx) error { return picture.Withdraw(tx, gone, "contributor") })
	s.must(s.Forget(context.Background(), gone))
	s.must(s.step())
	after := s.current()
	for name, c := range map[string]struct {
		r    Render
		kept bool
	}{"before": {before, true}, "with": {with, false}, "later": {later, false}, "after": {after, true}} {
		if got := exists(filepath.Join(s.Library.Renders("c"), c.r.File+".mp4")); got != c.kept {
			t.Errorf("the version %s it: kept is %t", name, got)
		}
	}
	if after.ID == later.ID || after.SlotsFilled != 1 {
		t.Errorf("the current render is %+v", after)
	}
	if exists(unit) {
		t.Error("its unit is still in the cache")
	}
}

// A picture that another had replaced before it was withdrawn is only in older versions.
func TestAReplacedPictureLeavesTheOlderVersions(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	gone := s.fill(3, still(1, 160, 90))
	with := s.render()
	s.fill(3, still(2, 160, 90))
	now := s.render()
	s.write(func(tx *store.Tx) error { return picture.Withdraw(tx, gone, "contributor") })
	s.must(s.Forget(context.Background(), gone))
	if exists(filepath.Join(s.Library.Renders("c"), with.File+".mp4")) {
		t.Error("the older version is still there")
	}
	if r := s.current(); r.ID != now.ID || !exists(s.File(r)) {
		t.Errorf("the current version has become %+v", r)
	}
	if worked, err := s.Step(context.Background()); worked || err != nil {
		t.Errorf("a render was queued though nothing changes: %t, %v", worked, err)
	}
}

// A moderator's second thought takes the picture out of the older files too; the plans
// still tell what they were.
func TestARejectedPictureLeavesTheOlderVersions(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	s.Keep = 10
	before := s.render()
	id := s.fill(3, still(1, 160, 90))
	with := s.render()
	s.write(func(tx *store.Tx) error {
		_, err := picture.Settle(tx, id, picture.Verdict{State: picture.Rejected, Reason: "test", By: "test"})
		return err
	})
	s.render()
	if !exists(filepath.Join(s.Library.Renders("c"), before.File+".mp4")) || exists(filepath.Join(s.Library.Renders("c"), with.File+".mp4")) {
		t.Errorf("the files are %v", s.files())
	}
	s.must(s.DB.Read(context.Background(), func(tx *store.Tx) error {
		was, err := PlanOf(tx, with)
		if was.Hash() != with.plan {
			t.Errorf("the version with it was planned as %s", was)
		}
		return err
	}))
}

// A clip that is shorter than its first group of pictures has stills as well.
func TestStillsOfATinyClip(t *testing.T) {
	t.Parallel()
	s := newStage(t, made{fps: fps25, frames: 2, hold: 2, width: 90, height: 160})
	s.fill(1, still(1, 160, 90))
	s.render()
	s.stillsDone()
	if st := s.version(1).Stills; !exists(s.PreviewFile(st)) || !exists(s.PrintFile(st)) {
		t.Errorf("they are %+v", st)
	}
	s.must2(s.WantGrowth(context.Background(), "c", Visitor))
	s.history()
	if done, _, err := s.growthNow(); err != nil || !exists(s.PrintFile(done)) {
		t.Errorf("the film is %+v, %v", done, err)
	}
}

// unitFile is where the unit of a picture that the clip shows now lies.
func (s *stage) unitFile(id picture.ID) string {
	s.Helper()
	t := s.timeline()
	for i, u := range t.Units {
		if path := s.cache().path(t.keys()[i]); u.Frame == id && exists(path) {
			return path
		}
	}
	s.Fatalf("picture %s has no unit", id)
	return ""
}
