package clip

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	ffmpeg_go "github.com/u2takey/ffmpeg-go"

	"oneframe/app/ffmpeg"
)

// compared is which frames are compared, every so many: of pictures that are held for two
// frames now the one and now the other.
const compared = 5

// same compares the joined clip and the plain encode with the timeline that both were made
// from, before any encoding: the mean structural similarity of either, and what the units
// lose. It reports beside them how the two sizes compare.
func (s *benchStage) same(b *testing.B) {
	s.ready(b)
	if s.plainFile == "" {
		s.plain()
	}
	dir := s.TempDir()
	files := map[string]string{"plain": s.plainFile, "units": s.File(s.current())}
	for b.Loop() {
		var outputs []*ffmpeg_go.Stream
		original := s.together().Filter("select", ffmpeg_go.Args{every()}).Split()
		for name, file := range files {
			encoded := ffmpeg_go.Input(file).Video().Filter("select", ffmpeg_go.Args{every()})
			outputs = append(outputs, ffmpeg_go.Filter([]*ffmpeg_go.Stream{encoded, original.Get(name)}, "ssim", nil,
				ffmpeg_go.KwArgs{"stats_file": filepath.Join(dir, name)}).Output("-", ffmpeg_go.KwArgs{"f": "null", "fps_mode": "passthrough"}))
		}
		_, err := s.Tool.Run(context.Background(), ffmpeg.Job{Graph: ffmpeg_go.MergeOutputs(outputs...)})
		s.must(err)
	}
	plain, units := s.meanSSIM(filepath.Join(dir, "plain")), s.meanSSIM(filepath.Join(dir, "units"))
	b.ReportMetric(plain, "ssim-plain")
	b.ReportMetric(units, "ssim-units")
	b.ReportMetric(max(plain-units, units-plain), "ssim-apart")
}

func every() string { return fmt.Sprintf("not(mod(n,%d))", compared) }

// meanSSIM reads a file of the filter ssim and gives the mean over its frames.
func (s *benchStage) meanSSIM(file string) float64 {
	text, err := os.ReadFile(file)
	s.must(err)
	sum, n := 0.0, 0
	for line := range strings.Lines(string(text)) {
		_, rest, _ := strings.Cut(line, "All:")
		v, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
		s.must(err)
		sum, n = sum+v, n+1
	}
	if n != (s.frames+compared-1)/compared {
		s.Fatalf("%d frames were compared of %d", n, s.frames/compared)
	}
	return sum / float64(n)
}
