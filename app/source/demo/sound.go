package demo

import (
	"bytes"
	"encoding/binary"
	"math"
)

const (
	sampleRate = 48000
	channels   = 2
	beatTime   = 0.5 // seconds
	seconds    = Frames / Rate
	ending     = 0.4 // seconds of fading out
)

// chord is a half bar's harmony as MIDI notes: the bass, and the three above it.
type chord struct {
	bass  int
	notes [3]int
}

// harmony gives one chord to each pose: C, A minor, F and G, and home again.
func harmony() []chord {
	c := chord{36, [3]int{60, 64, 67}}
	am := chord{33, [3]int{60, 64, 69}}
	f := chord{29, [3]int{60, 65, 69}}
	g := chord{31, [3]int{59, 62, 67}}
	return []chord{c, c, am, am, f, f, g, g, am, f, g, c}
}

// tune is the melody in eighths, as MIDI notes; 0 is a rest.
func tune() []int {
	return []int{
		72, 0, 76, 79, 0, 76, 79, 0, 81, 0, 79, 76, 0, 72, 76, 0,
		77, 0, 81, 84, 0, 81, 77, 0, 79, 0, 83, 86, 0, 83, 79, 0,
		81, 0, 76, 72, 77, 0, 81, 84, 83, 0, 79, 83, 84, 0, 0, 0,
	}
}

// track is the tune being mixed: one sum of samples to each side.
type track struct {
	sides [channels][]float64
	noise uint32
}

// WAV gives the tune as a WAV file: 16 bits, stereo, 48 kHz, exactly as long as the frames.
func WAV() []byte {
	t := &track{noise: 0x9e3779b9}
	for i := range t.sides {
		t.sides[i] = make([]float64, seconds*sampleRate)
	}
	t.drums()
	for i, c := range harmony() {
		t.chord(float64(i)*poseTime, c)
	}
	for i, note := range tune() {
		if note > 0 {
			t.tone(float64(i)*beatTime/2, 0.34, 0.1, 0.25*math.Sin(float64(i)), 14, pitch(note), pluck)
		}
	}
	return t.wav()
}

// pitch is a MIDI note's frequency in hertz.
func pitch(note int) float64 { return 440 * math.Pow(2, float64(note-69)/12) }

// drums: a kick on every beat, a clap on every second, a hat between them.
func (t *track) drums() {
	for beat := range int(seconds / beatTime) {
		at := float64(beat) * beatTime
		t.add(at, 0.32, 0, func(s float64) float64 {
			return 0.85 * math.Exp(-9*s) * math.Sin(2*math.Pi*(46*s+4.2*(1-math.Exp(-28*s))))
		})
		t.hiss(at+beatTime/2, 0.07, 0.16, 0.2, 60)
		if beat%2 == 1 {
			t.hiss(at, 0.18, 0.3, -0.1, 22)
		}
	}
}

// chord: a stab when the pose lands, and a bass in eighths under it.
func (t *track) chord(at float64, c chord) {
	for i, n := range c.notes {
		t.tone(at, 0.7, 0.13, 0.5*float64(i-1), 5, pitch(n), reed)
	}
	for i := range 4 {
		note := c.bass + 12*(i%2)
		t.tone(at+float64(i)*beatTime/2, 0.24, 0.26, 0, 7, pitch(note), reed)
	}
}

// The shapes of a wave at its phase, in turns.
func pluck(phase float64) float64 {
	return math.Sin(2*math.Pi*phase) + 0.3*math.Sin(4*math.Pi*phase) + 0.12*math.Sin(6*math.Pi*phase)
}

func reed(phase float64) float64 {
	sum := 0.0
	for n, loud := range [...]float64{0.78, 0.3, 0.16, 0.09, 0.06, 0.04} {
		sum += loud * math.Sin(2*math.Pi*float64(n+1)*phase)
	}
	return sum
}

// tone adds a note that begins at a time and falls off at so many nepers a second.
// Places are from -1, left, to 1, right.
func (t *track) tone(at, length, loud, place, fall, frequency float64, shape func(float64) float64) {
	t.add(at, length, place, func(s float64) float64 {
		attack := min(1, s/0.004)
		release := min(1, (length-s)/0.02)
		return loud * attack * release * math.Exp(-fall*s) * shape(frequency*s)
	})
}

// hiss adds a burst of noise without its low part.
func (t *track) hiss(at, length, loud, place, fall float64) {
	last := 0.0
	t.add(at, length, place, func(s float64) float64 {
		t.noise ^= t.noise << 13
		t.noise ^= t.noise >> 17
		t.noise ^= t.noise << 5
		now := float64(t.noise)/(1<<31) - 1
		high := now - last
		last = now
		return loud * math.Exp(-fall*s) * high
	})
}

// add adds a voice, which gives its samples in order of their time since its beginning.
func (t *track) add(at, length, place float64, voice func(s float64) float64) {
	first := int(math.Round(at * sampleRate))
	left, right := math.Sqrt((1-place)/2), math.Sqrt((1+place)/2)
	for i := range int(length * sampleRate) {
		if first+i >= len(t.sides[0]) {
			return
		}
		v := voice(float64(i) / sampleRate)
		t.sides[0][first+i] += v * left * math.Sqrt2
		t.sides[1][first+i] += v * right * math.Sqrt2
	}
}

// wav mixes down, softly limited.
func (t *track) wav() []byte {
	frames := len(t.sides[0])
	size := uint32(frames * channels * 2)
	var b bytes.Buffer
	header := []any{
		[4]byte{'R', 'I', 'F', 'F'}, 36 + size, [8]byte{'W', 'A', 'V', 'E', 'f', 'm', 't', ' '}, uint32(16),
		uint16(1), uint16(channels), uint32(sampleRate), uint32(sampleRate * channels * 2), uint16(channels * 2), uint16(16),
		[4]byte{'d', 'a', 't', 'a'}, size,
	}
	for _, v := range header {
		_ = binary.Write(&b, binary.LittleEndian, v) // a buffer takes everything
	}
	for i := range frames {
		fade := min(1, float64(frames-i)/(ending*sampleRate))
		for _, side := range t.sides {
			v := int16(30000 * math.Tanh(1.1*side[i]) * fade)
			b.WriteByte(byte(v))
			b.WriteByte(byte(uint16(v) >> 8))
		}
	}
	return b.Bytes()
}
