package rendition

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"math"
)

const iccMax = 1 << 20 // bytes of a colour profile that are looked at

func noICC() []byte { return nil }

// joinICC joins the pieces of a profile in a JPEG's APP2 segments (ICC.1 annex B.4).
// Pieces that are out of order leave it without a profile.
func joinICC(jpeg []byte) (icc []byte) {
	next := byte(1)
	for s := range segments(jpeg) {
		part, ok := bytes.CutPrefix(s.body, []byte("ICC_PROFILE\x00"))
		if s.marker == sos {
			break
		}
		if s.marker != app2 || !ok || len(part) < 2 {
			continue
		}
		if part[0] != next || len(icc)+len(part) > iccMax {
			return nil
		}
		icc = append(icc, part[2:]...)
		next++
	}
	return icc
}

// unpackICC reads the chunk iCCP of a PNG: a name, a zero, the method, the packed profile.
func unpackICC(chunk []byte) []byte {
	_, packed, ok := bytes.Cut(chunk, []byte{0})
	if !ok || len(packed) < 2 || packed[0] != 0 {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(packed[1:]))
	if err != nil {
		return nil
	}
	icc, err := io.ReadAll(io.LimitReader(z, iccMax))
	if err != nil {
		return nil
	}
	return icc
}

// iccTag gives a tag's data (ICC.1 7.3), nil where there is none.
func iccTag(icc []byte, name string) []byte {
	n := int(min(100, binary.BigEndian.Uint32(icc[128:])))
	for i := 132; i+12 <= len(icc) && n > 0; i, n = i+12, n-1 {
		if string(icc[i:i+4]) != name {
			continue
		}
		at, size := int64(binary.BigEndian.Uint32(icc[i+4:])), int64(binary.BigEndian.Uint32(icc[i+8:]))
		if at+size <= int64(len(icc)) {
			return icc[at : at+size]
		}
	}
	return nil
}

func s15Fixed16(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }

// linearise reads a curve: a gamma or a table (ICC.1 10.6), or a formula (10.18).
func (c *toSRGB) linearise(channel int, trc []byte) bool {
	var f func(x float64) float64
	switch string(trc[:4]) {
	case "curv":
		f = curve(trc)
	case "para":
		f = formula(trc)
	}
	if f == nil {
		return false
	}
	for i := range 256 {
		v := f(float64(i) / 255)
		if math.IsNaN(v) {
			return false
		}
		c.linear[channel][i] = max(0, min(1, v))
	}
	return true
}

func curve(trc []byte) func(float64) float64 {
	n := int64(binary.BigEndian.Uint32(trc[8:]))
	values := trc[12:]
	switch {
	case n == 0:
		return func(x float64) float64 { return x }
	case 2*n > int64(len(values)):
		return nil
	case n == 1:
		gamma := float64(binary.BigEndian.Uint16(values)) / 256
		return func(x float64) float64 { return math.Pow(x, gamma) }
	}
	at := func(i int) float64 { return float64(binary.BigEndian.Uint16(values[2*i:])) / 65535 }
	return func(x float64) float64 {
		i := min(int(x*float64(n-1)), int(n)-2)
		share := x*float64(n-1) - float64(i)
		return at(i)*(1-share) + at(i+1)*share
	}
}

func formula(trc []byte) func(float64) float64 {
	kind := int(binary.BigEndian.Uint16(trc[8:]))
	if kind > 4 {
		return nil
	}
	var p [7]float64 // g a b c d e f
	n := []int{1, 3, 4, 5, 7}[kind]
	if len(trc) < 12+4*n {
		return nil
	}
	for i := range n {
		p[i] = s15Fixed16(trc[12+4*i:])
	}
	g, a, b, c, d, e, f := p[0], p[1], p[2], p[3], p[4], p[5], p[6]
	switch kind {
	case 0:
		a = 1
	case 1: // zero below -b/a
		d = -b / a
	case 2: // c is added everywhere, and is all there is below -b/a
		d, e, f, c = -b/a, c, c, 0
	}
	return func(x float64) float64 {
		if x >= d {
			return math.Pow(a*x+b, g) + e
		}
		return c*x + f
	}
}
