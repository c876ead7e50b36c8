package metadata

import (
	"bytes"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"oneframe/app/fault"
	"oneframe/app/testdata"
)

// spliced gives the whole file that Splice makes.
func spliced(t *testing.T, file []byte, r Record, bare bool) ([]byte, error) {
	t.Helper()
	head, from, to, err := Splice(bytes.NewReader(file), int64(len(file)), r, bare)
	if err != nil {
		return nil, err
	}
	if from < 2 || to < from || to > int64(len(file)) {
		t.Fatalf("from %d to %d of %d bytes", from, to, len(file))
	}
	return append(head, file[from:to]...), nil
}

// A spliced file is what Embed makes; a bare one shows the same picture and says the same.
func TestSpliceIsEmbed(t *testing.T) {
	t.Parallel()
	want := Record{Headline: "Ferry aground", Keywords: []string{"sea"}}
	for _, path := range append(testdata.Glob(t, "photos/*.jp*g"), testdata.Glob(t, "bad/i-*.jp*g")...) {
		name := filepath.Base(path)
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		embedded, errEmbed := Embed(file, want)
		whole, err := spliced(t, file, want, false)
		if fault.Of(errEmbed) != nil && err == nil || errEmbed == nil && err != nil {
			t.Errorf("%s: %v, Embed: %v", name, err, errEmbed)
		}
		if err != nil {
			continue
		}
		hostile := strings.HasPrefix(name, "i-") // bytes that belong to nothing are left out of it
		if !hostile && !bytes.Equal(whole, embedded) {
			t.Errorf("%s: %d bytes, Embed makes %d", name, len(whole), len(embedded))
		}
		bare, err := spliced(t, file, want, true)
		if err != nil {
			t.Errorf("%s, bare: %v", name, err)
			continue
		}
		if r, err := Read(bare); err != nil || r.Headline != want.Headline || r.Place != nil || r.Camera != "" {
			t.Errorf("%s, bare, says %+v, %v", name, r, err)
		}
		if hostile || len(file) > 200_000 {
			continue
		}
		a, errA := jpeg.Decode(bytes.NewReader(file))
		b, errB := jpeg.Decode(bytes.NewReader(bare))
		if (errA == nil) != (errB == nil) || errA == nil && a.Bounds() != b.Bounds() {
			t.Errorf("%s: before %v, bare %v", name, errA, errB)
		}
	}
}

// Whatever the file is, Splice ends, and what it makes bare says nothing but the record.
func FuzzSplice(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, bare := range []bool{false, true} {
			out, err := spliced(t, file, Record{Headline: "x"}, bare)
			if err != nil {
				continue
			}
			if r, err := Read(out); err != nil || r.Headline != "x" || bare && (r.Place != nil || r.Contact != "" || r.Caption != "") {
				t.Fatalf("bare %v: %+v, %v", bare, r, err)
			}
		}
	})
}
