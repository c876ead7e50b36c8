package clip

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"oneframe/app/fault"
	"oneframe/app/slot"
	"oneframe/app/store"
)

// unharmed asserts what must be true after any fault: the reason is on record, the old clip
// is shown and plays, and nothing half-made is left.
func (s *stage) unharmed(good Render, failed Render, err error, why string) {
	s.Helper()
	if !fault.Has(err, "render_failed") || failed.State != Failed || !strings.Contains(failed.Error, why) || failed.Finished.IsZero() {
		s.Errorf("the render is %+v, %v; wanted %q", failed, err, why)
	}
	now := s.current()
	if sum := sha256.Sum256(s.read(s.File(good))); now.ID != good.ID || hex.EncodeToString(sum[:]) != good.Hash {
		s.Errorf("the current render is %+v instead of %s, or its file has changed", now, good.ID)
	}
	s.nothingHalfMade(1)
}

// nothingHalfMade asserts that there are so many clip files, whole units, and nothing else.
func (s *stage) nothingHalfMade(files int) {
	s.Helper()
	if all := s.files(); len(all) != files {
		s.Errorf("there are the files %v", all)
	}
	for _, dir := range []string{s.Units, s.Library.Renders("c")} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && (strings.HasPrefix(d.Name(), ".new-") || strings.HasPrefix(d.Name(), "batch-")) {
				s.Errorf("%s was left", path)
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.Error(err)
		}
	}
}

// A rendition is cut off on the disk, as a failing one does it.
func TestABrokenPictureHarmsNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	s.fill(3, still(1, 160, 90))
	good := s.render()
	large := still(2, 160, 90)
	s.fill(9, large)
	path := s.Renditions.Path(s.unitOf(9).Picture)
	s.must(os.Truncate(path, int64(len(large)/2)))
	r, err := s.Render(context.Background(), "c", nil)
	s.unharmed(good, r, err, "The picture of slot 9 can't be read.")

	s.must(os.WriteFile(path, large, 0o600)) // from a backup
	if r := s.render(); r.SlotsFilled != 2 {
		t.Errorf("with the picture again the render is %+v", r)
	}
}

// The source goes, with its folder, while its frames are being encoded.
func TestASourceRemovedWhileItIsRendered(t *testing.T) {
	t.Parallel()
	s := newStage(t, made{fps: fps25, frames: 1000, hold: 2, width: 64, height: 36})
	s.Workers = 1
	var once sync.Once
	_, err := s.Render(context.Background(), "c", func(float64) {
		once.Do(func() {
			s.write(func(tx *store.Tx) error {
				_, err := tx.Exec(`DELETE FROM source_video WHERE slug = 'c'`)
				return errors.Join(err, slot.Remove(tx, "c"))
			})
			s.must(os.RemoveAll(s.Library.Folder("c")))
		})
	})
	if r := s.list()[0]; !fault.Has(err, "render_failed") || r.State != Failed || r.Error == "" {
		t.Errorf("the render is %+v, %v", r, err)
	}
	s.nothingHalfMade(0)
	if exists(s.Library.Folder("c")) {
		t.Error("the clip's folder is there again")
	}
	if worked, err := s.Step(context.Background()); worked || err != nil {
		t.Errorf("afterwards there is work: %v", err)
	}
}

// The shortest clips there are: one slot, and it is everything, or the end of it.
func TestAClipOfOneSlot(t *testing.T) {
	t.Parallel()
	for _, m := range []made{
		{fps: fps25, frames: 1, hold: 1}, {fps: fps25, frames: 1, hold: 2}, {fps: fps25, frames: 2, hold: 2}, {fps: fps25, frames: 5, hold: 2, from: 3},
	} {
		s := newStage(t, m)
		for round := range 2 {
			if round == 1 {
				s.fill(1, still(1, 160, 90))
			}
			r := s.render()
			if r.Frames != m.frames || r.SlotsFilled != round {
				t.Errorf("%d frames: the render is %+v", m.frames, r)
			}
			s.quiet(s.File(r))
			s.sameFrames(s.File(r), s.singlePass())
		}
	}
}
