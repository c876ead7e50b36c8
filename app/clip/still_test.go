package clip

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"path/filepath"
	"testing"
)

// flat is a JPEG of one colour.
func flat(c color.Color, width, height int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.Set(x, y, c)
		}
	}
	return encodeJPEG(img)
}

func grey(level uint8, width, height int) []byte {
	img := image.NewGray(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = level
	}
	return encodeJPEG(img)
}

// otherChroma encodes the JPEG again with another chroma format.
func (s *stage) otherChroma(large []byte, format string) []byte {
	s.Helper()
	k, err := s.Renditions.Put(s.Context(), large)
	s.must(err)
	return s.ffmpeg("-f", "jpeg_pipe", "-i", s.Renditions.Path(k), "-vf", "scale=in_range=pc:out_range=pc,format="+format, "-q:v", "2", "-f", "mjpeg", "-")
}

// Pictures of all shapes and chroma formats come one after the other in one ffmpeg, and
// each shows in its place with its colours.
func TestEveryKindOfJPEGKeepsItsColours(t *testing.T) {
	t.Parallel()
	s := newStage(t, made{fps: fps25, frames: 100, hold: 3})
	red, green, blue := color.RGBA{200, 30, 40, 255}, color.RGBA{40, 180, 60, 255}, color.RGBA{50, 60, 210, 255}
	cases := []struct {
		what  string
		large []byte
		want  color.RGBA
	}{
		{"a red one", flat(red, 160, 90), red},
		{"a larger green one", flat(green, 641, 361), green},
		{"a grey one", grey(90, 161, 121), color.RGBA{90, 90, 90, 255}},
		{"a blue one in 4:4:4", s.otherChroma(flat(blue, 200, 200), "yuvj444p"), blue},
		{"a red one in 4:2:2", s.otherChroma(flat(red, 90, 160), "yuvj422p"), red},
		{"white", flat(color.White, 320, 240), color.RGBA{255, 255, 255, 255}},
		{"black", flat(color.Black, 320, 240), color.RGBA{0, 0, 0, 255}},
		{"a wide sliver", flat(green, 400, 3), green},
		{"a tall sliver", flat(blue, 1, 500), blue},
		{"a pixel", flat(red, 1, 1), red},
		{"a grey pixel", grey(200, 1, 1), color.RGBA{200, 200, 200, 255}},
		{"a green one again", flat(green, 160, 90), green},
	}
	for i, c := range cases {
		s.fill(2*i+1, c.large)
	}
	for _, fit := range []string{Crop, Pad} {
		s.Fit = fit
		file := s.File(s.render())
		rgb := s.ffmpeg("-i", file, "-vf", "zscale=matrixin=709:rangein=limited:matrix=gbr:range=full,format=gbrp,format=rgb24", "-f", "rawvideo", "-")
		size := s.width * s.height * 3
		if len(rgb) != s.frames*size {
			t.Fatalf("%d bytes are decoded of %d", len(rgb), s.frames*size)
		}
		for i, c := range cases {
			for n := 6 * i; n < 6*i+3; n++ {
				at := n*size + (s.height/2*s.width+s.width/2)*3
				for k, want := range []uint8{c.want.R, c.want.G, c.want.B} {
					if got := rgb[at+k]; math.Abs(float64(got)-float64(want)) > 6 {
						t.Errorf("%s: %s in frame %d: the middle is %v instead of %v", fit, c.what, n, rgb[at:at+3], c.want)
						break
					}
				}
			}
		}
	}
}

func TestAPictureIsFittedAsItIsAsked(t *testing.T) {
	t.Parallel()
	// Blue above and below: what is cropped off a 4:3 picture, a third of it at the top.
	img := image.NewRGBA(image.Rect(0, 0, 160, 120))
	for y := range 120 {
		for x := range 160 {
			img.SetRGBA(x, y, color.RGBA{200, 30, 40, 255})
			if y < 9 || y >= 101 {
				img.SetRGBA(x, y, color.RGBA{50, 60, 210, 255})
			}
		}
	}
	s := newStage(t, made{fps: fps25, frames: 4, hold: 4})
	s.fill(1, encodeJPEG(img))
	at := func(rgb []byte, x, y int) string {
		p := rgb[(y*160+x)*3:][:3]
		switch {
		case p[0] > 150 && p[2] < 100:
			return "red"
		case p[2] > 150 && p[0] < 100:
			return "blue"
		case p[0] > 70 && p[0] < 140 && p[2] < 60:
			return "dark red"
		}
		return fmt.Sprint(p)
	}
	for fit, want := range map[string][]string{Crop: {"red", "red", "red", "red"}, Pad: {"blue", "dark red", "red", "blue"}} {
		s.Fit = fit
		out := filepath.Join(t.TempDir(), "rgb")
		s.ffmpeg("-i", s.File(s.render()), "-frames:v", "1", "-vf", "scale=in_color_matrix=bt709,format=rgb24", "-f", "rawvideo", out)
		rgb := s.read(out)
		// 120×90 of the padded picture stand at x 20 to 140; 80 is the middle
		for i, p := range [][2]int{{80, 2}, {8, 45}, {80, 45}, {80, 87}} {
			if got := at(rgb, p[0], p[1]); got != want[i] {
				t.Errorf("%s: at %v it is %s instead of %s", fit, p, got, want[i])
			}
		}
	}
}

func TestAPictureMayBeHeldForLong(t *testing.T) {
	t.Parallel()
	s := newStage(t, made{fps: fps25, frames: 160, hold: 150})
	s.fill(1, still(7, 160, 90))
	file := s.File(s.render())
	s.quiet(file)
	luma, size := s.grey(file), s.width*s.height
	if len(luma) != 160*size {
		t.Fatalf("%d frames are decoded of 160", len(luma)/size)
	}
	for n := 1; n < 150; n++ {
		if !bytes.Equal(luma[:size], luma[n*size:(n+1)*size]) {
			t.Fatalf("frame %d is not the first again", n)
		}
	}
}
