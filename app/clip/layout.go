package clip

import (
	"bytes"
	"fmt"
	"math"
	"math/big"

	"github.com/Eyevinn/mp4ff/mp4"

	"oneframe/app/source"
)

// layout says where everything stands in a clip's file, before a byte of it is written:
//
//	ftyp  moov  mdat: a second of video, the sound that begins in it, the next second …
//
// Video sample i is decoded at tick i and shown at its unit's start plus its own time.
// delay, the longest that a frame is decoded ahead, shifts all of them so that none is
// shown before it is decoded, and the edit list shifts them back.
type layout struct {
	Timeline
	heads   []head // one per unit
	variant []int  // which sample of a unit of one frame is taken, per unit
	sound   *sound // nil where the source has none
	delay   int
	chunks  []chunk
}

// chunk is samples [first, first+n) of a track, which lie together.
type chunk struct {
	sound    bool
	first, n int
	bytes    int64
}

// frame is one video sample of the file.
type frame struct {
	size  uint32
	shown int // the clip's frame
	sync  bool
}

// ticks gives the video's timescale and a frame's duration in it: a multiple of the rate,
// above 10000 as players expect.
func ticks(r source.Rate) (scale, tick int64) {
	scale, tick = r.Num, r.Den
	for scale < 10000 {
		scale, tick = 2*scale, 2*tick
	}
	return scale, tick
}

// seconds is the duration of so many frames.
func seconds(r source.Rate, frames int) *big.Rat { return big.NewRat(int64(frames)*r.Den, r.Num) }

// newLayout arranges the units, whose heads come in the timeline's order.
func newLayout(t Timeline, heads []head, s *sound) (*layout, error) {
	l := &layout{Timeline: t, heads: heads, variant: variants(heads), sound: s}
	if s != nil && len(s.starts) == 0 { // it begins after the video's end
		l.sound = nil
	}
	total := 0
	for i, h := range heads {
		if h.Frames != t.Units[i].Frames {
			return nil, fmt.Errorf("the unit at frame %d has %d frames instead of %d", t.Units[i].First, h.Frames, t.Units[i].Frames)
		}
		if !bytes.Equal(h.Config, heads[0].Config) {
			return nil, fmt.Errorf("the unit at frame %d has another decoder configuration", t.Units[i].First)
		}
		total += h.Frames
	}
	if total != t.Frames || total == 0 {
		return nil, fmt.Errorf("the units have %d frames instead of %d", total, t.Frames)
	}
	for i, f := range l.frames() {
		l.delay = max(l.delay, i-f.shown)
	}
	l.interleave()
	return l, nil
}

// variants picks for each unit of one frame the sample whose idr_pic_id differs from that
// of the IDR picture right after it; longer units begin with 0.
func variants(heads []head) []int {
	all := make([]int, len(heads))
	next := 1 // so that the last unit, if it has one frame, takes 0
	for i := len(heads) - 1; i >= 0; i-- {
		if heads[i].Frames == 1 {
			all[i] = 1 - next
		}
		next = all[i]
	}
	return all
}

// samplesOf gives the samples of unit i that the clip takes.
func (l *layout) samplesOf(i int) []sample {
	if l.heads[i].Frames == 1 {
		return l.heads[i].Samples[l.variant[i] : l.variant[i]+1]
	}
	return l.heads[i].Samples
}

// frames gives all video samples in the order of the file.
func (l *layout) frames() []frame {
	all := make([]frame, 0, l.Frames)
	for i, u := range l.Units {
		for n, s := range l.samplesOf(i) {
			all = append(all, frame{s.Size, u.First + int(s.Time), n == 0})
		}
	}
	return all
}

// interleave makes the chunks.
func (l *layout) interleave() {
	video, heard := l.frames(), 0
	for at, second := 0, 0; at < len(video); second++ {
		c := chunk{first: at}
		for ; at < len(video) && int64(at)*l.FPS.Den/l.FPS.Num == int64(second); at++ {
			c.n++
			c.bytes += int64(video[at].size)
		}
		if c.n > 0 { // below one frame a second some have none
			l.chunks = append(l.chunks, c)
		}
		if l.sound == nil {
			continue
		}
		c = chunk{sound: true, first: heard}
		for ; heard < len(l.sound.starts) && l.sound.second(heard) <= second; heard++ {
			c.n++
			c.bytes += int64(l.sound.sizes[heard])
		}
		if c.n > 0 {
			l.chunks = append(l.chunks, c)
		}
	}
}

// header gives everything before the first chunk, up to and with mdat's own header.
func (l *layout) header() ([]byte, error) {
	var data int64
	for _, c := range l.chunks {
		data += c.bytes
	}
	large := data > math.MaxUint32-(64<<20) // leaves room for the boxes before the data
	start := int64(0)
	var b bytes.Buffer
	for range 2 { // the places don't change the header's length: measure, then write
		b.Reset()
		ftyp := mp4.NewFtyp("isom", 512, []string{"isom", "iso2", "avc1", "mp41"})
		if err := ftyp.Encode(&b); err != nil {
			return nil, err
		}
		if err := l.moov(start, large).Encode(&b); err != nil {
			return nil, err
		}
		mdatHeader(&b, data, large)
		start = int64(b.Len())
	}
	return b.Bytes(), nil
}

// mdatHeader begins the mdat box, with a 64-bit size where it is large.
func mdatHeader(b *bytes.Buffer, data int64, large bool) {
	if large {
		b.Write([]byte{0, 0, 0, 1, 'm', 'd', 'a', 't'})
		b.Write(be64(uint64(data) + 16))
		return
	}
	b.Write(be64((uint64(data) + 8) << 32)[:4])
	b.WriteString("mdat")
}
