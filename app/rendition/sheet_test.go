package rendition

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"testing"

	"golang.org/x/image/tiff"
)

// upright gives the picture in a size, and fails the test where that can't be.
func upright(t *testing.T, data []byte, w, h int) (Sheet, Info) {
	t.Helper()
	info, err := Inspect(data, Limits{TIFF: true})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Upright(data, info, w, h)
	if err != nil {
		t.Fatal(err)
	}
	return s, info
}

func encoded(t *testing.T, s Sheet) []byte {
	t.Helper()
	data, err := s.JPEG(90)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Sheets are what Make's renditions are: turned, in sRGB, as light.
func TestSheetsAreUpright(t *testing.T) {
	t.Parallel()
	small := photo(t, 240, 160)
	pictures := map[string][]byte{"Display P3": read(t, "faces/portrait-33.jpg"), "CMYK": read(t, "photos/go-cmyk.jpeg"), "grey": read(t, "photos/go-gray.jpeg"),
		"RGBA": asPNG(t, repainted(image.NewNRGBA(small.Rect), small)), "cut": upTo(t, asJPEG(t, small, 90), 1, 0.6), "odd": asJPEG(t, photo(t, 117, 93), 90)}
	for o := 1; o <= 8; o++ {
		pictures[string(rune('0'+o))] = withEXIF(asJPEG(t, small, 90), exifOrientation(o))
	}
	for name, data := range pictures {
		info, set := made(t, data)
		s, _ := upright(t, data, set.Width, set.Height)
		if w, h := s.Size(); w != set.Width || h != set.Height {
			t.Errorf("%s: %d×%d, want %d×%d", name, w, h, set.Width, set.Height)
		}
		if far := asunder(opened(t, encoded(t, s)), opened(t, set.Large)); far > 2 {
			t.Errorf("%s: %.1f levels from the large rendition", name, far)
		}
		if s, _ := upright(t, data, 2*info.Width, 2*info.Height); s.p.y.Rect.Dx() != info.Width {
			t.Errorf("%s: enlarged to %v", name, s.p.y.Rect)
		}
	}
}

// asunder is the mean difference between the means of 8×8 fields, in levels.
func asunder(a, b image.Image) float64 {
	sum := 0.0
	for i := range 64 {
		r, g, bl := mean(a, i%8, i/8, 8)
		r2, g2, bl2 := mean(b, i%8, i/8, 8)
		sum += max(r-r2, r2-r) + max(g-g2, g2-g) + max(bl-bl2, bl2-bl)
	}
	return sum / 192
}

func TestSheetsAreCutAndCovered(t *testing.T) {
	t.Parallel()
	ground := image.NewRGBA(image.Rect(0, 0, 64, 48))
	draw.Draw(ground, ground.Rect, image.NewUniform(color.RGBA{R: 40, G: 90, B: 160, A: 255}), image.Point{}, draw.Src)
	draw.Draw(ground, image.Rect(32, 0, 64, 48), image.NewUniform(color.RGBA{R: 200, G: 180, B: 20, A: 255}), image.Point{}, draw.Src)
	s, _ := upright(t, asJPEG(t, ground, 100), 64, 48)
	layer := image.NewRGBA(image.Rect(0, 0, 8, 8))
	draw.Draw(layer, layer.Rect, image.NewUniform(color.RGBA{R: 127, A: 127}), image.Point{}, draw.Src)
	covered := opened(t, encoded(t, s.With(layer, []image.Point{{16, 16}, {60, 44}, {-4, -4}, {99, 99}})))
	for at, want := range map[image.Point]color.RGBA{{20, 20}: {R: 147, G: 45, B: 80}, {8, 40}: {R: 40, G: 90, B: 160}, {63, 47}: {R: 227, G: 90, B: 10}} {
		if got := color.RGBAModel.Convert(covered.At(at.X, at.Y)).(color.RGBA); off(got.R, want.R) || off(got.G, want.G) || off(got.B, want.B) {
			t.Errorf("at %v: %v, want %v", at, got, want)
		}
	}
	if far := asunder(opened(t, encoded(t, s)), ground); far > 6 {
		t.Errorf("the sheet under the layer changed by %.1f levels", far)
	}
	right := s.Cropped(33, 11, 99, 30)
	if w, h := right.Size(); w != 32 || h != 30 {
		t.Errorf("cut to %d×%d", w, h)
	}
	if got := color.RGBAModel.Convert(opened(t, encoded(t, right)).At(16, 10)).(color.RGBA); off(got.R, 200) || off(got.B, 20) {
		t.Errorf("the right half is %v", got)
	}
}

func off(a, b uint8) bool { return max(a, b)-min(a, b) > 12 }

// What CostAt tells is no less than what making a sheet, covering it and encoding it once
// allocate in all. It runs alone, because it counts all allocations.
func TestCostAtBoundsWhatIsAllocated(t *testing.T) {
	img := photo(t, 800, 600)
	layer := image.NewRGBA(image.Rect(0, 0, 40, 40))
	for name, data := range map[string][]byte{"baseline": asJPEG(t, img, 92), "large": read(t, "photos/empty-gps-4640x3472.jpg"), "4:4:4": read(t, "photos/lightroom-every-iptc-field.jpg"),
		"turned": read(t, "photos/orient-portrait-6.jpg"), "Display P3": read(t, "faces/portrait-34.jpg"), "16 bit": asPNG(t, repainted(image.NewRGBA64(img.Rect), img)),
		"TIFF": asTIFF(t, img, tiff.Deflate), "progressive": read(t, "photos/iptc-ref-2021.1.jpg")} {
		info, err := Inspect(data, Limits{TIFF: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []int{1, 2, 3, 9} {
			w, h := (info.Width+part-1)/part, (info.Height+part-1)/part
			took := allocated(func() {
				s, err := Upright(data, info, w, h)
				if err == nil {
					err = jpeg.Encode(&bytes.Buffer{}, s.With(layer, []image.Point{{}}).p.image(), &jpeg.Options{Quality: 95})
				}
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
			if took > info.CostAt(w, h) {
				t.Errorf("%s at %d×%d costs %d bytes, and %d were allocated", name, w, h, info.CostAt(w, h), took)
			}
		}
	}
}
