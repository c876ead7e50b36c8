package ffmpeg

import (
	"context"
	"strconv"
	"strings"
	"time"

	"oneframe/app/fault"
)

// Frame is a decoded picture of a video.
type Frame struct {
	Width, Height int   // before rotation
	SAR           Ratio // shape of a pixel; unknown means square
	Rotation      int   // where the picture itself brings a display matrix
	PixFmt        string
	Range         string // tv, pc or "" where unknown; so the others
	Space         string
	Transfer      string
	Primaries     string
}

// FirstFrame decodes the beginning of a stream and gives the first picture that comes
// out. Where none does it is fault.Invalid, broken_video.
func (t Tool) FirstFrame(ctx context.Context, path string, stream int) (Frame, error) {
	var first map[string]string
	args := narrowed(path, "-select_streams", strconv.Itoa(stream), "-read_intervals", "%+#30", "-show_entries",
		"frame=width,height,sample_aspect_ratio,pix_fmt,color_range,color_space,color_transfer,color_primaries:frame_side_data=rotation")
	_, err := t.query(ctx, 0, args, func(line string) {
		if f := fields(line); first == nil && f["width"] != "" {
			first = f
		}
	})
	if notRefused(err) {
		return Frame{}, err
	}
	if first == nil {
		return Frame{}, fault.Wrap(err, fault.Invalid, "broken_video", "Not a single picture of this video can be decoded.")
	}
	return Frame{
		Width: int(integer(first["width"])), Height: int(integer(first["height"])),
		SAR: ratio(first["sample_aspect_ratio"]), Rotation: int(integer(first["rotation"])),
		PixFmt: first["pix_fmt"], Range: first["color_range"], Space: first["color_space"],
		Transfer: first["color_transfer"], Primaries: first["color_primaries"],
	}, nil
}

// Packets is what lies in a stream, read from one end of the file to the other.
type Packets struct {
	Count      int64         // those meant to be shown
	First, End time.Duration // when the first is shown, and until when the last
	CutOff     bool          // the reader found the end of the file where there should have been more
}

// Packets reads a stream without decoding it, at the speed of the disk. The limit is 0
// for 30 s. A file that can't be read to its end gives what came before.
func (t Tool) Packets(ctx context.Context, path string, stream int, limit time.Duration) (Packets, error) {
	var p Packets
	args := narrowed(path, "-select_streams", strconv.Itoa(stream),
		"-show_entries", "packet=pts_time,dts_time,duration_time,flags")
	said, err := t.query(ctx, limit, args, func(line string) { p.take(fields(line)) })
	if notRefused(err) {
		return Packets{}, err
	}
	for _, sign := range []string{"partial file", "ended prematurely", "Truncat", "truncat"} {
		p.CutOff = p.CutOff || strings.Contains(said, sign)
	}
	return p, nil
}

// take adds one packet. One marked D is there to be decoded and not to be shown.
func (p *Packets) take(f map[string]string) {
	if f["flags"] == "" || strings.Contains(f["flags"], "D") {
		return
	}
	p.Count++
	text := f["pts_time"]
	if text == "" {
		text = f["dts_time"] // AVI knows only these
	}
	if text == "" {
		return
	}
	at := seconds(text)
	if p.Count == 1 || at < p.First {
		p.First = at
	}
	p.End = max(p.End, at+seconds(f["duration_time"]))
}

// fields reads "frame|width=16|height=16"; what ffprobe doesn't know is left out.
func fields(line string) map[string]string {
	all := map[string]string{}
	for part := range strings.SplitSeq(line, "|") {
		if key, value, ok := strings.Cut(part, "="); ok && value != "N/A" && value != "unknown" {
			all[key] = value
		}
	}
	return all
}
