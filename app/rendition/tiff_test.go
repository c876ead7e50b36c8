package rendition

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color/palette"
	"testing"

	"golang.org/x/image/tiff"

	"oneframe/app/fault"
)

func asTIFF(t testing.TB, img image.Image, how tiff.CompressionType) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tiff.Encode(&b, img, &tiff.Options{Compression: how, Predictor: how == tiff.Deflate}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// with changes a tag's first number in place, a long or a short; it must be there.
func with(t *testing.T, data []byte, tag uint16, value uint32) []byte {
	t.Helper()
	data = bytes.Clone(data)
	at := binary.LittleEndian.Uint32(data[4:])
	for i := range uint32(binary.LittleEndian.Uint16(data[at:])) {
		entry := data[at+2+12*i:]
		if binary.LittleEndian.Uint16(entry) == tag {
			binary.LittleEndian.PutUint32(entry[8:], value)
			return data
		}
	}
	t.Fatalf("the TIFF has no tag %d", tag)
	return nil
}

// A photographer's TIFF becomes what the same picture as PNG becomes; the fixture
// lzw.tiff is a crop of photos/pixel-gps-1012x759.jpg made with ffmpeg.
func TestTIFF(t *testing.T) {
	t.Parallel()
	img := photo(t, 300, 200)
	for name, src := range map[string]image.Image{
		"RGB": img, "grey": repainted(image.NewGray(img.Rect), img), "grey 16 bit": repainted(image.NewGray16(img.Rect), img),
		"16 bit": repainted(image.NewNRGBA64(img.Rect), img), "palette": repainted(image.NewPaletted(img.Rect, palette.WebSafe), img),
	} {
		_, want := made(t, asPNG(t, src))
		for _, how := range []tiff.CompressionType{tiff.Uncompressed, tiff.Deflate} {
			data := asTIFF(t, src, how)
			info, err := Inspect(data, Limits{TIFF: true})
			if err != nil || info.Type != "image/tiff" || info.Width != 300 || info.Height != 200 {
				t.Fatalf("%s: %+v, %v", name, info, err)
			}
			if err := Check(data, info); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			got, err := Make(data, info)
			if err != nil || !bytes.Equal(got.Large, want.Large) || !bytes.Equal(got.Thumb, want.Thumb) {
				t.Errorf("%s is not what it is as PNG: %v", name, err)
			}
		}
	}
	lzw := fixture(t, "lzw.tiff")
	info, err := Inspect(lzw, Limits{TIFF: true})
	if err != nil || info.Width != 320 || info.Height != 240 {
		t.Fatalf("%+v, %v", info, err)
	}
	set, err := Make(lzw, info)
	if err != nil {
		t.Fatal(err)
	}
	clean(t, set)
}

// Contributors' pictures are shown by browsers, so TIFF is not among them.
func TestTIFFOnlyWhereItIsTaken(t *testing.T) {
	t.Parallel()
	if _, err := Inspect(fixture(t, "lzw.tiff"), Limits{}); !fault.Has(err, "unsupported_type") {
		t.Error(err)
	}
	for _, name := range []string{"photos/iphone-normana10.heic", "bad/i-17000x17000.avif"} {
		if _, err := Inspect(read(t, name), Limits{TIFF: true, Bytes: 1 << 30, Pixels: 1 << 30}); !fault.Has(err, "unsupported_type") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A TIFF that says more than it has costs little and is refused with a stable code.
func TestHostileTIFF(t *testing.T) {
	t.Parallel()
	good := asTIFF(t, photo(t, 300, 200), tiff.Deflate)
	for name, c := range map[string]struct {
		data []byte
		code string
	}{
		"100 million pixels":   {with(t, with(t, asTIFF(t, photo(t, 300, 200), tiff.Uncompressed), 256, 10_000), 257, 10_000), "too_many_pixels"},
		"packed in one piece":  {with(t, with(t, with(t, good, 256, 5000), 257, 5000), 278, 5000), "too_many_pixels"},
		"no pixels":            {with(t, good, 257, 0), "broken_image"},
		"CMYK":                 {with(t, good, 262, 5), "unsupported_type"},
		"a directory far off":  {append([]byte("II*\x00\xff\xff\xff\x7f"), good[8:]...), "broken_image"},
		"nothing but its head": {good[:8], "broken_image"},
		"cut":                  {good[:len(good)/2], "broken_image"},
	} {
		info, err := Inspect(c.data, Limits{TIFF: true})
		if err == nil {
			err = Check(c.data, info)
		}
		if !fault.Has(err, c.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
