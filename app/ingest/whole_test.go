package ingest_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"oneframe/app/ingest"
	"oneframe/app/testdata"
)

// Every real picture is whole, and isn't one any more without its last tenth.
func TestRealPicturesAreWholeAndTheirBeginningsAreNot(t *testing.T) {
	t.Parallel()
	n := 0
	for _, file := range testdata.Glob(t, "photos/*") {
		if filepath.Ext(file) == ".xmp" || filepath.Ext(file) == ".gif" {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n++
		if !ingest.Whole(data) {
			t.Errorf("%s isn't whole", filepath.Base(file))
		}
		for _, part := range []int{20, 100, len(data) / 3, len(data) * 9 / 10} {
			if ingest.Whole(data[:part]) && !bytes.HasSuffix(data[:part], []byte{0xff, 0xd9}) {
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
		if !ingest.Whole(data) {
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
