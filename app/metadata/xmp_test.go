package metadata

import (
	"slices"
	"testing"
	"unicode/utf16"
)

// RDF has many forms for the same; each is read.
func TestFormsOfRDF(t *testing.T) {
	t.Parallel()
	for form, xmp := range map[string]string{
		"attribute":        sidecarWith(`p:City="Kiel"`, ""),
		"element":          sidecarWith("", "<p:City>Kiel</p:City>"),
		"CDATA, a comment": sidecarWith("", "<p:City><![CDATA[Ki]]><!-- no -->el</p:City>"),
		"a qualifier":      sidecarWith("", `<p:City rdf:parseType="Resource"><rdf:value>Kiel</rdf:value><p:q>x</p:q></p:City>`),
		"an inner node":    sidecarWith("", `<p:City><rdf:Description><rdf:value>Kiel</rdf:value><p:q>x</p:q></rdf:Description></p:City>`),
		"a resource":       sidecarWith("", `<p:City rdf:resource="Kiel"/>`),
		"languages":        sidecarWith("", `<p:City><rdf:Alt><rdf:li xml:lang="en">Keel</rdf:li><rdf:li xml:lang="x-default">Kiel</rdf:li></rdf:Alt></p:City>`),
		"after a stranger": sidecarWith(`xmlns:z="z" z:a="1"`, `<z:b><z:c p:City="no"><p:City>no</p:City></z:c></z:b><p:City>Kiel</p:City>`),
		"single quotes":    sidecarWith(`p:City='Kiel'`, ""),
		"two nodes":        sidecarWith("", `</rdf:Description><rdf:Description xmlns:p="`+nsPhotoshop+`" p:City="Kiel">`),
		"another prefix":   `<r:RDF xmlns:r="` + nsRDF + `"><r:Description xmlns:y="` + nsPhotoshop + `"><y:City>Kiel</y:City></r:Description></r:RDF>`,
		"a broken end":     sidecarWith("", "<p:City>Kiel</p:City>")[:len(sidecarWith("", "<p:City>Kiel</p:City>"))-40],
	} {
		p := parts{xmp: [][]byte{[]byte(xmp)}}
		if r := p.record(); r.City != "Kiel" {
			t.Errorf("%s: %+v", form, r)
		}
	}
}

// Sidecars may be UTF-16.
func TestUTF16(t *testing.T) {
	t.Parallel()
	text := "\ufeff" + sidecarWith(`p:City="Երևան 🚁"`, "")
	for _, order := range [][2]int{{0, 1}, {1, 0}} {
		var b []byte
		for _, u := range utf16.Encode([]rune(text)) {
			pair := [2]byte{}
			pair[order[0]], pair[order[1]] = byte(u>>8), byte(u)
			b = append(b, pair[:]...)
		}
		if r, err := Sidecar(b); err != nil || r.City != "Երևան 🚁" {
			t.Errorf("%q, %v", r.City, err)
		}
	}
}

// People are found under the names that agencies and programs use.
func TestPeople(t *testing.T) {
	t.Parallel()
	if r := record(t, "photos/curie-face-regions-orient6.jpg"); len(r.People) == 0 {
		t.Errorf("faces: %+v", found(r, "people"))
	}
	r := record(t, "photos/iptc-ref-2021.1.jpg")
	want := []string{"* XMP Iptc4xmpExt:PersonInImage: Person Shown 1 (ref2021.1); Person Shown 2 (ref2021.1)",
		"XMP Iptc4xmpExt:PersonInImageWDetails/PersonName: Person Name 1 (ref2021.1)"}
	if got := found(r, "people"); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := found(r, "city"); !slices.Contains(got, "XMP Iptc4xmpExt:LocationShown/City: City (Location shown1) (ref2021.1)") || !slices.Contains(got, "* XMP photoshop:City: City (Core) (ref2021.1)") {
		t.Errorf("%q", got)
	}
}

func TestCoordinates(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]float64{"26,34.951N": 26.582516666666667, "26,34,57S": -26.5825, "26.5": 26.5, "-26.5": -26.5, "0,0N": 0} {
		if got, ok := angle(s, 'N', 'S'); !ok || got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
	for _, s := range []string{"", "N", "x", "1,2,3,4,5N", "NaN", ",N"} {
		if got, ok := angle(s, 'N', 'S'); ok {
			t.Errorf("%q is %v", s, got)
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"2017-05-29": "2017-05-29T00:00:00", "2017-05-29T17:19": "2017-05-29T17:19:00", "2017-05-29T17:19:21.5-04:00": "2017-05-29T17:19:21.5-04:00",
		"2017-05-29T17:19:21Z": "2017-05-29T17:19:21Z", "2017:05:29 17:19:21": "2017-05-29T17:19:21", "2017-05-29T17:19:21+0530": "2017-05-29T17:19:21+05:30",
	} {
		if got, ok := parseISO(s); !ok || got.String() != want {
			t.Errorf("%q: %v", s, got)
		}
	}
	for _, s := range []string{"", "2017", "2017-05", "2017-02-30", "2017-05-29X", "2017-05-29T25:00", "2017-05-29T17:19+99:00"} {
		if got, ok := parseISO(s); ok {
			t.Errorf("%q is %v", s, got)
		}
	}
	for _, c := range [][3]string{{"20170529", "171921-0400", "2017-05-29T17:19:21-04:00"}, {"20170529", "", "2017-05-29T00:00:00"}, {"2017-05-29", "17:19:21", "2017-05-29T17:19:21"}} {
		if got, ok := parseIIM(c[0], c[1]); !ok || got.String() != c[2] {
			t.Errorf("%v: %v", c, got)
		}
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"US": "USA", "usa": "USA", "DE": "DEU", "ARM": "ARM", "XEU": "XEU", "R21": "R21", "": "", "Germany": "Germany", "gb": "GBR"} {
		if got := alpha3(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// Creators in EXIF are one text; fillers are nobody's caption.
func TestEXIFTexts(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{"A; B": {"A", "B"}, `"A; Inc"; B`: {"A; Inc", "B"}, "A": {"A"}, "": nil, `"open`: {`"open`}} {
		if got := names(in); !slices.Equal(got, want) {
			t.Errorf("%q: %q", in, got)
		}
	}
	if !filler("OLYMPUS DIGITAL CAMERA") || filler("A camera") {
		t.Error("fillers")
	}
	for _, c := range [][3]string{{"Canon", "Canon EOS R5", "Canon EOS R5"}, {"NIKON CORPORATION", "NIKON Z 9", "NIKON Z 9"}, {"samsung", "SM-G930P", "samsung SM-G930P"}, {"", "X", "X"}} {
		if got := camera(c[0], c[1]); got != c[2] {
			t.Errorf("%q", got)
		}
	}
}
