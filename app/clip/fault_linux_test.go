package clip

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"oneframe/app/smalldisk"
)

// ffmpeg is killed in the middle of its work, as the kernel does when memory runs out.
func TestAKilledFFmpegHarmsNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t, made{fps: fps25, frames: 1500, hold: 2, width: 320, height: 180})
	s.Workers = 1
	s.Preset = "medium" // long enough to be met
	good := s.firstRender()
	killed := 0
	r, err := s.Render(context.Background(), "c", func(float64) {
		if killed == 0 {
			killed += s.killFFmpeg()
		}
	})
	if killed == 0 {
		t.Fatal("no ffmpeg was met")
	}
	s.unharmed(good, r, err, "ffmpeg was killed")
	if r := s.render(); !r.Current || r.UnitsReused == 0 && r.UnitsEncoded == 0 {
		t.Errorf("afterwards the render is %+v", r)
	}
}

// firstRender renders at the lowest quality, which is soon done; the next render has all of
// its units to make.
func (s *stage) firstRender() Render {
	s.Helper()
	q := s.Quality
	s.Preset, s.CRF = "superfast", 40
	good := s.render()
	s.Quality = q
	return good
}

// killFFmpeg sends SIGKILL to this process's children that write into the stage's units.
func (s *stage) killFFmpeg() (n int) {
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	s.must(err)
	for _, file := range commands {
		line, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(line), s.Units) || !strings.Contains(string(line), "-progress") {
			continue // it has ended, or is another
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		s.must(err)
		if syscall.Kill(pid, syscall.SIGKILL) == nil {
			n++
		}
	}
	return n
}

// ffmpeg gets no memory: its address space ends before the encoder has its buffers.
func TestFFmpegWithoutMemoryHarmsNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t, made{fps: fps25, frames: 96, hold: 2, width: 640, height: 360})
	s.fill(4, still(4, 640, 360))
	good := s.firstRender()
	s.Preset = "veryslow"
	tool := s.Tool
	s.spy(fmt.Sprintf("ulimit -v %d; :", s.leastMemory()/1024+20_000))
	r, err := s.Render(context.Background(), "c", nil)
	s.unharmed(good, r, err, "too little memory")
	s.Tool = tool
	if r := s.render(); r.Quality.Preset != "veryslow" || !r.Current {
		t.Errorf("with memory again the render is %+v", r)
	}
}

// leastMemory is the address space in bytes that ffmpeg needs to start and to end.
func (s *stage) leastMemory() int {
	s.Helper()
	for kB := 100_000; kB < 2_000_000; kB += 20_000 {
		if exec.Command("/bin/sh", "-c", fmt.Sprintf("ulimit -v %d; exec %s -version", kB, s.Tool.FFmpeg)).Run() == nil {
			return kB * 1024
		}
	}
	s.Fatal("ffmpeg does not start")
	return 0
}

// The disk is full in the middle of encoding, and in the middle of joining.
func TestAFullDiskHarmsNothing(t *testing.T) {
	t.Parallel()
	smalldisk.In(t, func(dir string) {
		fullUnits(t, filepath.Join(dir, "units"))
		fullRenders(t)
	})
}

func fullUnits(t *testing.T, dir string) {
	s := newStage(t, made{fps: fps25, frames: 400, hold: 2, width: 320, height: 180})
	s.Workers = 1
	s.Units = dir
	room := smalldisk.Mount(t, dir, 700<<10)
	good := s.firstRender()
	for n := 1; n <= 200; n += 2 {
		s.fill(n, still(n, 320, 180))
	}
	s.CRF = 16
	r, err := s.Render(context.Background(), "c", nil)
	s.unharmed(good, r, err, "disk is full")
	room()
	if r := s.render(); r.SlotsFilled != 100 || !r.Current {
		t.Errorf("with room again the render is %+v", r)
	}
}

func fullRenders(t *testing.T) {
	s := newStage(t, made{fps: fps25, frames: 200, hold: 2, width: 320, height: 180})
	room := smalldisk.Mount(t, s.Library.Renders("c"), 400<<10)
	good := s.firstRender()
	for n := 1; n <= 100; n += 3 {
		s.fill(n, still(n, 320, 180))
	}
	s.CRF = 16
	r, err := s.Render(context.Background(), "c", nil)
	s.unharmed(good, r, err, "file could not be written")
	if !strings.Contains(r.Error, "disk is full") {
		t.Errorf("the reason is %q", r.Error)
	}
	room()
	if r := s.render(); r.SlotsFilled != 34 || r.UnitsEncoded != 0 {
		t.Errorf("with room again the render is %+v", r)
	}
}
