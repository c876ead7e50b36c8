package order

import (
	"bytes"
	"encoding/json"
	"image"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"oneframe/app/metadata"
)

// exiftool asks exiftool (Debian package libimage-exiftool-perl) about files in one go:
// group and tag → value, in the files' order.
func exiftool(t *testing.T, args ...string) (all []map[string]any) {
	t.Helper()
	if _, err := exec.LookPath("exiftool"); err != nil {
		t.Fatal("exiftool is missing; Debian has it in libimage-exiftool-perl, and make test installs it")
	}
	out, err := exec.CommandContext(t.Context(), "exiftool", append([]string{"-json", "-G1", "-n", "-charset", "iptc=utf8", "-all:all"}, args...)...).Output()
	if err != nil {
		t.Fatalf("exiftool: %v", err)
	}
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// texts gives a value of exiftool's as text, lists with semicolons.
func texts(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, texts(one))
		}
		return strings.Join(all, "; ")
	case string:
		return v
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// pressPhotos are real photographs with much metadata, of four programs.
func pressPhotos() []string {
	return []string{"lightroom-every-iptc-field.jpg", "press-utf8-multilingual.jpg", "press-conflict-iim-xmp.jpg", "usarmy-portrait-dvids.jpeg", "seibert-iim-xmp.jpg", "nokia-rating-gps.jpg", "pixel-gps-1012x759.jpg", "iphone4-gps.jpg"}
}

// What goes out reads in exiftool as the record and the order say, in IIM and in XMP, of
// originals and of renditions; where it was taken is nowhere in it.
func TestWhatGoesOutReadsInExiftool(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	dir := t.TempDir()
	set := Set{Credit: "Nordlicht / pool", UsageTerms: "Editorial use only until 2027", Copyright: "© 2026 Zoë Müller", Instructions: "Mandatory credit"}
	var files []string
	var records []metadata.Record
	for _, name := range pressPhotos() {
		data := photo(t, "photos/"+name)
		for kind, s := range map[string]Spec{"original": {}, "small": {Longest: 300, Sidecar: "xmp"}} {
			s.Metadata = Metadata{Trim: true, Set: set}
			j := ordered(t, m, data, s)
			p, got := brought(t, m, j)
			path := filepath.Join(dir, kind+"-"+name)
			if err := os.WriteFile(path, got, 0o600); err != nil {
				t.Fatal(err)
			}
			files, records = append(files, path), append(records, j.Record)
			var told metadata.Record
			if err := json.Unmarshal(p.Metadata, &told); err != nil || told.Place != nil || told.Contact != "" || told.Found != nil || told.Credit != set.Credit {
				t.Errorf("%s: the JSON says %+v, %v", name, told, err)
			}
			if kind == "original" && !samePixels(t, data, got) {
				t.Errorf("%s: the pixels differ", name)
			}
			if p.Sidecar != nil {
				readsBack(t, name, p.Sidecar.Data, told)
			}
		}
	}
	for i, said := range exiftool(t, files...) {
		expected := map[string]string{
			"IPTC:Credit": set.Credit, "XMP-photoshop:Credit": set.Credit, "XMP-xmpRights:UsageTerms": set.UsageTerms, "XMP-dc:Rights": set.Copyright, "IPTC:CopyrightNotice": set.Copyright,
			"XMP-photoshop:Instructions": set.Instructions, "IPTC:SpecialInstructions": set.Instructions, "XMP-photoshop:Headline": records[i].Headline, "XMP-dc:Description": records[i].Caption,
			"XMP-dc:Subject": strings.Join(records[i].Keywords, "; "), "XMP-photoshop:City": records[i].City, "IPTC:City": records[i].City, "XMP-dc:Creator": strings.Join(records[i].Byline, "; "),
		}
		for tag, want := range expected {
			if got := texts(said[tag]); got != want {
				t.Errorf("%s: exiftool has %s %q, want %q", filepath.Base(files[i]), tag, got, want)
			}
		}
		for tag, v := range said {
			if strings.Contains(tag, "GPS") || strings.Contains(tag, "Contact") || tag == "ExifTool:Warning" {
				t.Errorf("%s: exiftool has %s: %v", filepath.Base(files[i]), tag, v)
			}
		}
	}
}

func readsBack(t *testing.T, name string, xmp []byte, want metadata.Record) {
	t.Helper()
	got, err := metadata.Sidecar(xmp)
	if err != nil || got.Headline != want.Headline || got.Credit != want.Credit || !slices.Equal(got.Keywords, want.Keywords) || got.Place != nil {
		t.Errorf("%s: the sidecar has %+v, %v", name, got, err)
	}
}

func decoded(t testing.TB, data []byte) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func samePixels(t *testing.T, a, b []byte) bool {
	t.Helper()
	x, y := decoded(t, a), decoded(t, b)
	if x.Bounds() != y.Bounds() {
		return false
	}
	for i := 0; i < x.Bounds().Dx()*x.Bounds().Dy(); i += 7 {
		if c, d := i%x.Bounds().Dx(), i/x.Bounds().Dx(); x.At(c, d) != y.At(c, d) {
			return false
		}
	}
	return true
}

// Telephones put a second picture behind the first, with an EXIF of its own, and cameras
// their notes into segments that nobody else knows: nothing of it goes along.
func TestTrimmedLeavesNothingBehindThePicture(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	gps := photo(t, "photos/iphone4-gps.jpg")
	data := append(bytes.Clone(gps), gps...) // the second one keeps its place
	data = slices.Concat(data[:2], []byte("\xff\xe5\x00\x0dSECRET-MARK"), []byte("\xff\xfe\x00\x0dSECRET-TEXT"), data[2:])
	for trim, want := range map[bool]bool{true: false, false: true} {
		_, got := brought(t, m, ordered(t, m, data, Spec{Metadata: Metadata{Trim: trim, Set: Set{Credit: "x"}}}))
		if bytes.Contains(got, []byte("SECRET")) != want || bytes.Contains(got, []byte("Exif\x00\x00")) != want {
			t.Errorf("trim %v: %d bytes of %d with %d EXIFs", trim, len(got), len(data), bytes.Count(got, []byte("Exif\x00\x00")))
		}
		if !samePixels(t, gps, got) {
			t.Errorf("trim %v: the pixels differ", trim)
		}
	}
}
