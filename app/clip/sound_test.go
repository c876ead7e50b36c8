package clip

import (
	"bytes"
	"slices"
	"testing"

	"oneframe/app/source"
)

func TestTheSoundIsTheSourcesToTheSample(t *testing.T) {
	t.Parallel()
	for _, fps := range []source.Rate{{Num: 25, Den: 1}, {Num: 30000, Den: 1001}} {
		s := newStage(t, made{fps: fps, frames: 61, hold: 2, sound: true})
		s.fill(3, still(1, 160, 90))
		clip := s.File(s.render())

		packets := func(file string) []string {
			return s.probe("-select_streams", "a", "-show_entries", "packet=pts,size,flags,data_hash", "-show_data_hash", "MD5", file)
		}
		got, want := packets(clip), packets(s.Library.Sound("c"))
		if len(got) < 90 || len(got) >= len(want) || !slices.Equal(got, want[:len(got)]) {
			t.Errorf("%s fps: %d packets of the source's %d, which differ:\n%.300s\n%.300s", fps, len(got), len(want), got, want)
		}

		pcm := func(file string) []byte {
			return s.ffmpeg("-i", file, "-map", "0:a", "-f", "s16le", "-")
		}
		heard, all := pcm(clip), pcm(s.Library.Sound("c"))
		frames := int(61 * fps.Den * 44100 / fps.Num)
		if n := len(heard) / 2; n < frames || n >= frames+1024 || !bytes.Equal(heard, all[:len(heard)]) {
			t.Errorf("%s fps: %d samples are heard, not the source's first %d to %d", fps, n, frames, frames+1023)
		}
	}
}

func TestASilentSourceMakesASilentClip(t *testing.T) {
	t.Parallel()
	s := newStage(t, made{fps: source.Rate{Num: 25, Den: 1}, frames: 10, hold: 2})
	if got := s.probe("-show_entries", "stream=codec_type", s.File(s.render())); !slices.Equal(got, []string{"video"}) {
		t.Errorf("the clip's streams are %v", got)
	}
}
