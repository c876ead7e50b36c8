package order

import (
	"image"
	"math"
)

// above is the share of what a crop cuts off the height that comes off the top: one part
// in three, since faces lie above the middle; see clip's fit.go, where it was measured.
const above = 3

// fitting gives the size to which a picture of w×h pixels is scaled, and the piece of it
// that is then cut out.
func (s look) fitting(w, h int) (scaledW, scaledH int, piece image.Rectangle) {
	switch {
	case s.Longest > 0:
		scaledW, scaledH = scaled(w, h, min(1, float64(s.Longest)/float64(max(w, h))))
		return scaledW, scaledH, image.Rect(0, 0, scaledW, scaledH)
	case s.Width == 0:
		return w, h, image.Rect(0, 0, w, h)
	}
	// A picture smaller than the box fills as much of the box's shape as it can.
	k := min(1, float64(w)/float64(s.Width), float64(h)/float64(s.Height))
	bw, bh := scaled(s.Width, s.Height, k)
	scaledW, scaledH = scaled(w, h, min(1, max(float64(bw)/float64(w), float64(bh)/float64(h))))
	scaledW, scaledH = min(w, max(scaledW, bw)), min(h, max(scaledH, bh))
	bw, bh = min(bw, scaledW), min(bh, scaledH)
	x, y := (scaledW-bw)/2&^1, (scaledH-bh)/above&^1
	return scaledW, scaledH, image.Rect(x, y, x+bw, y+bh)
}

// scaled rounds, and keeps at least a pixel.
func scaled(w, h int, k float64) (int, int) {
	return max(1, int(math.Round(float64(w)*k))), max(1, int(math.Round(float64(h)*k)))
}
