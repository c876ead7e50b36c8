package metadata

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"oneframe/app/testdata"
)

// seeds are the hostile files, and photographs that hold what these don't.
func seeds(f *testing.F) {
	f.Helper()
	for _, path := range testdata.Glob(f, "bad/i-*") {
		f.Add(data(f, "bad/"+filepath.Base(path)))
	}
	for _, name := range []string{"photomechanic-charset.jpg", "et-MWG.jpg", "et-IPTC.jpg", "et-ExtendedXMP.jpg", "mw-iptc-timetest.jpg", "exiv2-multi-app13.jpg", "squirrel-sidecar.xmp"} {
		f.Add(data(f, "photos/"+name))
	}
	// a byline that breaks off in what looks like UTF-8 and is none
	w := jpegWriter{out: []byte("\xff\xd8")}
	w.segment(markerAPP13, []byte(headPhotoshop), appendResource(nil, resourceIIM, iim(iimByline, "ONG1of2-IPTC-Creato\xc2\x95\x81")))
	f.Add(append(w.out, rendition(f)[2:]...))
	f.Add([]byte(pngSignature + "\x00\x00\x00\x11zTXtRaw profile type iptc\x00\x00xCRC."))
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x83\xbb\x04\x00\x02\x00\x00\x00\x1a\x00\x00\x00\x00\x00\x00\x00\x1c\x02\x5a\x00\x03abc"))
	f.Add([]byte("RIFF\x20\x00\x00\x00WEBPXMP \x0b\x00\x00\x00<a b='&#x41;'"))
	f.Add([]byte(sidecarWith(`p:City="a&amp;b"`, `<p:SupplementalCategories><rdf:Bag><rdf:li>x</rdf:li></rdf:Bag></p:SupplementalCategories>`)))
}

// sound fails the test where reading panicked, took long, or gave text that can act.
func sound(t *testing.T, start time.Time, r Record, err error) {
	t.Helper()
	if took := time.Since(start); took > 10*time.Second { // a busy machine's measure of 2 s
		t.Errorf("%v", took)
	}
	if err != nil && strings.Contains(err.Error(), "panic") {
		t.Error(err)
	}
	inertRecord(t, r)
}

func FuzzRead(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		start := time.Now()
		r, err := Read(data)
		sound(t, start, r, err)
	})
}

func FuzzSidecar(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		start := time.Now()
		r, err := Sidecar(data)
		sound(t, start, r, err)
	})
}

// Whatever was read can be embedded, into the file that it was read from and into a
// rendition, and is read again as it was.
func FuzzEmbed(f *testing.F) {
	seeds(f)
	clean := rendition(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		start := time.Now()
		for _, want := range readAny(data) {
			for _, jpeg := range [][]byte{clean, data} {
				out, err := Embed(jpeg, want)
				sound(t, start, want, err)
				if err != nil {
					continue
				}
				got, err := Read(out)
				if err != nil {
					t.Fatal(err)
				}
				got.Contact, want.Contact = "", "" // its lines come in another order
				sameFields(t, "embedded", got, want)
			}
		}
	})
}
