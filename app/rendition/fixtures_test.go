package rendition

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"oneframe/app/testdata"
)

// The .webp files in testdata are crops of photos/pixel-gps-1012x759.jpg of the shared
// test data, made with ffmpeg (libwebp), because Go has no encoder for WebP.

func read(t testing.TB, name string) []byte {
	t.Helper()
	return readFile(t, testdata.Path(t, name))
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	return readFile(t, filepath.Join("testdata", name))
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// photo is a piece of a real photograph in the size.
func photo(t testing.TB, w, h int) *image.RGBA {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(read(t, "photos/pixel-gps-1012x759.jpg")))
	if err != nil {
		t.Fatal(err)
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Rect, img, image.Pt(100, 100), draw.Src)
	return dst
}

// corners is a picture whose four quarters are red, green, blue and white, clockwise
// from the top left: turned any way, it tells how.
func corners(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i, c := range []color.RGBA{{230, 20, 20, 255}, {20, 200, 20, 255}, {240, 240, 240, 255}, {20, 20, 230, 255}} {
		quarter := image.Rect(0, 0, w/2, h/2).Add(image.Pt(i%2*w/2, i/2*h/2))
		draw.Draw(img, quarter, image.NewUniform(c), image.Point{}, draw.Src)
	}
	return img
}

func asJPEG(t testing.TB, img image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// repainted is the picture in another of Go's image types.
func repainted(dst draw.Image, src image.Image) draw.Image {
	draw.Draw(dst, dst.Bounds(), src, src.Bounds().Min, draw.Src)
	return dst
}

// exifOrientation is a TIFF structure with nothing but the orientation.
func exifOrientation(o int) []byte {
	return []byte("MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(rune(o)) + "\x00\x00\x00\x00\x00\x00")
}

func withEXIF(jpeg []byte, tiff []byte) []byte {
	return withSegment(jpeg, app1, append([]byte("Exif\x00\x00"), tiff...))
}

// withSegment puts a segment right after SOI.
func withSegment(jpeg []byte, marker byte, body []byte) []byte {
	seg := append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2)), body...)
	return append(append(bytes.Clone(jpeg[:2]), seg...), jpeg[2:]...)
}

// withChunk puts a chunk right after IHDR.
func withChunk(png []byte, kind string, data []byte) []byte {
	return append(appendChunk(bytes.Clone(png[:33]), kind, data), png[33:]...)
}

// withHeader changes IHDR and its checksum.
func withHeader(png []byte, change func(ihdr []byte)) []byte {
	png = bytes.Clone(png)
	change(png[16:29])
	binary.BigEndian.PutUint32(png[29:], crc32.ChecksumIEEE(png[12:29]))
	return png
}

// webpWithEXIF wraps a plain WebP of the size into the extended format.
func webpWithEXIF(plain []byte, w, h int, tiff []byte) []byte {
	x := make([]byte, 10)
	x[0] = 1 << 3
	put24(x[4:], w-1)
	put24(x[7:], h-1)
	return riff(appendRIFF(append(appendRIFF(nil, "VP8X", x), plain[12:]...), "EXIF", tiff))
}

// upTo cuts a JPEG so that the share of the data after the nth SOS is left.
func upTo(t testing.TB, jpeg []byte, n int, share float64) []byte {
	t.Helper()
	for s := range segments(jpeg) {
		if s.marker == sos {
			if n--; n == 0 {
				return jpeg[:s.end+int(share*float64(nextMarker(jpeg, s.end)-s.end))]
			}
		}
	}
	t.Fatal("no such scan")
	return nil
}

// made inspects, checks and makes, and fails the test where that fails.
func made(t testing.TB, data []byte) (Info, Set) {
	t.Helper()
	info, err := Inspect(data, Limits{})
	if err != nil {
		t.Fatalf("Inspect: %v", err)
	}
	if err := Check(data, info); err != nil {
		t.Fatalf("Check: %v", err)
	}
	set, err := Make(data, info)
	if err != nil {
		t.Fatalf("Make: %v", err)
	}
	return info, set
}

// opened decodes a rendition.
func opened(t testing.TB, data []byte) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}
