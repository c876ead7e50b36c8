package rendition

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image/png"
	"io"
	"iter"
	"slices"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// Colour types of PNG (W3C PNG 11.2.1).
const (
	pngGrey      = 0
	pngRGB       = 2
	pngPalette   = 3
	pngGreyAlpha = 4
	pngRGBA      = 6
)

// pngChunk is one chunk of a PNG, its data cut where the file ends.
type pngChunk struct {
	kind string
	data []byte
}

// nextChunk reads the chunk at the offset; ok is false at the end.
func nextChunk(data []byte, at int) (c pngChunk, next int, ok bool) {
	if at+8 > len(data) {
		return c, at, false
	}
	n := min(int64(binary.BigEndian.Uint32(data[at:])), int64(len(data)-at-8))
	end := at + 8 + int(n)
	return pngChunk{string(data[at+4 : at+8]), data[at+8 : end]}, end + 4, true
}

func pngChunks(data []byte) iter.Seq[pngChunk] {
	return func(yield func(pngChunk) bool) {
		c, at, ok := nextChunk(data, len(pngSignature))
		for ok && c.kind != "IEND" && yield(c) {
			c, at, ok = nextChunk(data, at)
		}
	}
}

// idat reads the data of all IDAT chunks as one stream.
type idat struct {
	data []byte
	at   int
	left []byte
}

func (r *idat) Read(p []byte) (int, error) {
	for len(r.left) == 0 {
		c, next, ok := nextChunk(r.data, r.at)
		if !ok || c.kind == "IEND" {
			return 0, io.EOF
		}
		r.at = next
		if c.kind == "IDAT" {
			r.left = c.data
		}
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

// pngHead is the IHDR chunk.
type pngHead struct {
	width, height int
	depth, color  int
	interlaced    bool
	transparent   bool // a tRNS chunk, which turns grey and RGB into RGBA
}

func pngHeadOf(data []byte) (h pngHead, err error) {
	if len(data) < 33 || string(data[8:16]) != "\x00\x00\x00\x0dIHDR" {
		return h, errors.New("no IHDR")
	}
	if crc32.ChecksumIEEE(data[12:29]) != binary.BigEndian.Uint32(data[29:]) {
		return h, errors.New("wrong checksum of IHDR")
	}
	d := data[16:29]
	w, ht := binary.BigEndian.Uint32(d), binary.BigEndian.Uint32(d[4:])
	h = pngHead{depth: int(d[8]), color: int(d[9]), interlaced: d[12] == 1}
	if w == 0 || ht == 0 || w > 1<<31-1 || ht > 1<<31-1 || !slices.Contains(pngDepths(h.color), h.depth) || d[10] != 0 || d[11] != 0 || d[12] > 1 {
		return h, fmt.Errorf("IHDR %d×%d, % x", w, ht, d[8:])
	}
	h.width, h.height = int(w), int(ht)
	return h, nil
}

// pngDepths are the bit depths that a colour type allows (11.2.1).
func pngDepths(color int) []int {
	switch color {
	case pngGrey:
		return []int{1, 2, 4, 8, 16}
	case pngPalette:
		return []int{1, 2, 4, 8}
	case pngRGB, pngGreyAlpha, pngRGBA:
		return []int{8, 16}
	}
	return nil
}

func pngHeader(data []byte) (header, error) {
	head, err := pngHeadOf(data)
	if err != nil {
		return header{}, broken(err)
	}
	h := header{kind: "image/png", width: head.width, height: head.height, flatten: true, icc: noICC}
	for c := range pngChunks(data) {
		switch c.kind {
		case "IHDR", "PLTE", "IDAT":
		case "tRNS":
			head.transparent = true
		case "eXIf":
			h.exif = c.data
		case "iCCP":
			h.icc = func() []byte { return unpackICC(c.data) }
		default:
			if c.kind[0]&0x20 == 0 { // critical: a reader must know it (5.4)
				return header{}, broken(fmt.Errorf("unknown critical chunk %q", c.kind))
			}
		}
	}
	h.decoding = pngCost(head)
	return h, nil
}

// rowBytes is the length of a row of pixels with its filter byte.
func (h pngHead) rowBytes() int {
	channels := map[int]int{pngGrey: 1, pngRGB: 3, pngPalette: 1, pngGreyAlpha: 2, pngRGBA: 4}[h.color]
	return 1 + (h.width*h.depth*channels+7)/8
}

// decodePNG decodes, and mends what image/png refuses.
func decodePNG(data []byte) (decoded, error) {
	img, err := png.Decode(bytes.NewReader(data))
	if err == nil {
		return decoded{img, img.Bounds().Dy()}, nil
	}
	mended, full, err2 := mendPNG(data)
	if err2 != nil {
		return decoded{}, broken(errors.Join(err, err2))
	}
	img, err2 = png.Decode(bytes.NewReader(mended))
	if err2 != nil {
		return decoded{}, broken(errors.Join(err, err2))
	}
	return decoded{img, full}, nil
}
