package clip

import (
	"bytes"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/Eyevinn/mp4ff/mp4"

	"oneframe/app/source"
)

func TestTheTimescaleIsAMultipleOfTheRate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ num, den, scale, tick int64 }{
		{24, 1, 12288, 512}, {25, 1, 12800, 512}, {30, 1, 15360, 512}, {60, 1, 15360, 256},
		{24000, 1001, 24000, 1001}, {30000, 1001, 30000, 1001}, {25, 2, 12800, 1024},
	} {
		if scale, tick := ticks(source.Rate{Num: c.num, Den: c.den}); scale != c.scale || tick != c.tick {
			t.Errorf("%d/%d: %d, %d; want %d, %d", c.num, c.den, scale, tick, c.scale, c.tick)
		}
	}
}

func TestSingleFramesTakeTurns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ frames, want []int }{
		{[]int{1}, []int{0}},
		{[]int{1, 1}, []int{1, 0}},
		{[]int{2, 1, 1, 1, 5}, []int{0, 1, 0, 1, 0}},
		{[]int{1, 3, 1, 48}, []int{1, 0, 1, 0}},
	} {
		var heads []head
		for _, n := range c.frames {
			heads = append(heads, head{Frames: n})
		}
		if got := variants(heads); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.frames, got, c.want)
		}
	}
}

// A clip of more than 4 GB needs 64-bit places; only its header is written here.
func TestAClipBeyondFourGigabytes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		frameBytes uint32
		large      bool
	}{{40 << 20, false}, {60 << 20, true}} {
		tl := Plan(facts(100), nil, nil, Quality{})
		var heads []head
		for _, u := range tl.Units {
			h := head{Frames: u.Frames, Config: []byte{1, 66, 0, 31, 0xff, 0xe0, 0}}
			for i := range u.Frames {
				h.Samples = append(h.Samples, sample{c.frameBytes, uint16(i)})
			}
			heads = append(heads, h)
		}
		l, err := newLayout(tl, heads, nil)
		if err != nil {
			t.Fatal(err)
		}
		header, err := l.header()
		if err != nil {
			t.Fatal(err)
		}
		end := bytes.Index(header, []byte("mdat"))
		file, err := mp4.DecodeFile(bytes.NewReader(header[:end-4]))
		if err != nil {
			t.Fatal(err)
		}
		stbl := file.Moov.Trak.Mdia.Minf.Stbl
		if large := stbl.Co64 != nil && stbl.Stco == nil && header[end-1] == 1; large != c.large {
			t.Errorf("frames of %d MB: 64 bits are %t", c.frameBytes>>20, large)
		}
		for i, at := range chunkOffsets(stbl) {
			if want := int64(len(header)) + int64(i)*25*int64(c.frameBytes); at != want {
				t.Errorf("frames of %d MB: second %d begins at %d instead of %d", c.frameBytes>>20, i, at, want)
			}
		}
	}
}

func TestUnitsThatDoNotFitAreNotJoined(t *testing.T) {
	t.Parallel()
	tl := Plan(facts(60), nil, nil, Quality{}) // 48 and 12 frames
	unit := func(frames int, config string) head {
		h := head{Frames: frames, Config: []byte(config)}
		for i := range frames {
			h.Samples = append(h.Samples, sample{1, uint16(i)})
		}
		return h
	}
	if _, err := newLayout(tl, []head{unit(48, "a"), unit(12, "a")}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := newLayout(tl, []head{unit(48, "a"), unit(12, "b")}, nil); err == nil {
		t.Error("two decoder configurations are joined")
	}
	if _, err := newLayout(tl, []head{unit(48, "a"), unit(11, "a")}, nil); err == nil {
		t.Error("a frame is missing")
	}
}

// What kinds of sound there are, and what of them a video of two seconds keeps.
func TestTheSoundIsCutToTheVideo(t *testing.T) {
	t.Parallel()
	s := bareStage(t, made{})
	dir := t.TempDir()
	for _, c := range []struct {
		what         string
		args         []string
		first, delay float64 // seconds: the first sample, and the silence before
		until        float64 // the last sample begins before this and at most 1024 samples earlier
	}{
		{"longer", []string{"-f", "lavfi", "-i", "sine=d=3:r=48000"}, -1024. / 48000, 0, 2},
		{"shorter", []string{"-f", "lavfi", "-i", "sine=d=1.25:r=48000"}, -1024. / 48000, 0, 1.25},
		{"delayed", []string{"-itsoffset", "0.5", "-f", "lavfi", "-i", "sine=d=3:r=48000"}, 0.478, 0.478, 2},
	} {
		file := filepath.Join(dir, c.what+".m4a")
		s.ffmpeg(append(c.args, "-c:a", "aac", "-avoid_negative_ts", "disabled", file)...)
		got, err := openSound(file, big.NewRat(2, 1))
		s.must(err)
		n := len(got.starts)
		first, last := float64(got.starts[0])/48000, float64(got.starts[n-1])/48000
		if delay, _ := got.delay.Float64(); abs(delay-c.delay) > 0.001 || abs(first-c.first) > 0.001 || last >= c.until || last < c.until-0.0225 {
			t.Errorf("%s: silent until %f, samples at %f to %f", c.what, delay, first, last)
		}
		s.must(got.Close())
	}
	if got, err := openSound(filepath.Join(dir, "delayed.m4a"), big.NewRat(1, 4)); err != nil || len(got.starts) != 0 {
		t.Errorf("a sound that begins after the video's end: %v, %v", got.starts, err)
	}
	s.must(os.WriteFile(filepath.Join(dir, "none.m4a"), []byte("no sound"), 0o600))
	if _, err := openSound(filepath.Join(dir, "none.m4a"), big.NewRat(2, 1)); err == nil {
		t.Error("what is no sound is taken for some")
	}
}

func abs(x float64) float64 { return max(x, -x) }

func TestBatchesAreOfOneKindAndFillTheCores(t *testing.T) {
	t.Parallel()
	tl := Plan(facts(3000), evenSlots(0, 3000, 2), choose(2, 4, 6, 900, 1500), Quality{})
	tl.Units = append(tl.Units, Unit{First: 3000, Frames: 1, Picture: "x"}) // shortened at the end
	var jobs []job
	want := 0
	for i, u := range tl.Units {
		jobs = append(jobs, job{key(byte(i)), u})
		want += jobs[i].frames()
	}
	for _, workers := range []int{1, 2, 8, 64} {
		frames := 0
		for _, b := range batches(jobs, workers) {
			sum, last := 0, -1
			for _, j := range b.jobs {
				if kind(j) != kind(b.jobs[0]) || j.unit.First <= last {
					t.Errorf("%d workers: a batch mixes %+v and %+v", workers, b.jobs[0].unit, j.unit)
				}
				sum, last = sum+j.frames(), j.unit.First
			}
			if sum != b.frames || sum > batchMost {
				t.Errorf("%d workers: a batch has %d frames, says %d", workers, sum, b.frames)
			}
			frames += sum
		}
		if frames != want {
			t.Errorf("%d workers: %d frames of %d", workers, frames, want)
		}
	}
	if got := batches(nil, 2); len(got) != 0 {
		t.Errorf("of nothing came %v", got)
	}
}
