package rendition

import (
	"image"
	"testing"

	"golang.org/x/image/tiff"
)

func seeds(f *testing.F) {
	f.Helper()
	small := image.NewRGBA(image.Rect(0, 0, 24, 17))
	for i := range small.Pix {
		small.Pix[i] = byte(i * 7)
	}
	f.Add(asJPEG(f, small, 80))
	f.Add(withEXIF(asJPEG(f, small, 80), exifOrientation(6)))
	f.Add(asPNG(f, small))
	f.Add(withChunk(asPNG(f, repainted(image.NewGray16(small.Rect), small)), "eXIf", exifOrientation(3)))
	f.Add(asTIFF(f, small, tiff.Deflate))
	f.Add(asTIFF(f, repainted(image.NewGray16(small.Rect), small), tiff.Uncompressed))
	f.Add(fixture(f, "lzw.tiff"))
	for _, name := range []string{"lossy.webp", "lossless.webp", "alpha.webp"} {
		f.Add(fixture(f, name))
	}
	for _, name := range []string{"photos/go-cmyk.jpeg", "photos/go-gray.jpeg", "photos/photomechanic-charset.jpg", "photos/et-MWG.jpg", "photos/xmp-iptc-misaligned.jpg",
		"bad/i-progressive-truncated.jpeg", "bad/i-truncated-10000.png", "bad/i-big-height.webp", "bad/i-zip-in-png.png", "bad/i-infinite-loop-exif.jpg"} {
		f.Add(read(f, name))
	}
}

// fuzzLimits keep each try quick.
var fuzzLimits = Limits{Bytes: 1 << 20, Pixels: 1 << 18, TIFF: true}

func FuzzInspect(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		info, err := Inspect(data, fuzzLimits)
		if err == nil && (info.Width < 1 || info.Height < 1 || info.Orientation < 1 || info.Orientation > 8 || info.Cost <= 0) {
			t.Errorf("%+v", info)
		}
	})
}

// Whatever the bytes are, Make gives three clean JPEGs or an error with a stable code,
// and what Check lets pass Make makes.
func FuzzMake(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		info, err := Inspect(data, fuzzLimits)
		if err != nil {
			return
		}
		checked := Check(data, info)
		set, err := Make(data, info)
		if (checked == nil) != (err == nil) {
			t.Fatalf("Check: %v; Make: %v", checked, err)
		}
		if err == nil {
			clean(t, set)
		}
	})
}
