package ffmpeg

import (
	"context"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"time"

	"oneframe/app/fault"
)

// ProbeOptions bound a look into a file. The zero value is right for most.
type ProbeOptions struct {
	Limit time.Duration // after which the look is given up; 0 for 30 s
}

// Info is what a container says of itself. None of it is proven: a header can lie.
type Info struct {
	Format   string        // ffmpeg's name of the container, such as "matroska,webm"
	Duration time.Duration // 0 where it isn't stated
	Start    time.Duration // when the earliest stream begins; ffmpeg makes it 0
	Bytes    int64
	Streams  []Stream
}

// Stream is one stream of a container, as its header and its first packets say.
type Stream struct {
	Index         int    // in the file
	Type          string // video, audio, data, …
	Codec         string // "" where this ffmpeg can't decode it
	Width, Height int    // as stored, before rotation; 0 where unknown
	Rotation      int    // in degrees, of the display matrix; 0 where there is none
	Rate          Ratio  // frames per second on average
	Base          Ratio  // the lowest rate that fits all frames, as far as guessed
	Frames        int64  // 0 where it isn't stated
	Duration      time.Duration
	Interlaced    bool
	Channels      int
	SampleRate    int
	Default       bool // the container prefers it among its kind
	Cover         bool // a still picture that goes with the file
}

// Ratio is a fraction; one with Den 0 is unknown.
type Ratio struct{ Num, Den int64 }

// Float gives the value, 0 where it is unknown.
func (r Ratio) Float() float64 {
	if r.Den == 0 {
		return 0
	}
	return float64(r.Num) / float64(r.Den)
}

// The code and message of what is refused here.
const (
	unreadable = "not_a_video"
	incomplete = "incomplete_video"
)

// Probe looks into a file. What is no video at all, or damaged so far that nothing can
// be known of it, is fault.Invalid: empty_video, incomplete_video or not_a_video. No
// other file is opened and no network used, whatever the file says.
func (t Tool) Probe(ctx context.Context, path string, o ProbeOptions) (Info, error) {
	st, err := os.Stat(path)
	if err != nil {
		return Info{}, fault.Wrap(err, fault.Invalid, unreadable, "The file %s can't be read.", path)
	}
	if !st.Mode().IsRegular() {
		return Info{}, fault.New(fault.Invalid, unreadable, "%s is not a file.", path)
	}
	if st.Size() == 0 {
		return Info{}, fault.New(fault.Invalid, "empty_video", "The file is empty.")
	}
	var doc document
	said, err := t.query(ctx, o.Limit, narrowed(path, "-of", "json", "-show_entries", wanted), func(line string) {
		doc.text.WriteString(line)
	})
	if err != nil {
		return Info{}, refusal(said, err)
	}
	info, err := doc.info()
	info.Bytes = st.Size()
	return info, err
}

// refusal says in a person's words why ffprobe gave up.
func refusal(said string, err error) error {
	switch {
	case notRefused(err):
		return err
	case strings.Contains(said, "not on whitelist"):
		return fault.Wrap(err, fault.Invalid, unreadable, "This is not a video but a file of another kind, such as a playlist, a picture or a text.")
	case strings.Contains(said, "moov atom not found"), strings.Contains(said, "EBML header parsing failed"):
		return fault.Wrap(err, fault.Invalid, incomplete, "The video's index is missing or damaged: the file was probably cut off while it was copied.")
	default:
		return fault.Wrap(err, fault.Invalid, unreadable, "This file is not a video that can be read: it is damaged or of an unknown kind.")
	}
}

const wanted = "format=format_name,duration,start_time" +
	":stream=index,codec_type,codec_name,width,height,avg_frame_rate,r_frame_rate,duration,nb_frames,field_order,channels,sample_rate" +
	":stream_disposition=default,attached_pic:stream_side_data=rotation"

// document is ffprobe's JSON, in which numbers that may be missing are texts.
type document struct {
	text   strings.Builder
	Format struct {
		Name     string `json:"format_name"`
		Duration string `json:"duration"`
		Start    string `json:"start_time"`
	} `json:"format"`
	Streams []struct {
		Index       int    `json:"index"`
		Type        string `json:"codec_type"`
		Codec       string `json:"codec_name"`
		Width       int    `json:"width"`
		Height      int    `json:"height"`
		Rate        string `json:"avg_frame_rate"`
		Base        string `json:"r_frame_rate"`
		Duration    string `json:"duration"`
		Frames      string `json:"nb_frames"`
		Fields      string `json:"field_order"`
		Channels    int    `json:"channels"`
		SampleRate  string `json:"sample_rate"`
		Disposition struct {
			Default int `json:"default"`
			Cover   int `json:"attached_pic"`
		} `json:"disposition"`
		SideData []struct {
			Rotation float64 `json:"rotation"`
		} `json:"side_data_list"`
	} `json:"streams"`
}

func (d *document) info() (Info, error) {
	if err := json.Unmarshal([]byte(d.text.String()), d); err != nil {
		return Info{}, fault.Wrap(err, fault.Internal, "internal", "ffprobe's answer can't be read.")
	}
	info := Info{Format: d.Format.Name, Duration: seconds(d.Format.Duration), Start: seconds(d.Format.Start)}
	for _, s := range d.Streams {
		stream := Stream{
			Index: s.Index, Type: s.Type, Codec: s.Codec, Width: s.Width, Height: s.Height,
			Rate: ratio(s.Rate), Base: ratio(s.Base), Frames: integer(s.Frames), Duration: seconds(s.Duration),
			Interlaced: len(s.Fields) == 2, // tt, bb, tb or bt; else "progressive" or "unknown"
			Channels:   s.Channels, SampleRate: int(integer(s.SampleRate)),
			Default: s.Disposition.Default == 1, Cover: s.Disposition.Cover == 1,
		}
		if s.Codec == "unknown" || s.Codec == "none" {
			stream.Codec = ""
		}
		for _, side := range s.SideData {
			stream.Rotation += int(side.Rotation)
		}
		info.Streams = append(info.Streams, stream)
	}
	return info, nil
}

// seconds reads "12.500000"; what isn't a sensible number of seconds is 0.
func seconds(text string) time.Duration {
	s, err := strconv.ParseFloat(text, 64)
	if err != nil || s < -1e9 || s > 1e9 || s != s {
		return 0
	}
	return time.Duration(s * float64(time.Second))
}

func integer(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// ratio reads "30000/1001" or "16:15"; 0/0 and anything else is unknown.
func ratio(text string) Ratio {
	num, den, _ := strings.Cut(strings.ReplaceAll(text, ":", "/"), "/")
	r := Ratio{integer(num), integer(den)}
	if r.Num <= 0 || r.Den <= 0 {
		return Ratio{}
	}
	return r
}
