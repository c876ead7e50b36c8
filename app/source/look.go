package source

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"oneframe/app/fault"
	"oneframe/app/ffmpeg"
)

// look is what is known of a file before it is converted. Times in it count from the
// file's earliest stream, as ffmpeg counts them.
type look struct {
	file   string
	video  ffmpeg.Stream
	sound  *ffmpeg.Stream // nil where there is none that can be decoded
	first  ffmpeg.Frame
	rate   Rate
	end    time.Duration // when the last frame ends
	frames int           // at rate, up to the end: the estimate that the result is held against
	size   size
}

// size is of a picture, in pixels.
type size struct{ width, height int }

const (
	sideMin = 64 // pixels; what is smaller shows no pose
	boxLong = 1920
	boxWide = 1080

	// A video that ends this much before it says it does was cut off. What states fewer
	// bits per second than any video has lies about its duration instead.
	missingShare = 0.05
	missingTime  = time.Second
	fewestBits   = 1000.0

	scanBase    = 30 * time.Second
	scanPerByte = 10e6 // bytes a second: a slow disk
)

// look reads headers, the first frame and the times of all packets, and refuses, with
// fault.Invalid and a sentence, what can't become a clip.
func (im *Importer) look(ctx context.Context, file string) (look, error) {
	info, err := im.Tool.Probe(ctx, file, ffmpeg.ProbeOptions{})
	if err != nil {
		return look{}, err
	}
	l := look{file: file, sound: bestSound(info.Streams)}
	if l.video, l.first, err = im.bestVideo(ctx, file, info.Streams); err != nil {
		return look{}, err
	}
	limit := scanBase + time.Duration(float64(info.Bytes)/scanPerByte*float64(time.Second))
	packets, err := im.Tool.Packets(ctx, file, l.video.Index, limit)
	if err != nil {
		return look{}, err
	}
	l.rate = chooseRate(averageRate(l.video, packets), l.video.Base.Float())
	l.end = packets.End - info.Start
	if packets.End <= packets.First { // no times at all, or a single frame without a duration
		l.end = packets.First - info.Start + l.rate.At(int(packets.Count))
	}
	l.frames = max(1, l.rate.frames(l.end))
	l.size = fit(shown(l.first, cmp.Or(l.first.Rotation, l.video.Rotation)))
	if err := im.measure(l); err != nil {
		return look{}, err
	}
	return l, complete(l, info, packets)
}

// measure refuses what is too small or too long.
func (im *Importer) measure(l look) error {
	longest := im.maxDuration()
	switch {
	case min(l.size.width, l.size.height) < sideMin:
		return fault.New(fault.Invalid, "video_too_small", "The video's picture is too small: it measures %d×%d, and each side needs %d pixels.",
			l.first.Width, l.first.Height, sideMin)
	case l.end > longest:
		return fault.New(fault.Invalid, "video_too_long", "The video lasts %s; at most %s are taken.", spoken(l.end), spoken(longest))
	}
	return nil
}

// complete refuses a video of which a part is missing. Only what the stream itself
// states counts, or the container's word together with an end of file where the reader
// expected more: a container's duration may be that of another stream, or invented.
func complete(l look, info ffmpeg.Info, p ffmpeg.Packets) error {
	stated := l.video.Duration
	if stated == 0 && p.CutOff {
		stated = info.Duration
	}
	if rate := l.video.Rate.Float(); info.Format == "avi" && rate > 0 { // which otherwise tells what it has
		stated = time.Duration(float64(l.video.Frames) / rate * float64(time.Second))
	}
	missing := stated - l.end
	if missing <= max(missingTime, time.Duration(missingShare*float64(stated))) {
		return nil
	}
	if invented := float64(info.Bytes)*8 < fewestBits*stated.Seconds(); invented && !p.CutOff {
		return nil
	}
	return fault.New(fault.Invalid, "video_cut_off",
		"The video ends after %s although it says it lasts %s: the file was probably cut off while it was copied.", spoken(l.end), spoken(stated))
}

// spoken gives a duration as a person says it.
func spoken(d time.Duration) string {
	if s := d.Seconds(); s < 10 {
		return strconv.FormatFloat(math.Round(s*10)/10, 'f', -1, 64) + " seconds"
	} else if s < 120 {
		return strconv.Itoa(int(s+0.5)) + " seconds"
	}
	return strconv.Itoa(int(d.Minutes()+0.5)) + " minutes"
}

// bestVideo takes the stream that the container prefers, then the largest, of those that
// give a picture.
func (im *Importer) bestVideo(ctx context.Context, file string, all []ffmpeg.Stream) (ffmpeg.Stream, ffmpeg.Frame, error) {
	refused := fault.New(fault.Invalid, "no_video", "There is no video in this file.")
	var choice []ffmpeg.Stream
	for _, s := range all {
		switch {
		case s.Type == "audio":
			refused.Message = "There is no video in this file, only sound."
		case s.Type == "video" && !s.Cover && s.Codec == "":
			refused = fault.New(fault.Invalid, "unknown_coding", "The video is coded in a way that the installed ffmpeg can't read; please save it as H.264 (MP4).")
		case s.Type == "video" && !s.Cover:
			choice = append(choice, s)
		}
	}
	var err error = refused
	slices.SortStableFunc(choice, func(a, b ffmpeg.Stream) int {
		return cmp.Or(preferred(a, b), cmp.Compare(b.Width*b.Height, a.Width*a.Height))
	})
	for _, s := range choice {
		var first ffmpeg.Frame
		if first, err = im.Tool.FirstFrame(ctx, file, s.Index); err == nil {
			return s, first, nil
		}
		if !fault.Is(err, fault.Invalid) {
			break
		}
	}
	return ffmpeg.Stream{}, ffmpeg.Frame{}, err
}

// bestSound takes the stream that the container prefers, then the one with most channels.
func bestSound(all []ffmpeg.Stream) *ffmpeg.Stream {
	var choice []ffmpeg.Stream
	for _, s := range all {
		if s.Type == "audio" && s.Codec != "" && s.Channels > 0 {
			choice = append(choice, s)
		}
	}
	if len(choice) == 0 {
		return nil
	}
	slices.SortStableFunc(choice, func(a, b ffmpeg.Stream) int {
		return cmp.Or(preferred(a, b), cmp.Compare(b.Channels, a.Channels))
	})
	return &choice[0]
}

func preferred(a, b ffmpeg.Stream) int {
	switch {
	case a.Default == b.Default:
		return 0
	case a.Default:
		return -1
	default:
		return 1
	}
}

const sarMax = 8.0 // a pixel that is longer than that is a mistake

// shown gives the size of the picture as a player shows it: an odd row or column is left
// out, pixels are made square by enlarging, and a rotation by a quarter swaps the sides.
func shown(f ffmpeg.Frame, rotation int) (width, height float64) {
	width, height = float64(f.Width&^1), float64(f.Height&^1)
	if sar := f.SAR.Float(); sar >= 1 && sar <= sarMax {
		width *= sar
	} else if sar > 1/sarMax && sar < 1 {
		height /= sar
	}
	if rotation%180 != 0 && rotation%90 == 0 {
		width, height = height, width
	}
	return width, height
}

// fit scales down what doesn't fit in 1920×1080, upright videos in 1080×1920, to even sides.
func fit(width, height float64) size {
	boxW, boxH := float64(boxLong), float64(boxWide)
	if height > width {
		boxW, boxH = boxH, boxW
	}
	scale := min(1, boxW/width, boxH/height)
	even := func(x float64) int { return 2 * int(math.Round(x*scale/2)) }
	return size{even(width), even(height)}
}
