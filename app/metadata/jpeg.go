package metadata

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// JPEG markers (ITU-T T.81, table B.1) that matter here.
const (
	markerSOI   = 0xd8
	markerEOI   = 0xd9
	markerSOS   = 0xda
	markerAPP0  = 0xe0
	markerAPP1  = 0xe1
	markerAPP2  = 0xe2
	markerAPP13 = 0xed
)

// What the segments that hold metadata begin with.
const (
	headEXIF      = "Exif\x00\x00"
	headXMP       = "http://ns.adobe.com/xap/1.0/\x00"
	headExtension = "http://ns.adobe.com/xmp/extension/\x00"
	headPhotoshop = "Photoshop 3.0\x00"
)

// segment is one marker of a JPEG's header.
type segment struct {
	marker     byte
	start, end int    // offsets in the file of the 0xff and behind the parameters
	body       []byte // the parameters without their length
}

// segments lists the markers up to the first scan, which is where metadata lies (the
// SOS segment itself is not among them). Bytes that belong to nothing are passed over.
func segments(data []byte) (list []segment) {
	for at := 2; at+4 <= len(data); {
		i := bytes.IndexByte(data[at:], 0xff)
		if i < 0 || at+i+4 > len(data) {
			return list
		}
		at += i
		m := data[at+1]
		switch {
		case m == 0xff:
			at++
			continue
		case m <= 0x01 || 0xd0 <= m && m <= markerSOI: // stand alone, without a length
			at += 2
			continue
		case m == markerSOS || m == markerEOI:
			return list
		}
		n := int(binary.BigEndian.Uint16(data[at+2:]))
		if n < 2 || at+2+n > len(data) {
			at += 2
			continue
		}
		list = append(list, segment{marker: m, start: at, end: at + 2 + n, body: data[at+4 : at+2+n]})
		at += 2 + n
	}
	return list
}

// jpegParts collects the metadata of a JPEG: the first EXIF, the XMP with its
// extension, and the Photoshop resources of all APP13 segments, which are one stream.
func jpegParts(data []byte) (p parts) {
	var ext extension
	var resources []byte
	for _, s := range segments(data) {
		switch s.marker {
		case markerAPP1:
			if b, ok := bytes.CutPrefix(s.body, []byte(headEXIF)); ok && p.exif == nil {
				p.exif = b
			} else if b, ok := bytes.CutPrefix(s.body, []byte(headXMP)); ok {
				p.xmp = append(p.xmp, b)
			} else if b, ok := bytes.CutPrefix(s.body, []byte(headExtension)); ok {
				ext = append(ext, b)
			}
		case markerAPP13:
			if b, ok := bytes.CutPrefix(s.body, []byte(headPhotoshop)); ok {
				if resources == nil {
					resources = b[:len(b):len(b)]
				} else {
					resources = append(resources, b...)
				}
			}
		}
	}
	p.photoshop(resources)
	if len(ext) > 0 && len(p.xmp) > 0 {
		joined, err := ext.join(p.xmp[0])
		if err != nil {
			p.unreadable("XMP extension", err)
		} else {
			p.xmp = append(p.xmp, joined)
		}
	}
	return p
}

// extension is the pieces of an extended XMP packet (XMP specification part 3, section
// 1.1.3.1): each a GUID of 32 characters, the whole length, the piece's offset, the piece.
type extension [][]byte

// join puts the pieces together that belong to the main packet, which names their GUID.
func (e extension) join(packet []byte) ([]byte, error) {
	var whole []byte
	filled := 0
	for _, piece := range e {
		if len(piece) < 40 || !bytes.Contains(packet, piece[:32]) {
			continue
		}
		size, at := int64(binary.BigEndian.Uint32(piece[32:])), int64(binary.BigEndian.Uint32(piece[36:]))
		body := piece[40:]
		if whole == nil {
			if size > e.bytes() {
				return nil, fmt.Errorf("%d bytes are promised and %d are there", size, e.bytes())
			}
			whole = make([]byte, size)
		}
		if size != int64(len(whole)) || at+int64(len(body)) > size {
			return nil, fmt.Errorf("a piece at %d doesn't fit into %d bytes", at, len(whole))
		}
		filled += copy(whole[at:], body)
	}
	if filled < len(whole) {
		return nil, fmt.Errorf("only %d of %d bytes are there", filled, len(whole))
	}
	return whole, nil
}

func (e extension) bytes() (n int64) {
	for _, piece := range e {
		n += int64(len(piece))
	}
	return n
}
