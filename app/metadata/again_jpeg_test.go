package metadata

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"oneframe/app/fault"
)

// jpeg makes a file of segments, of which some are none, some end early, and some
// carry the metadata of another writer.
func (c chaos) jpeg() []byte {
	w := jpegWriter{out: []byte("\xff\xd8")}
	for range c.IntN(12) {
		switch c.IntN(14) {
		case 0:
			w.segment(markerAPP0, []byte("JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"))
		case 1:
			w.segment(markerAPP1, []byte(headEXIF), []byte{'M', 'M', 0, '*', 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, byte(c.IntN(10)), 0, 0, 0, 0, 0, 0})
		case 2:
			packet, extended := xmpPackets(c.record())
			w.segment(markerAPP1, []byte(headXMP), packet)
			w.segment(markerAPP1, []byte(headExtension), []byte(strings.Repeat("A", 32)), []byte{0, 0, 0, 9, 0, 0, 0, 0}, extended[:min(len(extended), 60000)])
		case 3:
			w.segment(markerAPP1, []byte(headXMP), []byte(sidecarWith(`p:City="`+escaped(clean(c.text(40)))+`"`, "")))
		case 4, 5:
			b := c.iim()
			res := appendResource(nil, resourceIIM, b[:min(len(b), 60_000)])
			for range c.IntN(3) {
				res = appendResource(res, []uint16{resourceIIM, resourceDigest, 0x0409, 0x0424, 0x03ed, 0x0422}[c.IntN(6)], []byte(c.text(20)))
			}
			w.segment(markerAPP13, []byte(headPhotoshop), res[:len(res)-c.IntN(2)*c.IntN(3)])
		case 6:
			w.out = append(w.out, "\xff\xed\xff\xf0Photoshop 3.0\x008BIM\x04\x04"...) // longer than the file
		case 7:
			w.out = append(w.out, []string{"\xff", "\xff\xff", "\xff\x00", "\xff\xd0", "\xff\x01", "junk", "\xff\xe1\x00\x01", "\xff\xe1\x00\x00", "\xff\xd8", "\xff\xfe\x00\x04ab"}[c.IntN(10)]...)
		case 8:
			w.segment(markerAPP2, []byte("MPF\x00II*\x00"))
		case 9:
			w.segment(markerAPP1, []byte("Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x3b\x01\x02\x00\x03\x00\x00\x00ab\x00\x00\x00\x00\x00\x00"))
		case 10:
			w.segment(0xfe, []byte(c.text(100)))
		case 11:
			w.segment(markerAPP13, []byte("Photoshop 3.0\x008BI"))
		case 12:
			w.segment(markerAPP1, []byte(headXMP))
		}
	}
	w.out = append(w.out, []string{"\xff\xda\x00\x03\x01data\xff\xd9", "\xff\xd9", "", "\xff", "\xff\xd9\xff\xda", "\xff\xe1\x40\x00\xff\xda"}[c.IntN(10)*c.IntN(2)%6]...)
	return w.out
}

// The same goes for embedding into whatever file it may be, beside and in place of what
// metadata it had.
func TestWhateverItIsEmbeddedIntoItIsReadAgain(t *testing.T) {
	t.Parallel()
	c := chaos{rand.New(rand.NewPCG(2026, 12))}
	tried := 0
	for round := range 800 {
		b := c.jpeg()
		own, err := Read(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []Record{c.record(), own} {
			out, err := Embed(b, want)
			if fault.Has(err, "broken_metadata") {
				continue // it has no picture
			}
			if err != nil {
				t.Fatal(err)
			}
			tried++
			got, err := Read(out)
			if err != nil {
				t.Fatal(err)
			}
			got.Contact, want.Contact = "", "" // its lines come in another order
			if sameFields(t, fmt.Sprint("file ", round), got, want); t.Failed() {
				t.Fatalf("the file was %q", b)
			}
		}
	}
	if tried < 800 {
		t.Errorf("only %d", tried)
	}
}
