package rendition

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/testdata"
)

// refusals are the hostile files that are refused, and how. All others must be accepted.
var refusals = map[string]string{
	"i-17000x17000.avif":          "unsupported_type",
	"i-bomb-30000x30000-1bit.png": "too_many_pixels",
	"i-bomb.gif":                  "unsupported_type",
	"i-corrupt-header.jpg":        "broken_image",
	"i-exiv2-1793.heic":           "unsupported_type",
	"i-exiv2-1847.jpg":            "broken_image",
	"i-exiv2-1881.jpg":            "broken_image",
	"i-fuzz-heif-npe.heic":        "unsupported_type",
	"i-fuzz-webp-e79a2a5a.webp":   "broken_image",
	"i-giant-image.jpg":           "too_many_pixels",
	"i-header-2147483647.png":     "too_many_pixels",
	"i-max-uint32-exif.jpg":       "broken_image",
	"i-mvg-named.jpg":             "unsupported_type",
	"i-segment-loop2.jpg":         "broken_image",
	"i-sof-65500x65500.jpg":       "too_many_pixels",
	"i-truncated.heic":            "unsupported_type",
}

var kinds = map[string]fault.Kind{"unsupported_type": fault.Unsupported, "too_many_pixels": fault.TooLarge,
	"too_many_bytes": fault.TooLarge, "broken_image": fault.Invalid}

// answer is what a visitor would get: the code, "" where the picture is accepted.
func answer(data []byte) (code string, info Info, set Set, err error) {
	info, err = Inspect(data, Limits{})
	if err == nil {
		err = Check(data, info)
	}
	if err == nil {
		set, err = Make(data, info)
	}
	if err == nil {
		return "", info, set, nil
	}
	f := fault.Of(err)
	if kind, known := kinds[f.Code]; !known || kind != f.Kind {
		return fmt.Sprintf("%s of kind %d", f.Code, f.Kind), info, set, err
	}
	return f.Code, info, set, err
}

func TestEveryHostileFileGetsItsAnswerInTime(t *testing.T) {
	shown := browserTable(t)
	for _, path := range testdata.Glob(t, "bad/i-*") {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			data := readFile(t, path)
			start := time.Now()
			code, info, set, err := answer(data)
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("took %v", took)
			}
			if code != refusals[name] {
				t.Fatalf("%q (%v), want %q", code, err, refusals[name])
			}
			size, inTable := shown[name]
			if !inTable {
				t.Fatal("not in testdata/browser.txt: run TestTheTableSaysWhatChromiumShows with ONEFRAME_UPDATE=1")
			}
			if size.X*size.Y > 0 && size.X*size.Y <= 50_000_000 && code != "" {
				t.Errorf("Chromium shows it, and we refuse it: %v", err)
			}
			if code == "" && (size.X != info.Width || size.Y != info.Height) {
				t.Errorf("we take it for %d×%d, Chromium for %v", info.Width, info.Height, size)
			}
			if code == "" {
				clean(t, set)
			}
		})
	}
}

// Whatever is called a picture and is none gets 415, whatever its name.
func TestOtherTypesAreUnsupported(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", "x", "\xff", "GIF89a\x01\x00\x01\x00", "BM......", "II*\x00", "<svg xmlns='http://www.w3.org/2000/svg'/>",
		"push graphic-context\nviewbox 0 0 1 1", "\x00\x00\x00\x20ftypavif", "RIFF\x04\x00\x00\x00WAVE", "%PDF-1.4", "\x89PNG\r\n", "<html>"} {
		if _, err := Inspect([]byte(data), Limits{}); !fault.Is(err, fault.Unsupported) || !fault.Has(err, "unsupported_type") {
			t.Errorf("%q: %v", data, err)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	data := asJPEG(t, photo(t, 64, 64), 80)
	for _, c := range []struct {
		limits Limits
		code   string
	}{
		{Limits{}, ""},
		{Limits{Bytes: int64(len(data)), Pixels: 64 * 64}, ""},
		{Limits{Bytes: int64(len(data)) - 1}, "too_many_bytes"},
		{Limits{Pixels: 64*64 - 1}, "too_many_pixels"},
	} {
		_, err := Inspect(data, c.limits)
		if c.code == "" && err != nil || c.code != "" && !fault.Has(err, c.code) {
			t.Errorf("%+v: %v, want %q", c.limits, err, c.code)
		}
	}
	if _, err := Inspect(make([]byte, 12_000_001), Limits{}); !fault.Has(err, "too_many_bytes") {
		t.Errorf("12 MB and a byte: %v", err)
	}
	wide := withHeader(asPNG(t, photo(t, 8, 8)), func(ihdr []byte) { copy(ihdr, "\x00\x01\x00\x00\x00\x00\x00\x01") })
	if _, err := Inspect(wide, Limits{}); !fault.Has(err, "too_many_pixels") {
		t.Errorf("65536 pixels wide, which no JPEG can be: %v", err)
	}
}

// A header may claim anything: what Inspect allocates stays small.
func TestInspectAllocatesNothingForWhatIsClaimed(t *testing.T) {
	huge := func(name string) []byte { return read(t, "bad/"+name) }
	for name, data := range map[string][]byte{
		"jpeg": huge("i-sof-65500x65500.jpg"), "png": huge("i-header-2147483647.png"), "bomb": huge("i-bomb-30000x30000-1bit.png"),
		"webp": riff(appendRIFF(nil, "VP8L", []byte{0x2f, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0})),
	} {
		got := allocated(func() {
			if _, err := Inspect(data, Limits{}); !fault.Is(err, fault.TooLarge) {
				t.Errorf("%s: %v", name, err)
			}
		})
		if got > 64<<10 {
			t.Errorf("%s: %d bytes", name, got)
		}
	}
}

// allocated counts the bytes that f allocates; nothing else may run meanwhile.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// A scan of some bytes makes a decoder walk through all pixels.
func TestScanBombsAreRefused(t *testing.T) {
	t.Parallel()
	data := read(t, "photos/iptc-ref-2021.1.jpg") // 2000×1000, progressive
	var last segment
	for s := range segments(data) {
		if s.marker == sos {
			last = s
		}
	}
	bomb := bytes.Clone(data[:len(data)-2])
	for range 400 {
		bomb = append(bomb, data[last.at:last.end]...)
	}
	start := time.Now()
	if code, _, _, err := answer(bomb); code != "broken_image" {
		t.Errorf("%q, %v", code, err)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %v", took)
	}
}

func TestDecoderPanicsAreBrokenImages(t *testing.T) {
	t.Parallel()
	err := func() (err error) {
		defer recovered(&err)
		panic(errors.New("index out of range"))
	}()
	if !fault.Has(err, "broken_image") || !strings.Contains(err.Error(), "index out of range") {
		t.Errorf("%v", err)
	}
}

// point is a size in pixels, 0×0 for what isn't shown.
type point struct{ X, Y int }

// browserTable reads what Chromium made of each file: a line "name width height" or "name -".
func browserTable(t *testing.T) map[string]point {
	t.Helper()
	table := map[string]point{}
	lines := bufio.NewScanner(bytes.NewReader(fixture(t, "browser.txt")))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		var p point
		switch {
		case len(f) == 0 || f[0] == "#":
			continue
		case len(f) == 3:
			if _, err := fmt.Sscan(f[1]+" "+f[2], &p.X, &p.Y); err != nil {
				t.Fatal(err)
			}
		}
		table[f[0]] = p
	}
	return table
}
