package rendition

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"iter"
	"math"

	"golang.org/x/image/webp"
)

// Flags of a VP8X chunk (WebP container specification).
const (
	webpAnimated = 1 << 1
	webpAlpha    = 1 << 4
)

// riffChunk is one chunk of a WebP file, whole.
type riffChunk struct {
	kind string
	data []byte
}

// riffChunks walks through chunks and stops at one that is cut short.
func riffChunks(data []byte) iter.Seq[riffChunk] {
	return func(yield func(riffChunk) bool) {
		for len(data) >= 8 {
			n := int64(binary.LittleEndian.Uint32(data[4:]))
			if n > int64(len(data)-8) || !yield(riffChunk{string(data[:4]), data[8 : 8+n]}) {
				return
			}
			data = data[min(int64(len(data)), 8+n+n&1):]
		}
	}
}

// webpFile is what is shown of a WebP: its first frame on its canvas.
type webpFile struct {
	canvas image.Point
	at     image.Point // where the frame lies on the canvas
	size   image.Point // of the frame
	alph   []byte      // the chunk ALPH; nil where there is none
	pixels riffChunk   // the chunk VP8 or VP8L
	exif   []byte
	icc    []byte
}

// parseWebP reads the container.
func parseWebP(data []byte) (f webpFile, err error) {
	if int64(binary.LittleEndian.Uint32(data[4:])) > int64(len(data)-8) {
		return f, errors.New("cut short")
	}
	for c := range riffChunks(data[12:]) {
		switch {
		case c.kind == "VP8X" && len(c.data) >= 10:
			f.canvas = image.Pt(1+le24(c.data[4:]), 1+le24(c.data[7:]))
		case c.kind == "ICCP":
			f.icc = c.data
		case c.kind == "EXIF":
			f.exif = bytes.TrimPrefix(c.data, []byte("Exif\x00\x00"))
		case c.kind == "ANMF" && len(c.data) >= 16 && f.pixels.kind == "":
			f.at = image.Pt(2*le24(c.data), 2*le24(c.data[3:]))
			for inner := range riffChunks(c.data[16:]) {
				f.take(inner)
			}
		default:
			f.take(c)
		}
	}
	if f.pixels.kind == "" {
		return f, errors.New("no whole frame")
	}
	if f.size, err = f.frameSize(); err != nil {
		return f, err
	}
	if f.canvas == (image.Point{}) {
		f.canvas = f.size
	}
	if !f.frame().In(image.Rectangle{Max: f.canvas}) {
		return f, fmt.Errorf("frame %v outside of the canvas %v", f.frame(), f.canvas)
	}
	return f, nil
}

// take keeps the chunks of the first frame.
func (f *webpFile) take(c riffChunk) {
	switch {
	case f.pixels.kind != "":
	case c.kind == "ALPH":
		f.alph = c.data
	case c.kind == "VP8 " || c.kind == "VP8L":
		f.pixels = c
	}
}

func (f *webpFile) frame() image.Rectangle { return image.Rectangle{f.at, f.at.Add(f.size)} }

// frameSize reads the size from the bitstream itself (RFC 6386 9.1, RFC 9649 7.1).
func (f *webpFile) frameSize() (image.Point, error) {
	d := f.pixels.data
	switch {
	case f.pixels.kind == "VP8 " && len(d) >= 10 && string(d[3:6]) == "\x9d\x01\x2a":
		size := image.Pt(int(binary.LittleEndian.Uint16(d[6:])&0x3fff), int(binary.LittleEndian.Uint16(d[8:])&0x3fff))
		if size.X > 0 && size.Y > 0 {
			return size, nil
		}
	case f.pixels.kind == "VP8L" && len(d) >= 5 && d[0] == 0x2f:
		bits := binary.LittleEndian.Uint32(d[1:])
		return image.Pt(1+int(bits&0x3fff), 1+int(bits>>14&0x3fff)), nil
	}
	return image.Point{}, errors.New("no key frame")
}

// plain gives a WebP of the frame alone.
func (f *webpFile) plain() []byte {
	var body []byte
	if f.alph != nil && f.pixels.kind == "VP8 " {
		x := make([]byte, 10)
		x[0] = webpAlpha
		put24(x[4:], f.size.X-1)
		put24(x[7:], f.size.Y-1)
		body = appendRIFF(appendRIFF(nil, "VP8X", x), "ALPH", f.alph)
	}
	return riff(appendRIFF(body, f.pixels.kind, f.pixels.data))
}

func webpHeader(data []byte) (header, error) {
	f, err := parseWebP(data)
	if err != nil {
		return header{}, broken(err)
	}
	return header{kind: "image/webp", width: f.canvas.X, height: f.canvas.Y, decoding: webpCost(f), flatten: f.flatten(),
		exif: f.exif, icc: func() []byte { return f.icc }}, nil
}

// flatten says whether the decoder will give something else than planes.
func (f *webpFile) flatten() bool {
	return f.pixels.kind == "VP8L" || f.alph != nil || f.size != f.canvas
}

// decodeWebP decodes the picture, of an animation the first frame on its white canvas.
// Nothing is mended, as Chromium shows nothing of a WebP that is cut short.
func decodeWebP(data []byte) (decoded, error) {
	f, err := parseWebP(data)
	if err != nil {
		return decoded{}, broken(err)
	}
	img, err := webp.Decode(bytes.NewReader(f.plain()))
	if err != nil {
		return decoded{}, broken(err)
	}
	fullRange(img)
	if f.size != f.canvas {
		canvas := image.NewRGBA(image.Rectangle{Max: f.canvas})
		draw.Draw(canvas, canvas.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(canvas, f.frame(), img, image.Point{}, draw.Over)
		img = canvas
	}
	return decoded{img, f.canvas.Y}, nil
}

// fullRange stretches the planes in place: VP8 keeps 16–235 and 16–240 (RFC 6386 9.2,
// ITU-R BT.601), while Go's YCbCr, like JPEG, means 0–255.
func fullRange(img image.Image) {
	var p *image.YCbCr
	switch img := img.(type) {
	case *image.YCbCr:
		p = img
	case *image.NYCbCrA:
		p = &img.YCbCr
	default:
		return
	}
	stretch(p.Y, 16, 219, 0)
	stretch(p.Cb, 128, 224, 128)
	stretch(p.Cr, 128, 224, 128)
}

// stretch maps a plane from studio swing, with its zero and its range, to full swing.
func stretch(plane []byte, zero, span, to float64) {
	var table [256]byte
	for i := range table {
		table[i] = byte(max(0, min(255, math.Round(to+(float64(i)-zero)*255/span))))
	}
	for i, v := range plane {
		plane[i] = table[v]
	}
}

func riff(body []byte) []byte { return appendRIFF(nil, "RIFF", append([]byte("WEBP"), body...)) }

func appendRIFF(to []byte, kind string, data []byte) []byte {
	to = append(to, kind...)
	to = binary.LittleEndian.AppendUint32(to, uint32(len(data)))
	to = append(to, data...)
	return append(to, make([]byte, len(data)&1)...)
}

func le24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

func put24(b []byte, v int) { b[0], b[1], b[2] = byte(v), byte(v>>8), byte(v>>16) }
