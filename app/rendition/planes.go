package rendition

import (
	"image"
	"image/color"
	"image/draw"
)

// planes is a picture as JPEG sees it: luma, and two chroma planes at most as large.
// Chroma is nil where the picture is grey.
type planes struct{ y, cb, cr *image.Gray }

func (p planes) size() (w, h int) { return p.y.Rect.Dx(), p.y.Rect.Dy() }

// planesOf shares the pixels where the decoder gave planes, and flattens anything else.
func planesOf(img image.Image) planes {
	switch img := img.(type) {
	case *image.Gray:
		return planes{y: img}
	case *image.YCbCr:
		w, h := img.Rect.Dx(), img.Rect.Dy()
		across, down := subsampling(img.SubsampleRatio)
		cw, ch := (w+across-1)/across, (h+down-1)/down
		return planes{view(img.Y, img.YStride, w, h), view(img.Cb, img.CStride, cw, ch), view(img.Cr, img.CStride, cw, ch)}
	}
	return flatten(img)
}

func view(pix []byte, stride, w, h int) *image.Gray {
	return &image.Gray{Pix: pix, Stride: stride, Rect: image.Rect(0, 0, w, h)}
}

func subsampling(r image.YCbCrSubsampleRatio) (across, down int) {
	switch r {
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio420:
		return 2, 2
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	}
	return 1, 1
}

// flatten lays the picture on white, two rows at a time, as 4:2:0.
func flatten(img image.Image) planes {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	p := newPlanes(w, h)
	strip := image.NewRGBA(image.Rect(0, 0, w, 2))
	for y := 0; y < h; y += 2 {
		rows := image.Rect(0, 0, w, min(2, h-y))
		draw.Draw(strip, rows, image.White, image.Point{}, draw.Src)
		draw.Draw(strip, rows, img, image.Pt(b.Min.X, b.Min.Y+y), draw.Over)
		for x := 0; x < w; x += 2 {
			p.setBlock(strip, rows, x, y)
		}
	}
	return p
}

// newPlanes makes a 4:2:0 picture.
func newPlanes(w, h int) planes {
	half := image.Rect(0, 0, (w+1)/2, (h+1)/2)
	return planes{image.NewGray(image.Rect(0, 0, w, h)), image.NewGray(half), image.NewGray(half)}
}

// setBlock writes the up to 2×2 pixels at x, y from column x of the strip; their chroma is the mean.
func (p planes) setBlock(strip *image.RGBA, rows image.Rectangle, x, y int) {
	var cb, cr, n int
	for dy := range rows.Dy() {
		for dx := range min(2, rows.Dx()-x) {
			px := strip.Pix[dy*strip.Stride+4*(x+dx):]
			yy, b, r := color.RGBToYCbCr(px[0], px[1], px[2])
			p.y.Pix[(y+dy)*p.y.Stride+x+dx] = yy
			cb, cr, n = cb+int(b), cr+int(r), n+1
		}
	}
	at := y/2*p.cb.Stride + x/2
	p.cb.Pix[at], p.cr.Pix[at] = byte((cb+n/2)/n), byte((cr+n/2)/n)
}

// each applies f to all planes.
func (p planes) each(f func(*image.Gray) *image.Gray) planes {
	q := planes{y: f(p.y)}
	if p.cb != nil {
		q.cb, q.cr = f(p.cb), f(p.cr)
	}
	return q
}

// extend adds grey rows up to the height; p must be 4:2:0.
func (p planes) extend(h int) planes {
	w, _ := p.size()
	q := newPlanes(w, h)
	for _, pair := range [][2]*image.Gray{{q.y, p.y}, {q.cb, p.cb}, {q.cr, p.cr}} {
		fill(pair[0], 128)
		draw.Draw(pair[0], pair[1].Rect, pair[1], image.Point{}, draw.Src)
	}
	return q
}

func fill(g *image.Gray, v byte) {
	for i := range g.Pix {
		g.Pix[i] = v
	}
}
