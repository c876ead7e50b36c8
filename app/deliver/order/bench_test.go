//go:build unix

package order

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/nfnt/resize"

	"oneframe/app/metadata"
)

// large is a photograph of 6000×4000 pixels, about 5 MB.
func large(b *testing.B) []byte {
	b.Helper()
	img := decoded(b, photo(b, "photos/orient-landscape-2.jpg"))
	var out bytes.Buffer
	if err := jpeg.Encode(&out, resize.Resize(6000, 4000, img, resize.Bilinear), &jpeg.Options{Quality: 92}); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

// cpu is the processor time that the process has used: on a shared machine the clock on
// the wall says little.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// small is what an online desk orders: at most 2000 pixels and 200 kB.
func small() Spec { return Spec{Longest: 2000, MaxBytes: 200_000, Metadata: Metadata{Trim: true}} }

// ready has the benchmark measure processor time per round of f.
func ready(b *testing.B, f func(i int)) {
	b.Helper()
	b.ResetTimer()
	start := cpu(b)
	for i := range b.N {
		f(i)
	}
	b.ReportMetric(float64(cpu(b)-start)/1e6/float64(b.N), "cpu-ms/op")
}

// forMany makes a fresh picture's order for so many subscribers, and reads each parcel.
func forMany(b *testing.B, subscribers int) {
	m, data := newMaker(b), large(b)
	j := ordered(b, m, data, small())
	j.Record = metadata.Record{Headline: "A ferry ran aground", Caption: "Off Cuxhaven, on Sunday.", Keywords: []string{"ferry", "sea"}}
	bytes := 0
	ready(b, func(int) {
		if err := os.RemoveAll(m.Dir); err != nil {
			b.Fatal(err)
		}
		for n := range subscribers {
			j.Subscriber = fmt.Sprint(n)
			p, err := m.Make(b.Context(), j)
			if err != nil {
				b.Fatal(err)
			}
			bytes = len(opened(b, p))
		}
	})
	b.ReportMetric(float64(bytes)/1e3, "kB")
}

// BenchmarkMake1 makes it for one subscriber, BenchmarkMake50 for fifty.
func BenchmarkMake1(b *testing.B)  { forMany(b, 1) }
func BenchmarkMake50(b *testing.B) { forMany(b, 50) }

// BenchmarkPlain is the same rendition as it is made without thinking: decoded, scaled by
// Lanczos, and encoded with falling quality until it fits.
func BenchmarkPlain(b *testing.B) {
	data := large(b)
	ready(b, func(int) {
		img := decoded(b, data)
		var scaled image.Image = resize.Resize(2000, 0, img, resize.Lanczos3)
		for q := 85; ; q -= 5 {
			var out bytes.Buffer
			if err := jpeg.Encode(&out, scaled, &jpeg.Options{Quality: q}); err != nil {
				b.Fatal(err)
			}
			if out.Len() <= 200_000 || q < 10 {
				break
			}
		}
	})
}

// BenchmarkMade is a delivery whose rendition lies in the cache: the metadata is put in
// front of it, and it is read to its end.
func BenchmarkMade(b *testing.B) {
	m := newMaker(b)
	j := ordered(b, m, large(b), small())
	brought(b, m, j)
	ready(b, func(int) {
		p, err := m.Make(b.Context(), j)
		if err != nil {
			b.Fatal(err)
		}
		r, err := p.Open()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			b.Fatal(err)
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkOriginal is a delivery of the original, byte for byte, without reading it.
func BenchmarkOriginal(b *testing.B) {
	m := newMaker(b)
	j := ordered(b, m, large(b), Spec{})
	ready(b, func(int) {
		if _, err := m.Make(b.Context(), j); err != nil {
			b.Fatal(err)
		}
	})
}
