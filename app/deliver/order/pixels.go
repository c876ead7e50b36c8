package order

import (
	"fmt"
	"image"
	"math"

	"oneframe/app/fault"
	"oneframe/app/rendition"
)

// look is the part of a Spec that changes pixels: two orders with the same look of the
// same original share one file. Its JSON is the cache's key.
type look struct {
	Made      int        `json:"made"` // grows whenever the same look is made in another way
	Longest   int        `json:"longest,omitempty"`
	Width     int        `json:"width,omitempty"`
	Height    int        `json:"height,omitempty"`
	Quality   int        `json:"quality"`
	MaxBytes  int64      `json:"max_bytes,omitempty"` // of the picture without metadata
	Watermark *Watermark `json:"watermark,omitempty"`
}

// The quality where none is asked for, the lowest that MaxBytes may take it to, and the
// shortest longer side, in pixels, to which it may shrink the picture.
const (
	qualityUsual = 85
	qualityFloor = 40
	sideFloor    = 160
)

// look gives what the Spec asks of the pixels; room is what MaxBytes leaves for them.
func (s Spec) look(room int64) look {
	l := look{Made: 1, Longest: s.Longest, Width: s.Width, Height: s.Height, Quality: s.Quality}
	if s.MaxBytes > 0 {
		l.MaxBytes = room
	}
	if l.Quality == 0 {
		l.Quality = qualityUsual
	}
	if s.Watermark != nil {
		w := s.Watermark.withDefaults()
		l.Watermark = &w
	}
	return l
}

// errTooSmall is what a picture that can't be made as small as asked gets.
func errTooSmall(most int64) error {
	return fault.New(fault.TooLarge, "order_impossible", "The picture can't be made as small as %d bytes.", most)
}

// draw makes the picture: a JPEG without metadata. mark is the PNG of an image watermark,
// decoded. The caller holds info.CostAt(fitting) of a Budget. Errors: Upright's, and
// TooLarge order_impossible.
func (l look) draw(data []byte, info rendition.Info, mark image.Image) ([]byte, error) {
	w, h, piece := l.fitting(info.Width, info.Height)
	sheet, err := rendition.Upright(data, info, w, h)
	if err != nil {
		return nil, err
	}
	if piece.Dx() < w || piece.Dy() < h {
		sheet = sheet.Cropped(piece.Min.X, piece.Min.Y, piece.Dx(), piece.Dy())
	}
	w, h = sheet.Size()
	for k := 1.0; ; {
		smaller := sheet
		if k < 1 {
			smaller = sheet.Scaled(scaled(w, h, k))
		}
		made, least, err := l.encoded(smaller, mark)
		if made != nil || err != nil {
			return made, err
		}
		if float64(max(w, h))*k <= sideFloor {
			return nil, errTooSmall(l.MaxBytes)
		}
		// The bytes go with the area, a little less than in proportion.
		k *= max(0.25, min(0.9, 0.95*math.Sqrt(float64(l.MaxBytes)/float64(least))))
		k = max(k, sideFloor/float64(max(w, h)))
	}
}

// encoded gives the JPEG of the best quality that fits into MaxBytes; nil where none
// does, with the bytes that the lowest one takes.
func (l look) encoded(sheet rendition.Sheet, mark image.Image) (best []byte, least int, err error) {
	if l.Watermark != nil {
		w, h := sheet.Size()
		layer, at, err := l.Watermark.layer(w, h, mark)
		if err != nil {
			return nil, 0, fmt.Errorf("the watermark can't be drawn: %w", err)
		}
		sheet = sheet.With(layer, at)
	}
	best, err = sheet.JPEG(l.Quality)
	if err != nil || l.MaxBytes == 0 || int64(len(best)) <= l.MaxBytes {
		return best, 0, err
	}
	low, high := min(qualityFloor, l.Quality), l.Quality
	above := len(best)
	best, err = sheet.JPEG(low)
	if err != nil || int64(len(best)) > l.MaxBytes {
		return nil, len(best), err
	}
	for high-low > 1 && float64(len(best)) < nearEnough*float64(l.MaxBytes) {
		q := between(low, high, len(best), above, l.MaxBytes)
		made, err := sheet.JPEG(q)
		if err != nil {
			return nil, 0, err
		}
		if int64(len(made)) <= l.MaxBytes {
			best, low = made, q
		} else {
			above, high = len(made), q
		}
	}
	return best, 0, nil
}

// nearEnough is the share of MaxBytes from which on no better quality is looked for.
const nearEnough = 0.96

// between guesses the quality of a size, from two qualities and their sizes: bytes grow
// with quality about exponentially. It is a bisection that knows where to look.
func between(low, high, bytesLow, bytesHigh int, most int64) int {
	target := (1 + nearEnough) / 2 * float64(most)
	share := math.Log(target/float64(bytesLow)) / math.Log(float64(bytesHigh)/float64(bytesLow))
	if math.IsNaN(share) {
		share = 0.5
	}
	return max(low+1, min(high-1, low+int(math.Round(share*float64(high-low)))))
}
