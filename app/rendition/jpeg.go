package rendition

import (
	"bytes"
	"errors"
	"fmt"
	"image/jpeg"
	"iter"

	"oneframe/app/fault"
)

// JPEG markers (ITU-T T.81, table B.1), the second byte after 0xff.
const (
	sof0 = 0xc0 // baseline
	sof1 = 0xc1 // extended sequential
	sof2 = 0xc2 // progressive
	dht  = 0xc4
	rst0 = 0xd0
	rst7 = 0xd7
	soi  = 0xd8
	eoi  = 0xd9
	sos  = 0xda
	dqt  = 0xdb
	dri  = 0xdd
	app0 = 0xe0
	app1 = 0xe1
	app2 = 0xe2
)

// segment is one marker with its parameters.
type segment struct {
	marker byte
	at     int    // offset of the 0xff before the marker
	body   []byte // without the length; cut where the file ends
	end    int    // offset after the parameters
}

// segments walks through the markers after SOI as image/jpeg does: bytes that belong
// to nothing are skipped, and so are the entropy-coded data with their stuffed zeros
// and restart markers. It ends after EOI or where the file does.
func segments(data []byte) iter.Seq[segment] {
	return func(yield func(segment) bool) {
		for at := 2; ; {
			at = nextMarker(data, at)
			if at+1 >= len(data) {
				return
			}
			s := segment{marker: data[at+1], at: at, end: at + 2}
			if s.marker != eoi {
				if at+4 > len(data) {
					return
				}
				n := int(data[at+2])<<8 | int(data[at+3])
				s.end = min(at+2+max(n, 2), len(data))
				s.body = data[at+4 : max(at+4, s.end)]
			}
			if !yield(s) || s.marker == eoi {
				return
			}
			at = s.end
		}
	}
}

// nextMarker finds the 0xff of the next marker that is not a stuffed zero, a fill byte
// or a restart, from the offset on; len(data) where there is none.
func nextMarker(data []byte, at int) int {
	for at < len(data) {
		i := bytes.IndexByte(data[at:], 0xff)
		if i < 0 || at+i+1 >= len(data) {
			return len(data)
		}
		at += i
		switch m := data[at+1]; {
		case m == 0xff:
			at++
		case m == 0 || rst0 <= m && m <= rst7:
			at += 2
		default:
			return at
		}
	}
	return len(data)
}

// component is a colour of a frame header: its id, and its sampling across and down.
type component struct{ id, h, v int }

// frame is a frame header (SOF).
type frame struct {
	segment
	width, height int
	comps         []component
}

// frameOf reads a frame header; ok is false where it is cut short or not one that
// image/jpeg takes.
func frameOf(s segment) (f frame, ok bool) {
	b := s.body
	if len(b) < 6 || len(b) < 6+3*int(b[5]) {
		return frame{}, false
	}
	f = frame{segment: s, height: int(b[1])<<8 | int(b[2]), width: int(b[3])<<8 | int(b[4])}
	for i := range int(b[5]) {
		hv := b[7+3*i]
		f.comps = append(f.comps, component{id: int(b[6+3*i]), h: int(hv >> 4), v: int(hv & 15)})
	}
	if len(f.comps) == 1 {
		f.comps[0].h, f.comps[0].v = 1, 1 // T.81 A.2.2: whatever it says
	}
	return f, true
}

// blocks gives the number of MCUs across and down.
func (f frame) blocks() (across, down int) {
	w, h := 8*f.comps[0].h, 8*f.comps[0].v
	return (f.width + w - 1) / w, (f.height + h - 1) / h
}

// jpegHeader reads the markers of the whole file, without its pixels.
func jpegHeader(data []byte) (header, error) {
	config, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return header{}, jpegError(err)
	}
	h := header{kind: "image/jpeg", width: config.Width, height: config.Height}
	var f frame
	for s := range segments(data) {
		switch {
		case s.marker >= sof0 && s.marker <= sof2 && f.comps == nil:
			var ok bool
			if f, ok = frameOf(s); !ok {
				return header{}, broken(errors.New("short frame header"))
			}
		case s.marker == sos:
			h.scans++
		case s.marker == app1 && h.exif == nil && bytes.HasPrefix(s.body, []byte("Exif\x00")) && len(s.body) > 6:
			h.exif = s.body[6:]
		}
	}
	if h.width <= 0 || h.height <= 0 || f.comps == nil || f.width != h.width || f.height != h.height {
		return header{}, broken(fmt.Errorf("%d×%d in one reading of the header, %d×%d in the other", h.width, h.height, f.width, f.height))
	}
	h.progressive = f.marker == sof2
	h.decoding, h.flatten = jpegCost(f, config.ColorModel)
	h.icc = func() []byte { return joinICC(data) }
	return h, nil
}

// jpegError keeps apart what image/jpeg doesn't know and what is damaged.
func jpegError(err error) error {
	var unknown jpeg.UnsupportedError
	if errors.As(err, &unknown) && unknown != "unknown marker" {
		return fault.Wrap(err, fault.Unsupported, "unsupported_type", "This rare kind of JPEG is not taken; please save the picture as an ordinary one.")
	}
	return broken(err)
}

// decodeJPEG decodes, and mends what image/jpeg refuses.
func decodeJPEG(data []byte) (decoded, error) {
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err == nil {
		return decoded{img, img.Bounds().Dy()}, nil
	}
	if mended, ok := mendJPEG(data); ok {
		return mended, nil
	}
	return decoded{}, jpegError(err)
}
