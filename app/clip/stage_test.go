package clip

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"oneframe/app/ffmpeg"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/source"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// made says what source a stage has.
type made struct {
	fps           source.Rate
	frames, hold  int
	width, height int
	sound         bool
	from          int // the first slot's first frame
}

// stage is a clip "c" with its source in a fresh library, its slots in a fresh database,
// and a studio to render it.
type stage struct {
	testing.TB
	*Studio
	made
	now time.Time
}

func newStage(t testing.TB, m made) *stage {
	t.Helper()
	if m.width == 0 {
		m.width, m.height = 160, 90
	}
	s := bareStage(t, m)
	s.makeSource()
	s.write(s.insert)
	return s
}

// bareStage is a stage without a source.
func bareStage(t testing.TB, m made) *stage {
	t.Helper()
	s := &stage{TB: t, made: m, now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	dir := t.TempDir()
	db, err := store.Open(context.Background(), filepath.Join(dir, "x.db"))
	s.must(err)
	t.Cleanup(func() { s.must(db.Close()) })
	db.Now = func() time.Time { return s.now }
	tool, err := ffmpeg.Find()
	s.must(err)
	renditions, err := vault.Open(filepath.Join(dir, "rendition"))
	s.must(err)
	s.Studio = &Studio{DB: db, Tool: tool, Library: source.Library{Dir: filepath.Join(dir, "clips")},
		Renditions: renditions, Units: filepath.Join(dir, "units"), Pick: "newest", Quality: Quality{}.filled()}
	return s
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stage) write(f func(*store.Tx) error) {
	s.Helper()
	s.must(s.DB.Write(context.Background(), f))
}

// ffmpeg runs the program; its words are the test's failure.
func (s *stage) ffmpeg(args ...string) []byte {
	s.Helper()
	cmd := exec.Command(s.Tool.FFmpeg, append([]string{"-hide_banner", "-nostdin", "-v", "error", "-y"}, args...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil || said.Len() > 0 {
		s.Fatalf("ffmpeg %s: %v\n%s", strings.Join(args, " "), err, &said)
	}
	return out
}

// makeSource makes what an import makes: the mezzanine, and the sound with a click that
// a comparison can't miss.
func (s *stage) makeSource() {
	s.must(os.MkdirAll(s.Library.Folder("c"), 0o750))
	s.ffmpeg("-f", "lavfi", "-i", fmt.Sprintf("testsrc2=s=%dx%d:r=%s", s.width, s.height, s.fps), "-frames:v", fmt.Sprint(s.frames),
		"-vf", "gblur=sigma=3,format=yuv420p,setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709", "-c:v", "libx264", "-preset", "veryfast",
		"-crf", "16", "-g", "12", "-bf", "0", "-sc_threshold", "0", s.Library.Mezzanine("c"))
	if s.sound {
		lasts := float64(s.frames) / s.fps.Float()
		s.ffmpeg("-f", "lavfi", "-i", fmt.Sprintf("sine=f=440:b=4:d=%f", lasts+0.7), "-c:a", "aac", "-b:a", "96k", s.Library.Sound("c"))
	}
}

func (s *stage) insert(tx *store.Tx) error {
	var slots []slot.Slot
	for at := s.from; at < s.frames; at += s.hold {
		slots = append(slots, slot.Slot{ID: slot.ID{Clip: "c", Number: len(slots) + 1}, First: at, Hold: min(s.hold, s.frames-at), Start: s.fps.At(at)})
	}
	sound := 0
	if s.sound {
		sound = 1
	}
	_, err := tx.Exec(`INSERT INTO source_video (slug, title, rate_num, rate_den, frames, width, height, hold, slots, sound, created_at, featured_at)
		VALUES ('c', 'C', $1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`, s.fps.Num, s.fps.Den, s.frames, s.width, s.height, s.hold, len(slots), sound, store.Millis(tx.Now))
	if err != nil {
		return err
	}
	return slot.Add(tx, slots)
}

// fill has a picture accepted for the slot.
func (s *stage) fill(number int, large []byte) picture.ID {
	s.Helper()
	k, err := s.Renditions.Put(context.Background(), large)
	s.must(err)
	id := picture.ID(store.NewID())
	s.write(func(tx *store.Tx) error {
		l, err := slot.Take(tx, "c", number, time.Minute)
		if err != nil {
			return err
		}
		at, err := slot.Fill(tx, l.Token)
		if err != nil {
			return err
		}
		if _, err := picture.Record(tx, picture.New{ID: id, Origin: "webcam", Slot: at, Original: k, Type: "image/jpeg", Width: 1, Height: 1}); err != nil {
			return err
		}
		if err := picture.Ready(tx, id, picture.Renditions{Large: k, Medium: k, Thumb: k, Width: 1, Height: 1}); err != nil {
			return err
		}
		_, err = picture.Settle(tx, id, picture.Verdict{State: picture.Accepted, By: "test"})
		return err
	})
	return id
}

// step does a round of work, which has to be there.
func (s *stage) step() error {
	s.Helper()
	worked, err := s.Step(context.Background())
	if !worked {
		s.Fatal("there was nothing to do")
	}
	return err
}

// render requests and does one, which has to succeed.
func (s *stage) render() Render {
	s.Helper()
	r, err := s.Render(context.Background(), "c", nil)
	s.must(err)
	return r
}

// current is the clip's current render.
func (s *stage) current() (r Render) {
	s.Helper()
	s.must(s.DB.Read(context.Background(), func(tx *store.Tx) (err error) {
		r, err = Current(tx, "c")
		return err
	}))
	return r
}

// timeline is the clip's plan as it is now.
func (s *stage) timeline() Timeline {
	s.Helper()
	t, _, err := s.planNow(context.Background(), "c")
	s.must(err)
	return t
}

// unitOf is the unit of a slot's picture in it.
func (s *stage) unitOf(number int) Unit {
	s.Helper()
	for _, u := range s.timeline().Units {
		if u.Slot == number {
			return u
		}
	}
	s.Fatalf("slot %d shows no picture", number)
	return Unit{}
}

// still draws a picture that no other seed gives, as a JPEG.
func still(seed, width, height int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	f := float64(seed)
	for y := range height {
		for x := range width {
			u, v := float64(x)/float64(width)*6, float64(y)/float64(height)*6
			img.SetRGBA(x, y, color.RGBA{wave(u + f), wave(v*1.3 - 2*f), wave(u - v + 3*f), 255})
		}
	}
	return encodeJPEG(img)
}

func wave(x float64) uint8 { return uint8(127.5 + 127.5*math.Sin(x)) }

func encodeJPEG(img image.Image) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func (s *stage) read(path string) []byte {
	s.Helper()
	content, err := os.ReadFile(path)
	s.must(err)
	return content
}

// useMezzanine puts another video in the source's place.
func (s *stage) useMezzanine(file string) error { return os.Rename(file, s.Library.Mezzanine("c")) }
