package metadata

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Tags of EXIF 2.31, TIFF 6.0 and Windows (XP…, rating) that are read.
const (
	tagDescription = 0x010e
	tagMake        = 0x010f
	tagModel       = 0x0110
	tagOrientation = 0x0112
	tagArtist      = 0x013b
	tagXMP         = 0x02bc // TIFF files
	tagRating      = 0x4746
	tagCopyright   = 0x8298
	tagIIM         = 0x83bb // TIFF files
	tagPhotoshop   = 0x8649 // TIFF files
	tagEXIF        = 0x8769
	tagGPS         = 0x8825
	tagOriginal    = 0x9003
	tagDigitized   = 0x9004
	tagZoneOrig    = 0x9011
	tagZoneDigit   = 0x9012
	tagSubOrig     = 0x9291
	tagSubDigit    = 0x9292
	tagXPTitle     = 0x9c9b
	tagXPComment   = 0x9c9c
	tagXPAuthor    = 0x9c9d
	tagXPKeywords  = 0x9c9e
)

// GPS tags (EXIF 2.31, table 15).
const (
	gpsLatitudeRef  = 1
	gpsLatitude     = 2
	gpsLongitudeRef = 3
	gpsLongitude    = 4
)

// entriesMax bounds the entries of a directory: more are no directory.
const entriesMax = 2000

// entry is one tag of a directory: its type, how many, and its bytes.
type entry struct {
	kind  uint16
	count uint32
	data  []byte
}

// tiff is the three directories of a TIFF structure that matter, by tag.
type tiff struct {
	order             binary.ByteOrder
	main, exif, place map[uint16]entry
}

var errNoTIFF = errors.New("no TIFF header")

// parseTIFF reads the main directory and the two that it points to; each is read once,
// so pointers that go in circles do no harm, and values outside of the data are left out.
func parseTIFF(b []byte) (t tiff, err error) {
	if len(b) < 8 {
		return t, errNoTIFF
	}
	switch string(b[:4]) {
	case "II*\x00":
		t.order = binary.LittleEndian
	case "MM\x00*":
		t.order = binary.BigEndian
	default:
		return t, errNoTIFF
	}
	t.main = t.directory(b, t.order.Uint32(b[4:]))
	if t.main == nil {
		return t, errors.New("the TIFF directory lies outside of the data")
	}
	t.exif = t.below(b, tagEXIF)
	t.place = t.below(b, tagGPS)
	return t, nil
}

func (t tiff) below(b []byte, tag uint16) map[uint16]entry {
	e, ok := t.main[tag]
	if !ok || e.kind != 4 && e.kind != 13 || len(e.data) < 4 {
		return nil
	}
	return t.directory(b, t.order.Uint32(e.data))
}

// directory reads entries of 12 bytes each; nil where there is no directory.
func (t tiff) directory(b []byte, at uint32) map[uint16]entry {
	if int64(at)+2 > int64(len(b)) || at < 8 {
		return nil
	}
	n := int(t.order.Uint16(b[at:]))
	if n > entriesMax {
		return nil
	}
	list := b[at+2:]
	entries := make(map[uint16]entry, min(n, len(list)/12))
	for ; n > 0 && len(list) >= 12; n, list = n-1, list[12:] {
		e := entry{kind: t.order.Uint16(list[2:]), count: t.order.Uint32(list[4:])}
		size := int64(e.count) * sizeOf(e.kind)
		switch from := int64(t.order.Uint32(list[8:])); {
		case size <= 0:
			continue
		case size <= 4:
			e.data = list[8 : 8+size]
		case from+size <= int64(len(b)):
			e.data = b[from : from+size]
		default:
			continue
		}
		if tag := t.order.Uint16(list); entries[tag].data == nil {
			entries[tag] = e
		}
	}
	return entries
}

// sizeOf gives the bytes of one value of a TIFF type, 0 for an unknown one.
func sizeOf(kind uint16) int64 {
	switch kind {
	case 1, 2, 6, 7, 129:
		return 1
	case 3, 8:
		return 2
	case 4, 9, 11, 13:
		return 4
	case 5, 10, 12:
		return 8
	}
	return 0
}

// ascii gives the text of type ASCII, or UTF-8, up to the first NUL behind it. Copyright
// notices hold two texts with a NUL between; the second is left out.
func (e entry) ascii() []byte {
	if e.kind != 2 && e.kind != 129 && e.kind != 7 {
		return nil
	}
	text, _, _ := bytes.Cut(e.data, []byte{0})
	return text
}

// number gives the first number of an entry.
func (t tiff) number(e entry) (uint32, bool) {
	switch {
	case e.kind == 3 && len(e.data) >= 2:
		return uint32(t.order.Uint16(e.data)), true
	case (e.kind == 4 || e.kind == 9) && len(e.data) >= 4:
		return t.order.Uint32(e.data), true
	}
	return 0, false
}

// wide gives the text of Windows' tags: UTF-16, little endian whatever the file is.
func (e entry) wide() string {
	if e.kind != 1 && e.kind != 7 {
		return ""
	}
	u := make([]uint16, min(len(e.data)/2, textMax))
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(e.data[2*i:])
	}
	text, _, _ := strings.Cut(string(utf16.Decode(u)), "\x00")
	return text
}

// exifClaims reads EXIF. Texts should be ASCII and are UTF-8 by the MWG's guidelines;
// others are guessed as the IIM's are.
func (t tiff) claims(said map[string]bool) (c claims) {
	set := guess([][]byte{t.main[tagDescription].ascii(), t.main[tagArtist].ascii(), t.main[tagCopyright].ascii()}, said)
	text := func(tag uint16) string { return decode(t.main[tag].ascii(), set) }
	if s := text(tagDescription); filler(line(s)) {
		c = append(c, claim{field: "caption", from: "EXIF 0x010e", value: line(s), unfit: true})
	} else {
		c.prose("caption", "EXIF 0x010e", s)
	}
	c.list("byline", "EXIF 0x013b", names(text(tagArtist)))
	c.prose("copyright", "EXIF 0x8298", text(tagCopyright))
	c.text("camera", "EXIF 0x0110", camera(text(tagMake), text(tagModel)))
	c.exifMoment(t, tagOriginal, tagSubOrig, tagZoneOrig, "EXIF 0x9003")
	n := len(c)
	c.exifMoment(t, tagDigitized, tagSubDigit, tagZoneDigit, "EXIF 0x9004")
	c.lastLate(n)
	c.exifPlace(t)
	c.windows(t)
	return c
}

func (c *claims) exifMoment(t tiff, tag, sub, zone uint16, from string) {
	raw := string(t.exif[tag].ascii())
	if strings.Trim(raw, " 0:\x00") == "" {
		return
	}
	at, ok := parseEXIF(raw, string(t.exif[sub].ascii()), string(t.exif[zone].ascii()))
	c.moment("taken", from, decode([]byte(raw), legacy()[0]), at, ok)
}

func (c *claims) exifPlace(t tiff) {
	lat, ok1 := t.angle(gpsLatitude, gpsLatitudeRef, 'N', 'S')
	lon, ok2 := t.angle(gpsLongitude, gpsLongitudeRef, 'E', 'W')
	c.place("EXIF GPS", Place{Latitude: lat, Longitude: lon}, ok1 && ok2)
}

// angle reads degrees, minutes and seconds as three fractions, with the letter of their side.
func (t tiff) angle(tag, ref uint16, plus, minus byte) (degrees float64, ok bool) {
	e, side := t.place[tag], t.place[ref].ascii()
	if e.kind != 5 || e.count < 3 || len(side) == 0 {
		return 0, false
	}
	unit := 1.0
	for i := range 3 {
		num, den := t.order.Uint32(e.data[8*i:]), t.order.Uint32(e.data[8*i+4:])
		if den == 0 {
			if num != 0 || i == 0 {
				return 0, false
			}
			den = 1
		}
		degrees += float64(num) / float64(den) / unit
		unit *= 60
	}
	switch side[0] &^ 0x20 {
	case minus:
		return -degrees, true
	case plus:
		return degrees, true
	}
	return 0, false
}

// windows reads what Windows Explorer writes, which is asked last.
func (c *claims) windows(t tiff) {
	c.text("title", "EXIF 0x9c9b", t.main[tagXPTitle].wide())
	c.prose("caption", "EXIF 0x9c9c", t.main[tagXPComment].wide())
	c.list("byline", "EXIF 0x9c9d", names(t.main[tagXPAuthor].wide()))
	c.list("keywords", "EXIF 0x9c9e", strings.Split(t.main[tagXPKeywords].wide(), ";"))
	if n, ok := t.number(t.main[tagRating]); ok {
		c.number("rating", "EXIF 0x4746", strconv.FormatUint(uint64(n), 10), 0, 5)
	}
}

// names takes EXIF's creators apart: "A; B", in quotes where a name has a semicolon
// (MWG guidelines 2.0, section 5.5).
func names(s string) (list []string) {
	for s != "" {
		if rest, ok := strings.CutPrefix(s, `"`); ok {
			if name, after, ok := strings.Cut(rest, `"`); ok {
				list = append(list, name)
				s = strings.TrimLeft(after, "; ")
				continue
			}
		}
		name, after, _ := strings.Cut(s, ";")
		list = append(list, name)
		s = strings.TrimLeft(after, " ")
	}
	return list
}

// camera joins maker and model, where the model doesn't say the maker itself.
func camera(maker, model string) string {
	maker, model = line(maker), line(model)
	first, _, _ := strings.Cut(maker, " ")
	if maker == "" || strings.HasPrefix(strings.ToLower(model), strings.ToLower(first)) {
		return model
	}
	return line(maker + " " + model)
}

// filler reports what cameras write for want of a caption.
func filler(s string) bool {
	switch strings.ToUpper(s) {
	case "OLYMPUS DIGITAL CAMERA", "SONY DSC", "DIGITAL CAMERA", "KONICA MINOLTA DIGITAL CAMERA", "MINOLTA DIGITAL CAMERA",
		"SAMSUNG CAMERA PICTURES", "EXIF_JPEG_PICTURE":
		return true
	}
	return false
}
