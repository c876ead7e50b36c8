package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	ffmpeg_go "github.com/u2takey/ffmpeg-go"

	"oneframe/app/fault"
	"oneframe/app/ffmpeg"
	"oneframe/app/slot"
)

const (
	convertLimit = 6 * time.Hour
	posterLimit  = time.Minute
	decodedShare = 0.9 // of the expected frames that must come out
	tooManyBad   = 69  // ffmpeg's exit code where most of what it decoded was broken

	// How far the import has come after each part.
	lookedShare, convertedShare = 0.02, 0.97
)

// make fills the work folder and gives what it holds.
func (j *job) make(ctx context.Context) (v Video, all []slot.Slot, err error) {
	if err := errors.Join(vacant(j.library.Folder(j.Slug)), j.prepare()); err != nil {
		return v, nil, err
	}
	file, err := j.source(ctx)
	if err != nil {
		return v, nil, err
	}
	begun := j.share
	l, err := j.look(ctx, file)
	if err != nil {
		return v, nil, err
	}
	if _, err := spans(j.Ranges, l.rate, l.frames, j.Request.Hold); err != nil {
		return v, nil, err
	}
	c := conversion{look: l, ranges: j.Ranges, hold: j.Request.Hold, folder: j.folder()}
	v = Video{Slug: j.Slug, Title: j.Title, FPS: l.rate, Width: l.size.width, Height: l.size.height, Hold: j.Request.Hold}
	v.Frames, err = j.convert(ctx, c, func(share float64) {
		j.report(ctx, begun+(1-begun)*(lookedShare+share*(convertedShare-lookedShare)))
	})
	if err != nil {
		return v, nil, err
	}
	ranged, err := spans(j.Ranges, v.FPS, v.Frames, j.Request.Hold)
	if err != nil {
		return v, nil, err
	}
	all = slots(v.Slug, ranged, v.FPS, v.Hold)
	v.Slots = len(all)
	return v, all, errors.Join(j.finish(ctx, &v, all), os.RemoveAll(filepath.Join(j.folder(), rawName)))
}

// convert does the one pass and gives the number of frames in the mezzanine, counted.
func (j *job) convert(ctx context.Context, c conversion, share func(float64)) (int, error) {
	share(0)
	res, err := j.Tool.Run(ctx, ffmpeg.Job{
		Graph: c.graph(), Limit: convertLimit, Stall: or(j.Stall, defaultStall),
		Progress: func(p ffmpeg.Progress) { share(float64(p.Frames) / float64(c.frames)) },
	})
	if err != nil {
		return 0, failed(err, res)
	}
	packets, err := j.Tool.Packets(ctx, filepath.Join(j.folder(), mezzanineName), 0, convertLimit)
	if err != nil {
		return 0, fault.Wrap(err, fault.Internal, "internal", "The converted video can't be read.")
	}
	n := int(packets.Count)
	if float64(n) < decodedShare*float64(c.frames)-c.rate.Float() || n == 0 {
		return 0, fault.New(fault.Invalid, "broken_video", "Only %s of the video's %s can be decoded: the file is damaged.",
			spoken(c.rate.At(n)), spoken(c.end))
	}
	if packets.Count != res.Frames {
		return 0, fault.New(fault.Internal, "internal", "The converted video holds %d frames, but %d were written.", n, res.Frames)
	}
	return n, nil
}

// failed says whose fault it was that ffmpeg gave up: the disk's, ours, or, as a rule,
// the file's.
func failed(err error, res ffmpeg.Result) error {
	var gaveUp *ffmpeg.Failed
	switch {
	case full(res):
		return noRoom(err)
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, ffmpeg.ErrStalled):
		return fault.Wrap(err, fault.Internal, "stalled", "The conversion made no progress any more, at %s of the video.", spoken(res.Time))
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(err, fault.Internal, "too_slow", "The conversion took longer than %s.", spoken(convertLimit))
	case errors.As(err, &gaveUp) && gaveUp.Code == tooManyBad:
		return fault.Wrap(err, fault.Invalid, "broken_video", "Most of the video can't be decoded: the file is damaged.")
	case errors.As(err, &gaveUp):
		return fault.Wrap(err, fault.Invalid, "broken_video", "The video can't be converted: the file is damaged or coded in an unusual way.")
	default:
		return fault.Wrap(err, fault.Internal, "internal", "The video could not be converted.")
	}
}

func full(res ffmpeg.Result) bool {
	return strings.Contains(res.Log, "No space left on device") || strings.Contains(res.Log, "Disk quota exceeded")
}

func noRoom(err error) error {
	return fault.Wrap(err, fault.Full, "disk_full", "The site's disk is full: the video can't be imported.")
}

// finish checks the sound and the reference pictures, and makes the poster.
func (j *job) finish(ctx context.Context, v *Video, all []slot.Slot) error {
	if err := j.keepSound(ctx, v); err != nil {
		return err
	}
	best, err := j.keepPoses(all)
	if err != nil {
		return err
	}
	file := filepath.Join(j.folder(), mezzanineName)
	at := v.FPS.At(all[best].First) - v.FPS.At(1)/2
	in := ffmpeg_go.Input(ffmpeg.URL(file), args{"ss": fmt.Sprintf("%.6f", max(0, at.Seconds()))})
	res, err := j.Tool.Run(ctx, ffmpeg.Job{
		Graph: asJPEG(in.Video(), size{v.Width, v.Height}).
			Output(ffmpeg.URL(filepath.Join(j.folder(), posterName)), nameless(args{"f": "image2", "update": 1, "frames:v": 1, "q:v": largeQuality})),
		Limit: posterLimit,
	})
	if err == nil && res.Frames != 1 {
		err = fault.New(fault.Internal, "internal", "The poster could not be made.")
	}
	return err
}

// keepSound finds out whether any sound was decoded.
func (j *job) keepSound(ctx context.Context, v *Video) error {
	file := filepath.Join(j.folder(), soundName)
	if _, err := os.Stat(file); err != nil {
		return nil // none was asked for
	}
	p, err := j.Tool.Packets(ctx, file, 0, convertLimit)
	v.Sound = err == nil && p.Count > 0
	if v.Sound || ctx.Err() != nil {
		return ctx.Err()
	}
	return os.Remove(file)
}

// keepPoses sees that each slot has its reference picture, removes one of a slot that
// the video's end cut off, and gives the index of the slot whose picture shows most: the
// one that takes most bytes, leaving out a tenth at either end where titles are.
func (j *job) keepPoses(all []slot.Slot) (best int, err error) {
	var most int64
	for i, s := range all {
		st, err := os.Stat(posePath(j.folder(), s.Number))
		if err != nil || st.Size() == 0 {
			return 0, fault.Wrap(err, fault.Internal, "internal", "The reference picture of slot %d is missing.", s.Number)
		}
		inside := i >= len(all)/10 && i <= len(all)-1-len(all)/10
		if inside && st.Size() > most {
			best, most = i, st.Size()
		}
	}
	entries, err := os.ReadDir(filepath.Join(j.folder(), posesName))
	for _, e := range entries[min(len(all), len(entries)):] { // in the order of their names
		err = errors.Join(err, os.Remove(filepath.Join(j.folder(), posesName, e.Name())))
	}
	return best, err
}
