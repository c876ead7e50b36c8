package source

import (
	"fmt"
	"path/filepath"
	"strings"

	ffmpeg_go "github.com/u2takey/ffmpeg-go"

	"oneframe/app/ffmpeg"
)

// args are the arguments of a filter or an output, by name.
type args = ffmpeg_go.KwArgs

const (
	gop          = 12      // frames between key frames: reading from any place is quick
	quality      = 16      // x264's crf: the mezzanine is encoded once more
	poseQuality  = 4       // of JPEG, 2 to 31, the lower the better
	largeQuality = 3       //
	ticksMin     = 10000   // per second, in the mezzanine
	loudRate     = "192k"  // of AAC in stereo
	monoRate     = "112k"  //
	compensation = 1000    // samples a second by which the sound may be stretched to follow its times
	forever      = 1 << 30 // frames
	paperWhite   = 203     // candelas per square metre of what HDR means by white (ITU-R BT.2408)
	keptBright   = 0.7     // share of it up to which HDR keeps its brightness; the rest is squeezed
)

// conversion is the one pass over a file: decoded once, it becomes the mezzanine, the
// reference pictures and the sound.
type conversion struct {
	look
	ranges []Range
	hold   int
	folder string // that the results go to
}

// graph builds the pass. The mezzanine is the first output, since ffmpeg counts its frames.
func (c conversion) graph() *ffmpeg_go.Stream {
	in := ffmpeg.Stranger(c.file)
	picture := c.normal(in.Get(fmt.Sprint(c.video.Index))).Split()
	outputs := []*ffmpeg_go.Stream{
		c.mezzanine(picture.Get("0")),
		c.poses(picture.Get("1")),
	}
	if c.sound != nil {
		outputs = append(outputs, c.aac(in.Get(fmt.Sprint(c.sound.Index))))
	}
	return ffmpeg_go.MergeOutputs(outputs...)
}

// normal brings the picture to the constant rate, from the time 0 on, which is the
// earliest stream's: a video that begins later shows its first frame until then. ffmpeg
// has turned it the right way up already.
func (c conversion) normal(s *ffmpeg_go.Stream) *ffmpeg_go.Stream {
	if c.video.Interlaced {
		s = s.Filter("bwdif", nil, args{"mode": "send_frame", "deint": "interlaced"})
	}
	s = s.Filter("fps", nil, args{"fps": c.rate.String(), "start_time": 0})
	s = s.Filter("crop", nil, args{"w": "trunc(iw/2)*2", "h": "trunc(ih/2)*2", "x": 0, "y": 0})
	s = c.colours(s)
	return s.Filter("setsar", ffmpeg_go.Args{"1"}, nil)
}

// planar are the formats that zscale reads; ffmpeg brings any other to the nearest.
const planar = "yuv420p|yuvj420p|yuv422p|yuvj422p|yuv444p|yuvj444p|yuv420p10le|yuv422p10le|yuv444p10le|yuv420p12le|yuv422p12le|yuv444p12le"

// colours scales to the final size and makes 8-bit 4:2:0 in BT.709, limited range,
// whatever it was; HDR is mapped to what a common screen shows.
func (c conversion) colours(s *ffmpeg_go.Stream) *ffmpeg_go.Stream {
	scale := args{"w": c.size.width, "h": c.size.height, "filter": "bicubic", "min": c.matrix(), "rin": c.span()}
	if c.matrix() == "gbr" {
		s = s.Filter("format", ffmpeg_go.Args{"gbrp"}, nil)
	} else {
		s = s.Filter("format", ffmpeg_go.Args{planar}, nil)
	}
	if c.hdr() {
		scale["tin"], scale["pin"] = c.first.Transfer, c.primaries()
		scale["t"], scale["npl"] = "linear", paperWhite
		s = s.Filter("zscale", nil, scale).
			Filter("format", ffmpeg_go.Args{"gbrpf32le"}, nil).
			Filter("zscale", nil, args{"p": "709"}).
			Filter("tonemap", nil, args{"tonemap": "mobius", "param": keptBright, "desat": 0})
		scale = args{"t": "709", "p": "709"}
	}
	scale["m"], scale["r"], scale["d"] = "709", "limited", "error_diffusion"
	return s.Filter("zscale", nil, scale).
		Filter("format", ffmpeg_go.Args{"yuv420p"}, nil).
		Filter("setparams", nil, args{"color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709", "range": "tv"})
}

func (c conversion) hdr() bool {
	return c.first.Transfer == "smpte2084" || c.first.Transfer == "arib-std-b67"
}

// matrix is how the colours are coded, in zscale's words. Where it isn't said, browsers
// take BT.601 for small pictures and BT.709 for large ones.
func (c conversion) matrix() string {
	f := c.first
	switch {
	case !strings.HasPrefix(f.PixFmt, "yuv") && !strings.HasPrefix(f.PixFmt, "nv") && !strings.HasPrefix(f.PixFmt, "p01"):
		return "gbr"
	case f.Space == "smpte240m":
		return "240m"
	case f.Space == "bt709" || f.Space == "bt470bg" || f.Space == "smpte170m" || f.Space == "bt2020nc" || f.Space == "bt2020c" ||
		f.Space == "fcc" || f.Space == "ycgco":
		return f.Space
	case c.hdr():
		return "bt2020nc"
	case f.Height < 720:
		return "smpte170m"
	default:
		return "bt709"
	}
}

func (c conversion) span() string {
	if c.first.Range == "pc" || c.matrix() == "gbr" || strings.HasPrefix(c.first.PixFmt, "yuvj") {
		return "full"
	}
	return "limited"
}

func (c conversion) primaries() string {
	if p := c.first.Primaries; p == "bt709" || p == "smpte432" || p == "smpte431" {
		return p
	}
	return "bt2020"
}

func (c conversion) mezzanine(s *ffmpeg_go.Stream) *ffmpeg_go.Stream {
	ticks := c.rate.Num
	for ticks < ticksMin {
		ticks *= 2
	}
	return s.Output(ffmpeg.URL(filepath.Join(c.folder, mezzanineName)), nameless(args{
		"f": "mp4", "c:v": "libx264", "preset": "veryfast", "crf": quality, "pix_fmt": "yuv420p",
		"g": gop, "keyint_min": gop, "sc_threshold": 0, "bf": 0, "fps_mode": "passthrough", "video_track_timescale": ticks,
		"color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709", "color_range": "tv",
	}))
}

// poses writes the first frame of each slot. It counts on from the last range's last
// slot even where the video ends within it: such a picture is removed afterwards.
func (c conversion) poses(s *ffmpeg_go.Stream) *ffmpeg_go.Stream {
	var terms []string
	for _, r := range cut(c.ranges, c.rate, forever) {
		last := r.first + (r.end-r.first)/c.hold*c.hold - 1
		terms = append(terms, fmt.Sprintf("between(n,%d,%d)*not(mod(n-%d,%d))", r.first, last, r.first, c.hold))
	}
	s = s.Filter("select", nil, args{"expr": ffmpeg.Sum(terms)})
	name := filepath.Join(ffmpeg.Pattern(filepath.Join(c.folder, posesName)), poseName)
	return asJPEG(s, poseSize(c.size)).Output(ffmpeg.URL(name), nameless(args{"f": "image2", "q:v": poseQuality, "fps_mode": "passthrough"}))
}

// asJPEG brings the mezzanine's picture to what JPEG means by colours: BT.601 in full range.
func asJPEG(s *ffmpeg_go.Stream, to size) *ffmpeg_go.Stream {
	return s.Filter("zscale", nil, args{"w": to.width, "h": to.height, "filter": "bicubic", "min": "709", "rin": "limited", "m": "170m", "r": "full"}).
		Filter("format", ffmpeg_go.Args{"yuvj420p"}, nil)
}

func poseSize(s size) size {
	if s.width <= poseWidth {
		return s
	}
	return size{poseWidth, max(2, 2*((s.height*poseWidth/s.width+1)/2))}
}

// aac keeps the sound in step with the picture: what begins later is preceded by
// silence, gaps are filled, what drifts is stretched, and what lasts longer than the
// picture ends with it.
func (c conversion) aac(s *ffmpeg_go.Stream) *ffmpeg_go.Stream {
	s = s.Filter("aresample", nil, args{"async": compensation, "first_pts": 0})
	out := args{"f": "mp4", "c:a": "aac", "b:a": loudRate, "t": fmt.Sprintf("%.6f", c.rate.At(c.frames).Seconds())}
	if c.sound.SampleRate != 44100 {
		out["ar"] = 48000
	}
	if c.sound.Channels == 1 {
		out["b:a"] = monoRate
	} else {
		out["ac"] = 2
	}
	return s.Output(ffmpeg.URL(filepath.Join(c.folder, soundName)), nameless(out))
}

// nameless leaves out what the file says of itself: the place where it was shot, for one.
func nameless(a args) args {
	a["map_metadata"], a["map_chapters"], a["fflags"], a["flags"] = "-1", "-1", "+bitexact", "+bitexact"
	return a
}
