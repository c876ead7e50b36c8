package rendition

import (
	"image"
	"image/color"
	"math"
)

// matrix takes linear red, green and blue to others.
type matrix [3][3]float64

func (m matrix) apply(r, g, b float64) (x, y, z float64) {
	return m[0][0]*r + m[0][1]*g + m[0][2]*b, m[1][0]*r + m[1][1]*g + m[1][2]*b, m[2][0]*r + m[2][1]*g + m[2][2]*b
}

// fromXYZ takes XYZ under D50, which profiles are written in, to linear sRGB (IEC
// 61966-2-1, adapted by Bradford).
func fromXYZ() matrix {
	return matrix{
		{3.1338561, -1.6168667, -0.4906146},
		{-0.9787684, 1.9161415, 0.0334540},
		{0.0719453, -0.2289914, 1.4052427},
	}
}

// toSRGB is how a profile's colours become sRGB's.
type toSRGB struct {
	linear [3][256]float64 // the profile's curves
	matrix matrix          // from its primaries to those of sRGB
	curve  [4096]byte      // linear light to a value of sRGB
}

// conversion reads an RGB profile made of primaries and curves, as cameras, phones and
// screens have them. It gives nil where there is nothing to convert: no profile, one of
// another kind (tables, CMYK, grey), or one that moves no colour by more than two
// levels and so is sRGB by whatever name.
func conversion(icc []byte) *toSRGB {
	if len(icc) < 132 || string(icc[16:24]) != "RGB XYZ " {
		return nil
	}
	c := &toSRGB{}
	var toXYZ matrix
	for i, name := range []string{"r", "g", "b"} {
		xyz, trc := iccTag(icc, name+"XYZ"), iccTag(icc, name+"TRC")
		if len(xyz) < 20 || len(trc) < 12 {
			return nil
		}
		for j := range 3 {
			toXYZ[j][i] = s15Fixed16(xyz[8+4*j:])
		}
		if !c.linearise(i, trc) {
			return nil
		}
	}
	c.matrix = fromXYZ().times(toXYZ)
	for i := range c.curve {
		c.curve[i] = encodeSRGB(float64(i) / float64(len(c.curve)-1))
	}
	if c.isIdentity() {
		return nil
	}
	return c
}

func (m matrix) times(n matrix) (p matrix) {
	for i := range 3 {
		p[i][0], p[i][1], p[i][2] = m[i][0]*n[0][0]+m[i][1]*n[1][0]+m[i][2]*n[2][0],
			m[i][0]*n[0][1]+m[i][1]*n[1][1]+m[i][2]*n[2][1], m[i][0]*n[0][2]+m[i][1]*n[1][2]+m[i][2]*n[2][2]
	}
	return p
}

func encodeSRGB(v float64) byte {
	if v <= 0.0031308 {
		v *= 12.92
	} else {
		v = 1.055*math.Pow(v, 1/2.4) - 0.055
	}
	return byte(max(0, min(255, math.Round(255*v))))
}

func (c *toSRGB) convert(r, g, b byte) (byte, byte, byte) {
	x, y, z := c.matrix.apply(c.linear[0][r], c.linear[1][g], c.linear[2][b])
	return c.encode(x), c.encode(y), c.encode(z)
}

func (c *toSRGB) encode(v float64) byte {
	return c.curve[int(max(0, min(1, v))*float64(len(c.curve)-1)+0.5)]
}

// isIdentity tries a grid of colours.
func (c *toSRGB) isIdentity() bool {
	far := func(a, b byte) bool { return max(a, b)-min(a, b) > 2 }
	for i := range 5 * 5 * 5 {
		r, g, b := byte(i%5*63), byte(i/5%5*63), byte(i/25*63)
		r2, g2, b2 := c.convert(r, g, b)
		if far(r, r2) || far(g, g2) || far(b, b2) {
			return false
		}
	}
	return true
}

// converted gives the picture, which must be 4:2:0, in sRGB.
func (p planes) converted(c *toSRGB) planes {
	w, h := p.size()
	q := newPlanes(w, h)
	strip := image.NewRGBA(image.Rect(0, 0, w, 2))
	for y := 0; y < h; y += 2 {
		rows := image.Rect(0, 0, w, min(2, h-y))
		chroma := y / 2 * p.cb.Stride
		for dy := range rows.Dy() {
			luma := row(p.y, y+dy)
			for x := range w {
				r, g, b := color.YCbCrToRGB(luma[x], p.cb.Pix[chroma+x/2], p.cr.Pix[chroma+x/2])
				px := strip.Pix[dy*strip.Stride+4*x:]
				px[0], px[1], px[2] = c.convert(r, g, b)
			}
		}
		for x := 0; x < w; x += 2 {
			q.setBlock(strip, rows, x, y)
		}
	}
	return q
}
