package clip

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"io"

	ffmpeg_go "github.com/u2takey/ffmpeg-go"
	"golang.org/x/image/draw"

	"oneframe/app/fault"
	"oneframe/app/vault"
)

// stills feeds the batch's JPEGs.
func (e encoder) stills(t Timeline, b batch) *pieces {
	todo := b.jobs
	return &pieces{next: func() ([]byte, error) {
		if len(todo) == 0 {
			return nil, io.EOF
		}
		u := todo[0].unit
		todo = todo[1:]
		data, err := e.pictures.Read(u.Picture)
		if err == nil && vault.KeyOf(data) != u.Picture {
			err = fmt.Errorf("the content of %s is not what its name says", u.Picture)
		}
		if err == nil {
			data, err = usable(data, t)
		}
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, "bad_picture", "The picture of slot %d can't be read.", u.Slot)
		}
		return data, nil
	}}
}

// stillGraph converts the JPEGs, which are full-range BT.601 by the JFIF standard. Their
// sizes and chroma formats may differ: ffmpeg then builds the filters anew, which loses
// nothing because each of them gives one frame for one.
func stillGraph(t Timeline) *ffmpeg_go.Stream {
	in := ffmpeg_go.Input("pipe:0", ffmpeg_go.KwArgs{"f": "image2pipe", "c:v": "mjpeg", "threads": 1, "framerate": t.FPS.String()})
	convert := ffmpeg_go.KwArgs{"filter": "bicubic", "w": t.Width, "h": t.Height,
		"matrixin": "470bg", "rangein": "full", "primariesin": "709", "transferin": "709",
		"matrix": "709", "range": "limited", "primaries": "709", "transfer": "709", "chromal": "left"}
	if t.Fit == Pad {
		convert["w"] = fmt.Sprintf("max(2,2*round(min(%[1]d,%[2]d*iw/ih)/2))", t.Width, t.Height)
		convert["h"] = fmt.Sprintf("max(2,2*round(min(%[2]d,%[1]d*ih/iw)/2))", t.Width, t.Height)
		return in.Filter("crop", ffmpeg_go.Args{"iw:ih"}). // to even sides, which chroma needs
									Filter("zscale", nil, convert).Filter("format", ffmpeg_go.Args{"yuv420p"}).
									Filter("pad", ffmpeg_go.Args{fmt.Sprintf("%d:%d:(ow-iw)/2:(oh-ih)/2", t.Width, t.Height)}).
									Filter("setsar", ffmpeg_go.Args{"1"})
	}
	return in.Filter("crop", nil, ffmpeg_go.KwArgs{
		"w": fmt.Sprintf("min(iw,ih*%d/%d)", t.Width, t.Height),
		"h": fmt.Sprintf("min(ih,iw*%d/%d)", t.Height, t.Width),
	}).Filter("zscale", nil, convert).Filter("format", ffmpeg_go.Args{"yuv420p"}).Filter("setsar", ffmpeg_go.Args{"1"})
}

// least is the shortest side, after cropping, that ffmpeg's filters are trusted with.
const least = 16

// usable gives the JPEG as it is, or, where cropping would leave a sliver too thin for
// chroma, decoded and enlarged; few are, but one must not stop the whole batch.
func usable(data []byte, t Timeline) ([]byte, error) {
	c, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if min(c.Width, c.Height, c.Height*t.Width/t.Height, c.Width*t.Height/t.Width) >= least {
		return data, nil
	}
	src, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	big := image.NewRGBA(image.Rect(0, 0, t.Width, t.Height))
	draw.ApproxBiLinear.Scale(big, big.Bounds(), src, fill(src.Bounds(), t), draw.Src, nil)
	var out bytes.Buffer
	err = jpeg.Encode(&out, big, &jpeg.Options{Quality: 95})
	return out.Bytes(), err
}

// fill is the middle part of the rectangle that has the clip's aspect, at least a pixel.
func fill(r image.Rectangle, t Timeline) image.Rectangle {
	w := max(1, min(r.Dx(), r.Dy()*t.Width/t.Height))
	h := max(1, min(r.Dy(), r.Dx()*t.Height/t.Width))
	at := r.Min.Add(image.Pt((r.Dx()-w)/2, (r.Dy()-h)/2))
	return image.Rectangle{Min: at, Max: at.Add(image.Pt(w, h))}
}
