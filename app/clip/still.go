package clip

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"os"

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
		if err == nil && t.Match > 0 {
			data, err = e.matched(data, u, t.Match)
		}
		if err != nil && !fault.Has(err, "bad_pose") {
			err = fault.Wrap(err, fault.Internal, "bad_picture", "The picture of slot %d can't be read.", u.Slot)
		}
		return data, err
	}}
}

// matched gives the picture in the light of its slot's reference picture (match.go), per
// cent of the way.
func (e encoder) matched(data []byte, u Unit, percent int) ([]byte, error) {
	pose, err := os.ReadFile(e.pose(u.Slot))
	var original image.Image
	if err == nil {
		original, err = jpeg.Decode(bytes.NewReader(pose))
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "bad_pose", "The reference picture of slot %d can't be read, which clip.match needs.", u.Slot)
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	still := asYCbCr(img)
	change := lightOf(still).toward(lightOf(asYCbCr(original)), float64(percent)/100)
	change.apply(still)
	var out bytes.Buffer
	err = jpeg.Encode(&out, still, &jpeg.Options{Quality: 95})
	return out.Bytes(), err
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

// fill is the part of the rectangle that a crop keeps, at least a pixel.
func fill(r image.Rectangle, t Timeline) image.Rectangle {
	w := max(1, min(r.Dx(), r.Dy()*t.Width/t.Height))
	h := max(1, min(r.Dy(), r.Dx()*t.Height/t.Width))
	at := r.Min.Add(image.Pt((r.Dx()-w)/2, (r.Dy()-h)/above))
	return image.Rectangle{Min: at, Max: at.Add(image.Pt(w, h))}
}
