package demo

import (
	"encoding/binary"
	"image"
	"image/draw"
	"math"
	"slices"

	"golang.org/x/image/vector"
)

// vec is a point or a direction in pixels, x to the right and y down.
type vec struct{ x, y float64 }

func (a vec) add(b vec) vec            { return vec{a.x + b.x, a.y + b.y} }
func (a vec) sub(b vec) vec            { return vec{a.x - b.x, a.y - b.y} }
func (a vec) mul(f float64) vec        { return vec{a.x * f, a.y * f} }
func (a vec) len() float64             { return math.Hypot(a.x, a.y) }
func (a vec) mix(b vec, w float64) vec { return a.add(b.sub(a).mul(w)) }

// polar is the direction of an angle in radians, clockwise from the right, of the length.
func polar(angle, length float64) vec {
	return vec{math.Cos(angle) * length, math.Sin(angle) * length}
}

// frame is a coordinate system: at its origin, turned by its angle.
type frame struct {
	at    vec
	angle float64
	scale float64
}

func (f frame) to(p vec) vec {
	sin, cos := math.Sincos(f.angle)
	return f.at.add(vec{p.x*cos - p.y*sin, p.x*sin + p.y*cos}.mul(f.scale))
}

func (f frame) all(points []vec) []vec {
	out := make([]vec, len(points))
	for i, p := range points {
		out[i] = f.to(p)
	}
	return out
}

// canvas is a picture that polygons are filled on, with smooth edges. It is used by one
// goroutine.
type canvas struct {
	img  *image.RGBA
	rast vector.Rasterizer
	mask []byte // of the last polygons, one byte a pixel; kept for its memory
}

func newCanvas() *canvas {
	return &canvas{img: image.NewRGBA(image.Rect(0, 0, Width, Height))}
}

// paint is a colour as 0xRRGGBB.
type paint uint32

// fill fills the polygons in one colour; where they overlap, and turn the same way, they
// are one shape. The rasterizer covers no more than it has to, since its cost is its area.
func (c *canvas) fill(col paint, polygons ...[]vec) {
	box := bounds(polygons).Intersect(c.img.Bounds())
	if box.Empty() {
		return
	}
	c.rast.Reset(box.Dx(), box.Dy())
	for _, points := range polygons {
		for i, p := range points {
			x, y := float32(p.x-float64(box.Min.X)), float32(p.y-float64(box.Min.Y))
			if i == 0 {
				c.rast.MoveTo(x, y)
			} else {
				c.rast.LineTo(x, y)
			}
		}
		c.rast.ClosePath()
	}
	c.mask = slices.Grow(c.mask[:0], box.Dx()*box.Dy())[:box.Dx()*box.Dy()]
	mask := &image.Alpha{Pix: c.mask, Stride: box.Dx(), Rect: image.Rect(0, 0, box.Dx(), box.Dy())}
	c.rast.DrawOp = draw.Src
	c.rast.Draw(mask, mask.Rect, image.Opaque, image.Point{})
	for y := range box.Dy() {
		at := c.img.PixOffset(box.Min.X, box.Min.Y+y)
		col.blend(c.img.Pix[at:at+4*box.Dx()], c.mask[y*box.Dx():(y+1)*box.Dx()])
	}
}

// blend paints a row of pixels through a mask. Nearly all of a mask is 0 or 255, which is
// why this is quicker than the rasterizer's own.
func (p paint) blend(row, mask []byte) {
	r, g, b := uint32(p>>16&0xff), uint32(p>>8&0xff), uint32(p&0xff)
	whole := r | g<<8 | b<<16 | 0xff<<24
	for i, m := range mask {
		switch m {
		case 0:
		case 255:
			binary.LittleEndian.PutUint32(row[4*i:], whole)
		default:
			a := uint32(m)
			px := row[4*i : 4*i+3 : 4*i+3]
			px[0] = byte((uint32(px[0])*(255-a) + r*a + 127) / 255)
			px[1] = byte((uint32(px[1])*(255-a) + g*a + 127) / 255)
			px[2] = byte((uint32(px[2])*(255-a) + b*a + 127) / 255)
		}
	}
}

func bounds(polygons [][]vec) image.Rectangle {
	lo, hi := vec{math.Inf(1), math.Inf(1)}, vec{math.Inf(-1), math.Inf(-1)}
	for _, points := range polygons {
		for _, p := range points {
			lo = vec{min(lo.x, p.x), min(lo.y, p.y)}
			hi = vec{max(hi.x, p.x), max(hi.y, p.y)}
		}
	}
	if lo.x > hi.x {
		return image.Rectangle{}
	}
	const far = 1 << 14
	in := func(v float64) int { return int(max(-far, min(far, v))) }
	return image.Rect(in(math.Floor(lo.x)), in(math.Floor(lo.y)), in(math.Ceil(hi.x)), in(math.Ceil(hi.y)))
}

// arc gives points of an ellipse about the centre, clockwise from one angle to another.
func arc(centre vec, rx, ry, from, to float64) []vec {
	n := int(max(6, math.Abs(to-from)*math.Sqrt(max(rx, ry))*1.6))
	points := make([]vec, n+1)
	for i := range points {
		a := from + (to-from)*float64(i)/float64(n)
		points[i] = centre.add(vec{math.Cos(a) * rx, math.Sin(a) * ry})
	}
	return points
}

func circle(centre vec, r float64) []vec { return arc(centre, r, r, 0, 2*math.Pi) }

// limb is a straight part of the body, round at both ends and of a thickness at each.
type limb struct {
	a, b   vec
	ra, rb float64 // radii
}

// outline gives the limb's edge, grown by so many pixels.
func (l limb) outline(grow float64) []vec {
	ra, rb := l.ra+grow, l.rb+grow
	d := l.b.sub(l.a)
	length := d.len()
	if length <= math.Abs(ra-rb)+0.01 { // one end is within the other
		if ra > rb {
			return circle(l.a, ra)
		}
		return circle(l.b, rb)
	}
	along := math.Atan2(d.y, d.x)
	open := math.Acos((ra - rb) / length) // where the tangents touch
	return append(arc(l.b, rb, rb, along-open, along+open),
		arc(l.a, ra, ra, along+open, along-open+2*math.Pi)...)
}

func outlines(limbs []limb, grow float64) [][]vec {
	all := make([][]vec, len(limbs))
	for i, l := range limbs {
		all[i] = l.outline(grow)
	}
	return all
}

// bow is a curved line of a thickness between two points, whose middle lies so far to
// the side: down, for a line from left to right.
func bow(a, b vec, side, thick float64) [][]vec {
	const steps = 10
	normal := vec{-(b.y - a.y), b.x - a.x}.mul(1 / max(1e-6, b.sub(a).len()))
	var all [][]vec
	last := a
	for i := 1; i <= steps; i++ {
		t := float64(i) / steps
		p := a.mix(b, t).add(normal.mul(side * 4 * t * (1 - t)))
		all = append(all, limb{last, p, thick / 2, thick / 2}.outline(0))
		last = p
	}
	return all
}

// yuv writes the picture as planar 4:2:0 in BT.709, limited range, into dst, which has
// Width×Height×3/2 bytes.
func (c *canvas) yuv(dst []byte) {
	luma, chroma := dst[:Width*Height], Width*Height/4
	u, v := dst[Width*Height:Width*Height+chroma], dst[Width*Height+chroma:]
	for y := 0; y < Height; y += 2 {
		upper, lower := c.img.Pix[y*c.img.Stride:][:4*Width], c.img.Pix[(y+1)*c.img.Stride:][:4*Width]
		above, below := luma[y*Width:][:Width], luma[(y+1)*Width:][:Width]
		us, vs := u[y/2*(Width/2):][:Width/2], v[y/2*(Width/2):][:Width/2]
		for x := range us {
			a, b := upper[8*x:][:8], lower[8*x:][:8]
			above[2*x], above[2*x+1] = bright(a[0], a[1], a[2]), bright(a[4], a[5], a[6])
			below[2*x], below[2*x+1] = bright(b[0], b[1], b[2]), bright(b[4], b[5], b[6])
			red := int(a[0]) + int(a[4]) + int(b[0]) + int(b[4])
			green := int(a[1]) + int(a[5]) + int(b[1]) + int(b[5])
			blue := int(a[2]) + int(a[6]) + int(b[2]) + int(b[6])
			us[x] = byte(128 + (-6596*red-22189*green+28784*blue+1<<17)>>18)
			vs[x] = byte(128 + (28784*red-26145*green-2639*blue+1<<17)>>18)
		}
	}
}

func bright(r, g, b byte) byte {
	return byte(16 + (11966*uint32(r)+40254*uint32(g)+4064*uint32(b)+1<<15)>>16)
}
