package metadata

import (
	"bytes"
	"crypto/md5"
	"os"
	"slices"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/testdata"
)

// data reads a file of the shared test data.
func data(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(testdata.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// record reads a file's metadata.
func record(t testing.TB, name string) Record {
	t.Helper()
	r, err := Read(data(t, name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r
}

// found lists what the parts say about a field, as "part: value", the used one with a star.
func found(r Record, field string) (list []string) {
	for _, f := range r.Found {
		if f.Field != field {
			continue
		}
		s := f.From + ": " + f.Value
		if f.Used {
			s = "* " + s
		}
		list = append(list, s)
	}
	return list
}

// Every field differs between the parts, and the digest says that the IIM is newer: EXIF
// goes first where the MWG asks it first, then the IIM, and all of them stay readable.
func TestDisagreement(t *testing.T) {
	t.Parallel()
	r := record(t, "photos/press-conflict-iim-xmp.jpg")
	for field, want := range map[string][]string{
		"caption": {"* EXIF 0x010e: EXIF caption", "IPTC 2:120: IIM caption", "XMP dc:description: XMP caption"},
		"byline":  {"* EXIF 0x013b: EXIF Author", "IPTC 2:80: IIM Author", "XMP dc:creator: XMP Author"},
		"city":    {"* IPTC 2:90: IIM City", "XMP photoshop:City: XMP City"},
		"urgency": {"* IPTC 2:10: 1", "XMP photoshop:Urgency: 8"},
	} {
		if got := found(r, field); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
	if r.Caption != "EXIF caption" || r.City != "IIM City" || r.Urgency != 1 || !slices.Equal(r.Byline, []string{"EXIF Author"}) {
		t.Errorf("%+v", r)
	}
}

// Photoshop's digest decides between IIM and XMP: with a digest that fits, or none, the
// XMP goes first.
func TestDigestRule(t *testing.T) {
	t.Parallel()
	iim, xmp := []byte("\x1c\x02\x5a\x00\x03IIM"), []byte(`<rdf:RDF xmlns:rdf="`+nsRDF+`"><rdf:Description xmlns:p="`+nsPhotoshop+`" p:City="XMP"/></rdf:RDF>`)
	fits := md5.Sum(iim)
	for name, c := range map[string]struct {
		digest []byte
		want   string
	}{"none": {nil, "XMP"}, "fits": {fits[:], "XMP"}, "another": {[]byte("0123456789abcdef"), "IIM"}, "zero": {make([]byte, 16), "IIM"}} {
		p := parts{iim: iim, xmp: [][]byte{xmp}, digest: c.digest}
		if r := p.record(); r.City != c.want {
			t.Errorf("%s: %q, want %q", name, r.City, c.want)
		}
	}
}

// What isn't flagged, or is flagged wrongly, comes out readable.
func TestCharsets(t *testing.T) {
	t.Parallel()
	cyrillic := record(t, "photos/press-cp1251-noflag.jpg")
	if cyrillic.City != "Москва" || !slices.Equal(cyrillic.Byline, []string{"Иван Петров"}) || !slices.Equal(cyrillic.Keywords, []string{"дюны", "пустыня"}) {
		t.Errorf("Windows-1251: %q %q %q", cyrillic.City, cyrillic.Byline, cyrillic.Keywords)
	}
	if r := record(t, "photos/photomechanic-charset.jpg"); r.Caption != "José Mourinho" {
		t.Errorf("Mac Roman: %q", r.Caption)
	}
	if r := record(t, "photos/exiv2-multi-app13.jpg"); !slices.Equal(r.Byline, []string{"Jens Tröbiger"}) && !slices.Equal(r.Byline, []string{"Jens Trübiger"}) {
		t.Errorf("Mac Roman alone: %q", r.Byline)
	}
	many := record(t, "photos/press-utf8-multilingual.jpg")
	if many.City != "Երևան" || many.Caption != "Вертолёт на учениях. Ուղղաթիռը վարժանքների ժամանակ. مروحية أثناء التدريب. 🚁 Zürich" {
		t.Errorf("UTF-8: %q %q", many.City, many.Caption)
	}
}

func TestMoments(t *testing.T) {
	t.Parallel()
	r := record(t, "photos/mw-iptc-timetest.jpg")
	want := time.Date(1997, 3, 2, 6, 1, 2, 0, time.UTC)
	if r.Taken == nil || !r.Taken.Zoned || !r.Taken.At.Equal(want) {
		t.Errorf("%+v", r.Taken)
	}
	exif := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x87\x69\x00\x04\x00\x00\x00\x01\x00\x00\x00\x1a\x00\x00\x00\x00" +
		"\x00\x01\x90\x03\x00\x02\x00\x00\x00\x14\x00\x00\x00\x2c\x00\x00\x00\x00" + "2026:05:31 18:30:05\x00")
	for clock, want := range map[string]string{"183005+0200": "2026-05-31T18:30:05+02:00", "183006+0200": "2026-05-31T18:30:05", "183005": "2026-05-31T18:30:05"} {
		p := parts{exif: exif, iim: iim(iimDate, "20260531", iimTime, clock)}
		if r := p.record(); r.Taken == nil || r.Taken.String() != want {
			t.Errorf("with %s: %v, want %s", clock, r.Taken, want)
		}
	}
	digitised := bytes.Replace(exif, []byte("\x90\x03"), []byte("\x90\x04"), 1)
	scan := parts{exif: digitised, iim: iim(iimDate, "19970302")}
	if got := found(scan.record(), "taken"); !slices.Equal(got, []string{"* IPTC 2:55: 1997-03-02T00:00:00", "EXIF 0x9004: 2026-05-31T18:30:05"}) {
		t.Errorf("a scan: %q", got)
	}
	for _, s := range []string{"20230230", "20231301", "0000", "yesterday", ""} {
		if at, ok := parseIIM(s, ""); ok {
			t.Errorf("%q is %v", s, at)
		}
	}
}

func TestNoPicture(t *testing.T) {
	t.Parallel()
	for _, b := range [][]byte{nil, []byte("GIF89a"), []byte("%PDF-1.7"), []byte("hello")} {
		if _, err := Read(b); !fault.Has(err, "unsupported_type") {
			t.Errorf("%q: %v", b, err)
		}
	}
}
