package rendition

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"math/bits"
	"slices"

	"oneframe/app/fault"
)

// Alike is the largest Distance of two looks that are taken for the same picture: copies
// that were made smaller, compressed again or made brighter measure up to 6, different
// photographs of the test data 14 or more.
const Alike = 10

const (
	lookSide   = 32      // pixels of the square that a picture is shrunk to
	lookWaves  = 8       // waves across and down that make the 64 bits
	lookPixels = 8 << 20 // of the JPEG: a rendition has fewer
)

// Look gives a perceptual hash of a rendition (the thumb is enough): 64 bits of which
// copies of a picture share nearly all, whatever their size and quality. It is pHash's
// (Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010,
// section 3.2.1): the brightness of 32×32 pixels, its discrete cosine transform, and for
// each of the 8×8 longest waves whether it is stronger than the median. Pictures that
// are one even colour have nothing to tell them apart and look the same. Invalid
// broken_image where data are no JPEG, TooLarge too_many_pixels above 8 million.
func Look(data []byte) (look uint64, err error) {
	defer recovered(&err)
	c, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return 0, broken(err)
	}
	if int64(c.Width)*int64(c.Height) > lookPixels {
		return 0, fault.New(fault.TooLarge, "too_many_pixels", "The picture has too many pixels for its look.")
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return 0, broken(err)
	}
	waves := cosine(shrunk(planesOf(img).y))
	median := slices.Sorted(slices.Values(waves[:]))[len(waves)/2]
	for i, w := range waves {
		if w > median+1e-6 {
			look |= 1 << i
		}
	}
	return look, nil
}

// Distance counts the bits in which two looks differ: 0 to 64.
func Distance(a, b uint64) int { return bits.OnesCount64(a ^ b) }

// shrunk is the picture squeezed into the square, each pixel the mean of those that it
// covers.
func shrunk(g *image.Gray) (square [lookSide][lookSide]float64) {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	for y := range lookSide {
		top, bottom := y*h/lookSide, max((y+1)*h/lookSide, y*h/lookSide+1)
		for x := range lookSide {
			left, right := x*w/lookSide, max((x+1)*w/lookSide, x*w/lookSide+1)
			sum := 0
			for v := top; v < bottom; v++ {
				for _, p := range g.Pix[v*g.Stride+left : v*g.Stride+right] {
					sum += int(p)
				}
			}
			square[y][x] = float64(sum) / float64((bottom-top)*(right-left))
		}
	}
	return square
}

// cosine gives the waves 1 to 8 across and down of the two-dimensional DCT-II, without
// the constant ones, which only tell how bright the picture is.
func cosine(square [lookSide][lookSide]float64) (waves [lookWaves * lookWaves]float64) {
	var table [lookWaves][lookSide]float64
	for k := range lookWaves {
		for n := range lookSide {
			table[k][n] = math.Cos(math.Pi / lookSide * (float64(n) + 0.5) * float64(k+1))
		}
	}
	var rows [lookSide][lookWaves]float64
	for y := range lookSide {
		for k := range lookWaves {
			for x := range lookSide {
				rows[y][k] += square[y][x] * table[k][x]
			}
		}
	}
	for down := range lookWaves {
		for across := range lookWaves {
			for y := range lookSide {
				waves[down*lookWaves+across] += rows[y][across] * table[down][y]
			}
		}
	}
	return waves
}
