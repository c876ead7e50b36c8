package rendition

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"image"
	"image/color/palette"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"golang.org/x/image/tiff"
)

// The cost that the header tells is an upper bound of what Make allocates in all, and
// so of what it holds at once. It runs alone, because it counts all allocations.
func TestCostBoundsWhatIsAllocated(t *testing.T) {
	img := photo(t, 800, 600)
	rect := img.Rect
	lightroom, restarts := read(t, "photos/lightroom-every-iptc-field.jpg"), read(t, "photos/press-cp1251-noflag.jpg")
	for name, data := range map[string][]byte{
		"baseline 4:2:0": asJPEG(t, img, 90), "baseline 4:4:4": lightroom, "progressive": read(t, "photos/iptc-ref-2021.1.jpg"),
		"large": read(t, "photos/empty-gps-4640x3472.jpg"), "Display P3": read(t, "faces/portrait-34.jpg"), "turned": read(t, "photos/orient-portrait-6.jpg"),
		"grey": read(t, "photos/curie-face-regions-orient6.jpg"), "CMYK": read(t, "photos/go-cmyk.jpeg"), "4:2:2": read(t, "photos/pillow-iptc-640x480.jpg"),
		"cut": upTo(t, lightroom, 1, 0.9), "cut with restarts": upTo(t, restarts, 1, 0.9), "cut progressive": upTo(t, read(t, "photos/iptc-ref-2021.1.jpg"), 6, 0.5),
		"RGB": asPNG(t, img), "RGBA": asPNG(t, repainted(image.NewNRGBA(rect), img)), "16 bit": asPNG(t, repainted(image.NewRGBA64(rect), img)),
		"16 bit with alpha": withChunk(asPNG(t, repainted(image.NewRGBA64(rect), img)), "tRNS", make([]byte, 6)), "cut PNG": asPNG(t, img)[:400_000],
		"grey PNG": asPNG(t, repainted(image.NewGray(rect), img)), "grey 16 bit": asPNG(t, repainted(image.NewGray16(rect), img)),
		"grey with alpha": withChunk(asPNG(t, repainted(image.NewGray(rect), img)), "tRNS", make([]byte, 2)),
		"palette":         asPNG(t, repainted(image.NewPaletted(rect, palette.WebSafe), img)), "interlaced": interlaced(t, 1000, 1000),
		"VP8": read(t, "photos/denali.webp"), "VP8L": fixture(t, "lossless.webp"), "VP8 with alpha": fixture(t, "alpha.webp"), "animated": read(t, "photos/animated.webp"),
		"TIFF": asTIFF(t, img, tiff.Uncompressed), "TIFF deflated": asTIFF(t, img, tiff.Deflate), "TIFF 16 bit": asTIFF(t, repainted(image.NewNRGBA64(rect), img), tiff.Deflate),
		"TIFF grey": asTIFF(t, repainted(image.NewGray16(rect), img), tiff.Uncompressed), "TIFF LZW": fixture(t, "lzw.tiff"),
	} {
		info, err := Inspect(data, Limits{TIFF: true})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		took := allocated(func() {
			if _, err := Make(data, info); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
		t.Logf("%-18s %4dx%-4d costs %6.2f MB, %6.2f MB were allocated", name, info.Width, info.Height, float64(info.Cost)/1e6, float64(took)/1e6)
		if strings.HasPrefix(name, "cut") {
			took /= 2 // what the decoder left of its first try is free before the second
		}
		if took > info.Cost {
			t.Errorf("%s costs %d bytes, and %d were allocated", name, info.Cost, took)
		}
	}
}

// interlaced is a black RGB PNG in Adam7's seven passes.
func interlaced(t *testing.T, w, h int) []byte {
	t.Helper()
	size := 0
	for _, p := range [][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} {
		size += ((h - p[1] + p[3] - 1) / p[3]) * (1 + 3*((w-p[0]+p[2]-1)/p[2]))
	}
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	head := withHeader(asPNG(t, image.NewRGBA(image.Rect(0, 0, w, h))), func(ihdr []byte) { ihdr[12] = 1; ihdr[9] = pngRGB })[:33]
	return appendChunk(appendChunk(bytes.Clone(head), "IDAT", packed.Bytes()), "IEND", nil)
}

// However many arrive at once, what is decoded together costs no more than the budget.
func TestBudgetBoundsWhatIsDecodedTogether(t *testing.T) {
	t.Parallel()
	data := read(t, "photos/iptc-ref-2021.1.jpg") // progressive, 2 megapixels
	info, err := Inspect(data, Limits{})
	if err != nil || !info.Progressive {
		t.Fatalf("%+v, %v", info, err)
	}
	limit := 3*info.Cost + info.Cost/2
	b := NewBudget(limit)
	var held, peak, most, running atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			release, err := b.Acquire(t.Context(), info.Cost)
			if err != nil {
				t.Error(err)
				return
			}
			raise(&peak, held.Add(info.Cost))
			raise(&most, running.Add(1))
			if err := Check(data, info); err != nil {
				t.Error(err)
			}
			running.Add(-1)
			held.Add(-info.Cost)
			release()
		})
	}
	all.Wait()
	if peak.Load() > limit || most.Load() > 3 {
		t.Errorf("%d bytes of %d were held at once, by %d", peak.Load(), limit, most.Load())
	}
}

func raise(peak *atomic.Int64, v int64) {
	for was := peak.Load(); v > was && !peak.CompareAndSwap(was, v); was = peak.Load() {
	}
}

func TestBudgetServesInOrderAndGivesUpInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(10)
		small, err := b.Acquire(t.Context(), 4)
		if err != nil {
			t.Fatal(err)
		}
		var order []string
		wait := func(name string, cost int64) {
			go func() {
				release, err := b.Acquire(t.Context(), cost)
				if err != nil {
					t.Error(err)
					return
				}
				order = append(order, name)
				release()
			}()
			synctest.Wait()
		}
		wait("huge", 1000) // takes the whole
		wait("small", 1)   // would fit, but comes second
		if len(order) != 0 {
			t.Errorf("%v came in too early", order)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := b.Acquire(ctx, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("after the end of its context: %v", err)
		}
		small()
		small() // a second time does nothing
		synctest.Wait()
		if len(order) != 2 || order[0] != "huge" {
			t.Errorf("served %v", order)
		}
		if all, err := b.Acquire(t.Context(), 10); err != nil {
			t.Error(err)
		} else {
			all()
		}
	})
}
