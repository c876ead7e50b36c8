package metadata

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"oneframe/app/fault"
)

// rendition is a small JPEG without metadata.
func rendition(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 32, 24)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// full is a record with every field, in several scripts.
func full() Record {
	four := 4
	at := time.Date(2026, 5, 31, 18, 30, 5, 0, time.FixedZone("", 2*3600))
	return Record{
		Title: "Учения — Երևան", Headline: `A "headline" <b>& more</b>`, Caption: "Erste Zeile: Zürich\nمروحية أثناء التدريب 🚁", Keywords: []string{"вертолёт", "բանակ", "army"},
		People: []string{"José Müller", "Нина"}, Category: "SPO", Supplements: []string{"SOC", "DEF"}, Subjects: []string{"15054000", "04000000"}, Event: "Derby",
		Byline: []string{"Mia Lens", "Արմեն Հակոբյան"}, BylineTitle: "Staff", Credit: "Agency", Source: "AG", Copyright: "© 2026 Agency", UsageTerms: "Editorial use only",
		Instructions: "No sales in\nAtlantis", Contact: "1 Street\n12345 Town\n+49 30 123456\nmia@example.com\nhttps://example.com",
		Sublocation: "Republic Square", City: "Երևան", State: "Երևան", Country: "Հայաստան", CountryCode: "ARM", Place: &Place{Latitude: 40.177654321, Longitude: -44.512345678},
		Urgency: 2, Rating: &four, Taken: &Taken{At: at, Zoned: true}, Release: &Taken{At: at.Add(24 * time.Hour), Zoned: true}, Camera: "Canon EOS R5", Language: "hy",
	}
}

// embedded is the JPEG with the record.
func embedded(t testing.TB, jpeg []byte, r Record) []byte {
	t.Helper()
	out, err := Embed(jpeg, r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// sameFields compares what two records have, but for the digest, which is of the writing.
func sameFields(t testing.TB, what string, got, want Record) {
	t.Helper()
	for _, field := range fields() {
		a, b := reflect.ValueOf(pointer(&got, field)).Elem().Interface(), reflect.ValueOf(pointer(&want, field)).Elem().Interface()
		switch x := a.(type) {
		case *Place:
			y := b.(*Place)
			if (x == nil) != (y == nil) || x != nil && (!near(degrees(x.Latitude), degrees(y.Latitude)) || !near(degrees(x.Longitude), degrees(y.Longitude))) {
				t.Errorf("%s, %s: %v, want %v", what, field, x, y)
			}
		case *Taken:
			y := b.(*Taken)
			if (x == nil) != (y == nil) || x != nil && (!x.At.Equal(y.At) || x.Zoned != y.Zoned) {
				t.Errorf("%s, %s: %v, want %v", what, field, x, y)
			}
		default:
			if field != "digest" && !reflect.DeepEqual(a, b) {
				t.Errorf("%s, %s: %#v, want %#v", what, field, a, b)
			}
		}
	}
}

// What is embedded is read again, out of each part.
func TestEmbedIsReadAgain(t *testing.T) {
	t.Parallel()
	out := embedded(t, rendition(t), full())
	got, err := Read(out)
	if err != nil {
		t.Fatal(err)
	}
	sameFields(t, "read", got, full())
	for _, f := range got.Found {
		if strings.HasPrefix(f.From, "IPTC") && f.Used {
			t.Errorf("the IIM goes before the XMP: %+v", f)
		}
	}
	if got := found(got, "city"); !slices.Equal(got, []string{"* XMP photoshop:City: Երևան", "IPTC 2:90: Երևան"}) {
		t.Errorf("city: %q", got)
	}
	again := embedded(t, out, got)
	if !bytes.Equal(again, out) {
		t.Error("embedding twice changes the file")
	}
	if _, err := jpeg.Decode(bytes.NewReader(out)); err != nil {
		t.Error(err)
	}
	if !bytes.HasSuffix(out, rendition(t)[2:]) {
		t.Error("the picture's own bytes are not kept")
	}
}

// exiftool reads what was written, in every field, and finds no fault with it.
func TestExiftoolReadsEmbed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.jpg")
	if err := os.WriteFile(path, embedded(t, rendition(t), full()), 0o600); err != nil {
		t.Fatal(err)
	}
	theirs := exiftool(t, path)[0]
	ours, err := Read(fileData(t, path))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for tag, want := range tags() {
		if value := theirs.value(tag); value != "" {
			if got := ours.shown(want[0], want[1]); !same(want[0], got, value) {
				t.Errorf("%s: exiftool has %q, we have %q", tag, value, got)
			}
			seen[want[0]] = true
		}
	}
	for _, f := range fields() {
		if !seen[f] {
			t.Errorf("exiftool doesn't see %s", f)
		}
	}
	if got := theirs.text("IPTC:CodedCharacterSet"); got != "\x1b%G" {
		t.Errorf("charset %q", got)
	}
	if a, b := theirs.text("File:CurrentIPTCDigest"), theirs.text("Photoshop:IPTCDigest"); a != b || a == "" {
		t.Errorf("digest %s of the IIM, %s noted", a, b)
	}
	out, err := exec.CommandContext(t.Context(), "exiftool", "-validate", "-warning", "-a", path).CombinedOutput()
	if err != nil || !strings.Contains(string(out), ": OK") || strings.Contains(string(out), "Warning") {
		t.Errorf("exiftool -validate: %v\n%s", err, out)
	}
}

func fileData(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Every photograph's record can be embedded into the photograph itself and is read again;
// the pixels, the profile and how it is turned stay.
func TestEmbedIntoPhotographs(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"seibert-iim-xmp.jpg", "press-conflict-iim-xmp.jpg", "press-utf8-multilingual.jpg", "press-cp1251-noflag.jpg", "photomechanic-charset.jpg",
		"et-ExtendedXMP.jpg", "exiv2-multi-app13.jpg", "curie-face-regions-orient6.jpg", "go-cmyk.jpeg", "iptc-ref-2021.1.jpg", "press-limits.jpg", "usarmy-portrait-dvids.jpeg"} {
		b := data(t, "photos/"+name)
		before := record(t, "photos/"+name)
		out := embedded(t, b, before)
		after, err := Read(out)
		if err != nil {
			t.Fatal(err)
		}
		before.Contact, after.Contact = "", "" // its lines come in another order
		sameFields(t, name, after, before)
		if !bytes.Equal(scan(t, b), scan(t, out)) {
			t.Errorf("%s: the picture's own bytes changed", name)
		}
		if a, b := turned(b), turned(out); a != b {
			t.Errorf("%s: orientation %d became %d", name, a, b)
		}
		if n := len(out) - len(b); n > 100_000 {
			t.Errorf("%s: %d bytes more", name, n)
		}
	}
}

// scan is a JPEG from its first scan on.
func scan(t testing.TB, b []byte) []byte {
	t.Helper()
	list := segments(b)
	return b[list[len(list)-1].end:]
}

func turned(b []byte) uint16 { return orientation(jpegParts(b).exif) }

// Long texts are cut in the IIM, between characters, and whole in the XMP; XMP that is
// too long for a segment is extended, and exiftool puts it together too.
func TestEmbedLong(t *testing.T) {
	t.Parallel()
	r := Record{Caption: strings.Repeat("Հայերեն ", 6000)[:60_000], Instructions: strings.Repeat("я", 20_000)}
	r.Caption = clean(r.Caption)
	for i := range 5000 {
		r.Keywords = append(r.Keywords, fmt.Sprintf("keyword number %d, which is rather long for one", i))
	}
	r.Byline = []string{strings.Repeat("Ü", 100)}
	r.Category, r.Language = "SPORT", "en-GB"
	out := embedded(t, rendition(t), r)
	got, err := Read(out)
	if err != nil {
		t.Fatal(err)
	}
	sameFields(t, "long", got, r)
	for _, f := range got.Found {
		if f.From == "IPTC 2:120" && (len(f.Value) > 2000 || len(f.Value) < 1990 || !strings.HasPrefix(r.Caption, f.Value)) || f.From == "IPTC 2:80" && f.Value != strings.Repeat("Ü", 16) {
			t.Errorf("%s: %d bytes", f.From, len(f.Value))
		}
		if f.From == "IPTC 2:15" || f.From == "IPTC 2:135" {
			t.Errorf("half a code: %+v", f)
		}
	}
	path := filepath.Join(t.TempDir(), "a.jpg")
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	theirs := exiftool(t, "-m", path)[0]
	if got := theirs.text("XMP-dc:Description"); got != r.Caption {
		t.Errorf("exiftool has %d bytes of %d", len(got), len(r.Caption))
	}
	if got := theirs.text("XMP-dc:Subject"); got != strings.Join(r.Keywords, "; ") {
		t.Errorf("exiftool has %d bytes of keywords", len(got))
	}
}

// What can't be written is an error with words, and never a broken file.
func TestEmbedRefuses(t *testing.T) {
	t.Parallel()
	var quotes []string // each of which becomes six bytes of XML
	for i := range 20 {
		quotes = append(quotes, fmt.Sprint(i)+strings.Repeat(`"`, 12_000))
	}
	huge := Record{Keywords: quotes, People: quotes, Supplements: quotes, Byline: quotes}
	for _, c := range []struct {
		what, code string
		jpeg       []byte
		r          Record
	}{
		{"a PNG", "unsupported_type", []byte(pngSignature), full()},
		{"nothing", "unsupported_type", nil, full()},
		{"no picture", "broken_metadata", []byte("\xff\xd8\xff\xd9"), full()},
		{"too much", "metadata_too_large", rendition(t), huge},
	} {
		if out, err := Embed(c.jpeg, c.r); !fault.Has(err, c.code) || out != nil {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

// What a subscriber must not have is nowhere in the file, not even in the EXIF that the
// picture came with.
func TestWithout(t *testing.T) {
	t.Parallel()
	name := "photos/loc-thompson-springs.jpg"
	r := record(t, name)
	if r.Place == nil {
		t.Fatal("there is no place to leave out")
	}
	trimmed := r.Without("place", "contact")
	if r.Place == nil || trimmed.Place != nil || len(found(trimmed, "place")) > 0 || trimmed.City != r.City {
		t.Errorf("%+v", trimmed)
	}
	got, err := Read(embedded(t, data(t, name), trimmed))
	if err != nil || got.Place != nil || got.City != r.City || len(got.Byline) == 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// A sidecar's fields go before the file's own, and both stay readable.
func TestMerge(t *testing.T) {
	t.Parallel()
	own := record(t, "photos/press-conflict-iim-xmp.jpg")
	side, err := Sidecar([]byte(sidecarWith(`p:City="Sidecar City" p:Credit="Sidecar"`, "")))
	if err != nil {
		t.Fatal(err)
	}
	got := Merge(own, side)
	if got.City != "Sidecar City" || got.Credit != "Sidecar" || got.Caption != own.Caption || own.City != "IIM City" {
		t.Errorf("%+v", got)
	}
	want := []string{"* sidecar photoshop:City: Sidecar City", "IPTC 2:90: IIM City", "XMP photoshop:City: XMP City"}
	if cities := found(got, "city"); !slices.Equal(cities, want) {
		t.Errorf("%q, want %q", cities, want)
	}
	squirrel, err := Sidecar(data(t, "photos/squirrel-sidecar.xmp"))
	if err != nil || squirrel.Rating == nil || *squirrel.Rating != 3 {
		t.Errorf("%+v, %v", squirrel, err)
	}
}
