package metadata

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

// iim builds datasets of record 2: number, value, number, value …
func iim(pairs ...any) []byte {
	var b []byte
	for i := 0; i < len(pairs); i += 2 {
		value := fmt.Sprint(pairs[i+1])
		b = append(b, iimMark, 2, byte(pairs[i].(int)))
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(value))), value...)
	}
	return b
}

// in encodes a text in a charset.
func in(t *testing.T, c *charmap.Charmap, s string) string {
	t.Helper()
	out, err := c.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Text comes out readable in whatever charset it is, flagged rightly, wrongly or not.
func TestGuessedCharsets(t *testing.T) {
	t.Parallel()
	const utf8Flag = "\x1c\x01\x5a\x00\x03\x1b%G"
	for _, c := range []struct {
		text string
		set  *charmap.Charmap
	}{
		{"Zürich, Straße, naïve café — “quoted”", charmap.Windows1252},
		{"ÉLECTIONS À NÎMES", charmap.Windows1252},
		{"Señor Núñez’s año", charmap.ISO8859_1},
		{"Åre, Älvsjö och Örnsköldsvik på våren", charmap.ISO8859_1},
		{"Москва. Президент принял послов", charmap.Windows1251},
		{"ПРЕЗИДЕНТ В КРЕМЛЕ (фото ТАСС)", charmap.Windows1251},
		{"Київ, Ёлка", charmap.Windows1251},
		{"José Müller à l’été", charmap.Macintosh},
		{"Curaçao, São Paulo", charmap.Macintosh},
	} {
		text := strings.ReplaceAll(c.text, "’", "'")
		if c.set == charmap.Windows1252 {
			text = c.text
		}
		for what, b := range map[string][]byte{
			"unflagged":        iim(iimCaption, in(t, c.set, text)),
			"flagged as UTF-8": append([]byte(utf8Flag), iim(iimCaption, in(t, c.set, text))...),
			"UTF-8, unflagged": iim(iimCaption, text),
		} {
			p := parts{iim: b}
			if r := p.record(); r.Caption != text {
				t.Errorf("%v %s: %q, want %q", c.set, what, r.Caption, text)
			}
		}
	}
}

// UTF-8 that was taken for Windows-1252 and made UTF-8 again is turned back; what only
// looks a little like it is left alone.
func TestTwiceEncoded(t *testing.T) {
	t.Parallel()
	for _, want := range []string{"Zürich", "München – Köln", "Москва", "Երևան 🚁", "São Paulo", "© Agency", "Ã", "Ã ü", "", "plain"} {
		for what, value := range map[string]string{"once": want, "twice": charset{charmap.Windows1252}.text([]byte(want))} {
			p := parts{iim: iim(iimCaption, value)}
			if r := p.record(); r.Caption != want {
				t.Errorf("%s: %q, want %q", what, r.Caption, want)
			}
		}
	}
}

// Embargo, subject references, urgency and codes as the IIM has them.
func TestIIMFields(t *testing.T) {
	t.Parallel()
	p := parts{iim: iim(iimReleaseDate, "20260531", iimReleaseTime, "183000+0200", iimSubject, "IPTC:15054000:sport:soccer:", iimSubject, "XX:12", iimSubject, "04000000",
		iimUrgency, "2", iimCode, "ch", iimCategory, "SPO", iimSupplement, "SOC", iimSupplement, "SOC", iimSupplement, " ", iimLanguage, "de",
		iimKeyword, "a\tb", iimKeyword, "c\r\nd", iimCaption, "one\r\ntwo\x00\x07\u202e")}
	r := p.record()
	if r.Release == nil || r.Release.String() != "2026-05-31T18:30:00+02:00" {
		t.Errorf("embargo: %v", r.Release)
	}
	if !slices.Equal(r.Subjects, []string{"15054000", "04000000"}) || r.Urgency != 2 || r.CountryCode != "CHE" || !slices.Equal(r.Supplements, []string{"SOC"}) || r.Language != "de" {
		t.Errorf("%+v", r)
	}
	if !slices.Equal(r.Keywords, []string{"a b", "c d"}) || r.Caption != "one\ntwo" {
		t.Errorf("%q %q", r.Keywords, r.Caption)
	}
	if got := found(r, "subject_codes"); !slices.Equal(got, []string{"* IPTC 2:12: 15054000; 04000000", "IPTC 2:12: XX:12"}) {
		t.Errorf("%q", got)
	}
}

// IIM that fills more than one APP13 segment is one stream.
func TestIIMOverSegments(t *testing.T) {
	t.Parallel()
	var pairs []any
	for i := range 4000 {
		pairs = append(pairs, iimKeyword, fmt.Sprintf("keyword number %d", i))
	}
	stream := appendResource(nil, resourceIIM, iim(pairs...))
	w := jpegWriter{out: []byte("\xff\xd8")}
	for piece := range slices.Chunk(stream, 60_000) {
		w.segment(markerAPP13, []byte(headPhotoshop), piece)
	}
	r, err := Read(append(w.out, rendition(t)[2:]...))
	if err != nil || len(stream) < 65_536 || len(r.Keywords) != 4000 || r.Keywords[3999] != "keyword number 3999" {
		t.Errorf("%d keywords of %d bytes, %v", len(r.Keywords), len(stream), err)
	}
}

// A dataset that promises more than is there ends the IIM; what was before it counts.
func TestBrokenIIM(t *testing.T) {
	t.Parallel()
	good := iim(iimCity, "Kiel")
	for _, tail := range []string{"\x1c", "\x1c\x02\x78\xff", "\x1c\x02\x78\x7f\xff", "\x1c\x02\x78\x80\x04\xff\xff\xff\xff", "\x1c\x02\x78\x80\x09", "\x00\x00\x00\x00\x00\x00"} {
		p := parts{iim: append(slices.Clone(good), tail...)}
		if r := p.record(); r.City != "Kiel" || r.Caption != "" {
			t.Errorf("%q: %+v", tail, r)
		}
	}
	long := append([]byte("\x1c\x02\x78\x80\x04\x00\x00\x00\x05"), "Hello"...)
	p := parts{iim: append(long, good...)}
	if r := p.record(); r.Caption != "Hello" || r.City != "Kiel" {
		t.Errorf("an extended length: %+v", r)
	}
}
