package clip

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/store"
)

const longDir = "ONEFRAME_TEST_CLIP_LONG"

// A clip of 30 minutes, 45,000 frames, a sixth of its 22,500 slots filled: the process that
// renders it stays under 300 MB from its start to its end (70 were measured, with 16,000
// units), and the join under 100 MB of them (19). It runs in a process of its own, whose
// memory no other test uses. Its pictures are small: no memory but ffmpeg's and that of a
// single unit grows with them.
func TestAClipOf30Minutes(t *testing.T) {
	if os.Getenv(longDir) != "" {
		thirtyMinutes(t)
		return
	}
	t.Parallel()
	cmd := exec.Command(os.Args[0], "-test.run=^TestAClipOf30Minutes$", "-test.v")
	cmd.Env = append(os.Environ(), longDir+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

func thirtyMinutes(t *testing.T) {
	const frames, times = 45_000, 50
	s := bareStage(t, made{fps: fps25, frames: frames / times, hold: 2, width: 64, height: 36, sound: true})
	s.makeSource()
	s.frames = frames
	for _, file := range []string{s.Library.Mezzanine("c"), s.Library.Sound("c")} {
		once := filepath.Join(filepath.Dir(file), "once-"+filepath.Base(file))
		s.must(os.Rename(file, once))
		s.ffmpeg("-stream_loop", strconv.Itoa(times-1), "-i", once, "-c", "copy", file)
	}
	s.write(s.insert)
	var numbers []int
	for n := 2; n <= frames/2; n += 6 {
		numbers = append(numbers, n)
	}
	s.fillMany(numbers, 400)
	begun := time.Now()
	r := s.render()
	if r.Frames != frames || r.SlotsFilled != len(numbers) || r.Units < 8_000 {
		t.Errorf("the render is %+v", r)
	}
	most := s.peak()
	t.Logf("%d units in %s, %d MB at the most", r.Units, time.Since(begun).Round(time.Second), most>>20)
	if most > 300<<20 {
		t.Errorf("rendering took %d MB", most>>20)
	}
	if grew := s.joinMemory(); grew > 100<<20 {
		t.Errorf("joining took %d MB", grew>>20)
	} else {
		t.Logf("the join took %d MB", grew>>20)
	}
	s.quiet(s.File(r))
	s.fill(1, still(1, 64, 36))
	if r := s.render(); r.UnitsEncoded > 2 || r.Frames != frames {
		t.Errorf("with one slot changed the render is %+v", r)
	}
}

// fillMany has pictures accepted for the slots, all at once, of so many different ones.
func (s *stage) fillMany(numbers []int, different int) {
	s.Helper()
	var keys []picture.Renditions
	for i := range different {
		k, err := s.Renditions.Put(context.Background(), still(i, 64, 36))
		s.must(err)
		keys = append(keys, picture.Renditions{Large: k, Medium: k, Thumb: k, Width: 1, Height: 1})
	}
	s.write(func(tx *store.Tx) error {
		for i, n := range numbers {
			if err := accept(tx, n, keys[i%different]); err != nil {
				return err
			}
		}
		return nil
	})
}

func accept(tx *store.Tx, number int, r picture.Renditions) error {
	l, err := slot.Take(tx, "c", number, time.Minute)
	if err != nil {
		return err
	}
	at, err := slot.Fill(tx, l.Token)
	if err != nil {
		return err
	}
	id := picture.ID(store.NewID())
	if _, err := picture.Record(tx, picture.New{ID: id, Origin: "webcam", Slot: at, Original: r.Large, Type: "image/jpeg", Width: 1, Height: 1}); err != nil {
		return err
	}
	if err := picture.Ready(tx, id, r); err != nil {
		return err
	}
	_, err = picture.Settle(tx, id, picture.Verdict{State: picture.Accepted, By: "test"})
	return err
}
