// Package metadata reads what a picture file says about itself, IPTC-IIM, XMP and EXIF,
// into one normalised Record, and writes a record back into a file. It is pure: bytes in,
// bytes out; no file is opened, nothing is fetched.
//
//	Read      a picture file: JPEG, PNG, WebP, TIFF, HEIC, AVIF → Record
//	Sidecar   an .xmp file beside a picture → Record
//	Merge     both, the sidecar first
//	Embed     a Record into a JPEG as IPTC-IIM and XMP
//
// # Whose word counts
//
// The order is that of the Metadata Working Group's guidelines 2.0: for the caption, the
// creator, the copyright and the moment of capture EXIF is asked first, for all else it
// is asked last. XMP goes before IPTC-IIM, except where Photoshop's digest of the IIM
// (image resource 0x0425) doesn't fit the IIM: then somebody edited the IIM without
// knowing XMP, and the IIM goes first. An IIM text that was cut at IIM's limit gives way
// to the XMP text that it is the beginning of. Cameras' fillers, as OLYMPUS DIGITAL
// CAMERA, are nobody's caption. A moment of capture without a zone takes that of another
// part which has the same reading of the clock. What every part says stays readable in Record.Found.
//
// # Strangers' bytes
//
// Formats are walked by their lengths, each bounded by the file; EXIF directories and
// XML nest to a bounded depth; XML knows the five entities that need no declaration and
// refuses a document type; what unpacks (PNG text) unpacks to a bounded size. Text comes
// out in NFC, without control characters and without those that turn the direction of
// writing. A part that can't be read is told in Found under the field "unreadable", and
// the other parts count.
package metadata

import (
	"bytes"
	"fmt"

	"oneframe/app/fault"
)

// parts are the bytes of a file that carry metadata, as its container holds them.
type parts struct {
	exif   []byte   // a TIFF structure
	xmp    [][]byte // packets, the most important first
	iim    []byte   // IPTC-IIM datasets
	digest []byte   // MD5 of the IIM as Photoshop noted it, 16 bytes; nil where it didn't
	broken []Found  // what couldn't be read
}

// unreadable notes a part that can't be read.
func (p *parts) unreadable(from string, err error) {
	p.broken = append(p.broken, Found{Field: fieldUnreadable, From: from, Value: err.Error()})
}

// Read gives the metadata of a JPEG, PNG, WebP, TIFF, HEIC or AVIF file; the record is
// empty where there is none. It is quick to say what a file holds, and doesn't look at
// the pixels: a file with good metadata may still be undecodable. Errors: Unsupported
// unsupported_type where the bytes are of no such file, Invalid broken_metadata where
// they can't be walked through at all.
func Read(data []byte) (r Record, err error) {
	defer recovered(&err)
	var p parts
	switch kindOf(data) {
	case "jpeg":
		p = jpegParts(data)
	case "png":
		p = pngParts(data)
	case "webp":
		p = webpParts(data)
	case "tiff":
		p, err = tiffParts(data)
	case "heif":
		p, err = heifParts(data)
	default:
		return Record{}, fault.New(fault.Unsupported, "unsupported_type", "Metadata is read from JPEG, PNG, WebP, TIFF, HEIC and AVIF pictures only.")
	}
	if err != nil {
		return Record{}, fault.Wrap(err, fault.Invalid, "broken_metadata", "The picture can't be read: its file is damaged.")
	}
	return p.record(), nil
}

// kindOf sniffs the container; "" where it is none of ours.
func kindOf(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8")):
		return "jpeg"
	case bytes.HasPrefix(data, []byte(pngSignature)):
		return "png"
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return "webp"
	case bytes.HasPrefix(data, []byte("II*\x00")), bytes.HasPrefix(data, []byte("MM\x00*")):
		return "tiff"
	case isHEIF(data):
		return "heif"
	}
	return ""
}

// Sidecar gives the metadata of an .xmp file; Found says "sidecar" where Read says XMP.
// Invalid broken_metadata where it is no XMP.
func Sidecar(xmp []byte) (r Record, err error) {
	defer recovered(&err)
	doc, err := parseXMP(xmp)
	if err != nil {
		return Record{}, fault.Wrap(err, fault.Invalid, "broken_metadata", "The sidecar can't be read: it is no well-formed XMP.")
	}
	return merge([]source{{claims: doc.claims("sidecar")}}, nil), nil
}

// recovered turns a panic, which hostile bytes may find, into broken_metadata.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fault.Wrap(fmt.Errorf("panic: %v", r), fault.Invalid, "broken_metadata", "The picture's metadata can't be read: it is damaged.")
	}
}
