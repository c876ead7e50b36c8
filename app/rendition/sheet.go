package rendition

import (
	"bytes"
	"image"
	"image/draw"
	"image/jpeg"
)

// Sheet is a picture out of its file, for renditions of any size: upright, in sRGB,
// transparency on white, as 4:2:0 planes. It doesn't change; what its methods give may
// share its pixels.
type Sheet struct{ p planes }

// Upright decodes the picture and gives it in the size, in pixels as shown, which is at
// most info's. info is Inspect's. Invalid broken_image where nothing of the picture can be
// shown. The caller holds info.CostAt(w, h) of a Budget for as long as it has the Sheet.
func Upright(data []byte, info Info, w, h int) (s Sheet, err error) {
	defer recovered(&err)
	head, err := readHeader(data)
	if err != nil {
		return Sheet{}, err
	}
	d, err := decode(data, info.Type)
	if err != nil {
		return Sheet{}, err
	}
	w, h = max(1, min(w, info.Width)), max(1, min(h, info.Height))
	if info.Orientation >= 5 { // it lies on its side until it is turned
		w, h = h, w
	}
	return Sheet{d.upright(planesOf(d.Image), w, h, info.Orientation, conversion(head.icc()))}, nil
}

// CostAt is what Upright in that size, one copy With a layer and one JPEG of it hold at
// most, in bytes.
func (i Info) CostAt(w, h int) int64 {
	out := int64(min(w, i.Width)) * int64(min(h, i.Height))
	between := int64(min(w, i.Width))*int64(i.Height) + int64(i.Width)*int64(min(h, i.Height)) // nfnt's first pass, whichever side is the longer
	if w >= i.Width && h >= i.Height {
		between = 0
	}
	return i.Cost + between + 9*out
}

// Size is in pixels.
func (s Sheet) Size() (w, h int) { return s.p.size() }

// Scaled gives it in the size, which is at most its own.
func (s Sheet) Scaled(w, h int) Sheet { return Sheet{s.p.scaled(w, h)} }

// Cropped cuts a piece out, of that size at most, from an even column and row.
func (s Sheet) Cropped(x, y, w, h int) Sheet {
	x, y = x&^1, y&^1
	cut := func(g *image.Gray, x, y, w, h int) *image.Gray {
		w, h = min(w, g.Rect.Dx()-x), min(h, g.Rect.Dy()-y)
		return view(g.Pix[y*g.Stride+x:], g.Stride, w, h)
	}
	return Sheet{planes{cut(s.p.y, x, y, w, h), cut(s.p.cb, x/2, y/2, (w+1)/2, (h+1)/2), cut(s.p.cr, x/2, y/2, (w+1)/2, (h+1)/2)}}
}

// With lays the layer over a copy of it, its corner at each of the points.
func (s Sheet) With(layer *image.RGBA, at []image.Point) Sheet {
	w, h := s.Size()
	q := newPlanes(w, h)
	for _, pair := range [][2]*image.Gray{{q.y, s.p.y}, {q.cb, s.p.cb}, {q.cr, s.p.cr}} {
		draw.Draw(pair[0], pair[0].Rect, pair[1], image.Point{}, draw.Src)
	}
	for _, p := range at {
		q.lay(layer, p)
	}
	return Sheet{q}
}

// lay blends the layer, whose colours are multiplied by their alpha, over the planes in
// blocks of 2×2 pixels, which share their chroma.
func (p planes) lay(layer *image.RGBA, at image.Point) {
	over := layer.Rect.Sub(layer.Rect.Min).Add(at).Intersect(p.y.Rect)
	for y := over.Min.Y &^ 1; y < over.Max.Y; y += 2 {
		for x := over.Min.X &^ 1; x < over.Max.X; x += 2 {
			block := image.Rect(x, y, x+2, y+2).Intersect(over)
			p.layBlock(layer, block, block.Min.Sub(at).Add(layer.Rect.Min))
		}
	}
}

// layBlock uses JFIF's weights; the chroma of a block counts the pixels that the layer
// doesn't reach as clear.
func (p planes) layBlock(layer *image.RGBA, block image.Rectangle, from image.Point) {
	var alpha, cb, cr int
	for dy := range block.Dy() {
		for dx := range block.Dx() {
			px := layer.Pix[layer.PixOffset(from.X+dx, from.Y+dy):]
			r, g, b, a := int(px[0]), int(px[1]), int(px[2]), int(px[3])
			luma := &p.y.Pix[(block.Min.Y+dy)*p.y.Stride+block.Min.X+dx]
			*luma = level((int(*luma)*(255-a)*1000/255 + 299*r + 587*g + 114*b + 500) / 1000)
			alpha, cb, cr = alpha+a, cb-169*r-331*g+500*b, cr+500*r-419*g-81*b
		}
	}
	if alpha == 0 {
		return
	}
	i := block.Min.Y/2*p.cb.Stride + block.Min.X/2
	mix := func(was byte, sum int) byte { return level(128 + ((int(was)-128)*(4*255-alpha)*1000/255+sum)/4000) }
	p.cb.Pix[i], p.cr.Pix[i] = mix(p.cb.Pix[i], cb), mix(p.cr.Pix[i], cr)
}

func level(v int) byte { return byte(max(0, min(255, v))) }

// JPEG encodes it without metadata, of the quality 1 to 100, with a JFIF header, which
// image/jpeg leaves out and some programs look for.
func (s Sheet) JPEG(quality int) ([]byte, error) {
	out := bytes.NewBuffer([]byte{0xff, soi, 0xff, app0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0})
	head := out.Len()
	if err := jpeg.Encode(out, s.p.image(), &jpeg.Options{Quality: quality}); err != nil {
		return nil, err
	}
	data := out.Bytes()
	copy(data[2:], data[:head]) // over the second SOI
	return data[2:], nil
}
