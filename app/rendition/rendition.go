// Package rendition turns a stranger's bytes into three JPEGs. It is pure: bytes in,
// bytes out, nothing kept.
//
//	Inspect   the header only: type, size as shown, orientation, and what decoding would cost
//	Check     decodes the whole picture once, to know that Make will
//	Make      decode → Y, Cb and Cr planes → large → medium → thumb → three JPEGs
//
// # What is taken
//
// JPEG, PNG and WebP, known by their content; from photographers TIFF too (Limits.TIFF).
// HEIC and AVIF are refused with words that say what to send instead: the decoders that
// need no C are copies of libheif and libaom in WebAssembly, of which one would bring the
// LGPL, loads the system's library where it finds one, and held over 300 MB for one
// picture of a telephone when it was measured; of the other no current version was to be
// had. What they say about themselves is read all the same, by the room metadata.
//
// The rule is that whatever a browser would show is taken, within the limits; a test
// holds this against Chromium. Chromium also shows files whose end is missing, as far as
// they go, so these are mended: a JPEG down to its last whole row of blocks or its last
// whole progressive scan (mendjpeg.go), a PNG to its last whole row (mendpng.go); what is
// missing is grey. Files of which nothing at all can be seen are refused.
//
// Three exceptions. Not taken, though Chromium shows them: JPEGs with arithmetic coding
// or unusual subsampling, which Go's decoder does not know, damaged interlaced PNGs, and
// PNGs with a side above 65,535 pixels. Turned upright, though Chromium leaves it: a
// WebP with an orientation in its EXIF.
//
// # What comes out
//
// Baseline JPEGs, 4:2:0, that fit in 1280×5120, 640×2560 and 160×640 pixels, never
// enlarged, turned upright, transparency on white, in sRGB. They are written from
// pixels, or from nothing but the tables and the scan of the original, so no EXIF, GPS,
// XMP, comment, colour profile or trailing bytes can come along.
//
// # How it is quick
//
// The browser sends a JPEG at most 1280 wide; its scan is kept as the large picture,
// because encoding it again would be the most expensive step and lose quality (keep.go).
// The smaller ones are made from the next larger on the planes as they come out of the
// decoder, halved by averaging 2×2 pixels as long as that fits, and the rest of the way
// by nfnt/resize. Bench: BenchmarkMake720 against BenchmarkBaseline720.
package rendition

import (
	"bytes"
	"fmt"
	"image"

	"oneframe/app/fault"
)

// Info is what the header says of a picture.
type Info struct {
	Type          string // image/jpeg, image/png, image/webp or image/tiff
	Width, Height int    // in pixels, as shown: after the orientation is applied
	Orientation   int    // 1 to 8, as in EXIF 2.3 tag 0x0112
	Progressive   bool   // a progressive JPEG, which costs several times a baseline one
	Cost          int64  // bytes of memory that Check or Make hold at most
}

// Limits are what Inspect lets pass. A zero field stands for the default: 12 MB, 50
// million pixels, no TIFF.
type Limits struct {
	Bytes  int64
	Pixels int64
	TIFF   bool // taken too, though no browser shows it
}

func (l Limits) orDefault() Limits {
	if l.Bytes <= 0 {
		l.Bytes = 12_000_000
	}
	if l.Pixels <= 0 {
		l.Pixels = 50_000_000
	}
	return l
}

// sideMax is the longest side in pixels, which is that of JPEG.
const sideMax = 65535

// scanWork bounds the pixels times the scans of a JPEG, and scansMax the scans: a scan
// of a few bytes makes the decoder walk through the whole picture, so a small file
// could keep it busy for hours. A full-size picture may have 20 scans (encoders
// make about 10), a small one up to 200.
const (
	scanWork = 1_000_000_000
	scansMax = 200
)

// header is what the formats' readers give: Info before orientation, and what
// decoding needs to know beside the pixels.
type header struct {
	kind          string // as Info.Type
	width, height int    // as stored
	progressive   bool
	scans         int           // of a JPEG
	decoding      int64         // bytes that the decoder holds at most, with the picture
	flatten       bool          // the decoder gives something else than planes
	exif          []byte        // a TIFF structure; nil where there is none
	icc           func() []byte // colour profile; nil where there is none
}

// Inspect reads the header and decodes nothing; what it allocates does not depend on
// the size that the header claims. Errors: Unsupported unsupported_type, TooLarge
// too_many_bytes or too_many_pixels, Invalid broken_image.
func Inspect(data []byte, l Limits) (info Info, err error) {
	defer recovered(&err)
	l = l.orDefault()
	if int64(len(data)) > l.Bytes {
		return Info{}, fault.New(fault.TooLarge, "too_many_bytes", "The file is too large: at most %d MB are taken.", l.Bytes/1_000_000)
	}
	if isTIFF(data) && !l.TIFF {
		return Info{}, unsupported(nil)
	}
	h, err := readHeader(data)
	if err != nil {
		return Info{}, err
	}
	if int64(h.width) > l.Pixels/int64(h.height) || max(h.width, h.height) > sideMax {
		return Info{}, fault.New(fault.TooLarge, "too_many_pixels", "The picture has too many pixels: at most %d megapixels are taken.", l.Pixels/1_000_000)
	}
	if h.scans > scansMax || h.scans*h.width*h.height > scanWork {
		return Info{}, broken(fmt.Errorf("%d scans of %d×%d pixels", h.scans, h.width, h.height))
	}
	info = Info{Type: h.kind, Width: h.width, Height: h.height, Orientation: orientation(h.exif), Progressive: h.progressive, Cost: h.cost(len(data))}
	if info.Orientation >= 5 {
		info.Width, info.Height = info.Height, info.Width
	}
	return info, nil
}

// readHeader sniffs the type. The width and height that it gives are positive, and
// nothing was allocated for them.
func readHeader(data []byte) (header, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8")):
		return jpegHeader(data)
	case bytes.HasPrefix(data, []byte(pngSignature)):
		return pngHeader(data)
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return webpHeader(data)
	case isTIFF(data):
		return tiffHeader(data)
	case len(data) >= 12 && string(data[4:8]) == "ftyp":
		return header{}, fault.New(fault.Unsupported, "unsupported_type",
			"HEIC and AVIF pictures are not taken. Please send a JPEG; an iPhone makes them by Settings, Camera, Formats, Most Compatible.")
	}
	return header{}, unsupported(nil)
}

// decoded is a picture out of its file: planes, or any image that must be flattened.
// Where the end of the file was missing, the image has fewer rows than full.
type decoded struct {
	image.Image
	full int // rows that the header promises
}

// Check decodes the whole picture. Invalid broken_image where nothing of it can be
// shown, Unsupported unsupported_type where its flavour is not known. The caller holds
// info.Cost of a Budget.
func Check(data []byte, info Info) (err error) {
	defer recovered(&err)
	_, err = decode(data, info.Type)
	return err
}

func decode(data []byte, kind string) (decoded, error) {
	switch kind {
	case "image/jpeg":
		return decodeJPEG(data)
	case "image/png":
		return decodePNG(data)
	case "image/webp":
		return decodeWebP(data)
	case "image/tiff":
		return decodeTIFF(data)
	}
	return decoded{}, unsupported(nil)
}

func broken(cause error) error {
	return fault.Wrap(cause, fault.Invalid, "broken_image", "The picture can't be opened: its file is damaged.")
}

func unsupported(cause error) error {
	return fault.Wrap(cause, fault.Unsupported, "unsupported_type", "Only JPEG, PNG and WebP pictures are taken.")
}

// recovered turns a panic of a decoder, which hostile bytes may find, into broken_image.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = broken(fmt.Errorf("panic: %v", r))
	}
}
