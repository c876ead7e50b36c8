package order

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"unicode"

	"github.com/nfnt/resize"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"oneframe/app/fault"
)

// What a PNG watermark may be.
const (
	markBytes  = 1 << 20
	markPixels = 4 << 20
	markSide   = 8192
)

// layerMost bounds the pixels of a watermark as it is laid on, for pictures of any size.
const layerMost = 12 << 20

// decodeMark opens a PNG watermark. Errors: TooLarge mark_too_large, Invalid bad_mark.
func decodeMark(data []byte) (img image.Image, err error) {
	if len(data) > markBytes {
		return nil, fault.New(fault.TooLarge, "mark_too_large", "A watermark has at most 1 MB.")
	}
	c, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, badMark(err)
	}
	if c.Width > markSide || c.Height > markSide || c.Width*c.Height > markPixels {
		return nil, fault.New(fault.TooLarge, "mark_too_large", "A watermark has at most %d megapixels.", markPixels>>20)
	}
	if img, err = png.Decode(bytes.NewReader(data)); err != nil {
		return nil, badMark(err)
	}
	return img, nil
}

func badMark(cause error) error {
	return fault.Wrap(cause, fault.Invalid, "bad_mark", "The watermark must be a PNG picture.")
}

// unwritable gives the first character that the font has no shape for.
func unwritable(text string) (r rune, missing bool) {
	f, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return 0, text != ""
	}
	var buf sfnt.Buffer
	for _, r := range text {
		if i, err := f.GlyphIndex(&buf, r); err != nil || i == 0 || unicode.IsControl(r) {
			return r, true
		}
	}
	return 0, false
}

// shape is how large a watermark is on a picture: of a text, at which size of the font.
type shape struct {
	size   image.Point
	points float64
	margin int
}

// shape fits the watermark into a picture of w×h pixels.
func (m Watermark) shape(w, h int, img image.Image) (s shape, err error) {
	s.margin = max(2, min(w, h)/40)
	wide := float64(max(4, max(w, h)*m.Size/100))
	roomX, roomY := float64(max(1, w-2*s.margin)), float64(max(1, h-2*s.margin))
	within := func(across, down float64) float64 {
		return min(wide/across, roomX/across, roomY/down, math.Sqrt(layerMost/(across*down)))
	}
	if img != nil {
		size := img.Bounds().Size()
		s.size.X, s.size.Y = scaled(size.X, size.Y, within(float64(size.X), float64(size.Y)))
		return s, nil
	}
	const trial = 100
	bounds, err := extent(m.Text, trial)
	if err != nil {
		return s, err
	}
	const pad = 2 * 3.0 / 16 * trial // for the shadow; see written
	across, down := float64((bounds.Max.X-bounds.Min.X).Ceil())+pad, float64((bounds.Max.Y-bounds.Min.Y).Ceil())+pad
	k := max(0.04, within(across, down))
	s.size.X, s.size.Y = scaled(int(across), int(down), k)
	s.points = trial * k
	return s, nil
}

// cost is what drawing the watermark holds at most, in bytes: its layer, faded and not,
// and of a text its letters and shadows, of an image its own pixels twice.
func (s shape) cost(img image.Image) int64 {
	cost := 16*int64(s.size.X+8)*int64(s.size.Y+8) + 1<<20
	if img != nil {
		b := img.Bounds()
		cost += 4*int64(b.Dx())*int64(b.Dy()) + 4*int64(s.size.X)*int64(b.Dy())
	}
	return cost
}

// layer gives the watermark for a picture of w×h pixels, its colours multiplied by their
// alpha, and where its corner goes.
func (m Watermark) layer(w, h int, img image.Image) (layer *image.RGBA, at []image.Point, err error) {
	s, err := m.shape(w, h, img)
	if err != nil {
		return nil, nil, err
	}
	if img != nil {
		layer = pasted(img, s.size)
	} else if layer, err = written(m.Text, s.points); err != nil {
		return nil, nil, err
	}
	faded := image.NewRGBA(layer.Rect)
	draw.DrawMask(faded, faded.Rect, layer, layer.Rect.Min, image.NewUniform(color.Alpha{A: uint8(255 * m.Opacity / 100)}), image.Point{}, draw.Src)
	return faded, m.Place.points(image.Pt(w, h), faded.Rect.Size(), s.margin), nil
}

// pasted gives the picture in the size.
func pasted(img image.Image, size image.Point) *image.RGBA {
	whole := image.NewRGBA(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(whole, whole.Rect, img, img.Bounds().Min, draw.Src)
	small, ok := resize.Resize(uint(size.X), uint(size.Y), whole, resize.Bilinear).(*image.RGBA)
	if !ok {
		return whole
	}
	return small
}

func face(points float64) (font.Face, error) {
	f, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return nil, err
	}
	return opentype.NewFace(f, &opentype.FaceOptions{Size: points, DPI: 72})
}

// extent is where the text's ink lies around the point where it is begun.
func extent(text string, points float64) (fixed.Rectangle26_6, error) {
	f, err := face(points)
	if err != nil {
		return fixed.Rectangle26_6{}, err
	}
	bounds, _ := font.BoundString(f, text)
	return bounds, nil
}

// written gives the text in white over its own soft shadow, so that it can be read on
// snow and at night.
func written(text string, points float64) (*image.RGBA, error) {
	f, err := face(points)
	if err != nil {
		return nil, err
	}
	bounds, _ := font.BoundString(f, text)
	soft := max(1, int(points/16))
	pad := 3 * soft
	rect := image.Rect(0, 0, (bounds.Max.X-bounds.Min.X).Ceil()+2*pad, (bounds.Max.Y-bounds.Min.Y).Ceil()+2*pad)
	letters := image.NewAlpha(rect)
	pen := font.Drawer{Dst: letters, Src: image.Opaque, Face: f, Dot: fixed.P(pad, pad).Sub(bounds.Min)}
	pen.DrawString(text)
	layer := image.NewRGBA(rect)
	shadow := blurred(blurred(letters, soft), soft)
	for range 2 { // twice is darker near the letters
		draw.DrawMask(layer, rect, image.Black, image.Point{}, shadow, image.Point{}, draw.Over)
	}
	draw.DrawMask(layer, rect, image.White, image.Point{}, letters, image.Point{}, draw.Over)
	return layer, nil
}

// blurred is the mean over a square of 2·radius+1 pixels, made of sums along rows, then
// along columns.
func blurred(src *image.Alpha, radius int) *image.Alpha {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	between, dst := image.NewAlpha(src.Rect), image.NewAlpha(src.Rect)
	run := func(from, to []byte, start, step, n int) {
		sum := 0
		for i := -radius; i < n; i++ {
			if in := i + radius; in < n {
				sum += int(from[start+in*step])
			}
			if out := i - radius - 1; out >= 0 {
				sum -= int(from[start+out*step])
			}
			if i >= 0 {
				to[start+i*step] = byte(sum / (2*radius + 1))
			}
		}
	}
	for y := range h {
		run(src.Pix, between.Pix, y*src.Stride, 1, w)
	}
	for x := range w {
		run(between.Pix, dst.Pix, x, src.Stride, h)
	}
	return dst
}

// points gives where the corner of a layer of that size goes on the picture.
func (p Place) points(picture, size image.Point, margin int) (at []image.Point) {
	if p == "tiled" {
		step := image.Pt(size.X+max(margin, size.X/2), size.Y+max(margin, size.Y*2, picture.Y/12))
		for row, y := 0, (step.Y-size.Y)/2; y < picture.Y; row, y = row+1, y+step.Y {
			for x := -(row % 2) * step.X / 2; x < picture.X; x += step.X {
				at = append(at, image.Pt(x, y))
			}
		}
		return at
	}
	for i, one := range Places() {
		if one == p {
			free := picture.Sub(size).Sub(image.Pt(2*margin, 2*margin))
			return []image.Point{{X: margin + (i%3)*free.X/2, Y: margin + (i/3)*free.Y/2}}
		}
	}
	return nil
}
