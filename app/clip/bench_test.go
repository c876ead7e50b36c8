package clip

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	ffmpeg_go "github.com/u2takey/ffmpeg-go"

	"oneframe/app/ffmpeg"
	"oneframe/app/source"
)

// BenchmarkRender measures a render against one plain ffmpeg encode of the same timeline
// at the same settings, in the same run: wall time, and as cpu-s the seconds of CPU that
// it and its ffmpegs used, which a busy machine blurs less. With -short the clip lasts
// 20 s at 640×360 instead of 3:40 at 1280×720. What is made for it stays in the
// temporary folder, for the next time.
//
//	go test -run '^$' -bench Render ./app/clip
func BenchmarkRender(b *testing.B) {
	s := newBenchStage(b)
	b.Run("Plain", func(b *testing.B) { s.measure(b, s.plain) })
	b.Run("Full", func(b *testing.B) {
		s.measure(b, func() {
			s.must(os.RemoveAll(s.Units))
			s.forget()
			s.render()
		})
	})
	b.Run("Nothing", func(b *testing.B) { s.measure(b, func() { s.render() }) })
	b.Run("One", func(b *testing.B) { s.measure(b, func() { s.change(1, true) }) })
	b.Run("Fifty", func(b *testing.B) { s.measure(b, func() { s.change(50, false) }) })
	b.Run("FiftyNeighbours", func(b *testing.B) { s.measure(b, func() { s.change(50, true) }) })
	b.Run("Stills", func(b *testing.B) { s.measure(b, s.stillsAgain) })
	b.Run("Rejoin", func(b *testing.B) { s.measure(b, s.rejoinAgain) })
	b.Run("Growth", func(b *testing.B) { s.measure(b, s.growAgain) })
	b.Run("TwoHundred", func(b *testing.B) { s.measure(b, func() { s.change(200, false) }) })
}

// benchStage is a stage whose slots are filled to two thirds.
type benchStage struct {
	*stage
	stills []string // files, of which the first are in use
	next   int
	filled map[int]string // slot → its still
	random *rand.Rand
}

func newBenchStage(b *testing.B) *benchStage {
	m := made{fps: source.Rate{Num: 25, Den: 1}, frames: 5500, hold: 2, width: 1280, height: 720, sound: true}
	stills := 2400
	if testing.Short() {
		m.frames, m.width, m.height, stills = 500, 640, 360, 600
	}
	s := &benchStage{filled: map[int]string{}, random: rand.New(rand.NewPCG(1, 2))}
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("oneframe-bench-clip-1-%d", m.height))
	s.stage = bareStage(b, m)
	s.makeOnce(dir, "big.png", func(file string) {
		s.ffmpeg("-f", "lavfi", "-i", fmt.Sprintf("mandelbrot=s=%dx%d:start_scale=0.4", 3*m.width, 3*m.height), "-frames:v", "1", file)
	})
	s.makeOnce(dir, "mezzanine.mp4", func(file string) { // the camera swings over the big picture
		s.ffmpeg("-loop", "1", "-framerate", "25", "-i", filepath.Join(dir, "big.png"), "-frames:v", fmt.Sprint(m.frames), "-vf",
			"crop=iw/3:ih/3:x=(iw-ow)*(0.5+0.5*sin(n/70)):y=(ih-oh)*(0.5+0.5*sin(n/47)),format=yuv420p,noise=c0s=5:c0f=t,"+
				"setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709",
			"-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-g", "12", "-keyint_min", "12", "-sc_threshold", "0", "-bf", "0", file)
	})
	s.makeOnce(dir, "sound.m4a", func(file string) {
		s.ffmpeg("-f", "lavfi", "-i", fmt.Sprintf("sine=f=440:b=4:d=%d", m.frames/25), "-c:a", "aac", "-b:a", "160k", file)
	})
	s.makeOnce(dir, "stills", func(folder string) {
		s.must(os.MkdirAll(folder, 0o750))
		s.ffmpeg("-loop", "1", "-framerate", "25", "-i", filepath.Join(dir, "big.png"), "-frames:v", fmt.Sprint(stills), "-vf",
			"crop=iw/3:ih/3:x=(iw-ow)*mod(n*0.618\\,1):y=(ih-oh)*mod(n*0.414\\,1),hue=H=n*2.4,noise=c0s=4:c0f=t",
			"-q:v", "4", "-pix_fmt", "yuvj420p", filepath.Join(folder, "%04d.jpg"))
	})
	for i := range stills {
		s.stills = append(s.stills, filepath.Join(dir, "stills", fmt.Sprintf("%04d.jpg", i+1)))
	}
	s.must(os.MkdirAll(s.Library.Folder("c"), 0o750))
	s.must(os.Symlink(filepath.Join(dir, "mezzanine.mp4"), s.Library.Mezzanine("c")))
	s.must(os.Symlink(filepath.Join(dir, "sound.m4a"), s.Library.Sound("c")))
	s.write(s.insert)
	for n := 1; n <= m.frames/m.hold; n++ {
		if s.random.IntN(3) > 0 {
			s.shoot(n)
		}
	}
	return s
}

// makeOnce makes a file or folder unless an earlier run has.
func (s *benchStage) makeOnce(dir, name string, f func(path string)) {
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err == nil {
		return
	}
	s.must(os.MkdirAll(dir, 0o750))
	ext := filepath.Ext(name)
	f(strings.TrimSuffix(path, ext) + "-new" + ext)
	s.must(os.Rename(strings.TrimSuffix(path, ext)+"-new"+ext, path))
}

// shoot fills a slot with a still that was not used before.
func (s *benchStage) shoot(n int) {
	file := s.stills[s.next%len(s.stills)]
	large, err := os.ReadFile(file)
	s.must(err)
	if s.next >= len(s.stills) { // a comment makes it another file
		large = append([]byte{0xff, 0xd8, 0xff, 0xfe, 0, 6}, append(fmt.Appendf(nil, "%04d", s.next%10000), large[2:]...)...)
	}
	s.next++
	s.fill(n, large)
	s.filled[n] = file
}

// change gives n slots, side by side or anywhere, another picture, and renders.
func (s *benchStage) change(n int, neighbours bool) {
	total := s.frames / s.hold
	from := s.random.IntN(total - n)
	for i := range n {
		at := from + i
		if !neighbours {
			at = s.random.IntN(total)
		}
		s.shoot(at + 1)
	}
	s.render()
}

// forget has the next render begin from nothing.
func (s *benchStage) forget() {
	s.must(os.RemoveAll(s.Library.Renders("c")))
}

// measure runs f until the benchmark has enough, and reports its CPU time.
func (s *benchStage) measure(b *testing.B, f func()) {
	s.TB = b
	before := cpuTime(b)
	for b.Loop() {
		f()
	}
	b.ReportMetric((cpuTime(b)-before).Seconds()/float64(b.N), "cpu-s/op")
	if r, err := os.Stat(s.File(s.maybeCurrent())); err == nil {
		b.ReportMetric(float64(r.Size())/1e6, "MB")
	}
}

func (s *benchStage) maybeCurrent() Render {
	_, r, err := s.planNow(context.Background(), "c")
	s.must(err)
	return r
}

// cpuTime is what this process and its children that have ended have used.
func cpuTime(t testing.TB) (sum time.Duration) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			t.Fatal(err)
		}
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return sum
}

// plain encodes the timeline in one ffmpeg, as one would without units: the mezzanine
// with the stills laid over it where a slot is filled.
func (s *benchStage) plain() {
	var list bytes.Buffer
	var shown []Unit
	fmt.Fprintln(&list, "ffconcat version 1.0")
	for _, u := range s.timeline().Units {
		if u.Picture != "" {
			shown = append(shown, u)
		}
	}
	for i, u := range shown {
		from, until := u.First, s.frames
		if i == 0 {
			from = 0
		}
		if i+1 < len(shown) {
			until = shown[i+1].First
		}
		fmt.Fprintf(&list, "file '%s'\nduration %f\n", s.filled[u.Slot], float64(until-from)/s.fps.Float())
	}
	var spans []span
	for _, u := range shown {
		spans = add(spans, span{u.First, u.First + u.Frames})
	}
	dir := s.TempDir()
	file := filepath.Join(dir, "list")
	s.must(os.WriteFile(file, list.Bytes(), 0o600))
	stills := ffmpeg_go.Input(file, ffmpeg_go.KwArgs{"f": "concat", "safe": 0}).
		Filter("zscale", nil, ffmpeg_go.KwArgs{"filter": "bicubic", "w": s.width, "h": s.height, "matrixin": "470bg", "rangein": "full",
			"primariesin": "709", "transferin": "709", "matrix": "709", "range": "limited", "primaries": "709", "transfer": "709"}).
		Filter("format", ffmpeg_go.Args{"yuv420p"})
	graph := ffmpeg_go.Filter([]*ffmpeg_go.Stream{ffmpeg_go.Input(s.Library.Mezzanine("c")), stills}, "overlay", nil,
		ffmpeg_go.KwArgs{"enable": anyOf(spans)}).
		Output(filepath.Join(dir, "plain.mp4"), ffmpeg_go.KwArgs{"c:v": "libx264", "preset": s.Preset, "crf": s.CRF, "pix_fmt": "yuv420p", "r": s.fps.String(), "fps_mode": "cfr"})
	res, err := s.Tool.Run(context.Background(), ffmpeg.Job{Graph: graph})
	s.must(err)
	if res.Frames != int64(s.frames) {
		s.Fatalf("the plain encode has %d frames instead of %d", res.Frames, s.frames)
	}
	if st, err := os.Stat(filepath.Join(dir, "plain.mp4")); err == nil {
		s.Logf("plain: %.1f MB", float64(st.Size())/1e6)
	}
}
