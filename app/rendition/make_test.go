package rendition

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nfnt/resize"

	"oneframe/app/fault"
	"oneframe/app/testdata"
)

// clean fails the test unless the renditions are baseline 4:2:0 JPEGs in the sizes
// promised, with no markers but those that decoding needs, and nothing after EOI.
func clean(t *testing.T, s Set) {
	t.Helper()
	for _, r := range []struct {
		name string
		data []byte
		most int
	}{{"large", s.Large, largeWidth}, {"medium", s.Medium, mediumWidth}, {"thumb", s.Thumb, thumbWidth}} {
		var last segment
		for m := range segments(r.data) {
			switch last = m; m.marker {
			case sof0:
				if f, ok := frameOf(m); !ok || !is420(f) {
					t.Errorf("%s: not 4:2:0", r.name)
				}
			case app0:
				if !bytes.HasPrefix(m.body, []byte("JFIF\x00")) || len(m.body) != 14 {
					t.Errorf("%s: APP0 %q", r.name, m.body)
				}
			case dqt, dht, dri, sos, eoi:
			default:
				t.Errorf("%s: marker %x", r.name, m.marker)
			}
		}
		if last.marker != eoi || last.end != len(r.data) {
			t.Errorf("%s: ends with marker %x at %d of %d bytes", r.name, last.marker, last.end, len(r.data))
		}
		size := opened(t, r.data).Bounds()
		if size.Dx() > r.most || size.Dy() > tallest*r.most || size.Dx() > s.Width || size.Dy() > s.Height {
			t.Errorf("%s: %v", r.name, size)
		}
		if r.name == "large" && (size.Dx() != s.Width || size.Dy() != s.Height) {
			t.Errorf("large is %v, the set says %d×%d", size, s.Width, s.Height)
		}
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ w, h, largeW, largeH, thumbW, thumbH int }{
		{1280, 720, 1280, 720, 160, 90},
		{1920, 1080, 1280, 720, 160, 90},
		{4032, 3024, 1280, 960, 160, 120},
		{640, 480, 640, 480, 160, 120},
		{1000, 1, 1000, 1, 160, 1},
		{1, 1, 1, 1, 1, 1},
		{7, 5, 7, 5, 7, 5},
		{161, 121, 161, 121, 160, 120},
		{1000, 6000, 853, 5120, 107, 640},
		{3, 6000, 3, 5120, 1, 640},
		{1281, 721, 1280, 720, 160, 90},
	} {
		img := image.NewRGBA(image.Rect(0, 0, c.w, c.h))
		for name, data := range map[string][]byte{"jpeg": asJPEG(t, img, 80), "png": asPNG(t, img)} {
			_, set := made(t, data)
			thumb := opened(t, set.Thumb).Bounds()
			if set.Width != c.largeW || set.Height != c.largeH || thumb.Dx() != c.thumbW || thumb.Dy() != c.thumbH {
				t.Errorf("%s %d×%d: large %d×%d, thumb %v", name, c.w, c.h, set.Width, set.Height, thumb)
			}
			clean(t, set)
		}
	}
}

// The eight orientations of EXIF, in each format: turned upright, red is at the top
// left, green at the top right, white at the bottom right and blue at the bottom left.
func TestPicturesAreTurnedUpright(t *testing.T) {
	t.Parallel()
	upright := corners(120, 80)
	lossy := fixture(t, "lossy.webp") // 160×120
	for o := 1; o <= 8; o++ {
		stored := asStored(upright, o)
		for name, data := range map[string][]byte{
			"jpeg": withEXIF(asJPEG(t, stored, 95), exifOrientation(o)),
			"png":  withChunk(asPNG(t, stored), "eXIf", exifOrientation(o)),
		} {
			info, set := made(t, data)
			if info.Orientation != o || info.Width != 120 || info.Height != 80 || set.Width != 120 || set.Height != 80 {
				t.Errorf("%s %d: %+v, set %d×%d", name, o, info, set.Width, set.Height)
				continue
			}
			for _, r := range [][]byte{set.Large, set.Medium, set.Thumb} {
				if d := apart(opened(t, r), upright); d > 4 {
					t.Errorf("%s %d: %.1f levels from the upright picture", name, o, d)
				}
			}
			clean(t, set)
		}
		info, err := Inspect(webpWithEXIF(lossy, 160, 120, exifOrientation(o)), Limits{})
		if err != nil || info.Orientation != o || (info.Width == 120) != (o >= 5) {
			t.Errorf("webp %d: %+v, %v", o, info, err)
		}
	}
}

// asStored is what a camera held so would have written.
func asStored(upright *image.RGBA, orientation int) *image.RGBA {
	w, h := upright.Rect.Dx(), upright.Rect.Dy()
	sw, sh := w, h
	if orientation >= 5 {
		sw, sh = h, w
	}
	stored := image.NewRGBA(image.Rect(0, 0, sw, sh))
	for y := range h {
		for x := range w {
			// EXIF 2.3: what the 0th row and the 0th column of the file are, as shown.
			at := map[int]image.Point{1: {x, y}, 2: {w - 1 - x, y}, 3: {w - 1 - x, h - 1 - y}, 4: {x, h - 1 - y},
				5: {y, x}, 6: {y, w - 1 - x}, 7: {h - 1 - y, w - 1 - x}, 8: {h - 1 - y, x}}[orientation]
			stored.Set(at.X, at.Y, upright.At(x, y))
		}
	}
	return stored
}

// apart is the mean difference of 4×4 fields in levels.
func apart(a, b image.Image) float64 {
	sum := 0.0
	for i := range 16 {
		ar, ag, ab := mean(a, i%4, i/4, 4)
		br, bg, bb := mean(b, i%4, i/4, 4)
		sum += math.Abs(ar-br) + math.Abs(ag-bg) + math.Abs(ab-bb)
	}
	return sum / 48
}

func TestUnreadableEXIFMeansUpright(t *testing.T) {
	t.Parallel()
	plain := asJPEG(t, corners(32, 32), 80)
	for _, tiff := range []string{"", "II", "MM\x00\x2a\xff\xff\xff\xff", string(exifOrientation(0)), string(exifOrientation(9)),
		"MM\x00\x2a\x00\x00\x00\x08\xff\xff", strings.Repeat("M", 60000)} {
		if info, _ := made(t, withEXIF(plain, []byte(tiff))); info.Orientation != 1 {
			t.Errorf("%.20q: orientation %d", tiff, info.Orientation)
		}
	}
}

func TestTransparencyLiesOnWhite(t *testing.T) {
	t.Parallel()
	img := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	draw.Draw(img, image.Rect(0, 0, 32, 64), image.NewUniform(color.NRGBA{0, 0, 255, 128}), image.Point{}, draw.Src)
	_, set := made(t, asPNG(t, img))
	large := opened(t, set.Large)
	if r, g, b := mean(large, 0, 0, 2); math.Abs(r-127) > 3 || math.Abs(g-127) > 3 || b < 250 {
		t.Errorf("half transparent blue became %.0f %.0f %.0f", r, g, b)
	}
	if r, g, b := mean(large, 1, 0, 2); min(r, g, b) < 253 {
		t.Errorf("nothing became %.0f %.0f %.0f", r, g, b)
	}
}

// The frame of an animation may be smaller than its canvas.
func TestAnAnimationShowsItsFirstFrame(t *testing.T) {
	t.Parallel()
	frame := fixture(t, "lossy.webp")
	anmf := make([]byte, 16)
	put24(anmf[0:], 10) // at 20, 40
	put24(anmf[3:], 20)
	put24(anmf[6:], 159)
	put24(anmf[9:], 119)
	x := make([]byte, 10)
	x[0] = 1 << 1
	put24(x[4:], 319)
	put24(x[7:], 239)
	body := appendRIFF(appendRIFF(nil, "VP8X", x), "ANIM", make([]byte, 6))
	data := riff(appendRIFF(body, "ANMF", append(anmf, frame[12:]...)))
	info, set := made(t, data)
	if info.Width != 320 || info.Height != 240 {
		t.Fatalf("%+v", info)
	}
	want := image.NewRGBA(image.Rect(0, 0, 320, 240))
	draw.Draw(want, want.Rect, image.White, image.Point{}, draw.Src)
	_, alone := made(t, frame)
	draw.Draw(want, image.Rect(20, 40, 180, 160), opened(t, alone.Large), image.Point{}, draw.Src)
	if d := apart(opened(t, set.Large), want); d > 2 {
		t.Errorf("%.1f levels from the first frame in its place", d)
	}
	put24(anmf[0:], 100) // sticks out
	data = riff(appendRIFF(body, "ANMF", append(anmf, frame[12:]...)))
	if _, err := Inspect(data, Limits{}); !fault.Has(err, "broken_image") {
		t.Errorf("a frame outside of its canvas: %v", err)
	}
}

// The webcam's JPEG is not encoded again: the same pixels, without its metadata.
func TestTheScanOfAWebcamIsKept(t *testing.T) {
	t.Parallel()
	plain := asJPEG(t, photo(t, 640, 480), 92)
	dressed := withEXIF(withSegment(withSegment(plain, 0xfe, []byte("a comment")), app2, []byte("ICC_PROFILE\x00\x01\x01 no profile")), exifOrientation(1))
	dressed = append(withSegment(dressed, 0xed, []byte("Photoshop 3.0\x008BIM")), "<script>trailing</script>"...)
	_, set := made(t, dressed)
	clean(t, set)
	if !bytes.Equal(opened(t, set.Large).(*image.YCbCr).Y, opened(t, plain).(*image.YCbCr).Y) {
		t.Error("other pixels than those sent")
	}
	if len(set.Large) > len(plain)+20 {
		t.Errorf("%d bytes of %d", len(set.Large), len(plain))
	}
	for what, data := range map[string][]byte{
		"turned":            withEXIF(plain, exifOrientation(6)),
		"progressive":       read(t, "photos/photomechanic-charset.jpg"),
		"in full chroma":    read(t, "photos/seibert-iim-xmp.jpg"),
		"grey":              read(t, "photos/go-gray.jpeg"),
		"in another colour": read(t, "photos/artstor-pd-poster.jpg"),
		"without an end":    plain[:len(plain)-2],
		"too rich":          asJPEG(t, noise(200, 200), 100),
	} {
		info, set := made(t, data)
		kept := set.Large != nil && bytes.Contains(data, set.Large[200:])
		if kept || info.Type != "image/jpeg" {
			t.Errorf("a picture %s was kept", what)
		}
		clean(t, set)
	}
}

func noise(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	v := uint32(1)
	for i := range img.Pix {
		v = v*1664525 + 1013904223
		img.Pix[i] = byte(v >> 24)
	}
	return img
}

// What is there of a file that was cut short is shown, and the rest is grey.
func TestWhatIsMissingIsGrey(t *testing.T) {
	t.Parallel()
	whole := photo(t, 400, 300)
	files := map[string][]byte{"jpeg": upTo(t, asJPEG(t, whole, 90), 1, 0.5), "restarts": upTo(t, read(t, "photos/press-cp1251-noflag.jpg"), 1, 0.5)}
	files["png"] = asPNG(t, whole)
	files["png"] = files["png"][:len(files["png"])/2]
	for name, data := range files {
		_, set := made(t, data)
		img := opened(t, set.Large)
		if r, g, b := mean(img, 0, 7, 8); math.Abs(r-128)+math.Abs(g-128)+math.Abs(b-128) > 6 {
			t.Errorf("%s: the bottom is %.0f %.0f %.0f", name, r, g, b)
		}
		if name == "restarts" {
			continue
		}
		for x := range 8 {
			r, g, b := mean(img, x, 0, 8)
			wr, wg, wb := mean(whole, x, 0, 8)
			if d := math.Abs(r-wr) + math.Abs(g-wg) + math.Abs(b-wb); d > 9 {
				t.Errorf("%s: the top is %.0f levels off", name, d)
			}
		}
		clean(t, set)
	}
	_, full := made(t, read(t, "photos/iptc-ref-2021.1.jpg"))
	_, set := made(t, upTo(t, read(t, "photos/iptc-ref-2021.1.jpg"), 4, 0.5))
	if d := apart(opened(t, full.Large), opened(t, set.Large)); d > 4 {
		t.Errorf("three scans of a progressive JPEG: %.1f levels off", d)
	}
}

// Every real photograph gives three clean JPEGs.
func TestRealPhotographs(t *testing.T) {
	t.Parallel()
	for _, path := range slices.Concat(testdata.Glob(t, "photos/*"), testdata.Glob(t, "faces/portrait*"), testdata.Glob(t, "faces/webcam-*-0.jpg")) {
		name := filepath.Base(path)
		code, _, set, err := answer(readFile(t, path))
		taken := slices.Contains([]string{".jpg", ".jpeg", ".png", ".webp"}, strings.ToLower(filepath.Ext(name)))
		if taken != (code == "") || !taken && code != "unsupported_type" {
			t.Errorf("%s: %q, %v", name, code, err)
		}
		if code == "" {
			clean(t, set)
		}
	}
}

// Halving before nfnt, and going from size to size, must not be seen: compared with
// Lanczos straight from the original, in the luma of noisy photographs, the renditions
// are nearly as near as a JPEG of that very Lanczos in the same quality.
func TestQualityAgainstLanczos(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"photos/hubble-jupiter-esa.jpg", "faces/portrait-27.jpg", "photos/canon-s90-keywords.jpg", "photos/lightroom-every-iptc-field.jpg"} {
		data := read(t, name)
		p := planesOf(opened(t, data))
		_, set := made(t, data)
		for what, rendition := range map[string][]byte{"large": set.Large, "medium": set.Medium, "thumb": set.Thumb} {
			got := planesOf(opened(t, rendition)).y
			lanczos := resize.Resize(uint(got.Rect.Dx()), uint(got.Rect.Dy()), p.y, resize.Lanczos3).(*image.Gray)
			psnr, ssim := likeness(got, lanczos)
			best, bestSSIM := likeness(planesOf(opened(t, asJPEG(t, lanczos, quality))).y, lanczos)
			if psnr < 35 || psnr < best-3 || ssim < 0.95 || ssim < bestSSIM-0.015 {
				t.Errorf("%s %s: PSNR %.2f dB, SSIM %.4f; a JPEG of the Lanczos has %.2f, %.4f", name, what, psnr, ssim, best, bestSSIM)
			}
		}
	}
}

// likeness gives PSNR in dB and the mean SSIM of 8×8 blocks (Wang et al. 2004).
func likeness(a, b *image.Gray) (psnr, ssim float64) {
	var squares float64
	n := 0
	for y := 0; y+8 <= a.Rect.Dy(); y += 8 {
		for x := 0; x+8 <= a.Rect.Dx(); x += 8 {
			var sa, sb, saa, sbb, sab float64
			for i := range 64 {
				va, vb := float64(a.Pix[(y+i/8)*a.Stride+x+i%8]), float64(b.Pix[(y+i/8)*b.Stride+x+i%8])
				sa, sb, saa, sbb, sab = sa+va, sb+vb, saa+va*va, sbb+vb*vb, sab+va*vb
			}
			squares += saa + sbb - 2*sab
			ma, mb := sa/64, sb/64
			varA, varB, cov := saa/64-ma*ma, sbb/64-mb*mb, sab/64-ma*mb
			const c1, c2 = 6.5025, 58.5225
			ssim += (2*ma*mb + c1) * (2*cov + c2) / ((ma*ma + mb*mb + c1) * (varA + varB + c2))
			n++
		}
	}
	return 10 * math.Log10(255*255/max(1e-9, squares/float64(64*n))), ssim / float64(n)
}

func TestCheckFindsWhatInspectCannot(t *testing.T) {
	t.Parallel()
	data := asJPEG(t, photo(t, 64, 64), 80)
	cut := upTo(t, data, 1, 0)
	info, err := Inspect(cut, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(cut, info); !fault.Has(err, "broken_image") {
		t.Errorf("nothing after the header: %v", err)
	}
	if _, err := Make(cut, info); !fault.Has(err, "broken_image") || errors.Unwrap(err) == nil {
		t.Errorf("nothing after the header: %v", err)
	}
}
