package source

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"oneframe/app/store"
)

// BenchmarkImport measures an import, with its reference pictures, its sound, its checks
// and everything made durable, against one plain ffmpeg conversion of the same file at
// the mezzanine's settings, in the same run: wall time, and as cpu-s the seconds of CPU,
// which a busy machine blurs less. The video lasts 3:40 at 1920×1080, with -short 20 s at
// 640×360. What is made for it stays in the temporary folder, for the next time.
//
//	go test -run '^$' -bench Import ./app/source
func BenchmarkImport(b *testing.B) {
	height, rounds := 1080, 10
	if testing.Short() {
		height, rounds = 360, 1
	}
	file := footage(b, height, rounds)
	b.Run("Plain", func(b *testing.B) {
		measured(b, func() {
			run(b, "-i", file, "-c:v", "libx264", "-preset", "veryfast", "-crf", fmt.Sprint(quality), "-pix_fmt", "yuv420p",
				"-g", fmt.Sprint(gop), "-keyint_min", fmt.Sprint(gop), "-sc_threshold", "0", "-bf", "0",
				"-c:a", "aac", "-b:a", loudRate, filepath.Join(b.TempDir(), "plain.mp4"))
		})
	})
	b.Run("Whole", func(b *testing.B) {
		n := 0
		data := b.TempDir()
		db, err := store.Open(b.Context(), filepath.Join(data, "oneframe.db"))
		if err != nil {
			b.Fatal(err)
		}
		im := &Importer{DB: db, Tool: tool(), Library: Library{Dir: filepath.Join(data, "clips")}, Incoming: filepath.Join(data, "incoming")}
		if err := im.Sweep(b.Context()); err != nil {
			b.Fatal(err)
		}
		measured(b, func() {
			n++
			v, err := im.Import(b.Context(), Request{File: file, Slug: fmt.Sprintf("v%d", n), Title: "V", Hold: 2}, nil)
			if err != nil || v.Frames != rounds*550 {
				b.Fatal(v.Frames, err)
			}
		})
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	})
}

// footage makes a video of so many times 22 s, with sound, unless an earlier run has.
func footage(b *testing.B, height, rounds int) string {
	dir := filepath.Join(os.TempDir(), "oneframe-bench-source-2")
	file := filepath.Join(dir, fmt.Sprintf("%d-%d.mp4", height, rounds))
	if _, err := os.Stat(file); err == nil {
		return file
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		b.Fatal(err)
	}
	width := height * 16 / 9
	big, part := filepath.Join(dir, "big.png"), filepath.Join(dir, "part.mp4")
	run(b, "-f", "lavfi", "-i", fmt.Sprintf("mandelbrot=s=%dx%d:start_scale=0.4", 2*width, 2*height), "-frames:v", "1", big)
	run(b, "-loop", "1", "-framerate", "25", "-i", big, "-f", "lavfi", "-i", "sine=f=440:b=4", "-frames:v", "550", "-t", "22",
		"-vf", "crop=iw/2:ih/2:x=(iw-ow)*(0.5+0.5*sin(n/70)):y=(ih-oh)*(0.5+0.5*sin(n/47)),format=yuv420p",
		"-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-c:a", "aac", part)
	run(b, "-stream_loop", fmt.Sprint(rounds-1), "-i", part, "-c", "copy", "-frames:v", fmt.Sprint(rounds*550), file+".new.mp4")
	if err := os.Rename(file+".new.mp4", file); err != nil {
		b.Fatal(err)
	}
	return file
}

func run(b *testing.B, args ...string) {
	b.Helper()
	if out, err := exec.CommandContext(b.Context(), "ffmpeg", append(strings.Fields("-v error -y"), args...)...).CombinedOutput(); err != nil {
		b.Fatalf("ffmpeg %v: %v: %s", args, err, out)
	}
}

// measured runs f until the benchmark has enough, and reports its CPU time with that of
// the programs that it ran.
func measured(b *testing.B, f func()) {
	before := used(b)
	for b.Loop() {
		f()
	}
	b.ReportMetric((used(b)-before).Seconds()/float64(b.N), "cpu-s/op")
}

func used(b *testing.B) (sum time.Duration) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return sum
}
