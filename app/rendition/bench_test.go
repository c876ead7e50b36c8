//go:build unix

package rendition

import (
	"bytes"
	"image"
	"image/draw"
	"image/jpeg"
	"syscall"
	"testing"
	"time"

	"github.com/nfnt/resize"
)

// frames720 are what a noisy webcam sends: 1280×720, Q92, 4:2:0, from photographs.
func frames720(b *testing.B) [][]byte {
	b.Helper()
	var frames [][]byte
	for _, name := range []string{"faces/portrait-03.jpg", "faces/portrait-10.jpg", "faces/portrait-27.jpg", "faces/portrait-33.jpg",
		"photos/usarmy-portrait-dvids.jpeg", "photos/canon-s90-keywords.jpg", "photos/orient-landscape-2.jpg", "photos/lightroom-every-iptc-field.jpg"} {
		img, err := jpeg.Decode(bytes.NewReader(read(b, name)))
		if err != nil {
			b.Fatal(err)
		}
		scaled := resize.Resize(1280, 0, img, resize.Lanczos3)
		frame := image.NewRGBA(image.Rect(0, 0, 1280, 720))
		draw.Draw(frame, frame.Rect, scaled, image.Pt(0, (scaled.Bounds().Dy()-720)/2), draw.Src)
		frames = append(frames, asJPEG(b, frame, 92))
	}
	return frames
}

// cpu is the processor time that the process has used, in all its threads: on a shared
// machine the clock on the wall says little.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// perImage runs f over the frames and reports cpu-ms/op beside time and allocation.
func perImage(b *testing.B, f func(frame []byte)) {
	b.Helper()
	frames := frames720(b)
	b.ReportAllocs()
	b.ResetTimer()
	start := cpu(b)
	for i := range b.N {
		f(frames[i%len(frames)])
	}
	b.ReportMetric(float64(cpu(b)-start)/1e6/float64(b.N), "cpu-ms/op")
}

// BenchmarkMake720 is what a worker does for one webcam picture.
func BenchmarkMake720(b *testing.B) {
	perImage(b, func(frame []byte) {
		info, err := Inspect(frame, Limits{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Make(frame, info); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkBaseline720 is the same work as it is done without thinking: Lanczos three
// times from the original, three encodings.
func BenchmarkBaseline720(b *testing.B) {
	perImage(b, func(frame []byte) {
		img, err := jpeg.Decode(bytes.NewReader(frame))
		if err != nil {
			b.Fatal(err)
		}
		for _, width := range []uint{largeWidth, mediumWidth, thumbWidth} {
			var out bytes.Buffer
			if err := jpeg.Encode(&out, resize.Resize(width, 0, img, resize.Lanczos3), &jpeg.Options{Quality: quality}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCheck720 is what the door does before it answers.
func BenchmarkCheck720(b *testing.B) {
	perImage(b, func(frame []byte) {
		info, err := Inspect(frame, Limits{})
		if err == nil {
			err = Check(frame, info)
		}
		if err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkMakePhone is a 12-megapixel photograph from a phone held upright.
func BenchmarkMakePhone(b *testing.B) {
	img, err := jpeg.Decode(bytes.NewReader(read(b, "photos/canon-s90-keywords.jpg")))
	if err != nil {
		b.Fatal(err)
	}
	data := withEXIF(asJPEG(b, resize.Resize(4032, 3024, img, resize.Bilinear), 88), exifOrientation(6))
	info, err := Inspect(data, Limits{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	start := cpu(b)
	for b.Loop() {
		if _, err := Make(data, info); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpu(b)-start)/1e6/float64(b.N), "cpu-ms/op")
}
