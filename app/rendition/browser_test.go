package rendition

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"oneframe/app/testdata"
)

// showScript loads an <img> and draws it on a canvas. Chromium fires load as soon as it
// knows the size, so what is shown is what leaves pixels on the canvas.
const showScript = `new Promise(done => {
  const img = new Image();
  img.onerror = () => done({});
  img.onload = async () => {
    try { await img.decode() } catch (e) { }
    const w = Math.min(img.naturalWidth, 960), h = Math.min(img.naturalHeight, 960);
    const pixels = background => {
      const c = document.createElement("canvas"); c.width = w; c.height = h;
      const g = c.getContext("2d");
      if (background) { g.fillStyle = background; g.fillRect(0, 0, w, h) }
      g.drawImage(img, 0, 0, w, h);
      return g.getImageData(0, 0, w, h).data;
    };
    const mean = (px, x, y) => {
      const sum = [0, 0, 0]; let n = 0;
      for (let j = Math.floor(h*y/8); j < Math.floor(h*(y+1)/8); j++)
        for (let i = Math.floor(w*x/8); i < Math.floor(w*(x+1)/8); i++, n++)
          for (let k = 0; k < 3; k++) sum[k] += px[4*(w*j+i)+k];
      return sum.map(v => v / n);
    };
    const onWhite = pixels("white");
    done({Width: img.naturalWidth, Height: img.naturalHeight,
      Seen: pixels().filter((v, i) => i %% 4 == 3 && v > 0).length / w / h,
      Grid: w < 8 || h < 8 ? [] : Array.from({length: 64}, (_, i) => mean(onWhite, i %% 8, Math.floor(i / 8))).flat()});
  };
  img.src = "/" + %s;
})`

// sight is what Chromium shows: the size, the share of the pixels that are there, and
// the picture on white as the mean red, green and blue of 8×8 fields, in levels.
type sight struct {
	Width, Height int
	Seen          float64
	Grid          []float64
}

// browse shows the files in headless Chromium.
func browse(t *testing.T, files map[string][]byte) map[string]sight {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, ok := files[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			data = []byte("<!doctype html><title>pictures</title>")
		}
		w.Write(data)
	}))
	defer srv.Close()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(srv.URL+"/index.html")); err != nil {
		t.Fatalf("Chromium: %v", err)
	}
	seen := map[string]sight{}
	for name := range files {
		quoted, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := chromedp.Run(ctx, chromedp.Evaluate[sight](fmt.Sprintf(showScript, quoted), chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		seen[name] = s
	}
	return seen
}

// With ONEFRAME_UPDATE=1 the table is written anew.
func TestTheTableSaysWhatChromiumShows(t *testing.T) {
	files := map[string][]byte{}
	for _, path := range testdata.Glob(t, "bad/i-*") {
		files[filepath.Base(path)] = readFile(t, path)
	}
	var table bytes.Buffer
	table.WriteString("# What Chromium shows of the hostile files: name, width and height, or - for nothing.\n")
	for name, s := range ordered(browse(t, files)) {
		if s.Seen > 0 {
			fmt.Fprintln(&table, name, s.Width, s.Height)
		} else {
			fmt.Fprintln(&table, name, "-")
		}
	}
	path := filepath.Join("testdata", "browser.txt")
	if os.Getenv("ONEFRAME_UPDATE") != "" {
		if err := os.WriteFile(path, table.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if was := readFile(t, path); !bytes.Equal(was, table.Bytes()) {
		t.Errorf("the table says\n%s\nChromium shows\n%s", was, table.Bytes())
	}
}

func ordered[V any](m map[string]V) func(func(string, V) bool) {
	return func(yield func(string, V) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

// variants are pictures of many kinds, whole, cut short and damaged.
func variants(t *testing.T) map[string][]byte {
	t.Helper()
	small, rect := photo(t, 300, 200), image.Rect(0, 0, 300, 200)
	png := asPNG(t, small)
	half := image.NewNRGBA64(rect)
	for i := range 300 * 200 {
		x, y := i%300, i/300
		r, g, b, _ := small.At(x, y).RGBA()
		half.SetNRGBA64(x, y, color.NRGBA64{R: uint16(r), G: uint16(g), B: uint16(b), A: uint16(x * 218)})
	}
	clear := append(slices.Clone(palette.WebSafe), color.Transparent)
	v := map[string][]byte{
		"rgb.png": png, "grey.png": asPNG(t, repainted(image.NewGray(rect), small)), "grey16.png": asPNG(t, repainted(image.NewGray16(rect), small)),
		"alpha16.png": asPNG(t, half), "alpha.png": asPNG(t, repainted(image.NewNRGBA(rect), half)),
		"palette.png":         asPNG(t, repainted(image.NewPaletted(rect, clear), half)),
		"1bit.png":            asPNG(t, repainted(image.NewPaletted(rect, color.Palette{color.Black, color.White}), small)),
		"trns.png":            withChunk(png, "tRNS", []byte{0, 1, 0, 2, 0, 3}),
		"checksum.png":        func() []byte { b := bytes.Clone(png); b[len(b)-13] ^= 1; return b }(),
		"header-checksum.png": func() []byte { b := bytes.Clone(png); b[29] ^= 1; return b }(),
		"critical.png":        withChunk(png, "XXXX", nil), "ancillary.png": withChunk(png, "xxXx", nil),
		"no-data.png": png[:45], "no-end.png": png[:len(png)-12],
		"zero-height.png": withHeader(png, func(ihdr []byte) { copy(ihdr[4:8], "\x00\x00\x00\x00") }),
		"lossy.webp":      fixture(t, "lossy.webp"), "lossless.webp": fixture(t, "lossless.webp"), "alpha.webp": fixture(t, "alpha.webp"),
		"animated.webp": read(t, "photos/animated.webp"), "denali.webp": read(t, "photos/denali.webp"),
		"cmyk.jpg": read(t, "photos/go-cmyk.jpeg"), "grey.jpg": read(t, "photos/go-gray.jpeg"), "display-p3.jpg": read(t, "faces/portrait-33.jpg"),
		"adobe-rgb.jpg": read(t, "photos/artstor-pd-poster.jpg"), "cmm-profile.jpg": read(t, "photos/xmp-iptc-misaligned.jpg"),
		"restarts.jpg": read(t, "photos/press-cp1251-noflag.jpg"), "progressive.jpg": read(t, "photos/iptc-ref-2021.1.jpg"), "420.jpg": asJPEG(t, small, 85),
	}
	for o := 1; o <= 8; o++ {
		v[fmt.Sprintf("exif%d.jpg", o)] = withEXIF(v["420.jpg"], exifOrientation(o))
		v[fmt.Sprintf("exif%d.png", o)] = withChunk(png, "eXIf", exifOrientation(o))
	}
	for _, share := range []float64{0, 0.001, 0.1, 0.5, 0.9} {
		for _, name := range []string{"420.jpg", "grey.jpg", "cmyk.jpg", "restarts.jpg", "progressive.jpg"} {
			v[fmt.Sprintf("%g-of-%s", share, name)] = upTo(t, v[name], 1, share)
		}
		v[fmt.Sprintf("%g-of-4th-scan-progressive.jpg", share)] = upTo(t, v["progressive.jpg"], 4, share)
		for _, name := range []string{"rgb.png", "palette.png", "alpha16.png", "lossy.webp", "lossless.webp", "alpha.webp", "animated.webp"} {
			v[fmt.Sprintf("%g-of-%s", share, name)] = v[name][:45+int(share*float64(len(v[name])-45))]
		}
	}
	return v
}

// The rule: what Chromium shows, we take, in the same size and, where all of it is
// there, in the same colours; what it doesn't show, we refuse.
func TestWhatChromiumShowsWeTake(t *testing.T) {
	files := variants(t)
	for name, s := range ordered(browse(t, files)) {
		code, info, set, err := answer(files[name])
		if (s.Seen > 0) != (code == "") {
			t.Errorf("%s: Chromium shows %.0f %% of it, our answer is %q (%v)", name, 100*s.Seen, code, err)
			continue
		}
		if code != "" {
			continue
		}
		if s.Width != info.Width || s.Height != info.Height {
			t.Errorf("%s: %d×%d in Chromium, %d×%d here", name, s.Width, s.Height, info.Width, info.Height)
		}
		if far := distance(s.Grid, opened(t, set.Large)); far > 2 && !strings.Contains(name, "-of-") {
			t.Errorf("%s: the colours are %.1f levels apart", name, far)
		}
	}
}

// distance is the mean difference, in levels, between the means of 8×8 fields and a picture.
func distance(grid []float64, img image.Image) float64 {
	sum := 0.0
	for i := range 64 {
		r, g, b := mean(img, i%8, i/8, 8)
		for c, v := range []float64{r, g, b} {
			sum += max(v-grid[3*i+c], grid[3*i+c]-v)
		}
	}
	return sum / 192
}

// mean is the mean colour of one of n×n fields, in levels of 0 to 255.
func mean(img image.Image, x, y, n int) (r, g, b float64) {
	size := img.Bounds()
	field := image.Rect(size.Dx()*x/n, size.Dy()*y/n, size.Dx()*(x+1)/n, size.Dy()*(y+1)/n)
	for py := field.Min.Y; py < field.Max.Y; py++ {
		for px := field.Min.X; px < field.Max.X; px++ {
			c := color.RGBAModel.Convert(img.At(px, py)).(color.RGBA)
			r, g, b = r+float64(c.R), g+float64(c.G), b+float64(c.B)
		}
	}
	area := float64(field.Dx() * field.Dy())
	return r / area, g / area, b / area
}
