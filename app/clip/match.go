package clip

import (
	"image"
	"image/color"
	"math"
)

// Match brings a picture's light near to that of the original's frame in its place, so
// that neither stands out when they follow each other: the transfer of means and
// deviations of Reinhard, Ashikhmin, Gooch and Shirley, "Color Transfer between Images"
// (IEEE CG&A 21/5, 2001), in the JPEG's own YCbCr instead of their lαβ, and held back:
//
//   - Luma moves along a curve that keeps black and white, and nowhere by more than mostLuma.
//   - Saturation changes about neutral, and by no more than mostGain.
//   - All of the chroma moves together, by no more than mostWarm between warm and cool and
//     mostTint between green and magenta. The first is the direction in which skins differ
//     among themselves and in different light, the second that in which they look ill.

// The most that a full match changes, on the scale of 0 to 255, and as a factor.
const (
	mostLuma = 40.
	mostGain = 1.3
	mostWarm = 6.
	mostTint = 2.5
)

// The direction of skin in the plane of Cb and Cr: 123°, the I axis of NTSC and the skin
// tone line of a vectorscope.
const skinCb, skinCr = -0.5446, 0.8387

// bars is the luma below which a sample is taken for a letterbox and does not count.
const bars = 8

// light is what a picture's brightness and colours are like, from 0 to 255.
type light struct {
	luma, contrast float64 // mean and standard deviation of Y
	cb, cr         float64 // means, less 128
	colour         float64 // standard deviation of the two together
}

// sums adds up samples.
type sums struct{ n, y, yy, b, bb, r, rr float64 }

func (s *sums) add(y, cb, cr uint8) {
	fy, fb, fr := float64(y), float64(cb)-128, float64(cr)-128
	s.n++
	s.y += fy
	s.yy += fy * fy
	s.b += fb
	s.bb += fb * fb
	s.r += fr
	s.rr += fr * fr
}

// lightOf measures a picture at each of its chroma samples, bars left out.
func lightOf(img *image.YCbCr) light {
	var seen, dark sums
	stepX, stepY := steps(img)
	for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y += stepY {
		for x := img.Rect.Min.X; x < img.Rect.Max.X; x += stepX {
			c, l := img.COffset(x, y), img.Y[img.YOffset(x, y)]
			if l < bars {
				dark.add(l, img.Cb[c], img.Cr[c])
			} else {
				seen.add(l, img.Cb[c], img.Cr[c])
			}
		}
	}
	if seen.n == 0 {
		seen = dark
	}
	return seen.light()
}

func (s sums) light() light {
	if s.n == 0 {
		return light{}
	}
	l := light{luma: s.y / s.n, cb: s.b / s.n, cr: s.r / s.n}
	l.contrast = math.Sqrt(max(0, s.yy/s.n-l.luma*l.luma))
	l.colour = math.Sqrt(max(0, (s.bb+s.rr)/s.n-l.cb*l.cb-l.cr*l.cr))
	return l
}

// steps is how many pixels one chroma sample spans.
func steps(img *image.YCbCr) (x, y int) {
	switch img.SubsampleRatio {
	case image.YCbCrSubsampleRatio444:
		return 1, 1
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	default:
		return 2, 2
	}
}

// change is what is done to each sample of a picture.
type change struct{ luma, cb, cr [256]uint8 }

// toward gives the change that takes a picture's light the share, 0 to 1, of what it may go
// to the other's.
func (l light) toward(to light, share float64) (c change) {
	gain := ratio(to.contrast, l.contrast)
	for i := range c.luma {
		y := float64(i)
		move := to.luma - l.luma + (gain-1)*(y-l.luma)
		c.luma[i] = level(y + share*between(move, mostLuma)*4*y*(255-y)/(255*255))
	}
	vivid := 1 + share*(ratio(to.colour, l.colour)-1)
	cb, cr := warmth(to.cb-vivid*l.cb, to.cr-vivid*l.cr)
	for i := range c.cb {
		v := (float64(i) - 128) * vivid
		c.cb[i], c.cr[i] = level(128+v+share*cb), level(128+v+share*cr)
	}
	return c
}

// warmth holds back a shift of the chroma.
func warmth(cb, cr float64) (float64, float64) {
	warm := between(cb*skinCb+cr*skinCr, mostWarm)
	tint := between(cb*skinCr-cr*skinCb, mostTint)
	return warm*skinCb + tint*skinCr, warm*skinCr - tint*skinCb
}

// ratio is a ÷ b, held back; 1 where the picture itself is flat.
func ratio(a, b float64) float64 {
	if b < 1 {
		return 1
	}
	return min(max(a/b, 1/mostGain), mostGain)
}

func between(v, most float64) float64 { return min(max(v, -most), most) }

func level(v float64) uint8 { return uint8(math.Round(min(max(v, 0), 255))) }

// apply changes the picture in place.
func (c *change) apply(img *image.YCbCr) {
	for i, v := range img.Y {
		img.Y[i] = c.luma[v]
	}
	for i, v := range img.Cb {
		img.Cb[i] = c.cb[v]
	}
	for i, v := range img.Cr {
		img.Cr[i] = c.cr[v]
	}
}

// asYCbCr gives a decoded JPEG as what most of them are.
func asYCbCr(img image.Image) *image.YCbCr {
	if same, ok := img.(*image.YCbCr); ok {
		return same
	}
	b := img.Bounds()
	out := image.NewYCbCr(b, image.YCbCrSubsampleRatio444)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c, ok := color.YCbCrModel.Convert(img.At(x, y)).(color.YCbCr)
			if i := out.YOffset(x, y); ok { // which that model always is
				out.Y[i], out.Cb[i], out.Cr[i] = c.Y, c.Cb, c.Cr
			}
		}
	}
	return out
}
