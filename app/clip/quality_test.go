package clip

import (
	"fmt"
	"strings"
	"testing"
)

func TestTheSizeKeepsTheAspectAndIsNeverLarger(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ size, width, height, w, h int }{
		{0, 1920, 1080, 1920, 1080}, {1920, 1280, 720, 1280, 720}, {1280, 1920, 1080, 1280, 720},
		{1280, 1080, 1920, 720, 1280}, {640, 1920, 804, 640, 268}, {854, 1280, 720, 854, 480}, {160, 1920, 8, 160, 2},
	} {
		if w, h := (Quality{Size: c.size}).size(c.width, c.height); w != c.w || h != c.h {
			t.Errorf("%d×%d within %d: %d×%d, want %d×%d", c.width, c.height, c.size, w, h, c.w, c.h)
		}
	}
}

func TestAQualityComesBackFromItsRow(t *testing.T) {
	t.Parallel()
	q := Quality{Size: 640, CRF: 30, Preset: "slow", Fit: Pad, Match: 40}
	if back := qualityOf(q.text(), Crop); back != q {
		t.Errorf("%+v came back as %+v", q, back)
	}
	if old := qualityOf("", Pad); old != (Quality{Fit: Pad}).filled() {
		t.Errorf("an old row is %+v", old)
	}
	for _, word := range []string{"640", "crf 30", "slow", "pad", "40 %"} {
		if !strings.Contains(q.String(), word) {
			t.Errorf("%s does not say %s", q, word)
		}
	}
}

// Every preset makes units that can be joined, and a clip that decodes without a word. The
// check of every render compares the frames' times.
func TestEveryPresetCanBeJoined(t *testing.T) {
	t.Parallel()
	s := newStage(t, made{fps: fps25, frames: 60, hold: 2})
	for _, n := range []int{1, 4, 5, 20, 30} {
		s.fill(n, still(n, 160, 90))
	}
	s.fill(9, still(9, 90, 160))
	for _, s.Preset = range Presets {
		r := s.render()
		if r.Quality.Preset != s.Preset || r.UnitsEncoded != r.Units || r.Units != 14 {
			t.Errorf("%s: the render is %+v", s.Preset, r)
		}
		s.quiet(s.File(r))
		s.sameFrames(s.File(r), s.singlePass())
	}
}

// Each setting has encoded anew what it concerns and nothing else.
func TestAChangedSettingEncodesWhatItConcerns(t *testing.T) {
	t.Parallel()
	s := newStage(t, made{fps: fps25, frames: 100, hold: 2})
	s.fill(1, still(1, 160, 90))
	s.fill(30, still(2, 120, 90))
	s.render() // 2 pictures, 9 runs
	for _, c := range []struct {
		what    string
		set     func()
		encoded int
	}{
		{"the fit", func() { s.Fit = Pad }, 2},
		{"the crf", func() { s.CRF = 30 }, 11},
		{"the size", func() { s.Size = 120 }, 11},
		{"a size that is the original's", func() { s.Size = 160 }, 0},
		{"the old fit again", func() { s.Fit = Crop }, 2},
		{"the old crf again", func() { s.CRF = 22 }, 0},
	} {
		c.set()
		if n := s.queued(); n != 1 {
			t.Errorf("%s: %d renders are queued", c.what, n)
		}
		r := s.render()
		if r.UnitsEncoded != c.encoded || r.UnitsReused != 11-c.encoded || r.Quality != s.Quality {
			t.Errorf("%s: the render is %+v", c.what, r)
		}
		w, h := s.size(160, 90)
		if got := s.probe("-select_streams", "v", "-show_entries", "stream=width,height", s.File(r)); got[0] != fmt.Sprintf("%d,%d", w, h) {
			t.Errorf("%s: the clip is %s", c.what, got)
		}
	}
}

// A smaller clip is what one encode of the scaled timeline would be.
func TestASmallerClipIsScaled(t *testing.T) {
	t.Parallel()
	s := newStage(t, made{fps: fps25, frames: 60, hold: 2, width: 320, height: 180})
	s.fill(3, still(3, 320, 240))
	s.Size = 160
	r := s.render()
	s.ffmpeg("-i", s.Library.Mezzanine("c"), "-vf", "scale=160:90:flags=bicubic+accurate_rnd+full_chroma_int",
		"-c:v", "libx264", "-crf", "16", "-g", "12", "-bf", "0", s.Library.Mezzanine("c")+".small.mp4")
	s.Size, s.width, s.height = 0, 160, 90
	s.must(s.useMezzanine(s.Library.Mezzanine("c") + ".small.mp4"))
	s.sameFrames(s.File(r), s.singlePass())
}
