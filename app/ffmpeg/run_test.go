package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	ffmpeg_go "github.com/u2takey/ffmpeg-go"
)

func find(t *testing.T) Tool {
	t.Helper()
	tool, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	return tool
}

// picture is an endless or a timed test picture from ffmpeg's own generator.
func picture(spec string) *ffmpeg_go.Stream {
	return ffmpeg_go.Input("testsrc2="+spec, ffmpeg_go.KwArgs{"f": "lavfi"})
}

func null(s *ffmpeg_go.Stream) *ffmpeg_go.Stream {
	return s.Output("-", ffmpeg_go.KwArgs{"f": "null"})
}

func TestAJobTellsItsFramesAndItsProgress(t *testing.T) {
	t.Parallel()
	var told []Progress
	file := filepath.Join(t.TempDir(), "a.mp4")
	res, err := find(t).Run(t.Context(), Job{
		Graph:    picture("s=64x64:r=25:d=3").Output(file, ffmpeg_go.KwArgs{"c:v": "libx264"}),
		Progress: func(p Progress) { told = append(told, p) },
	})
	if err != nil || res.Frames != 75 {
		t.Fatalf("frames %d, error %v; want 75 and none", res.Frames, err)
	}
	if res.Time < 2800*time.Millisecond || res.Time > 3*time.Second {
		t.Errorf("time %v, want about 3 s", res.Time)
	}
	if len(told) == 0 || told[len(told)-1].Frames != 75 {
		t.Errorf("progress told %v, want the end among it", told)
	}
	if st, err := os.Stat(file); err != nil || st.Size() == 0 {
		t.Errorf("the output: %v, %v", st, err)
	}
}

func TestAJobIsFedAndReadThroughPipes(t *testing.T) {
	t.Parallel()
	raw := bytes.Repeat([]byte{100}, 16*16*3/2*10)
	var out bytes.Buffer
	in := ffmpeg_go.Input("pipe:0", ffmpeg_go.KwArgs{"f": "rawvideo", "pix_fmt": "yuv420p", "s": "16x16", "r": 25})
	res, err := find(t).Run(t.Context(), Job{
		Graph:  in.Output("pipe:1", ffmpeg_go.KwArgs{"f": "rawvideo", "pix_fmt": "yuv420p"}),
		Stdin:  bytes.NewReader(raw),
		Stdout: &out,
	})
	if err != nil || res.Frames != 10 || !bytes.Equal(out.Bytes(), raw) {
		t.Errorf("%d frames, %d bytes of %d, error %v", res.Frames, out.Len(), len(raw), err)
	}
}

func TestAJobThatNeedsNoMoreInputIsDone(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe() // nobody closes it
	t.Cleanup(func() { _ = w.Close() })
	go func() { _, _ = w.Write(make([]byte, 16*16*3/2*10)) }()
	in := ffmpeg_go.Input("pipe:0", ffmpeg_go.KwArgs{"f": "rawvideo", "pix_fmt": "yuv420p", "s": "16x16", "r": 25, "probesize": 32})
	res, err := find(t).Run(t.Context(), Job{
		Graph: in.Output("-", ffmpeg_go.KwArgs{"f": "null", "frames:v": 1}), Stdin: r,
	})
	if err != nil || res.Frames != 1 {
		t.Errorf("%d frames, error %v; want 1 and none", res.Frames, err)
	}
}

func TestHowAJobEndsIsKnown(t *testing.T) {
	t.Parallel()
	tool := find(t)
	endless := func() *ffmpeg_go.Stream { return null(picture("s=64x64:r=25").Filter("realtime", nil)) }

	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		_, err := tool.Run(ctx, Job{Graph: endless(), Progress: func(Progress) { cancel() }})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want context.Canceled", err)
		}
	})
	t.Run("past its limit", func(t *testing.T) {
		t.Parallel()
		_, err := tool.Run(t.Context(), Job{Graph: endless(), Limit: 300 * time.Millisecond})
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want context.DeadlineExceeded", err)
		}
	})
	t.Run("stalled", func(t *testing.T) {
		t.Parallel()
		r, w := io.Pipe()
		t.Cleanup(func() { _ = w.Close() })
		in := ffmpeg_go.Input("pipe:0", ffmpeg_go.KwArgs{"f": "rawvideo", "pix_fmt": "yuv420p", "s": "16x16"})
		_, err := tool.Run(t.Context(), Job{Graph: null(in), Stdin: r, Stall: 500 * time.Millisecond})
		if !errors.Is(err, ErrStalled) {
			t.Errorf("error %v, want ErrStalled", err)
		}
	})
	t.Run("failed", func(t *testing.T) {
		t.Parallel()
		res, err := tool.Run(t.Context(), Job{Graph: null(ffmpeg_go.Input(filepath.Join(t.TempDir(), "none.mp4")))})
		var failed *Failed
		if !errors.As(err, &failed) || failed.Code != 1 || !strings.Contains(failed.Said, "No such file") {
			t.Errorf("error %v, want a *Failed with the reason", err)
		}
		if !strings.Contains(res.Log, "No such file") {
			t.Errorf("log %q", res.Log)
		}
	})
	t.Run("a graph that is none", func(t *testing.T) {
		t.Parallel()
		if _, err := tool.Run(t.Context(), Job{}); err == nil {
			t.Error("no error without a graph")
		}
		twice := picture("s=64x64").Filter("hflip", nil) // used twice without a split: ffmpeg-go panics
		graph := ffmpeg_go.MergeOutputs(null(twice), twice.Output("b", ffmpeg_go.KwArgs{"f": "null"}))
		if _, err := tool.Run(t.Context(), Job{Graph: graph}); err == nil || !strings.Contains(err.Error(), "split") {
			t.Errorf("error %v, want ffmpeg-go's panic as an error", err)
		}
	})
}

// A nice job is nice from its first instruction, and the jobs after it are not.
func TestANiceJobGivesWay(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("ffmpeg is made nice on Linux only, by process_linux.go")
	}
	real, dir := find(t), t.TempDir()
	script := filepath.Join(dir, "ffmpeg")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nnice >\"$0.$$\"\nexec "+real.FFmpeg+" \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	tool := Tool{FFmpeg: script, FFprobe: real.FFprobe}
	own := niceness(t, dir, tool, 0)
	if got := niceness(t, dir, tool, 7); got != max(own, 7) {
		t.Errorf("the job's niceness is %d", got)
	}
	if got := niceness(t, dir, tool, 0); got != own {
		t.Errorf("afterwards a job's niceness is %d instead of %d", got, own)
	}
}

// niceness runs a job and gives what it was run at.
func niceness(t *testing.T, dir string, tool Tool, nice int) int {
	t.Helper()
	if res, err := tool.Run(t.Context(), Job{Graph: null(picture("s=16x16:d=0.2")), Nice: nice}); err != nil || res.Frames != 5 {
		t.Fatalf("%d frames, %v", res.Frames, err)
	}
	all, err := filepath.Glob(filepath.Join(dir, "ffmpeg.*"))
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	said, err := os.ReadFile(all[0])
	if err == nil {
		err = os.Remove(all[0])
	}
	n, err2 := strconv.Atoi(strings.TrimSpace(string(said)))
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return n
}
