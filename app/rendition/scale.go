package rendition

import (
	"image"
	"math"

	"github.com/nfnt/resize"
)

// The widths of the renditions. A picture may be four times as tall as it is wide
// before its height is what limits it.
const (
	largeWidth  = 1280
	mediumWidth = 640
	thumbWidth  = 160
	tallest     = 4
)

// fit gives the size of a picture inside width × tallest·width pixels, in its own
// proportions, never enlarged and never empty.
func fit(w, h, width int) (int, int) {
	scale := min(1, float64(width)/float64(w), float64(tallest*width)/float64(h))
	return max(1, int(math.Round(float64(w)*scale))), max(1, int(math.Round(float64(h)*scale)))
}

// scaled gives the picture in the size, as 4:2:0.
func (p planes) scaled(w, h int) planes {
	q := planes{y: shrink(p.y, w, h)}
	cw, ch := (w+1)/2, (h+1)/2
	if p.cb == nil {
		q.cb = image.NewGray(image.Rect(0, 0, cw, ch))
		fill(q.cb, 128)
		q.cr = q.cb
		return q
	}
	q.cb, q.cr = shrink(p.cb, cw, ch), shrink(p.cr, cw, ch)
	return q
}

// smallPlane is the width under which Lanczos costs next to nothing.
const smallPlane = 256

// shrink resizes a plane: by exact halves, each pixel the mean of those it stands for,
// as long as it stays at least as large as wanted, and by nfnt/resize for the rest; a
// small plane's last step is left to nfnt too, which is sharper. That is several times
// as quick as nfnt alone, and a test measures how near it comes to Lanczos.
func shrink(src *image.Gray, w, h int) *image.Gray {
	for src.Rect.Dx() > 2*w || src.Rect.Dy() > 2*h || w >= smallPlane {
		across := src.Rect.Dx() >= 2*w && src.Rect.Dx()%2 == 0
		down := src.Rect.Dy() >= 2*h && src.Rect.Dy()%2 == 0
		if !across && !down {
			break
		}
		src = halve(src, across, down)
	}
	if src.Rect.Dx() == w && src.Rect.Dy() == h {
		return src
	}
	return resize.Resize(uint(w), uint(h), src, resize.Lanczos3).(*image.Gray)
}

// halve gives half the width, half the height, or both, which must be even.
func halve(src *image.Gray, across, down bool) *image.Gray {
	w, h, rows := src.Rect.Dx(), src.Rect.Dy(), 1
	if across {
		w /= 2
	}
	if down {
		h, rows = h/2, 2
	}
	dst := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		a, b := row(src, y*rows), row(src, y*rows+rows-1)
		if across {
			halveRow(row(dst, y), a, b)
		} else {
			meanRow(row(dst, y), a, b)
		}
	}
	return dst
}

func row(g *image.Gray, y int) []byte { return g.Pix[y*g.Stride:][:g.Rect.Dx()] }

// halveRow averages 2×2 pixels of two rows, or 2×1 where both are the same row.
func halveRow(to, a, b []byte) {
	for x := range to {
		a, b := a[2*x:2*x+2:2*x+2], b[2*x:2*x+2:2*x+2]
		to[x] = byte((uint(a[0]) + uint(a[1]) + uint(b[0]) + uint(b[1]) + 2) / 4)
	}
}

func meanRow(to, a, b []byte) {
	for x := range to {
		to[x] = byte((uint(a[x]) + uint(b[x]) + 1) / 2)
	}
}
