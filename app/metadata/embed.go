package metadata

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"strings"

	"oneframe/app/fault"
)

const (
	segmentMax   = 65533   // bytes of a JPEG segment behind its length
	extensionMax = 4 << 20 // bytes of an extended XMP packet
	pieceMax     = 65000   // of it in one segment
)

// Embed gives the JPEG with the record in it as IPTC-IIM (in UTF-8, flagged by 1:90) and
// XMP, in place of what metadata it had; of its EXIF only the orientation stays, so that
// nothing in it can contradict the record or tell what was left out of it. The pixels,
// the colour profile and Photoshop's other resources stay as they are, except for
// thumbnails.
//
// IIM texts are cut to the IIM's lengths, as the MWG's guidelines 2.0 ask (section 5):
// the XMP has them whole, and the digest that goes with the IIM says to believe it.
// Codes that are too long for the IIM are in the XMP only, and so are the last of more
// keywords than a segment holds. XMP that is too long for a segment goes into extended
// XMP. To leave something out, embed r.Without(…).
//
// Errors: Unsupported unsupported_type where it is no JPEG, Invalid broken_metadata where
// it has no picture, TooLarge metadata_too_large above 4 MB of XMP.
func Embed(jpeg []byte, r Record) (out []byte, err error) {
	defer recovered(&err)
	if kindOf(jpeg) != "jpeg" {
		return nil, fault.New(fault.Unsupported, "unsupported_type", "Metadata is written into JPEG pictures only.")
	}
	packet, extended := xmpPackets(r)
	if len(extended) > extensionMax || len(packet)+len(headXMP) > segmentMax {
		return nil, fault.New(fault.TooLarge, "metadata_too_large", "The metadata is too long for a JPEG: it has more than %d MB.", extensionMax>>20)
	}
	old := segments(jpeg)
	w := jpegWriter{out: make([]byte, 0, len(jpeg)+len(packet)+len(extended)+8192)}
	w.out = append(w.out, jpeg[:2]...)
	i, at := 0, 2
	for ; i < len(old) && old[i].marker == markerAPP0; i++ { // JFIF comes first
		w.out = append(w.out, jpeg[old[i].start:old[i].end]...)
		at = old[i].end
	}
	w.fresh(r, old, packet, extended)
	for ; i < len(old); i++ {
		if !replaced(old[i]) {
			w.out = append(w.out, jpeg[old[i].start:old[i].end]...)
		}
		at = old[i].end
	}
	if !bytes.Contains(jpeg[at:], []byte{0xff, markerSOS}) {
		return nil, fault.New(fault.Invalid, "broken_metadata", "The picture can't be written to: its file is damaged.")
	}
	return append(w.out, jpeg[at:]...), w.err
}

// replaced reports a segment that Embed writes anew, or whose offsets into the file
// would no longer be right (CIPA DC-007, multi-picture format).
func replaced(s segment) bool {
	has := func(head string) bool { return bytes.HasPrefix(s.body, []byte(head)) }
	switch s.marker {
	case markerAPP1:
		return has(headEXIF) || has(headXMP) || has(headExtension)
	case markerAPP2:
		return has("MPF\x00")
	case markerAPP13:
		return has(headPhotoshop)
	}
	return false
}

// jpegWriter appends segments; an error stays.
type jpegWriter struct {
	out []byte
	err error
}

func (w *jpegWriter) segment(marker byte, parts ...[]byte) {
	size := 2
	for _, p := range parts {
		size += len(p)
	}
	if size > segmentMax+2 {
		w.err = fault.Wrap(fmt.Errorf("a segment of %d bytes", size), fault.TooLarge, "metadata_too_large", "The metadata is too long for a JPEG.")
		return
	}
	w.out = append(w.out, 0xff, marker)
	w.out = binary.BigEndian.AppendUint16(w.out, uint16(size))
	for _, p := range parts {
		w.out = append(w.out, p...)
	}
}

// fresh writes the new segments: orientation, XMP, its extension, Photoshop's resources.
func (w *jpegWriter) fresh(r Record, old []segment, packet, extended []byte) {
	var kept []byte
	turned := uint16(1)
	for _, s := range old {
		if b, ok := bytes.CutPrefix(s.body, []byte(headPhotoshop)); ok && s.marker == markerAPP13 {
			kept = append(kept, b...)
		}
		if b, ok := bytes.CutPrefix(s.body, []byte(headEXIF)); ok && s.marker == markerAPP1 && turned == 1 {
			turned = orientation(b)
		}
	}
	if turned != 1 {
		w.segment(markerAPP1, []byte(headEXIF), []byte{'M', 'M', 0, '*', 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, byte(turned), 0, 0, 0, 0, 0, 0})
	}
	w.segment(markerAPP1, []byte(headXMP), packet)
	guid := strings.ToUpper(fmt.Sprintf("%x", md5.Sum(extended)))
	for at := 0; at < len(extended); at += pieceMax {
		var place [8]byte
		binary.BigEndian.PutUint32(place[:], uint32(len(extended)))
		binary.BigEndian.PutUint32(place[4:], uint32(at))
		w.segment(markerAPP1, []byte(headExtension), []byte(guid), place[:], extended[at:min(at+pieceMax, len(extended))])
	}
	w.segment(markerAPP13, []byte(headPhotoshop), photoshopResources(writeIIM(r), kept))
}

// orientation reads tag 0x0112 of a TIFF structure: 1 to 8, and 1 where it has none.
func orientation(b []byte) uint16 {
	t, err := parseTIFF(b)
	if err != nil {
		return 1
	}
	if n, ok := t.number(t.main[tagOrientation]); ok && n >= 1 && n <= 8 {
		return uint16(n)
	}
	return 1
}

// Resources with a small picture (0x0409 and 0x040c), or metadata of their own: EXIF
// (0x0422, 0x0423) and XMP (0x0424), are not kept.
func keepsResource(id uint16) bool {
	switch id {
	case resourceIIM, resourceDigest, 0x0409, 0x040c, 0x0422, 0x0423, 0x0424:
		return false
	}
	return true
}

// photoshopResources puts the IIM, its digest and the resources that stay together, as
// many of these as a segment holds.
func photoshopResources(iim, old []byte) []byte {
	sum := md5.Sum(iim)
	b := appendResource(nil, resourceIIM, iim)
	b = appendResource(b, resourceDigest, sum[:])
	for r := range resources(old) {
		if keepsResource(r.id) && len(headPhotoshop)+len(b)+len(r.raw) < segmentMax {
			b = append(b, r.raw...)
			b = append(b, make([]byte, len(r.raw)&1)...)
		}
	}
	return b
}

func appendResource(b []byte, id uint16, data []byte) []byte {
	b = append(b, "8BIM"...)
	b = binary.BigEndian.AppendUint16(b, id)
	b = append(b, 0, 0) // no name
	b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
	return append(append(b, data...), make([]byte, len(data)&1)...)
}
