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

	"oneframe/app/fault"
	"oneframe/app/ffmpeg"
)

// decodeMost is how many changed frames a check decodes. Where more have changed it takes
// units spread evenly over them: each was counted and found closed when it was encoded,
// and its checksum held when it was joined, so what can still be wrong is the joining,
// and that shows anywhere. A check then takes seconds, however long the clip is.
const decodeMost = 1000

// check looks at a file that was just written as a stranger would: its tables, what
// ffprobe says of it, and whether the changed units, which come as spans of frames in
// order, decode without a word of complaint. Its error says what failed.
func (s *Studio) check(ctx context.Context, l *layout, path string, changed []span) error {
	err := checkTables(l, path)
	if err == nil {
		err = s.checkProbe(ctx, l, path)
	}
	if err == nil {
		err = s.checkFrames(ctx, l, path, changed)
	}
	if err != nil && ctx.Err() == nil {
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

// checkFrames decodes the changed units and counts their frames. Units being closed, they
// are read from the file by its own tables and decoded in one go, however scattered.
// Where more have changed than are decoded, ffmpeg also reads the file from end to end.
func (s *Studio) checkFrames(ctx context.Context, l *layout, path string, changed []span) error {
	some := spread(changed, decodeMost)
	if len(some) == 0 {
		return nil
	}
	if len(some) < len(changed) {
		whole := ffmpeg_go.Input(path).Output("-", ffmpeg_go.KwArgs{"f": "null", "c": "copy", "map": "0"})
		if err := s.silent(ctx, whole, nil, l.Frames); err != nil {
			return fmt.Errorf("read it to its end: %w", err)
		}
	}
	var merged []span
	for _, u := range some {
		merged = add(merged, u)
	}
	video, err := openTrack(path, "vide")
	if err != nil {
		return err
	}
	in, err := video.elementary(merged)
	if err == nil {
		err = s.silent(ctx, s.decoding(l).Output("-", ffmpeg_go.KwArgs{"f": "null", "fps_mode": "passthrough"}), in, total(some))
	}
	if err != nil {
		err = fmt.Errorf("decode: %w", err)
	}
	return errors.Join(err, video.Close())
}

func total(spans []span) (n int) {
	for _, s := range spans {
		n += s.len()
	}
	return n
}

// spread gives all spans, or, where they have more frames than most, some from the first
// to the last that have about as many.
func spread(all []span, most int) (some []span) {
	frames, seen, taken := total(all), 0, 0
	for i, s := range all {
		if frames <= most || taken*frames <= seen*most || i == len(all)-1 {
			some = append(some, s)
			taken += s.len()
		}
		seen += s.len()
	}
	return some
}

// decoding reads a byte stream as a check does: on all cores, and without the loop filter,
// which has nothing to read and so can't fail.
func (s *Studio) decoding(l *layout) *ffmpeg_go.Stream {
	return ffmpeg_go.Input("pipe:0", ffmpeg_go.KwArgs{"f": "h264", "framerate": l.FPS.String(), "threads": s.workers(), "skip_loop_filter": "all"})
}

// silent runs a graph; any line that ffmpeg says about an error, and any other number of
// frames, is an error.
func (s *Studio) silent(ctx context.Context, graph *ffmpeg_go.Stream, in io.Reader, want int) error {
	res, err := s.Tool.Run(ctx, ffmpeg.Job{Graph: graph.GlobalArgs("-loglevel", "error"), Stdin: in, Stall: stall})
	switch {
	case err != nil:
		return err
	case res.Log != "":
		return errors.New(res.Log)
	case res.Frames != int64(want):
		return fmt.Errorf("%d frames come out of %d", res.Frames, want)
	}
	return nil
}
