package clip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"time"

	ffmpeg_go "github.com/u2takey/ffmpeg-go"
	"golang.org/x/sync/errgroup"

	"oneframe/app/fault"
	"oneframe/app/ffmpeg"
)

// check looks at a file that was just written as a stranger would: its tables, what
// ffprobe says of it, and whether the changed frames decode without a word of complaint.
// Its error says what failed.
func (s *Studio) check(ctx context.Context, l *layout, path string, changed []span) error {
	err := checkTables(l, path)
	if err == nil {
		err = s.checkProbe(ctx, l, path)
	}
	if err == nil {
		err = s.checkFrames(ctx, l, path, changed)
	}
	if err != nil && ctx.Err() == nil && !isStarved(err) {
		return fault.Wrap(err, fault.Internal, "check_failed", "The new clip did not pass its check, so the old one stays.")
	}
	return err
}

// checkTables reads the file's own tables: the number of frames, when each is shown, and
// where the sound begins.
func checkTables(l *layout, path string) (err error) {
	video, err := openTrack(path, "vide")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, video.Close()) }()
	scale, tick := ticks(l.FPS)
	times := video.times()
	if len(times) != l.Frames || int64(video.trak.Mdia.Mdhd.Timescale) != scale {
		return fmt.Errorf("the file has %d frames at 1/%d s instead of %d at 1/%d", len(times), video.trak.Mdia.Mdhd.Timescale, l.Frames, scale)
	}
	begin := video.trak.Edts.Elst[0].Entries[0].MediaTime
	for i, f := range l.frames() {
		if at, want := times[i]-begin, int64(f.shown)*tick; at != want {
			return fmt.Errorf("sample %d is shown at %d instead of %d, in 1/%d s", i+1, at, want, scale)
		}
	}
	if l.sound == nil {
		return nil
	}
	return checkSound(l.sound, path, lengthOf(l.Timeline))
}

// checkSound compares the file's sound with the source's: its beginning, and the first
// and last of its samples.
func checkSound(want *sound, path string, video *big.Rat) (err error) {
	got, err := openSound(path, video)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, got.Close()) }()
	if got.prime != want.prime || len(got.sizes) != len(want.starts) || len(got.starts) == 0 || got.starts[0] != want.starts[0] {
		return errors.New("the sound does not begin and end where the source's does")
	}
	for _, i := range []int{0, len(want.starts) - 1} {
		a, errA := want.sample(i, nil)
		b, errB := got.sample(i, nil)
		if err := errors.Join(errA, errB); err != nil {
			return err
		}
		if !slices.Equal(a, b) {
			return fmt.Errorf("sample %d of the sound is not the source's", i+1)
		}
	}
	return nil
}

// checkProbe compares what ffprobe finds.
func (s *Studio) checkProbe(ctx context.Context, l *layout, path string) error {
	info, err := s.Tool.Probe(ctx, path, ffmpeg.ProbeOptions{})
	if err != nil {
		return err
	}
	exact, _ := lengthOf(l.Timeline).Float64()
	want := time.Duration(exact * float64(time.Second))
	kinds := map[string]int{}
	for _, st := range info.Streams {
		kinds[st.Type]++
		if st.Type == "video" && (st.Frames != int64(l.Frames) || (st.Duration-want).Abs() > time.Millisecond) {
			return fmt.Errorf("ffprobe finds %d frames in %s instead of %d in %s", st.Frames, st.Duration, l.Frames, want)
		}
	}
	if heard := kinds["audio"]; kinds["video"] != 1 || len(info.Streams) != 1+heard || (heard == 1) != (l.sound != nil) {
		return fmt.Errorf("ffprobe finds other streams than were written: %v", kinds)
	}
	if info.Duration > want+time.Millisecond {
		return fmt.Errorf("the file lasts %s instead of %s", info.Duration, want)
	}
	return nil
}

// checkFrames decodes the changed frames, and where they are most of the clip its sound as
// well. Units being closed, the frames are read from the file by its own tables, however
// scattered, and shared out to as many ffmpegs as there are cores, of one thread each: one
// on several threads leaves half of them waiting.
func (s *Studio) checkFrames(ctx context.Context, l *layout, path string, changed []span) (err error) {
	n := 0
	for _, c := range changed {
		n += c.len()
	}
	if n == 0 {
		return nil
	}
	video, err := openTrack(path, "vide")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, video.Close()) }()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(s.workers())
	for _, part := range video.divide(changed, s.workers()) {
		g.Go(func() error { return s.decodeFrames(ctx, l, video, part) })
	}
	if l.sound != nil && 2*n > l.Frames {
		g.Go(func() error {
			return s.decode(ctx, ffmpeg_go.Input(path), nil, 0, ffmpeg_go.KwArgs{"map": "0:a"})
		})
	}
	return g.Wait()
}

// decodeFrames decodes the frames of the spans, which begin at sync samples. The loop
// filter has nothing to read and so can't fail: it is left out.
func (s *Studio) decodeFrames(ctx context.Context, l *layout, video *track, spans []span) error {
	n := 0
	for _, c := range spans {
		n += c.len()
	}
	in, err := video.elementary(spans)
	if err != nil {
		return err
	}
	frames := ffmpeg_go.Input("pipe:0", ffmpeg_go.KwArgs{"f": "h264", "framerate": l.FPS.String(), "threads": 1, "skip_loop_filter": "all"})
	return s.decode(ctx, frames, in, n, nil)
}

// decode runs what comes in to nowhere; any line that ffmpeg says about an error, and any
// other number of frames, is an error.
func (s *Studio) decode(ctx context.Context, frames *ffmpeg_go.Stream, in io.Reader, want int, more ffmpeg_go.KwArgs) error {
	graph := frames.Output("-", ffmpeg_go.KwArgs{"f": "null", "fps_mode": "passthrough"}, more).GlobalArgs("-loglevel", "error")
	res, err := s.Tool.Run(ctx, ffmpeg.Job{Graph: graph, Stdin: in, Stall: stallOf(s.nice), Nice: s.nice})
	if why := starved(err, res.Log); why != nil && ctx.Err() == nil {
		return why
	}
	switch {
	case err != nil:
		return fmt.Errorf("decode: %w", err)
	case res.Log != "":
		return fmt.Errorf("decode: %s", res.Log)
	case res.Frames != int64(want):
		return fmt.Errorf("%d frames can be decoded of %d", res.Frames, want)
	}
	return nil
}
