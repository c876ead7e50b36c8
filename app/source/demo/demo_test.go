package demo

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"testing"
)

// luma draws a frame and gives its brightness.
func luma(p *painter, n int) []byte {
	raw := make([]byte, Width*Height*3/2)
	p.paint(n)
	p.canvas.yuv(raw)
	return raw[:Width*Height]
}

func apart(a, b []byte) float64 {
	sum := 0
	for i := range a {
		sum += max(int(a[i]), int(b[i])) - min(int(a[i]), int(b[i]))
	}
	return float64(sum) / float64(len(a))
}

func TestEveryPoseIsAnother(t *testing.T) {
	t.Parallel()
	p := newPainter(grounds())
	all := make([][]byte, len(poses()))
	for i := range all {
		n := i*int(poseTime*Rate) + 10
		// On the first backdrop, so that only the figure differs.
		figure := newPerson(p.stances[i], 0.4)
		p.canvas.backdrop(p.grounds, 0.4)
		p.canvas.draw(figure, p.stances[i], 0.4)
		raw := make([]byte, Width*Height*3/2)
		p.canvas.yuv(raw)
		all[i] = raw[:Width*Height]
		if n >= Frames {
			t.Errorf("pose %d has no frames", i+1)
		}
	}
	for i := range all {
		for j := range i {
			if d := apart(all[i], all[j]); d < 2.5 {
				t.Errorf("poses %d and %d differ by %.1f levels only", j+1, i+1, d)
			}
		}
	}
}

func TestAPoseLandsOnItsBeatAndIsHeld(t *testing.T) {
	t.Parallel()
	all := newPainter(grounds()).stances
	for i := range all {
		landed := stanceAt(float64(i)*poseTime, all)
		if d := math.Abs(landed.rightBones.upper.angle - all[i].rightBones.upper.angle); math.Abs(math.Remainder(d, 2*math.Pi)) > 1e-9 {
			t.Errorf("pose %d is off by %.3f on its beat", i+1, d)
		}
		held := stanceAt(float64(i)*poseTime+0.6, all)
		if d := math.Abs(math.Remainder(held.leftBones.fore.angle-all[i].leftBones.fore.angle, 2*math.Pi)); d > 0.03 {
			t.Errorf("pose %d has moved by %.3f while it is held", i+1, d)
		}
	}
}

func TestArmsNeverJump(t *testing.T) {
	t.Parallel()
	all := newPainter(grounds()).stances
	last := stanceAt(0, all)
	for n := 1; n < Frames; n++ {
		now := stanceAt(float64(n)/Rate, all)
		for _, turn := range []float64{
			now.leftBones.upper.angle - last.leftBones.upper.angle, now.rightBones.upper.angle - last.rightBones.upper.angle,
			now.leftBones.fore.angle - last.leftBones.fore.angle, now.rightBones.fore.angle - last.rightBones.fore.angle,
		} {
			if math.Abs(math.Remainder(turn, 2*math.Pi)) > 0.75 {
				t.Errorf("frame %d: an arm turns by %.2f at once", n, turn)
			}
		}
		last = now
	}
}

func TestBackdropsChangeWithTheBars(t *testing.T) {
	t.Parallel()
	p := newPainter(grounds())
	corner := func(n int) byte { return luma(p, n)[5*Width+5] }
	for bar := 1; bar < 6; bar++ {
		first := bar * int(barTime*Rate)
		if corner(first-1) == corner(first+12) {
			t.Errorf("bar %d has the backdrop of the one before", bar+1)
		}
	}
}

func TestTheVideoIsRawFrames(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	told := 0
	if err := Video(t.Context(), &out, func(n int) { told = n }); err != nil {
		t.Fatal(err)
	}
	const size = Width * Height * 3 / 2
	if out.Len() != Frames*size || told != Frames {
		t.Fatalf("%d bytes and %d frames told, want %d frames of %d bytes", out.Len(), told, Frames, size)
	}
	// The frames come in their order, whichever core drew them.
	p := newPainter(grounds())
	for _, n := range []int{0, 77, 150, 299} {
		if !bytes.Equal(out.Bytes()[n*size:n*size+Width*Height], luma(p, n)) {
			t.Errorf("frame %d is another", n)
		}
	}
}

type broken struct{}

var errBroken = errors.New("nobody reads")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestDrawingEndsWhenNobodyReads(t *testing.T) {
	t.Parallel()
	if err := Video(t.Context(), broken{}, func(int) {}); !errors.Is(err, errBroken) {
		t.Errorf("error %v, want the writer's", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := Video(ctx, &bytes.Buffer{}, func(n int) {
		if n == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the cancellation", err)
	}
}

func TestColoursAreBT709(t *testing.T) {
	t.Parallel()
	c := newCanvas()
	raw := make([]byte, Width*Height*3/2)
	// ITU-R BT.709-6, section 3: 8-bit levels of the primaries in limited range.
	for col, want := range map[paint][3]byte{
		0xffffff: {235, 128, 128}, 0x000000: {16, 128, 128}, 0xff0000: {63, 102, 240}, 0x00ff00: {173, 42, 26}, 0x0000ff: {32, 240, 118},
	} {
		c.fill(col, []vec{{0, 0}, {Width, 0}, {Width, Height}, {0, Height}})
		c.yuv(raw)
		if got := [3]byte{raw[0], raw[Width*Height], raw[Width*Height*5/4]}; got != want {
			t.Errorf("%06x is %v, want %v", uint32(col), got, want)
		}
	}
}

// levels gives the loudness of the tune in steps of 10 ms.
func levels(t *testing.T) []float64 {
	t.Helper()
	wav := WAV()
	if string(wav[:4]) != "RIFF" || len(wav) != 44+seconds*sampleRate*channels*2 {
		t.Fatalf("%d bytes of %q", len(wav), wav[:4])
	}
	const step = sampleRate / 100 * channels
	all := make([]float64, (len(wav)-44)/2/step)
	for i := range all {
		for j := range step {
			v := float64(int16(binary.LittleEndian.Uint16(wav[44+(i*step+j)*2:])))
			all[i] += v * v / step
		}
		all[i] = math.Sqrt(all[i])
	}
	return all
}

func TestTheBeatIsHeard(t *testing.T) {
	t.Parallel()
	all := levels(t)
	for beat := range seconds * 2 {
		at := beat * 50
		after := (all[at+1] + all[at+2] + all[at+3]) / 3
		before := 0.0
		if at > 0 {
			before = (all[at-1] + all[at-2] + all[at-3]) / 3
		}
		if after < 1.6*before || after < 3000 {
			t.Errorf("beat %d: loudness goes from %.0f to %.0f", beat+1, before, after)
		}
	}
	for i, v := range all {
		if v > 27000 {
			t.Errorf("at %d ms it is clipped: %.0f", i*10, v)
		}
	}
}
