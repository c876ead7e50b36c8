package rendition

import (
	"bytes"
	"image"

	"github.com/bep/imagemeta"
)

const exifMax = 1 << 20 // bytes of EXIF that are looked at

// orientation reads tag 0x0112 of a TIFF structure: 1 to 8, and 1 where it can't be read.
func orientation(tiff []byte) (o int) {
	o = 1
	if len(tiff) < 8 || len(tiff) > exifMax {
		return o
	}
	defer func() {
		if recover() != nil {
			o = 1
		}
	}()
	_, err := imagemeta.Decode(imagemeta.Options{
		R:           bytes.NewReader(tiff),
		ImageFormat: imagemeta.TIFF,
		Sources:     imagemeta.EXIF,
		ShouldHandleTag: func(tag imagemeta.TagInfo) bool {
			return tag.Tag == "Orientation" && tag.Namespace == "IFD0"
		},
		HandleTag: func(tag imagemeta.TagInfo) error {
			if v, ok := tag.Value.(uint16); ok && v >= 1 && v <= 8 {
				o = int(v)
			}
			return imagemeta.ErrStopWalking
		},
		LimitNumTags: 1000,
		LimitTagSize: 16,
	})
	if err != nil {
		return 1
	}
	return o
}

// turn gives the plane upright (EXIF 2.3, tag 0x0112): where a pixel of the result
// comes from is one step back, across or down, for each step across.
func turn(src *image.Gray, orientation int) *image.Gray {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	last := (h-1)*src.Stride + w - 1 // the corner at the bottom right
	var start, right, down int
	switch orientation {
	case 2: // mirrored
		start, right, down = w-1, -1, src.Stride
	case 3: // upside down
		start, right, down = last, -1, -src.Stride
	case 4: // mirrored upside down
		start, right, down = last-(w-1), 1, -src.Stride
	case 5: // transposed
		start, right, down = 0, src.Stride, 1
	case 6: // to be turned clockwise
		start, right, down = last-(w-1), -src.Stride, 1
	case 7: // transposed the other way
		start, right, down = last, -src.Stride, -1
	case 8: // to be turned anticlockwise
		start, right, down = w-1, src.Stride, -1
	default:
		return src
	}
	if orientation >= 5 {
		w, h = h, w
	}
	dst := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		from := start + y*down
		for x := range w {
			dst.Pix[y*dst.Stride+x] = src.Pix[from+x*right]
		}
	}
	return dst
}
