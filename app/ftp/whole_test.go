package ftp

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"oneframe/app/testdata"
)

// Every real picture is whole, and isn't one any more without its last tenth.
func TestRealPicturesAreWholeAndTheirBeginningsAreNot(t *testing.T) {
	t.Parallel()
	n := 0
	for _, file := range testdata.Glob(t, "photos/*") {
		if kindOf(file) != aPicture {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n++
		if !whole(data) {
			t.Errorf("%s isn't whole", filepath.Base(file))
		}
		for _, part := range []int{0, 1, 3, 100, len(data) / 3, len(data) * 9 / 10} {
			if whole(data[:part]) && !bytes.HasSuffix(data[:part], []byte{0xff, 0xd9}) {
				t.Errorf("the first %d of %d bytes of %s are whole", part, len(data), filepath.Base(file))
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d pictures", n)
	}
}

// Of the hostile files just those that lack their end are half ones; none takes long or
// brings the walk down.
func TestHostileFilesThatAreHalf(t *testing.T) {
	t.Parallel()
	var half []string
	for _, file := range testdata.Glob(t, "bad/i-*") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !whole(data) {
			half = append(half, filepath.Base(file))
		}
	}
	for _, want := range []string{"i-truncated-10000.jpg", "i-truncated-10000.png", "i-truncated-pillow.jpg", "i-truncated.heic"} {
		if !slices.Contains(half, want) {
			t.Errorf("%s is whole", want)
		}
	}
	if len(half) > 12 {
		t.Errorf("too many are half: %s", strings.Join(half, " "))
	}
}

func FuzzWhole(f *testing.F) {
	for _, pattern := range []string{"bad/i-*", "photos/et-*"} {
		for _, file := range testdata.Glob(f, pattern) {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data[:min(len(data), 64<<10)])
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if whole(data) && len(data) == 0 {
			t.Error("nothing is whole")
		}
	})
}

func TestKindsByName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]kind{
		"a.jpg": aPicture, "A.JPEG": aPicture, "day/a.HEIC": aPicture, "a.b.tif": aPicture, "a.webp": aPicture,
		"a.jpg.filepart": temporary, ".in.a.jpg.": temporary, "a.tmp": temporary, "noending": temporary, "a.jpg~": temporary, ".a.jpg.x7Gh": temporary, "a.": temporary,
		"a.mov": neither, "a.cr3": neither, "a.txt": neither, "a.jpg.exe": neither,
	} {
		if got := kindOf(name); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
}

func TestPathsAreCleaned(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"": "", "/": "", "a.jpg": "a.jpg", "/x//y/../a.jpg": "x/a.jpg", "../../../etc/passwd": "etc/passwd", "K\xe4se.jpg": "Käse.jpg", "Käse.jpg": "Käse.jpg", `a\b.jpg`: `a\b.jpg`,
	} {
		if got, err := clean(given); err != nil || got != want {
			t.Errorf("%q became %q, %v, want %q", given, got, err, want)
		}
	}
	for _, bad := range []string{"a\x00.jpg", "a\nb", "a\u202egpj.exe", strings.Repeat("x", 300), strings.Repeat("x/", 20) + "a.jpg"} {
		if got, err := clean(bad); err == nil {
			t.Errorf("%q became %q", bad, got)
		}
	}
}

// An upload that was written out of order is as long as what has no hole before it.
func TestHoles(t *testing.T) {
	t.Parallel()
	u := &upload{}
	for _, c := range []struct{ from, to, run int64 }{{10, 20, 0}, {30, 40, 0}, {0, 5, 5}, {5, 10, 20}, {15, 30, 40}, {0, 3, 40}} {
		if u.note(piece{c.from, c.to}); u.run != c.run {
			t.Errorf("after %d–%d the run is %d, want %d", c.from, c.to, u.run, c.run)
		}
	}
}
