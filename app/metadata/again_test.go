package metadata

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
)

// chaos makes what hostile and merely careless programs write, from a fixed seed.
type chaos struct{ *rand.Rand }

// scraps are what texts are made of here: what charsets, XML, NFC, lists, lines and the
// bounds of lengths each treat in a way of their own.
func scraps() []string {
	return []string{
		"a", "b", " ", "  ", ";", "; ", `"`, "'", "&", "&amp;", "&#x41;", "<", "]]>", "\n", "\r\n", "\r", "\t", "\x00", "\x07", "\x7f",
		"\x80", "\x81", "\x95", "\xc2", "\xc2\x95", "\xc3", "\xbc", "\xff", "\xe0\xa4", "\xf0\x9f", // halves, and what Windows-1252 has no character for
		"Â•", "Ã", "Ã¼", "¼", "\u00a0", "\u0085", "\u00ad", "ü", "u\u0308", "\u0301", "я", "Ю", "ё", "й", "\u0338",
		"\u0958", "\u2126", "\u212a", "\u037e", "\u1fef", "\u0344", "\ufb1f", "\U0001d15e", "가", "\u1100\u1161", // what NFC takes apart, or exchanges
		"\u2028", "\u202e", "\u2067", "\u200d", "\u200f", "\u3000", "\u2002", "\ufeff", "\ufffe", "\ufffd", "\U0001fffe", "🚁", strings.Repeat("\u0301", 33),
		"IPTC:15054000:::", "04000000", "SPO", "de", "CHE", "ch", "2026-05-31", "://", "@", "+49 30 123456",
	}
}

// text makes one of up to about most bytes, or a few more, in some charset, perhaps made
// UTF-8 several times over.
func (c chaos) text(most int) string {
	var b strings.Builder
	all := scraps()
	n := c.IntN(6)
	if c.IntN(8) == 0 {
		n = most
	}
	narrow := 1 + c.IntN(len(all))
	from := c.IntN(len(all))
	for range n {
		if b.Len() > most {
			break
		}
		b.WriteString(all[(from+c.IntN(narrow))%len(all)])
	}
	s := b.String()
	for range c.IntN(4) - 1 {
		s = charset{charmap.Windows1252}.text([]byte(s))
	}
	if c.IntN(6) == 0 {
		set := legacy()[c.IntN(3)]
		if out, err := set.NewEncoder().String(s); err == nil {
			s = out
		}
	}
	return s
}

// date makes one as each of the parts has it, and some that nobody has.
func (c chaos) date(layouts ...string) string {
	day := []string{"0000-01-01", "0001-01-01", "1969-12-31", "2026-02-29", "2026-05-31", "9999-12-31"}[c.IntN(6)]
	if c.IntN(3) == 0 {
		day = strings.ReplaceAll(day, "-", "")
	} else if c.IntN(3) == 0 {
		day = strings.ReplaceAll(day, "-", ":")
	}
	clock := []string{"", "000000", "23:59:59", "23:59:59.999999999", "23:59:60", "10:11", "1011", "101112,5", "10:11:12.1234567891", "24:00:00"}[c.IntN(10)]
	zone := []string{"", "", "Z", "+02:00", "-0930", "+15:59", "-15:59", "+16:00", "-00:00", "+14"}[c.IntN(10)]
	return day + []string{"T", " ", ""}[c.IntN(3)] + clock + zone
}

func (c chaos) iim() (b []byte) {
	var pairs []any
	add := func(number int, value string) {
		if len(value) < 0x8000 {
			pairs = append(pairs, number, value)
		}
	}
	for _, t := range iimTexts() {
		for range c.IntN(3) {
			add(int(t.number), c.text(t.max))
		}
	}
	for _, d := range []int{iimDate, iimReleaseDate, iimDigitalDate} {
		moment := c.date()
		cut := min(len(moment), []int{8, 10}[c.IntN(2)])
		add(d, moment[:cut])
		if c.IntN(2) == 0 {
			add(d+5-4*(d/iimDigitalDate), strings.TrimLeft(moment[cut:], "T "))
		}
	}
	add(iimUrgency, []string{"", "0", "1", "8", "9", "3.0", "0x3p0", "NaN", "1e400", " 5 "}[c.IntN(10)])
	add(iimSubject, c.text(30))
	add(iimCode, c.text(3))
	return iim(pairs...)
}

func (c chaos) xmp() xmpDoc {
	doc := xmpDoc{}
	for _, p := range properties() {
		if c.IntN(3) != 0 {
			continue
		}
		v := value{text: c.text(300)}
		if p.kind == 'd' || c.IntN(20) == 0 {
			v.text = c.date()
		}
		if p.kind == 'l' || p.kind == 's' || c.IntN(4) == 0 {
			for range c.IntN(4) {
				v.items = append(v.items, value{text: c.text(40), lang: []string{"", "x-default", "de"}[c.IntN(3)]})
			}
		}
		if p.field == "place" {
			v.text = []string{"90,0N", "89,59.9999999999999S", "-33.999999999999,E", "0,0.0000000001W", "179,60,3600E", "1,2,3.4N", "-180", "1e400", "NaN"}[c.IntN(9)]
		}
		if p.field == "rating" || p.field == "urgency" {
			v.text = fmt.Sprint(c.IntN(12) - 2)
		}
		doc[p.name] = v
	}
	return doc
}

func (c chaos) tiff() tiff {
	t := tiff{order: binary.LittleEndian, main: map[uint16]entry{}, exif: map[uint16]entry{}, place: map[uint16]entry{}}
	for _, tag := range []uint16{tagDescription, tagMake, tagModel, tagArtist, tagCopyright} {
		if c.IntN(3) == 0 {
			t.main[tag] = entry{kind: 2, data: []byte(c.text(200))}
		}
	}
	for _, tag := range []uint16{tagXPTitle, tagXPComment, tagXPAuthor, tagXPKeywords} {
		if c.IntN(3) == 0 {
			var b []byte
			for _, u := range utf16.Encode([]rune(c.text(200))) {
				b = binary.LittleEndian.AppendUint16(b, u+uint16(c.IntN(1000)/999*0xd800))
			}
			t.main[tag] = entry{kind: 1, data: b}
		}
	}
	for _, tag := range []uint16{tagOriginal, tagDigitized} {
		if c.IntN(2) == 0 {
			t.exif[tag] = entry{kind: 2, data: []byte(c.date())}
			t.exif[tag+tagSubOrig-tagOriginal] = entry{kind: 2, data: []byte([]string{"", "5", "999999999", "9999999999"}[c.IntN(4)])}
			t.exif[tag+tagZoneOrig-tagOriginal] = entry{kind: 2, data: []byte([]string{"", "Z", "+05:45", "-1"}[c.IntN(4)])}
		}
	}
	if c.IntN(2) == 0 {
		for _, tag := range []uint16{gpsLatitude, gpsLongitude} {
			e := entry{kind: 5, count: 3}
			for _, most := range []uint32{90, 61, 61, 2} {
				e.data = binary.LittleEndian.AppendUint32(e.data, c.Uint32N(most*10_000))
				e.data = binary.LittleEndian.AppendUint32(e.data, []uint32{0, 1, 10_000, 10_000}[c.IntN(4)])
			}
			t.place[tag] = e
			t.place[tag-1] = entry{kind: 2, data: []byte{"NSEWn"[c.IntN(5)]}}
		}
	}
	t.main[tagRating] = entry{kind: 3, data: []byte{byte(c.IntN(7)), 0}}
	return t
}

// record puts three such parts together, in either order.
func (c chaos) record() Record {
	xmp := c.xmp().claims("XMP")
	iim := iimClaims(c.iim(), xmp.texts())
	exif := c.tiff().claims(xmp.texts())
	if c.IntN(3) == 0 {
		recoverTruncated(iim, xmp)
		return merge([]source{{iim}, {xmp}, {exif}}, nil)
	}
	return merge([]source{{xmp}, {iim}, {exif}}, nil)
}

// Whatever a file says, the record of it is read again as it was once it is embedded:
// what a text, a date, a number became on the first reading, it stays.
func TestWhateverWasReadIsReadAgain(t *testing.T) {
	t.Parallel()
	jpeg := rendition(t)
	c := chaos{rand.New(rand.NewPCG(2026, 11))}
	for round := range 2000 {
		want := c.record()
		got, err := Read(embedded(t, jpeg, want))
		if err != nil {
			t.Fatal(err)
		}
		inertRecord(t, want)
		got.Contact, want.Contact = "", "" // its lines come in another order
		if sameFields(t, fmt.Sprint("record ", round), got, want); t.Failed() {
			return
		}
	}
}

// What charsets leave of broken bytes can look like UTF-8 that was taken for Windows-1252;
// it is read once for all, the same from each part.
func TestMendedStaysAsItIs(t *testing.T) {
	t.Parallel()
	for bytes, want := range map[string]string{
		"Creato\xc2\x95\x81":              "Creato", // no UTF-8: 0x81 is nothing in Windows-1252
		"Creato\xc2\x95":                  "Creato",
		"Creato\u00c2\u2022":              "Creato",
		"Z\xc3\xbcrich\x81":               "Zürich",
		"Z\xc3\xbcrich\xff":               "ZÃ¼richÿ",
		"Z\u00c3\u00bcrich":               "Zürich",
		"Z\u00c3\u0192\u00c2\u00bcrich":   "Zürich", // three times
		"Z\u00c3\u0192\u00c2\u00bcrich Ю": "Z\u00c3\u0192\u00c2\u00bcrich Ю",
		charset{charmap.Windows1252}.text([]byte(charset{charmap.Windows1252}.text([]byte("Москва")))): "Москва",
		"a\xe1\xbf\xaf\x81": "a`", // which NFC makes of U+1FEF
	} {
		var c claims
		c.list("byline", "test", []string{decode([]byte(bytes), charset{charmap.Windows1252})})
		c.prose("caption", "test", decode([]byte(bytes), charset{charmap.Windows1252}))
		r := merge([]source{{c}}, nil)
		if r.Caption != want || len(r.Byline) != 1 || r.Byline[0] != want {
			t.Errorf("%q: %q, %q, want %q", bytes, r.Caption, r.Byline, want)
		}
	}
}

// NFC takes U+0958 apart into more bytes; a text stays within its bound all the same.
func TestLongTextStaysAsItIs(t *testing.T) {
	t.Parallel()
	s := clean(strings.Repeat("\u0958", textMax))
	if len(s) > textMax || len(s) < textMax-6 || clean(s) != s {
		t.Errorf("%d bytes, then %d", len(s), len(clean(s)))
	}
}

// Five lists as long as they may be are read from one extended packet.
func TestAllListsFull(t *testing.T) {
	t.Parallel()
	var list []string
	for i := range listMax {
		list = append(list, fmt.Sprint(i))
	}
	codes := make([]string, listMax)
	for i := range codes {
		codes[i] = fmt.Sprintf("%08d", i)
	}
	want := Record{Keywords: list, People: list, Supplements: list, Byline: list, Subjects: codes}
	got, err := Read(embedded(t, rendition(t), want))
	if err != nil {
		t.Fatal(err)
	}
	sameFields(t, "full lists", got, want)
}

// A moment of EXIF that has its fraction already doesn't take another and leave the year 9999.
func TestFractionOnce(t *testing.T) {
	t.Parallel()
	if at, ok := parseEXIF("9999:12:31 23:59:59.999999999", "5", "+05:45"); !ok || at.String() != "9999-12-31T23:59:59.999999999+05:45" {
		t.Errorf("%v, %v", at, ok)
	}
}
