package source

import (
	"encoding/binary"
	"math"
	"os/exec"
	"testing"

	"oneframe/app/source/demo"
)

// flash gives the time of the first bright frame of a mezzanine, in seconds.
func flash(t *testing.T, file string, rate Rate) float64 {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", file, "-vf", "scale=1:1:flags=area,format=gray", "-f", "rawvideo", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	for i, level := range out {
		if level > 128 {
			return rate.At(i).Seconds()
		}
	}
	t.Fatal("there is no flash")
	return 0
}

const hearing = 8000 // samples a second

// heard decodes a sound to one side of samples, as a player does.
func heard(t *testing.T, file string) []float64 {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", file, "-af", "aresample=async=1:first_pts=0", "-ac", "1", "-ar", "8000", "-f", "s16le", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := make([]float64, len(out)/2)
	for i := range all {
		all[i] = float64(int16(binary.LittleEndian.Uint16(out[2*i:]))) / math.MaxInt16
	}
	return all
}

func beep(t *testing.T, file string) float64 {
	t.Helper()
	for i, v := range heard(t, file) {
		if math.Abs(v) > 0.05 {
			return float64(i) / hearing
		}
	}
	t.Fatal("there is no beep")
	return 0
}

// A flash and a beep are at the times at which they are in the source, however its
// streams begin.
func TestSoundAndPictureStayInStep(t *testing.T) {
	t.Parallel()
	const (
		picture = "-f lavfi -i color=black:s=160x120:r=25:d=4,drawbox=enable='between(t,1.999,2.5)':color=white:t=fill "
		tiny    = "-f lavfi -i sine=f=1000:d=4:samples_per_frame=64,volume=enable='lt(t,2)':volume=0:eval=frame "
		h264    = " -c:v libx264 -preset ultrafast -pix_fmt yuv420p"
	)
	for name, c := range map[string]struct {
		file, args  string
		flash, beep float64
	}{
		"together":        {"a.mp4", picture + tiny + h264, 2, 2},
		"B-frames":        {"a.mp4", picture + tiny + "-c:v libx264 -preset medium -bf 3 -pix_fmt yuv420p", 2, 2},
		"a late sound":    {"a.mp4", picture + "-itsoffset 0.5 " + tiny + h264, 2, 2.5},
		"a late picture":  {"a.mp4", "-itsoffset 0.5 " + picture + tiny + h264, 2.5, 2},
		"late, Matroska":  {"a.mkv", picture + "-itsoffset 0.3 " + tiny + h264 + " -c:a pcm_s16le", 2, 2.3},
		"WebM":            {"a.webm", picture + tiny + "-c:v libvpx -deadline realtime -cpu-used 8 -c:a libopus", 2, 2},
		"a late WebM":     {"a.webm", "-itsoffset 0.7 " + picture + tiny + "-c:v libvpx -deadline realtime -cpu-used 8 -c:a libvorbis", 2.7, 2},
		"AVI":             {"a.avi", picture + tiny + "-c:v mpeg4 -c:a pcm_s16le", 2, 2},
		"transport":       {"a.ts", picture + tiny + h264 + " -c:a mp2", 2, 2},
		"60 frames":       {"a.mp4", picture + tiny + "-r 60 -bf 0" + h264, 2, 2},
		"a start at 1 h":  {"a.mkv", picture + tiny + h264 + " -output_ts_offset 3600", 2, 2},
		"at 29.97 frames": {"a.mov", picture + tiny + "-r 30000/1001" + h264, 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			im := newImporter(t)
			v := imported(t, im, made(t, c.file, c.args))
			frame := v.FPS.At(1).Seconds()
			if at := flash(t, im.Library.Mezzanine("clip"), v.FPS); math.Abs(at-c.flash) > frame*1.01 {
				t.Errorf("the flash is at %.3f s, want %v", at, c.flash)
			}
			if at := beep(t, im.Library.Sound("clip")); math.Abs(at-c.beep) > 0.02 {
				t.Errorf("the beep is at %.3f s, want %v", at, c.beep)
			}
		})
	}
}

func TestTheDemoIsImportedLikeAnyVideo(t *testing.T) {
	t.Parallel()
	im := newImporter(t)
	last := 0.0
	v, err := im.Demo(t.Context(), func(share float64) {
		if share < last || share > 1 {
			t.Errorf("progress goes from %v to %v", last, share)
		}
		last = share
	})
	if err != nil {
		t.Fatal(err)
	}
	if v.Slug != "demo" || v.Frames != 300 || v.FPS != (Rate{25, 1}) || v.Width != 1280 || v.Height != 720 || v.Slots != 150 || !v.Sound {
		t.Errorf("the demo is %+v", v)
	}
	checkVideo(t, im, v)

	// Its poses change on the beat that is heard: what moves before a beat stands after it.
	samples := heard(t, im.Library.Sound("demo"))
	loud := func(from, to float64) (sum float64) {
		for _, s := range samples[int(from*hearing):min(len(samples), int(to*hearing))] {
			sum += s * s
		}
		return sum / (to - from)
	}
	for second := 1.0; second < demo.Frames/demo.Rate; second++ {
		if before, after := loud(second-0.06, second-0.01), loud(second+0.01, second+0.06); after < 2*before {
			t.Errorf("at %v s the loudness goes from %.2f to %.2f", second, before, after)
		}
		n := int(second) * demo.Rate
		at := func(frame int) []byte { return seen(t, im.Library.Mezzanine("demo"), frame, 160, 90) }
		if int(second)%4 == 1 && apart(at(n+8), at(n+13)) > apart(at(n-6), at(n-1)) {
			t.Errorf("at %v s the figure moves more after the beat than before it", second)
		}
	}
}
