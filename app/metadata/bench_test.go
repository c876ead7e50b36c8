package metadata

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"oneframe/app/testdata"
)

// pictures are the paths of the photographs, of all kinds that Read knows.
func pictures(b *testing.B) []string {
	b.Helper()
	return slices.DeleteFunc(testdata.Glob(b, "photos/*"), func(p string) bool {
		return strings.HasSuffix(p, ".gif") || strings.HasSuffix(p, ".xmp")
	})
}

// BenchmarkRead opens and reads all photographs, one after the other; median-ms is the
// time that half of them stay under.
func BenchmarkRead(b *testing.B) {
	paths := pictures(b)
	var took []time.Duration
	var buf bytes.Buffer
	b.ResetTimer()
	for b.Loop() {
		for _, p := range paths {
			start := time.Now()
			if err := readFrom(&buf, p); err != nil {
				b.Fatalf("%s: %v", p, err)
			}
			took = append(took, time.Since(start))
		}
	}
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2])/1e6, "median-ms")
	b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "files/s")
}

// readFrom reads a file into the buffer, which serves for all of them, and its metadata.
func readFrom(buf *bytes.Buffer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	buf.Reset()
	if _, err := buf.ReadFrom(f); err != nil {
		return err
	}
	_, err = Read(buf.Bytes())
	return err
}

// BenchmarkExiftool asks one exiftool that stays open for the same photographs as JSON.
func BenchmarkExiftool(b *testing.B) {
	paths := pictures(b)
	cmd := exec.CommandContext(b.Context(), "exiftool", "-stay_open", "True", "-@", "-")
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatalf("exiftool (Debian package libimage-exiftool-perl): %v", err)
	}
	answers := bufio.NewReader(out)
	ask(b, in, answers, paths[0]) // it has read its own program then
	files := 0
	b.ResetTimer()
	for b.Loop() {
		for _, p := range paths {
			ask(b, in, answers, p)
			files++
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(files)/b.Elapsed().Seconds(), "files/s")
	if _, err := io.WriteString(in, "-stay_open\nFalse\n"); err != nil {
		b.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
}

// ask sends one file and waits for exiftool's {ready}.
func ask(b *testing.B, in io.Writer, answers *bufio.Reader, path string) {
	b.Helper()
	if _, err := io.WriteString(in, "-json\n"+path+"\n-execute\n"); err != nil {
		b.Fatal(err)
	}
	for {
		line, err := answers.ReadString('\n')
		if err != nil {
			b.Fatal(err)
		}
		if line == "{ready}\n" {
			return
		}
	}
}
