package rendition

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image/color"

	"golang.org/x/image/tiff"

	"oneframe/app/fault"
)

// TIFF tags (TIFF 6.0; ICC.1, annex B.4).
const (
	tiffCompression = 259
	tiffOrientation = 274
	tiffStripRows   = 278
	tiffTileWidth   = 322
	tiffTileHeight  = 323
	tiffICC         = 34675
)

// tiffPiece bounds the pixels of a compressed strip or tile: the decoder unpacks it as
// a whole, up to 8 bytes a pixel whatever the picture needs, so a larger one could fill
// the memory. Programs write strips of some kB.
const tiffPiece = 8 << 20

// tiffTag is one entry of the main directory: the value or where it is, as it is there.
type tiffTag struct {
	kind  uint16
	count uint32
	value []byte
}

// tiffFile is the main directory of a TIFF.
type tiffFile struct {
	data  []byte
	order binary.ByteOrder
	tags  map[uint16]tiffTag
}

// isTIFF reports the signature of a TIFF that isn't a BigTIFF.
func isTIFF(data []byte) bool {
	return bytes.HasPrefix(data, []byte("II*\x00")) || bytes.HasPrefix(data, []byte("MM\x00*"))
}

// parseTIFF reads the main directory as far as it lies in the data.
func parseTIFF(data []byte) (f tiffFile, err error) {
	f = tiffFile{data: data, order: binary.LittleEndian, tags: map[uint16]tiffTag{}}
	if len(data) < 8 {
		return f, errors.New("cut short")
	}
	if data[0] == 'M' {
		f.order = binary.BigEndian
	}
	at := int64(f.order.Uint32(data[4:]))
	if at+2 > int64(len(data)) {
		return f, errors.New("no directory")
	}
	list := data[at+2:]
	for n := f.order.Uint16(data[at:]); n > 0 && len(list) >= 12; n-- {
		f.tags[f.order.Uint16(list)] = tiffTag{f.order.Uint16(list[2:]), f.order.Uint32(list[4:]), list[8:12]}
		list = list[12:]
	}
	return f, nil
}

// number gives the first number of a tag, 0 where it has none in place.
func (f tiffFile) number(tag uint16) int {
	switch t := f.tags[tag]; t.kind {
	case 3:
		return int(f.order.Uint16(t.value))
	case 4:
		return int(f.order.Uint32(t.value))
	}
	return 0
}

// bytes gives the bytes of a tag that holds more than four; nil where they aren't there.
func (f tiffFile) bytes(tag uint16) []byte {
	t := f.tags[tag]
	if t.count <= 4 || t.kind != 1 && t.kind != 7 {
		return nil
	}
	from := int64(f.order.Uint32(t.value))
	if from+int64(t.count) > int64(len(f.data)) {
		return nil
	}
	return f.data[from : from+int64(t.count)]
}

// tiffHeader reads the first picture of the file.
func tiffHeader(data []byte) (header, error) {
	f, err := parseTIFF(data)
	if err != nil {
		return header{}, broken(err)
	}
	c, err := tiff.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return header{}, tiffTrouble(err)
	}
	if c.Width < 1 || c.Height < 1 || c.Width > sideMax || c.Height > sideMax {
		return header{}, fault.New(fault.TooLarge, "too_many_pixels", "The picture is too large: at most %d pixels a side are taken.", sideMax)
	}
	h := header{kind: "image/tiff", width: c.Width, height: c.Height, flatten: true,
		icc: func() []byte { return f.bytes(tiffICC) }}
	if o := f.number(tiffOrientation); o >= 1 && o <= 8 {
		h.exif = []byte{'M', 'M', 0, '*', 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, byte(o), 0, 0, 0, 0, 0, 0}
	}
	piece := f.piece(c.Width, c.Height)
	packed := f.number(tiffCompression) > 1
	if packed && piece > tiffPiece {
		return header{}, fault.New(fault.TooLarge, "too_many_pixels", "The TIFF is packed in one piece: at most %d megapixels are taken so. Please send it in strips, or as a JPEG.", tiffPiece>>20)
	}
	h.decoding = tiffCost(c.ColorModel, int64(c.Width)*int64(c.Height), piece, int64(len(data)), packed)
	return h, nil
}

// piece gives the pixels of a strip or tile.
func (f tiffFile) piece(width, height int) int64 {
	if w, h := f.number(tiffTileWidth), f.number(tiffTileHeight); w > 0 && h > 0 {
		return int64(w) * int64(h)
	}
	if rows := f.number(tiffStripRows); rows > 0 && rows < height {
		height = rows
	}
	return int64(width) * int64(height)
}

// tiffCost is the picture, its pieces' places, and the buffer of a piece while it grows.
func tiffCost(model color.Model, pixels, piece, size int64, packed bool) int64 {
	perPixel := int64(1)
	switch model {
	case color.RGBAModel, color.NRGBAModel:
		perPixel = 4
	case color.RGBA64Model, color.NRGBA64Model:
		perPixel = 8
	case color.Gray16Model:
		perPixel = 2
	}
	buffer := 3*size + 8<<20
	if packed {
		buffer = 4 * 8 * piece
	}
	return perPixel*pixels + buffer + 64*(pixels/max(1, piece)+1)
}

func decodeTIFF(data []byte) (decoded, error) {
	img, err := tiff.Decode(bytes.NewReader(data))
	if err != nil {
		return decoded{}, tiffTrouble(err)
	}
	return decoded{Image: img, full: img.Bounds().Dy()}, nil
}

// tiffTrouble tells a flavour that the decoder doesn't know from a damaged file.
func tiffTrouble(err error) error {
	if errors.As(err, new(tiff.UnsupportedError)) {
		return fault.Wrap(fmt.Errorf("TIFF: %w", err), fault.Unsupported, "unsupported_type",
			"This kind of TIFF is not taken: it must be RGB, grey or a palette, with 1, 8 or 16 bits. Please send it as a JPEG.")
	}
	return broken(err)
}
