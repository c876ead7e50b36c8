package clip

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	ffmpeg_go "github.com/u2takey/ffmpeg-go"

	"oneframe/app/ffmpeg"
	"oneframe/app/source"
)

// BenchmarkRender measures a render against one plain ffmpeg encode of the same timeline
// at the same settings, in the same run: wall time, as cpu-s the seconds of CPU that it
// and its ffmpegs used, which a busy machine blurs less, and the file's MB. With -short the
// clip lasts 20 s at 640×360 instead of 3:40 at 1280×720. What is made for it stays in the
// temporary folder, for the next time.
//
//	go test -run '^$' -bench Render ./app/clip
func BenchmarkRender(b *testing.B) {
	s := newBenchStage(b, true)
	b.Run("Plain", func(b *testing.B) { s.measure(b, func() { s.plain() }) })
	b.Run("Full", func(b *testing.B) {
		s.measure(b, func() {
			s.must(os.RemoveAll(s.Units))
			s.forget()
			s.render()
		})
	})
	b.Run("Same", s.same)
	b.Run("Join", func(b *testing.B) {
		s.ready(b)
		var grew int64
		for b.Loop() {
			grew = s.joinMemory()
		}
		b.ReportMetric(float64(grew)/1e6, "join-MB")
	})
	b.Run("Nothing", func(b *testing.B) { s.repeat(b, s.nothing) })
	b.Run("One", func(b *testing.B) { s.repeat(b, func() { s.change(1, true) }) })
	b.Run("Fifty", func(b *testing.B) { s.repeat(b, func() { s.change(50, false) }) })
	b.Run("FiftyNeighbours", func(b *testing.B) { s.repeat(b, func() { s.change(50, true) }) })
	b.Run("Stills", func(b *testing.B) { s.repeat(b, s.stillsAgain) })
	b.Run("Rejoin", func(b *testing.B) { s.repeat(b, s.rejoinAgain) })
	b.Run("TwoHundred", func(b *testing.B) { s.repeat(b, func() { s.change(200, false) }) })
}

// BenchmarkEmpty is the same of a clip without a picture, in which every change breaks a
// run of the original.
//
//	go test -run '^$' -bench Empty ./app/clip
func BenchmarkEmpty(b *testing.B) {
	s := newBenchStage(b, false)
	b.Run("Plain", func(b *testing.B) { s.measure(b, func() { s.plain() }) })
	b.Run("Full", func(b *testing.B) { s.measure(b, func() { s.render() }) })
	b.Run("Ahead", func(b *testing.B) { s.repeat(b, s.ahead) })
	b.Run("Fifty", func(b *testing.B) { s.repeat(b, func() { s.change(50, false) }) })
	other := newBenchStage(b, false)
	other.Units = s.Units // their originals are the same
	b.Run("FiftyNeighbours", func(b *testing.B) { other.repeat(b, func() { other.change(50, true) }) })
}

// ahead makes what the first pictures will need, as the site does when nothing else is to do.
func (s *benchStage) ahead() {
	all := Ahead{Studio: s.Studio}
	s.must(all.Run(context.Background()))
}

// benchStage is a stage whose slots are filled to two thirds, or not at all.
type benchStage struct {
	*stage
	stills []string // files, of which the first are in use
	next   int
	shown  map[int]string // slot → its still
	random *rand.Rand

	plainFile string // "" until there is one
}

func newBenchStage(b *testing.B, filled bool) *benchStage {
	m := made{fps: source.Rate{Num: 25, Den: 1}, frames: 5500, hold: 2, width: 1280, height: 720, sound: true}
	stills := 2400
	if testing.Short() {
		m.frames, m.width, m.height, stills = 500, 640, 360, 600
	}
	s := &benchStage{shown: map[int]string{}, random: rand.New(rand.NewPCG(1, 2))}
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
		if filled && s.random.IntN(3) > 0 {
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
	s.shown[n] = file
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

// nothing renders a clip of which nothing has changed, which makes no file.
func (s *benchStage) nothing() {
	before := s.files()
	if r := s.render(); r.UnitsEncoded != 0 || !slices.Equal(before, s.files()) {
		s.Fatalf("with nothing changed the render is %+v, and the files are %v", r, s.files())
	}
}

// ready renders the clip where nothing has yet, for benchmarks that are run alone.
func (s *benchStage) ready(b *testing.B) {
	s.TB = b
	if s.maybeCurrent().ID == "" {
		s.render()
	}
}

// repeat measures a render of a clip that has been rendered before.
func (s *benchStage) repeat(b *testing.B, f func()) {
	s.ready(b)
	s.measure(b, f)
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
	file := s.File(s.maybeCurrent())
	if file == "" {
		file = s.plainFile
	}
	if f, err := os.Stat(file); err == nil {
		b.ReportMetric(float64(f.Size())/1e6, "MB")
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

// plain encodes the timeline in one ffmpeg, as one would without units, and takes the
// source's sound along.
func (s *benchStage) plain() {
	s.plainFile = filepath.Join(filepath.Dir(s.Units), "plain.mp4") // for the whole run, not only this benchmark
	sound := ffmpeg_go.Input(s.Library.Sound("c")).Audio()
	graph := ffmpeg_go.Output([]*ffmpeg_go.Stream{s.together(), sound}, s.plainFile, ffmpeg_go.KwArgs{
		"c:v": "libx264", "preset": s.Preset, "crf": s.CRF, "pix_fmt": "yuv420p", "r": s.fps.String(), "fps_mode": "cfr", "c:a": "copy"})
	res, err := s.Tool.Run(context.Background(), ffmpeg.Job{Graph: graph})
	s.must(err)
	if res.Frames != int64(s.frames) {
		s.Fatalf("the plain encode has %d frames instead of %d", res.Frames, s.frames)
	}
}

// together is the timeline's frames: those of the mezzanine that no picture covers, and
// between them the stills, each for as long as it lasts, sorted by time. (An overlay that is
// enabled by frame numbers would count now the one input's frames and now the other's.)
func (s *benchStage) together() *ffmpeg_go.Stream {
	list, last := []string{"ffconcat version 1.0"}, 0
	var pictures, originals []span
	still := func(u Unit, until int) {
		list = append(list, fmt.Sprintf("file '%s'", s.shown[u.Slot]), fmt.Sprintf("duration %f", float64(until-last)/s.fps.Float()))
		last = until
	}
	var before Unit
	for _, u := range s.timeline().Units {
		if u.Picture == "" {
			originals = add(originals, span{u.First, u.First + u.Frames})
			continue
		}
		if before.Picture != "" {
			still(before, u.First)
		}
		before, pictures = u, add(pictures, span{u.First, u.First + u.Frames})
	}
	mezzanine := ffmpeg_go.Input(s.Library.Mezzanine("c")).Video()
	if len(pictures) == 0 {
		return mezzanine
	}
	still(before, s.frames)
	still(before, s.frames+1) // the duration of a list's last file does not count
	file := filepath.Join(filepath.Dir(s.Units), "list")
	s.must(os.WriteFile(file, []byte(strings.Join(list, "\n")), 0o600))
	stills := ffmpeg_go.Input(file, ffmpeg_go.KwArgs{"f": "concat", "safe": 0}).
		Filter("zscale", nil, ffmpeg_go.KwArgs{"filter": "bicubic", "w": s.width, "h": s.height, "matrixin": "470bg", "rangein": "full",
			"primariesin": "709", "transferin": "709", "matrix": "709", "range": "limited", "primaries": "709", "transfer": "709"}).
		Filter("format", ffmpeg_go.Args{"yuv420p"}).
		Filter("fps", nil, ffmpeg_go.KwArgs{"fps": s.fps.String(), "start_time": 0})
	return ffmpeg_go.Filter([]*ffmpeg_go.Stream{s.only(mezzanine, originals), s.only(stills, pictures)}, "interleave", nil)
}

// only gives the frames of the spans, each at its own time.
func (s *benchStage) only(in *ffmpeg_go.Stream, spans []span) *ffmpeg_go.Stream {
	return in.Filter("settb", ffmpeg_go.Args{fmt.Sprintf("%d/%d", s.fps.Den, s.fps.Num)}).
		Filter("setpts", ffmpeg_go.Args{"N"}).
		Filter("select", ffmpeg_go.Args{anyOf(spans)}).
		Filter("setsar", ffmpeg_go.Args{"1"})
}
