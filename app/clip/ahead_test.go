package clip

import (
	"path/filepath"
	"testing"
	"time"
)

// The first picture in a block makes anew no more than the pieces that it breaks, when the
// others were made ahead; Sweep leaves them alone.
func TestAPictureInAnUntouchedBlockFindsItsPiecesEncoded(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	ahead := Ahead{Studio: s.Studio}
	s.must(ahead.Run(t.Context()))
	if n := len(s.cached()); n != 0 {
		t.Fatalf("%d units were made before the first render", n)
	}
	s.fill(30, still(1, 160, 90)) // frames 58 and 59 of 100: the first block stays whole
	s.render()
	before := len(s.cached())

	id := s.fill(10, still(2, 160, 90)) // frames 18 and 19
	s.must(s.RequestDue(t.Context()))
	s.must(ahead.Run(t.Context()))
	if n := len(s.cached()); n != before {
		t.Errorf("%d units were made while a render was waiting", n-before)
	}
	s.must(s.step())
	s.withdraw(id)
	s.render() // whole again, from the cache

	before = len(s.cached())
	s.must(ahead.Run(t.Context()))
	if n := len(s.cached()) - before; n != 1 { // of 0, 12, 24 and 36 those that the picture had not broken are there
		t.Errorf("%d pieces were made ahead", n)
	}
	s.must(ahead.Run(t.Context()))
	for _, k := range s.cached() {
		old := time.Now().Add(-2 * unitAge)
		s.must(s.cache().touch([]Key{k}, old))
	}
	s.must(s.Sweep(t.Context(), 0))
	if jobs := s.cache().absent(s.timeline()); len(jobs) != 0 {
		t.Errorf("%d pieces were swept", len(jobs))
	}
	s.fill(5, still(3, 160, 90)) // frames 8 and 9, of the piece at 0
	r := s.render()
	if r.UnitsEncoded != 3 { // before it, itself, after it
		t.Errorf("with one slot filled the render is %+v", r)
	}
	s.sameFrames(s.File(r), s.singlePass())
}

// What was found done is not looked for again until the clip changes.
func TestAheadRestsWhileNothingChanges(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	s.render()
	ahead := Ahead{Studio: s.Studio}
	s.must(ahead.Run(t.Context()))
	made := s.cached()
	if jobs := s.cache().absent(s.timeline()); len(jobs) != 0 || len(made) < 100/cut {
		t.Fatalf("%d units are there, and %d not", len(made), len(jobs))
	}
	for _, k := range made {
		s.must(s.cache().drop(k))
	}
	s.must(ahead.Run(t.Context()))
	if n := len(s.cached()); n != 0 {
		t.Errorf("with nothing changed %d units were made", n)
	}
}

// cached lists the units in the cache.
func (s *stage) cached() (all []Key) {
	s.Helper()
	files, err := filepath.Glob(filepath.Join(s.Units, "??", "*"))
	s.must(err)
	for _, f := range files {
		all = append(all, Key(filepath.Base(f)))
	}
	return all
}
