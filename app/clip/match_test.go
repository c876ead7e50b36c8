package clip

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"testing"

	"oneframe/app/fault"
)

// skins are tones from very light to very dark.
var skins = []color.RGBA{{255, 224, 196, 255}, {241, 194, 125, 255}, {224, 172, 105, 255}, {198, 134, 66, 255}, {141, 85, 36, 255}, {92, 56, 34, 255}, {60, 36, 26, 255}}

// lights are what originals may be like, most of them further out than any video is.
var lights = []light{
	{0, 0, 0, 0, 0}, {255, 0, 0, 0, 0}, {128, 127, 0, 0, 0}, {60, 40, -10, 4, 20}, {200, 20, 15, -20, 40},
	{149, 30, -84, -107, 60}, {29, 10, 127, -20, 60}, {76, 60, -43, 127, 90}, {128, 0, 0, 0, 90}, {90, 127, -60, -60, 127},
}

// Whatever the picture and the original are like, luma keeps its order, black and white
// stay, and no change is larger than it may be.
func TestAMatchIsGentle(t *testing.T) {
	t.Parallel()
	for _, from := range lights {
		for _, to := range lights {
			c := from.toward(to, 1)
			if c.luma[0] != 0 || c.luma[255] != 255 {
				t.Fatalf("%v to %v: black becomes %d and white %d", from, to, c.luma[0], c.luma[255])
			}
			for i := 1; i < 256; i++ {
				if c.luma[i] < c.luma[i-1] || math.Abs(float64(c.luma[i])-float64(i)) > mostLuma+1 {
					t.Fatalf("%v to %v: luma %d becomes %d, the one before %d", from, to, i, c.luma[i], c.luma[i-1])
				}
			}
			if moved := math.Hypot(float64(c.cb[128])-128, float64(c.cr[128])-128); moved > math.Hypot(mostWarm, mostTint)+1 {
				t.Fatalf("%v to %v: grey moves by %.1f", from, to, moved)
			}
			if none := from.toward(to, 0); none.luma[77] != 77 || none.cb[40] != 40 || none.cr[200] != 200 {
				t.Fatalf("%v to %v: nothing of a match changes something", from, to)
			}
		}
		if same := from.toward(from, 1); same.luma[99] != 99 || same.cb[99] != 99 || same.cr[99] != 99 {
			t.Errorf("a picture of the original's own light is changed: %v", from)
		}
	}
}

// A face stays a face's colour whatever the original and the rest of the picture are like.
func TestSkinStaysSkin(t *testing.T) {
	t.Parallel()
	for _, tone := range skins {
		y, cb, cr := color.RGBToYCbCr(tone.R, tone.G, tone.B)
		for _, from := range lights {
			for _, to := range lights {
				c := from.toward(to, 1)
				was := math.Atan2(float64(cr)-128, float64(cb)-128)
				is := math.Atan2(float64(c.cr[cr])-128, float64(c.cb[cb])-128)
				if turned := math.Abs(is-was) * 180 / math.Pi; turned > 30 {
					t.Errorf("%v in %v matched with %v: the hue turns by %.0f°", tone, from, to, turned)
				}
				if r, g, b := color.YCbCrToRGB(c.luma[y], c.cb[cb], c.cr[cr]); r <= g || g < b && b-g > 8 {
					t.Errorf("%v in %v matched with %v becomes %d, %d, %d", tone, from, to, r, g, b)
				}
			}
		}
	}
}

func TestAMatchBringsTheLightsTogether(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct{ still, original color.RGBA }{
		"darker":   {color.RGBA{180, 170, 160, 255}, color.RGBA{90, 80, 70, 255}},
		"lighter":  {color.RGBA{60, 60, 70, 255}, color.RGBA{150, 150, 160, 255}},
		"warmer":   {color.RGBA{120, 130, 150, 255}, color.RGBA{160, 120, 90, 255}},
		"coloured": {color.RGBA{100, 100, 100, 255}, color.RGBA{40, 180, 60, 255}},
	} {
		still, original := decoded(t, flat(c.still, 64, 36)), decoded(t, flat(c.original, 64, 36))
		before, want := lightOf(still), lightOf(original)
		change := before.toward(want, 1)
		change.apply(still)
		after := lightOf(still)
		if a, b := math.Abs(after.luma-want.luma), math.Abs(before.luma-want.luma); a > b {
			t.Errorf("%s: luma %.0f is now %.0f, further from %.0f", what, before.luma, after.luma, want.luma)
		}
		far := func(l light) float64 { return math.Hypot(l.cb-want.cb, l.cr-want.cr) }
		if far(after) > far(before)+1 {
			t.Errorf("%s: the colours %+v are now %+v, further from %+v", what, before, after, want)
		}
	}
}

// The black bars of a film that is wider than its file say nothing of its light.
func TestBarsDoNotCount(t *testing.T) {
	t.Parallel()
	img := image.NewYCbCr(image.Rect(0, 0, 64, 64), image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		if row := i / img.YStride; row >= 16 && row < 48 {
			img.Y[i] = 150
		}
	}
	if l := lightOf(img); l.luma != 150 || l.contrast != 0 {
		t.Errorf("between bars the light is %+v", l)
	}
	if l := lightOf(image.NewYCbCr(image.Rect(0, 0, 8, 8), image.YCbCrSubsampleRatio444)); l.luma != 0 {
		t.Errorf("black has the light %+v", l)
	}
}

func decoded(t testing.TB, data []byte) *image.YCbCr {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return asYCbCr(img)
}

// In a clip a matched picture is nearer to the original than the same picture as it came;
// and the same picture in two slots is matched with either.
func TestTheClipShowsMatchedPictures(t *testing.T) {
	t.Parallel()
	s := newStage(t, made{fps: fps25, frames: 8, hold: 2})
	poses := filepath.Dir(s.Library.Pose("c", 1))
	s.must(os.MkdirAll(poses, 0o750))
	for slot, c := range map[int]uint8{1: 60, 2: 200} {
		s.must(os.WriteFile(s.Library.Pose("c", slot), grey(c, 96, 54), 0o600))
		s.fill(slot, grey(128, 160, 90))
	}
	s.fill(3, grey(128, 160, 90))
	level := func(frame int) int { return int(s.grey(s.File(s.current()))[frame*s.width*s.height]) }
	if r := s.render(); r.UnitsEncoded != 2 || level(0) != level(2) {
		t.Errorf("unmatched, %d units were encoded, and the levels are %d and %d", r.UnitsEncoded, level(0), level(2))
	}
	plain := level(0)
	s.Match = 100
	if _, err := s.Render(t.Context(), "c", nil); !fault.Has(err, "render_failed") {
		t.Errorf("without a reference picture of slot 3: %v", err)
	}
	s.must(os.WriteFile(s.Library.Pose("c", 3), grey(128, 96, 54), 0o600))
	if r := s.render(); r.UnitsEncoded+r.UnitsReused != 4 || level(0) > plain-20 || level(2) < plain+20 || level(4) != plain {
		t.Errorf("matched, the levels are %d, %d and %d instead of %d: %+v", level(0), level(2), level(4), plain, r)
	}
}
