package clip

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/Eyevinn/mp4ff/mp4"
)

// sound is the source's sound on its way into a clip: its samples are copied untouched,
// up to the video's end.
type sound struct {
	*track
	starts []int64  // when each kept sample is heard, in the track's timescale; before 0 for the encoder's priming
	delay  *big.Rat // seconds of silence before the sound begins, from empty edits
	prime  int64    // the encoder's delay in the track's timescale, which the edit list skips
	length *big.Rat // seconds that are heard after delay
}

// openSound reads the sound file and cuts it to the video's length in seconds. The caller
// closes it.
func openSound(path string, video *big.Rat) (*sound, error) {
	t, err := openTrack(path, "soun")
	if err != nil {
		return nil, err
	}
	s := &sound{track: t, delay: new(big.Rat)}
	if err := s.edits(); err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", path, err), t.Close())
	}
	s.trim(video)
	return s, nil
}

func (s *sound) scale() int64 { return int64(s.trak.Mdia.Mdhd.Timescale) }

// edits reads the edit list: silence first, perhaps, and then one piece of the sound.
func (s *sound) edits() error {
	s.length = big.NewRat(int64(s.trak.Mdia.Mdhd.Duration), s.scale())
	if s.trak.Edts == nil || len(s.trak.Edts.Elst) == 0 {
		return nil
	}
	pieces := 0
	for _, e := range s.trak.Edts.Elst[0].Entries {
		lasts := big.NewRat(int64(e.SegmentDuration), int64(s.moov.Mvhd.Timescale))
		switch {
		case e.MediaTime == -1 && pieces == 0:
			s.delay.Add(s.delay, lasts)
		case e.MediaTime >= 0 && pieces == 0:
			s.prime, s.length = e.MediaTime, lasts
			pieces++
		default:
			return errors.New("its edit list is of a kind that its import does not make")
		}
	}
	return nil
}

// trim keeps what begins before the video's end.
func (s *sound) trim(video *big.Rat) {
	if left := new(big.Rat).Sub(video, s.delay); s.length.Cmp(left) > 0 {
		s.length = left
	}
	end := ticksOf(new(big.Rat).Add(s.delay, s.length), s.scale())
	b := s.stbl().Stts
	at := ticksOf(s.delay, s.scale()) - s.prime
	for i, n := range b.SampleCount {
		for range n {
			if at >= end || len(s.starts) == len(s.sizes) {
				return
			}
			s.starts = append(s.starts, at)
			at += int64(b.SampleTimeDelta[i])
		}
	}
}

// second is the chunk that a sample belongs to: the second in which it begins.
func (s *sound) second(i int) int { return int(max(0, s.starts[i]) / s.scale()) }

// box makes the sound's trak box for a movie of the timescale: everything but the sample
// table's places is the source's.
func (s *sound) box(id uint32, scale int64) *mp4.TrakBox {
	trak := mp4.NewTrakBox()
	tkhd := *s.trak.Tkhd
	tkhd.TrackID, tkhd.Duration = id, uint64(ticksOf(new(big.Rat).Add(s.delay, s.length), scale))
	trak.AddChild(&tkhd)
	trak.AddChild(s.editBox(scale))
	n := len(s.starts)
	stbl := mp4.NewStblBox()
	stbl.AddChild(s.stbl().Stsd)
	stts := firstTimes(s.stbl().Stts, n)
	stbl.AddChild(stts)
	stbl.AddChild(&mp4.StszBox{SampleNumber: uint32(n), SampleSize: s.sizes[:n]})
	for _, g := range s.stbl().Sgpds {
		stbl.AddChild(g)
	}
	for _, g := range s.stbl().Sbgps {
		stbl.AddChild(firstGroups(g, n))
	}
	trak.AddChild(mediaOf(s.trak.Mdia, stbl, duration(stts)))
	return trak
}

// editBox writes the edit list as it was, shortened with the sound.
func (s *sound) editBox(scale int64) *mp4.EdtsBox {
	list := &mp4.ElstBox{}
	if s.delay.Sign() > 0 {
		list.Entries = append(list.Entries, mp4.ElstEntry{SegmentDuration: uint64(ticksOf(s.delay, scale)), MediaTime: -1, MediaRateInteger: 1})
	}
	list.Entries = append(list.Entries, mp4.ElstEntry{SegmentDuration: uint64(ticksOf(s.length, scale)), MediaTime: s.prime, MediaRateInteger: 1})
	edts := &mp4.EdtsBox{}
	edts.AddChild(list)
	return edts
}

// mediaOf copies a mdia box with another sample table and duration.
func mediaOf(from *mp4.MdiaBox, stbl *mp4.StblBox, lasts uint64) *mp4.MdiaBox {
	mdia := &mp4.MdiaBox{}
	mdhd := *from.Mdhd
	mdhd.Duration = lasts
	mdia.AddChild(&mdhd)
	mdia.AddChild(from.Hdlr)
	minf := mp4.NewMinfBox()
	for _, c := range from.Minf.Children {
		if c.Type() == "stbl" {
			c = stbl
		}
		minf.AddChild(c)
	}
	mdia.AddChild(minf)
	return mdia
}

// firstTimes is the table of the first n samples' durations.
func firstTimes(all *mp4.SttsBox, n int) *mp4.SttsBox {
	b := &mp4.SttsBox{}
	for i, count := range all.SampleCount {
		if count = min(count, uint32(n)); count > 0 {
			b.SampleCount = append(b.SampleCount, count)
			b.SampleTimeDelta = append(b.SampleTimeDelta, all.SampleTimeDelta[i])
			n -= int(count)
		}
	}
	return b
}

// firstGroups is the table of the first n samples' groups.
func firstGroups(all *mp4.SbgpBox, n int) *mp4.SbgpBox {
	b := &mp4.SbgpBox{Version: all.Version, Flags: all.Flags, GroupingType: all.GroupingType, GroupingTypeParameter: all.GroupingTypeParameter}
	for i, count := range all.SampleCounts {
		if count = min(count, uint32(n)); count > 0 {
			b.SampleCounts = append(b.SampleCounts, count)
			b.GroupDescriptionIndices = append(b.GroupDescriptionIndices, all.GroupDescriptionIndices[i])
			n -= int(count)
		}
	}
	return b
}

func duration(b *mp4.SttsBox) (sum uint64) {
	for i, n := range b.SampleCount {
		sum += uint64(n) * uint64(b.SampleTimeDelta[i])
	}
	return sum
}

// ticksOf gives seconds, 0 or more, in a timescale, to the nearest.
func ticksOf(seconds *big.Rat, scale int64) int64 {
	if seconds.Sign() < 0 {
		return 0
	}
	twice := new(big.Rat).Mul(seconds, big.NewRat(2*scale, 1))
	return (new(big.Int).Quo(twice.Num(), twice.Denom()).Int64() + 1) / 2
}
