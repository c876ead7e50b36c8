package clip

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"oneframe/app/source"
)

// sizes that people's pictures have: cropped at the sides, above and below, not at all.
var sizes = [][2]int{{160, 90}, {213, 160}, {320, 240}, {90, 160}, {641, 361}}

func TestTheClipIsWhatOneEncodeOfTheTimelineWouldBe(t *testing.T) {
	for i, m := range []made{
		{fps: source.Rate{Num: 24, Den: 1}, frames: 96, hold: 2, sound: true},
		{fps: source.Rate{Num: 25, Den: 1}, frames: 100, hold: 1, sound: true},
		{fps: source.Rate{Num: 25, Den: 1}, frames: 101, hold: 2},
		{fps: source.Rate{Num: 30000, Den: 1001}, frames: 120, hold: 3, sound: true},
		{fps: source.Rate{Num: 30, Den: 1}, frames: 91, hold: 2, sound: true, from: 7},
		{fps: source.Rate{Num: 60, Den: 1}, frames: 150, hold: 2, sound: true},
		{fps: source.Rate{Num: 24000, Den: 1001}, frames: 60, hold: 3},
	} {
		t.Run(fmt.Sprintf("%s fps hold %d", m.fps, m.hold), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, m)
			random := rand.New(rand.NewPCG(uint64(i), 1))
			if i%3 == 2 {
				s.Fit = Pad
			}
			slots := (m.frames - m.from + m.hold - 1) / m.hold
			for n := 1; n <= slots; n++ {
				if n == 1 || n == slots || random.IntN(3) == 0 {
					size := sizes[random.IntN(len(sizes))]
					s.fill(n, still(n, size[0], size[1]))
				}
			}
			r := s.render()
			single := s.singlePass()
			s.sameFrames(s.File(r), single)
			s.sameTimes(s.File(r), single)
			s.quiet(s.File(r))
		})
	}
}

// ffmpeg has limits that a short clip does not come near.
func TestHundredsOfRunsInOneBatch(t *testing.T) {
	t.Parallel()
	s := newStage(t, made{fps: fps25, frames: 500, hold: 1})
	s.Workers = 1
	for n := 1; n <= 500; n += 2 {
		s.fill(n, still(n, 32, 18))
	}
	r := s.render()
	if r.UnitsEncoded != 500 {
		t.Errorf("the render is %+v", r)
	}
	got, want := s.grey(s.File(r)), s.grey(s.Library.Mezzanine("c"))
	size := s.width * s.height
	differ := func(a, b int) (sum float64) {
		for i := range size {
			sum += abs(float64(got[a*size+i]) - float64(want[b*size+i]))
		}
		return sum / float64(size)
	}
	for n := 1; n < 499; n += 2 { // the originals
		if before, same, after := differ(n, n-1), differ(n, n), differ(n, n+1); same >= before || same >= after {
			t.Errorf("frame %d differs from the original by %.2f, from its neighbours by %.2f and %.2f", n, same, before, after)
		}
	}
}

// grey decodes a file's luma.
func (s *stage) grey(file string) []byte {
	s.Helper()
	return s.ffmpeg("-i", file, "-f", "rawvideo", "-pix_fmt", "gray", "-")
}

// singlePass encodes the timeline in one ffmpeg, from frames that were decoded and
// converted one by one.
func (s *stage) singlePass() string {
	s.Helper()
	raw := s.rawTimeline()
	out := filepath.Join(s.TempDir(), "single.mp4")
	s.ffmpeg("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", fmt.Sprintf("%dx%d", s.width, s.height), "-framerate", s.fps.String(), "-i", raw,
		"-c:v", "libx264", "-preset", s.Preset, "-crf", fmt.Sprint(s.CRF), "-r", s.fps.String(), out)
	return out
}

// rawTimeline writes every frame that the clip should show, as yuv420p.
func (s *stage) rawTimeline() string {
	s.Helper()
	size := s.width * s.height * 3 / 2
	original := s.ffmpeg("-i", s.Library.Mezzanine("c"), "-f", "rawvideo", "-pix_fmt", "yuv420p", "-")
	var all []byte
	for _, u := range s.timeline().Units {
		if u.Picture == "" {
			all = append(all, original[u.First*size:(u.First+u.Frames)*size]...)
			continue
		}
		one := s.ffmpeg("-i", s.Renditions.Path(u.Picture), "-filter_complex", s.fitted(), "-f", "rawvideo", "-")
		for range u.Frames {
			all = append(all, one...)
		}
	}
	if len(all) != s.frames*size {
		s.Fatalf("the timeline has %d bytes instead of %d", len(all), s.frames*size)
	}
	path := filepath.Join(s.TempDir(), "timeline.yuv")
	s.must(os.WriteFile(path, all, 0o600))
	return path
}

// fitted is the filter that makes a picture the clip's, with swscale where the room uses
// zscale.
func (s *stage) fitted() string {
	const colours = ":flags=bicubic+accurate_rnd+full_chroma_int:in_range=pc:out_range=tv:in_color_matrix=bt601:out_color_matrix=bt709,format=yuv420p"
	fill := fmt.Sprintf("scale=%[1]d:%[2]d:force_original_aspect_ratio=increase%[3]s,crop=%[1]d:%[2]d:(iw-ow)/2:(ih-oh)/3", s.width, s.height, colours)
	if s.Fit == Crop {
		return fill
	}
	whole := fmt.Sprintf("scale=2*round(min(%[1]d\\,%[2]d*iw/ih)/2):2*round(min(%[2]d\\,%[1]d*ih/iw)/2)%[3]s", s.width, s.height, colours)
	return fmt.Sprintf("split[a][b];[a]%s,gblur=sigma=%f,lutyuv=y=16+(val-16)*0.6:u=128+(val-128)*0.6:v=128+(val-128)*0.6[behind];[b]%s[whole];[behind][whole]overlay=(W-w)/2:(H-h)/2:format=yuv420",
		fill, float64(s.width)/30, whole)
}

// sameFrames holds the files against each other, frame by frame.
func (s *stage) sameFrames(a, b string) {
	s.Helper()
	stats := filepath.Join(s.TempDir(), "ssim")
	s.ffmpeg("-i", a, "-i", b, "-lavfi", "[0:v]setpts=N/(FRAME_RATE*TB)[a];[1:v]setpts=N/(FRAME_RATE*TB)[b];[a][b]ssim=stats_file="+stats, "-fps_mode", "passthrough", "-f", "null", "-")
	text, err := os.ReadFile(stats)
	s.must(err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != s.frames {
		s.Errorf("%d frames were compared of %d", len(lines), s.frames)
	}
	for i, line := range lines {
		_, rest, _ := strings.Cut(line, "All:")
		value, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
		s.must(err)
		if value < 0.97 {
			s.Errorf("frame %d: SSIM %.4f: %s", i, value, line)
		}
	}
}

// probe runs ffprobe, which may not complain.
func (s *stage) probe(args ...string) []string {
	s.Helper()
	out, err := exec.Command(s.Tool.FFprobe, append([]string{"-v", "warning", "-of", "csv=p=0"}, args...)...).CombinedOutput()
	s.must(err)
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// sameTimes compares when each frame is shown.
func (s *stage) sameTimes(a, b string) {
	s.Helper()
	times := func(file string) []string {
		all := s.probe("-select_streams", "v", "-show_entries", "frame=pts_time", file)
		for i := range all {
			all[i], _, _ = strings.Cut(all[i], ",") // side data may follow
		}
		return slices.DeleteFunc(all, func(line string) bool { return line == "" })
	}
	if got, want := times(a), times(b); !slices.Equal(got, want) {
		s.Errorf("the frames are shown at\n%v instead of\n%v", got, want)
	}
}

// quiet asserts that neither ffprobe nor a decoder has anything to say about the file.
func (s *stage) quiet(file string) {
	s.Helper()
	for _, cmd := range []*exec.Cmd{
		exec.Command(s.Tool.FFprobe, "-v", "warning", file),
		exec.Command(s.Tool.FFmpeg, "-nostdin", "-v", "warning", "-i", file, "-map", "0", "-f", "null", "-"),
	} {
		if said, err := cmd.CombinedOutput(); err != nil || len(said) > 0 {
			s.Errorf("%s: %v\n%s", cmd, err, said)
		}
	}
}
