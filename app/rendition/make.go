package rendition

import (
	"bytes"
	"image"
	"image/jpeg"
)

// quality of the JPEGs that are encoded here (1 to 100).
const quality = 84

// Set is the three renditions of a picture, JPEGs without metadata.
type Set struct {
	Large, Medium, Thumb []byte
	Width, Height        int // of the large one, in pixels
}

// Make gives the renditions. info is Inspect's. Invalid broken_image where nothing of
// the picture can be shown. The caller holds info.Cost of a Budget.
func Make(data []byte, info Info) (set Set, err error) {
	defer recovered(&err)
	h, err := readHeader(data)
	if err != nil {
		return Set{}, err
	}
	d, err := decode(data, info.Type)
	if err != nil {
		return Set{}, err
	}
	large, asIs := d.large(info.Orientation, h.icc())
	set.Width, set.Height = large.size()
	if asIs && info.Type == "image/jpeg" {
		set.Large = keptScan(data)
	}
	if set.Large == nil {
		if set.Large, err = large.encode(); err != nil {
			return Set{}, err
		}
	}
	medium := large.scaled(fit(set.Width, set.Height, mediumWidth))
	if set.Medium, err = medium.encode(); err != nil {
		return Set{}, err
	}
	thumb := medium.scaled(fit(set.Width, set.Height, thumbWidth))
	set.Thumb, err = thumb.encode()
	return set, err
}

// large gives the picture at most 1280 wide, whole, upright and in sRGB; asIs says that
// these are the very pixels that came out of the decoder.
func (d decoded) large(orientation int, icc []byte) (p planes, asIs bool) {
	p = planesOf(d.Image)
	w, rows := p.size()
	tw, th := fit(w, d.full, largeWidth)
	if orientation >= 5 { // it will lie on its side until it is turned
		th, tw = fit(d.full, w, largeWidth)
	}
	toSRGB := conversion(icc)
	asIs = d.full == rows && orientation == 1 && toSRGB == nil && p.cb != nil && tw == w && th == rows
	return d.upright(p, tw, th, orientation, toSRGB), asIs
}

// upright gives the picture's planes in a size before it is turned, then whole, in sRGB
// and turned.
func (d decoded) upright(p planes, w, h, orientation int, c *toSRGB) planes {
	_, rows := p.size()
	p = p.scaled(w, max(1, h*rows/d.full))
	if rows < d.full {
		p = p.extend(h)
	}
	if c != nil {
		p = p.converted(c)
	}
	return p.each(func(g *image.Gray) *image.Gray { return turn(g, orientation) })
}

// image is what image/jpeg encodes; p must be 4:2:0.
func (p planes) image() *image.YCbCr {
	return &image.YCbCr{Y: p.y.Pix, Cb: p.cb.Pix, Cr: p.cr.Pix, YStride: p.y.Stride, CStride: p.cb.Stride,
		SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: p.y.Rect}
}

func (p planes) encode() ([]byte, error) {
	w, h := p.size()
	out := bytes.NewBuffer(make([]byte, 0, w*h/4+1024))
	err := jpeg.Encode(out, p.image(), &jpeg.Options{Quality: quality})
	return out.Bytes(), err
}
