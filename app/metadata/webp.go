package metadata

import (
	"bytes"
	"encoding/binary"
)

// webpParts collects the metadata of a WebP (RFC 9649, 2.7.1.5): chunks EXIF and XMP.
func webpParts(data []byte) (p parts) {
	for b := data[12:]; len(b) >= 8; {
		size := int64(binary.LittleEndian.Uint32(b[4:]))
		if size > int64(len(b)-8) {
			return p
		}
		body := b[8 : 8+size]
		switch string(b[:4]) {
		case "EXIF":
			if p.exif == nil {
				p.exif = bytes.TrimPrefix(body, []byte(headEXIF))
			}
		case "XMP ":
			p.xmp = append(p.xmp, body)
		}
		b = b[min(8+size+size&1, int64(len(b))):]
	}
	return p
}
