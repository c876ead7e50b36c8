package metadata

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	xtiff "golang.org/x/image/tiff"

	"oneframe/app/testdata"
)

// bare are files without metadata, in each format that exiftool can write into.
func bare(t *testing.T) map[string][]byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 16, 16))
	var p, f bytes.Buffer
	if err := png.Encode(&p, img); err != nil {
		t.Fatal(err)
	}
	if err := xtiff.Encode(&f, img, nil); err != nil {
		t.Fatal(err)
	}
	webp, err := os.ReadFile("../rendition/testdata/lossy.webp")
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"a.png": p.Bytes(), "a.tiff": f.Bytes(), "a.webp": webp, "a.avif": data(t, "bad/i-17000x17000.avif"), "a.heic": data(t, "photos/iphone-normana10.heic")}
}

// copyTags has exiftool copy a photo's metadata into another file.
func copyTags(t *testing.T, from, to string, more ...string) {
	t.Helper()
	args := append([]string{"-q", "-m", "-overwrite_original", "-tagsFromFile", from, "-all:all>all:all", "-unsafe"}, more...)
	if out, err := exec.CommandContext(t.Context(), "exiftool", append(args, to)...).CombinedOutput(); err != nil {
		t.Fatalf("exiftool: %v\n%s", err, out)
	}
}

// The same metadata in another container gives the same record, as far as the container
// holds the parts: IIM fits into PNG and TIFF, EXIF and XMP into all.
func TestEveryContainer(t *testing.T) {
	t.Parallel()
	from := testdata.Path(t, "photos/lightroom-every-iptc-field.jpg")
	want := record(t, "photos/lightroom-every-iptc-field.jpg")
	for name, b := range bare(t) {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		copyTags(t, from, path)
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Read(raw)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, field := range fields() {
			a, b := reflect.ValueOf(pointer(&got, field)).Elem().Interface(), reflect.ValueOf(pointer(&want, field)).Elem().Interface()
			if field != "digest" && !reflect.DeepEqual(a, b) {
				t.Errorf("%s, %s: %v, want %v", name, field, a, b)
			}
		}
		iim := slices.ContainsFunc(got.Found, func(f Found) bool { return f.From == "IPTC 2:90" })
		if holds := name == "a.png" || name == "a.tiff"; iim != holds {
			t.Errorf("%s: IIM found %t, want %t", name, iim, holds)
		}
	}
}

// A compressed text of a PNG unpacks so far and no further.
func TestPNGTextIsBounded(t *testing.T) {
	t.Parallel()
	r, err := Read(bomb(t))
	if err != nil || len(r.Found) != 1 || r.Found[0].Field != fieldUnreadable || r.Found[0].From != "PNG XML:com.adobe.xmp" {
		t.Errorf("%+v, %v", r, err)
	}
}

// bomb is a PNG whose XMP unpacks to 64 MB of spaces.
func bomb(t *testing.T) []byte {
	t.Helper()
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	for range 64 {
		if _, err := w.Write(bytes.Repeat([]byte(" "), 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	body := append([]byte("XML:com.adobe.xmp\x00\x01\x00\x00\x00"), z.Bytes()...)
	b := append([]byte(pngSignature), binary.BigEndian.AppendUint32(nil, uint32(len(body)))...)
	b = append(append(b, "iTXt"...), body...)
	return append(b, "CRC.\x00\x00\x00\x00IENDCRC."...)
}
