package ingest

import (
	"bytes"
	"os"
	"testing"

	"oneframe/app/testdata"
)

// The walk itself is thrown at, without the net that Whole has below it.
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
	f.Add([]byte("\xff\xd8\xff\xe2\x00\x00")) // a segment shorter than its own length
	f.Fuzz(func(t *testing.T, data []byte) {
		if whole(data) && bytes.Equal(data, []byte{0xff, 0xd8}) {
			t.Error("a beginning is whole")
		}
	})
}
