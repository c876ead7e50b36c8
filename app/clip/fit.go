package clip

import (
	"fmt"

	ffmpeg_go "github.com/u2takey/ffmpeg-go"
)

// above is the share of what a crop cuts off that comes off the top: one part in three,
// and two off the bottom. In the 175 portraits and webcam pictures on which this was
// chosen the middle of a face lies at 42 % of the height. Of a square that is cut to 16:9
// the middle of what is kept lies at 43 % then; and a webcam's 4:3 loses 8 % at the top,
// where a crop from the centre loses 13 % and with it the hair of those who stand.
const above = 3

// The copy behind a padded picture is blurred at an eighth of the clip's size, by a
// thirtieth of its width, and has six tenths of the picture's light, so that it fills the
// frame without drawing the eye.
const (
	behindPart  = 8
	behindBlur  = 30
	behindLight = "16+(val-16)*0.6"
	behindTint  = "128+(val-128)*0.6"
)

// stillGraph converts the JPEGs. Their sizes and chroma formats may differ: ffmpeg then
// builds the filters anew, which loses nothing because each of them gives one frame for one.
func stillGraph(t Timeline) *ffmpeg_go.Stream {
	in := ffmpeg_go.Input("pipe:0", ffmpeg_go.KwArgs{"f": "image2pipe", "c:v": "mjpeg", "threads": 1, "framerate": t.FPS.String()})
	frames := t.cropped(in)
	if t.Fit == Pad {
		frames = t.padded(in)
	}
	return frames.Filter("setsar", ffmpeg_go.Args{"1"})
}

// cropped fills the clip's frame.
func (t Timeline) cropped(in *ffmpeg_go.Stream) *ffmpeg_go.Stream {
	return converted(t.filling(in), t.Width, t.Height)
}

// filling cuts the pictures to the clip's aspect.
func (t Timeline) filling(in *ffmpeg_go.Stream) *ffmpeg_go.Stream {
	return in.Filter("crop", nil, ffmpeg_go.KwArgs{
		"w": fmt.Sprintf("min(iw,ih*%d/%d)", t.Width, t.Height),
		"h": fmt.Sprintf("min(ih,iw*%d/%d)", t.Height, t.Width),
		"y": fmt.Sprintf("(ih-oh)/%d", above),
	})
}

// padded lays the whole picture over its blurred copy. Both come from one frame, so that
// overlay has no frame to wait for.
func (t Timeline) padded(in *ffmpeg_go.Stream) *ffmpeg_go.Stream {
	both := in.Filter("crop", ffmpeg_go.Args{"iw:ih"}).Split() // to even sides, which chroma needs
	small := func(side int) int { return max(16, 2*(side/behindPart/2)) }
	behind := converted(t.filling(both.Get("0")), small(t.Width), small(t.Height)).
		Filter("gblur", nil, ffmpeg_go.KwArgs{"sigma": fmt.Sprintf("%.2f", float64(small(t.Width))/behindBlur)}).
		Filter("lutyuv", nil, ffmpeg_go.KwArgs{"y": behindLight, "u": behindTint, "v": behindTint}).
		Filter("zscale", nil, ffmpeg_go.KwArgs{"filter": "bicubic", "w": t.Width, "h": t.Height})
	whole := converted(both.Get("1"),
		fmt.Sprintf("max(2,2*round(min(%[1]d,%[2]d*iw/ih)/2))", t.Width, t.Height),
		fmt.Sprintf("max(2,2*round(min(%[2]d,%[1]d*ih/iw)/2))", t.Width, t.Height))
	return ffmpeg_go.Filter([]*ffmpeg_go.Stream{behind, whole}, "overlay", nil,
		ffmpeg_go.KwArgs{"x": "(W-w)/2", "y": "(H-h)/2", "format": "yuv420"})
}

// converted scales JPEGs, which are full-range BT.601 by the JFIF standard, and makes them
// the clip's BT.709 in limited range.
func converted(in *ffmpeg_go.Stream, width, height any) *ffmpeg_go.Stream {
	return in.Filter("zscale", nil, ffmpeg_go.KwArgs{"filter": "bicubic", "w": width, "h": height,
		"matrixin": "470bg", "rangein": "full", "primariesin": "709", "transferin": "709",
		"matrix": "709", "range": "limited", "primaries": "709", "transfer": "709", "chromal": "left"}).
		Filter("format", ffmpeg_go.Args{"yuv420p"})
}
