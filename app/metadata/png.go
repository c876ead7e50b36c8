package metadata

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// inflateMax bounds what a compressed text of a PNG unpacks to, in bytes.
const inflateMax = 8 << 20

// pngParts collects the metadata of a PNG (W3C PNG third edition, 11.3): eXIf, XMP in
// iTXt, and the raw profiles that ImageMagick and exiftool write as hex into text chunks.
func pngParts(data []byte) (p parts) {
	for b := data[len(pngSignature):]; len(b) >= 12; {
		size := int64(binary.BigEndian.Uint32(b))
		if size > int64(len(b)-12) {
			return p
		}
		body := b[8 : 8+size]
		switch string(b[4:8]) {
		case "eXIf":
			if p.exif == nil {
				p.exif = body
			}
		case "iTXt", "tEXt", "zTXt":
			p.pngText(string(b[4:8]), body)
		case "IEND":
			return p
		}
		b = b[12+size:]
	}
	return p
}

// pngText takes one text chunk, where its keyword is one of ours.
func (p *parts) pngText(kind string, body []byte) {
	keyword, rest, ok := bytes.Cut(body, []byte{0})
	if !ok {
		return
	}
	profile, raw := bytes.CutPrefix(keyword, []byte("Raw profile type "))
	if string(keyword) != "XML:com.adobe.xmp" && !raw {
		return
	}
	text, err := pngUnpacked(kind, rest)
	if err == nil && raw {
		text, err = rawProfile(text)
	}
	if err != nil {
		p.unreadable("PNG "+line(string(keyword)), err)
		return
	}
	if !raw {
		profile = []byte("xmp")
	}
	switch string(profile) {
	case "xmp":
		p.xmp = append(p.xmp, text)
	case "exif", "APP1":
		if exif, ok := bytes.CutPrefix(text, []byte(headEXIF)); ok && p.exif == nil {
			p.exif = exif
		} else if xmp, ok := bytes.CutPrefix(text, []byte(headXMP)); ok {
			p.xmp = append(p.xmp, xmp)
		}
	case "iptc", "8bim":
		if text = bytes.TrimPrefix(text, []byte(headPhotoshop)); len(text) > 0 && text[0] == iimMark {
			p.iim = text
		} else {
			p.photoshop(text)
		}
	}
}

// pngUnpacked gives the text behind a keyword.
func pngUnpacked(kind string, rest []byte) ([]byte, error) {
	packed := kind == "zTXt"
	switch {
	case kind == "zTXt" && len(rest) > 1:
		rest = rest[1:] // the method
	case kind == "iTXt" && len(rest) > 2:
		packed = rest[0] == 1
		rest = rest[2:]
		for range 2 { // the language, the keyword in it
			_, after, ok := bytes.Cut(rest, []byte{0})
			if !ok {
				return nil, errors.New("the chunk is too short")
			}
			rest = after
		}
	}
	if !packed {
		return rest, nil
	}
	z, err := zlib.NewReader(bytes.NewReader(rest))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(z, inflateMax+1))
	if err == nil && len(text) > inflateMax {
		err = fmt.Errorf("it unpacks to more than %d bytes", inflateMax)
	}
	return text, err
}

// rawProfile undoes ImageMagick's form: a line with a name, one with the length, and the
// bytes in hex.
func rawProfile(text []byte) ([]byte, error) {
	_, rest, _ := bytes.Cut(bytes.TrimLeft(text, "\n"), []byte("\n"))
	_, digits, ok := bytes.Cut(rest, []byte("\n"))
	if !ok {
		return nil, errors.New("the profile is empty")
	}
	digits = bytes.Join(bytes.Fields(digits), nil)
	out := make([]byte, len(digits)/2)
	_, err := hex.Decode(out, digits[:len(out)*2])
	return out, err
}
