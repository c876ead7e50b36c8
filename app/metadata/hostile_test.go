package metadata

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"oneframe/app/testdata"
)

// readAny reads as a picture, and as a sidecar too.
func readAny(data []byte) (records []Record) {
	for _, read := range []func([]byte) (Record, error){Read, Sidecar} {
		if r, err := read(data); err == nil {
			records = append(records, r)
		}
	}
	return records
}

// Every hostile file is read, or refused, quickly and within memory, and no text that
// comes out of it can act.
func TestHostileFiles(t *testing.T) {
	for _, path := range testdata.Glob(t, "bad/i-*") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			b := data(t, "bad/"+filepath.Base(path))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			records := readAny(b)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if took > 2*time.Second {
				t.Errorf("%v", took)
			}
			if most := uint64(64<<20 + 8*len(b)); after.TotalAlloc-before.TotalAlloc > most {
				t.Errorf("%d bytes were allocated", after.TotalAlloc-before.TotalAlloc)
			}
			for _, r := range records {
				inertRecord(t, r)
			}
		})
	}
}

// inertRecord fails the test where a text has control characters or turns the writing.
func inertRecord(t *testing.T, r Record) {
	t.Helper()
	for _, f := range r.Found {
		if f.Field == fieldUnreadable {
			continue
		}
		if i := strings.IndexFunc(f.Value, func(c rune) bool {
			return unicode.IsControl(c) && c != '\n' || c >= 0x202a && c <= 0x202e || c >= 0x2066 && c <= 0x2069
		}); i >= 0 {
			t.Errorf("%s from %s: %q", f.Field, f.From, f.Value)
		}
		if f.Value == "" || len(f.From) == 0 {
			t.Errorf("an empty finding: %+v", f)
		}
	}
}

// An entity of a document type is not resolved: the XMP that declares one is refused,
// and the picture's other metadata counts.
func TestEntitiesAreNotResolved(t *testing.T) {
	t.Parallel()
	r := record(t, "bad/i-xmp-xxe.jpg")
	for _, f := range r.Found {
		if strings.Contains(f.Value, "root:") || strings.HasPrefix(f.From, "XMP ") {
			t.Errorf("%+v", f)
		}
	}
	for what, xmp := range map[string]string{
		"external": `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>`,
		"laughs":   `<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><r>&b;</r>`,
	} {
		if r, err := Sidecar([]byte(xmp)); err == nil {
			t.Errorf("%s: %+v", what, r)
		}
	}
	r, err := Sidecar([]byte(sidecarWith(`p:City="&x; &amp; &#x41;&#0;&#xD800;"`, "")))
	if err != nil || r.City != "&x; & A&#xD800;" {
		t.Errorf("an entity that nobody declared: %q, %v", r.City, err)
	}
}

// sidecarWith is an XMP packet with attributes and elements in photoshop's namespace p.
func sidecarWith(attrs, elements string) string {
	return `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="` + nsRDF + `"><rdf:Description rdf:about="" xmlns:p="` + nsPhotoshop + `" ` + attrs + `>` +
		elements + `</rdf:Description></rdf:RDF></x:xmpmeta>`
}

// What is built to take long takes no long: depth, width, pieces of text, namespaces.
func TestXMLIsBounded(t *testing.T) {
	t.Parallel()
	for what, xmp := range map[string]string{
		"depth":      sidecarWith("", "<p:City>"+strings.Repeat("<a>", 1_000_000)),
		"skipped":    sidecarWith("", "<p:Other>"+strings.Repeat("<a>", 1_000_000)),
		"width":      sidecarWith("", "<p:City>"+strings.Repeat("<a/>", 1_000_000)+"</p:City>"),
		"pieces":     sidecarWith("", "<p:City>"+strings.Repeat("x<!---->", 500_000)+"</p:City>"),
		"mixed":      sidecarWith("", "<p:City>"+strings.Repeat("x<b/>", 500_000)+"</p:City>"),
		"namespaces": sidecarWith(strings.Repeat(`xmlns:a="b" `, 100_000), strings.Repeat("<c:d/>", 100_000)),
		"ampersands": sidecarWith("", "<p:City>"+strings.Repeat("&", 4_000_000)+"</p:City>"),
		"open":       strings.Repeat("<", 4_000_000),
		"quotes":     "<a b='" + strings.Repeat("\"", 4_000_000),
	} {
		start := time.Now()
		r, err := Sidecar([]byte(xmp))
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%s: %v, %v", what, took, err)
		}
		if len(r.City) > textMax {
			t.Errorf("%s: %d bytes", what, len(r.City))
		}
	}
}

// Injections stay text, and what is no rating is none.
func TestInjection(t *testing.T) {
	t.Parallel()
	r := record(t, "bad/i-press-injection.jpg")
	if got, want := found(r, "rating"), []string{"XMP xmp:Rating: 99", "* EXIF 0x4746: 3"}; !slices.Equal(got, want) {
		t.Errorf("rating: %q, want %q", got, want)
	}
	if r.Headline != "'; DROP TABLE photos;--" || r.City != "line1 line2 X-Header: 1" || !slices.Contains(r.Byline, `"><svg/onload=alert(3)>`) {
		t.Errorf("%q %q %q", r.Headline, r.City, r.Byline)
	}
	inertRecord(t, r)
}

// However much a file says, the record stays small enough to keep.
func TestRecordIsBounded(t *testing.T) {
	t.Parallel()
	var items, words strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&items, "<rdf:li>%d %s</rdf:li>", i, strings.Repeat("k", 200))
		fmt.Fprintf(&words, "%d words ", i)
	}
	bag := "<rdf:Bag>" + items.String() + "</rdf:Bag>"
	r, err := Sidecar([]byte(sidecarWith("", "<p:SupplementalCategories>"+bag+"</p:SupplementalCategories><p:City>"+words.String()+"</p:City>")))
	if err != nil {
		t.Fatal(err)
	}
	kept, err := json.Marshal(r)
	if err != nil || len(r.Supplements) < 1000 || len(r.City) != textMax || len(kept) > 1<<20 {
		t.Errorf("%d categories, %d bytes of city, %d in all, %v", len(r.Supplements), len(r.City), len(kept), err)
	}
}
