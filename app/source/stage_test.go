package source

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"oneframe/app/ffmpeg"
	"oneframe/app/store"
)

// newImporter gives an importer with a database and folders of its own.
func newImporter(t *testing.T) *Importer {
	t.Helper()
	return openImporter(t, t.TempDir())
}

func openImporter(t *testing.T, data string) *Importer {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(data, "oneframe.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	im := &Importer{DB: db, Tool: tool(), Library: Library{Dir: filepath.Join(data, "clips")}, Incoming: filepath.Join(data, "incoming")}
	if err := im.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	return im
}

// tool names the programs without asking them what they can do, as ffmpeg.Find does.
func tool() ffmpeg.Tool { return ffmpeg.Tool{FFmpeg: "ffmpeg", FFprobe: "ffprobe"} }

// left lists what lies in the library and in the incoming folder.
func left(t *testing.T, im *Importer) []string {
	t.Helper()
	var names []string
	for _, dir := range []string{im.Library.Dir, im.Incoming} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
	}
	return names
}

// made makes a video with ffmpeg itself, from arguments separated by blanks, and gives its path.
func made(t *testing.T, name, args string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	all := append([]string{"-v", "error", "-y"}, strings.Fields(args)...)
	if out, err := exec.CommandContext(t.Context(), "ffmpeg", append(all, file)...).CombinedOutput(); err != nil {
		t.Fatalf("make %s: %v: %s", name, err, out)
	}
	return file
}

// asked gives what ffprobe says of one entry of a file's first video or audio stream.
func asked(t *testing.T, file, stream, entries string, more ...string) map[string]string {
	t.Helper()
	args := append([]string{"-v", "error", "-select_streams", stream + ":0", "-show_entries", entries, "-of", "default=nw=1"}, more...)
	out, err := exec.CommandContext(t.Context(), "ffprobe", append(args, file)...).Output()
	if err != nil {
		t.Fatalf("ffprobe %s: %v", file, err)
	}
	answers := map[string]string{}
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		answers[key] = value
	}
	return answers
}

// seen decodes one frame, counted from 0, of a file to width×height pixels of red, green
// and blue, as a screen would show them.
func seen(t *testing.T, file string, frame, width, height int) []byte {
	t.Helper()
	return seenBy(t, file, fmt.Sprintf("select=eq(n\\,%d),", frame), width, height)
}

// seenBy does so for the first frame that comes out of the filters.
func seenBy(t *testing.T, file, filters string, width, height int) []byte {
	t.Helper()
	return decoded(t, width, height, filters, "-i", file)
}

// seenAt does so for the frame that is shown at a time, in seconds.
func seenAt(t *testing.T, file string, at float64, width, height int) []byte {
	t.Helper()
	return decoded(t, width, height, "", "-ss", strconv.FormatFloat(max(0, at-0.01), 'f', 6, 64), "-i", file)
}

func decoded(t *testing.T, width, height int, filters string, input ...string) []byte {
	t.Helper()
	args := append([]string{"-v", "error"}, input...)
	args = append(args, "-vf", filters+fmt.Sprintf("scale=%d:%d:flags=area,format=rgb24", width, height), "-frames:v", "1", "-f", "rawvideo", "-")
	out, err := exec.CommandContext(t.Context(), "ffmpeg", args...).Output()
	if err != nil || len(out) != 3*width*height {
		t.Fatalf("decode %v: %d bytes, %v", input, len(out), err)
	}
	return out
}

// apart is the mean difference of two pictures of the same size, in levels of 255.
func apart(a, b []byte) float64 {
	sum := 0
	for i := range a {
		sum += max(int(a[i]), int(b[i])) - min(int(a[i]), int(b[i]))
	}
	return float64(sum) / float64(len(a))
}

// rows gives one import's row.
func row(t *testing.T, im *Importer, id string) (i Import) {
	t.Helper()
	err := im.DB.Read(t.Context(), func(tx *store.Tx) (err error) { i, err = ImportByID(tx, id); return err })
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// packet is one packet's times, in the stream's ticks.
type packet struct {
	pts, dts int
	key      bool
}

func packets(t *testing.T, file, stream string) (all []packet) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-select_streams", stream+":0",
		"-show_entries", "packet=pts,dts,flags", "-of", "csv=p=0", file).Output()
	if err != nil {
		t.Fatalf("ffprobe %s: %v", file, err)
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(line), ",")
		pts, err1 := strconv.Atoi(f[0])
		dts, err2 := strconv.Atoi(f[1])
		if err1 != nil || err2 != nil {
			t.Fatalf("ffprobe %s: %q", file, line)
		}
		all = append(all, packet{pts, dts, strings.HasPrefix(f[2], "K")})
	}
	return all
}
