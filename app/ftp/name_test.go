package ftp

import (
	"strings"
	"testing"
)

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
	longest := strings.Repeat("x/", 8) + strings.Repeat("y", 239)
	for _, good := range []string{longest, "accepted/" + longest, "refused/" + longest + ".txt"} {
		if got, err := clean(good); err != nil || got != good {
			t.Errorf("%q became %q, %v", good, got, err)
		}
	}
	for _, bad := range []string{longest + "z", "accepted/" + longest + "z", "refused/" + longest + "z.txt", strings.Repeat("x/", 9) + "a.jpg", "a\x00.jpg", "a\nb", "a\u202egpj.exe", strings.Repeat("x", 300), strings.Repeat("x/", 20) + "a.jpg"} {
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
