package clip

import (
	"bytes"
	"encoding/binary"
	"math/big"

	"github.com/Eyevinn/mp4ff/mp4"
)

func be64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

// moov makes the movie box for data that begins at start.
func (l *layout) moov(start int64, large bool) *mp4.MoovBox {
	scale, tick := ticks(l.FPS)
	moov := mp4.NewMoovBox()
	mvhd := mp4.CreateMvhd()
	mvhd.Timescale, mvhd.Duration, mvhd.NextTrackID = uint32(scale), uint64(int64(l.Frames)*tick), 3
	moov.AddChild(mvhd)
	video, heard := l.places(start)
	moov.AddChild(l.videoBox(video, large))
	if l.sound != nil {
		trak := l.sound.box(2, scale)
		addPlaces(trak.Mdia.Minf.Stbl, heard, large)
		moov.AddChild(trak)
	}
	return moov
}

// place is where a chunk begins in the file and how many samples it has.
type place struct {
	at int64
	n  int
}

func (l *layout) places(start int64) (video, heard []place) {
	for _, c := range l.chunks {
		if c.sound {
			heard = append(heard, place{start, c.n})
		} else {
			video = append(video, place{start, c.n})
		}
		start += c.bytes
	}
	return video, heard
}

// addPlaces adds stsc and stco or co64.
func addPlaces(stbl *mp4.StblBox, places []place, large bool) {
	stsc := &mp4.StscBox{}
	stsc.SetSingleSampleDescriptionID(1)
	stco, co64 := &mp4.StcoBox{}, &mp4.Co64Box{}
	for i, p := range places {
		if i == 0 || p.n != places[i-1].n {
			stsc.Entries = append(stsc.Entries, mp4.StscEntry{FirstChunk: uint32(i + 1), SamplesPerChunk: uint32(p.n)})
		}
		stco.ChunkOffset = append(stco.ChunkOffset, uint32(p.at))
		co64.ChunkOffset = append(co64.ChunkOffset, uint64(p.at))
	}
	stbl.AddChild(stsc)
	if large {
		stbl.AddChild(co64)
	} else {
		stbl.AddChild(stco)
	}
}

// videoBox makes the video's trak box.
func (l *layout) videoBox(places []place, large bool) *mp4.TrakBox {
	scale, tick := ticks(l.FPS)
	lasts := uint64(int64(l.Frames) * tick)
	empty := mp4.CreateEmptyTrak(1, uint32(scale), "video", "und")
	empty.Tkhd.Duration = lasts
	empty.Tkhd.Width, empty.Tkhd.Height = mp4.Fixed32(l.Width<<16), mp4.Fixed32(l.Height<<16)
	edts := &mp4.EdtsBox{}
	edts.AddChild(&mp4.ElstBox{Entries: []mp4.ElstEntry{{SegmentDuration: lasts, MediaTime: int64(l.delay) * tick, MediaRateInteger: 1}}})

	trak := mp4.NewTrakBox()
	trak.AddChild(empty.Tkhd)
	trak.AddChild(edts)
	trak.AddChild(mediaOf(empty.Mdia, l.sampleTable(places, large), lasts))
	return trak
}

// sampleTable says of each video sample its time, size and place.
func (l *layout) sampleTable(places []place, large bool) *mp4.StblBox {
	_, tick := ticks(l.FPS)
	stss, stsz, late := &mp4.StssBox{}, &mp4.StszBox{SampleNumber: uint32(l.Frames)}, &mp4.CttsBox{}
	var counts []uint32
	var offsets []int32
	for i, f := range l.frames() {
		stsz.SampleSize = append(stsz.SampleSize, f.size)
		if f.sync {
			stss.SampleNumber = append(stss.SampleNumber, uint32(i+1))
		}
		offset := int32(int64(f.shown-i+l.delay) * tick)
		if n := len(offsets); n > 0 && offsets[n-1] == offset {
			counts[n-1]++
		} else {
			counts, offsets = append(counts, 1), append(offsets, offset)
		}
	}
	stbl := mp4.NewStblBox()
	stbl.AddChild(l.description())
	stbl.AddChild(&mp4.SttsBox{SampleCount: []uint32{uint32(l.Frames)}, SampleTimeDelta: []uint32{uint32(tick)}})
	stbl.AddChild(stss)
	if l.delay > 0 && late.AddSampleCountsAndOffset(counts, offsets) == nil {
		stbl.AddChild(late)
	}
	stbl.AddChild(stsz)
	addPlaces(stbl, places, large)
	return stbl
}

// description is the stsd box: H.264 in the units' one configuration, square pixels,
// BT.709 in limited range.
func (l *layout) description() *mp4.StsdBox {
	config := l.heads[0].Config
	entry := mp4.CreateVisualSampleEntryBox("avc1", uint16(l.Width), uint16(l.Height), mp4.CreateUnknownBox("avcC", uint64(8+len(config)), config))
	entry.CompressorName = ""
	entry.AddChild(&mp4.ColrBox{ColorType: "nclx", ColorPrimaries: 1, TransferCharacteristics: 1, MatrixCoefficients: 1})
	entry.AddChild(&mp4.PaspBox{HSpacing: 1, VSpacing: 1})
	stsd := mp4.NewStsdBox()
	stsd.AddChild(entry)
	return stsd
}

// payload gives a box's content without its header.
func payload(box mp4.Box) ([]byte, error) {
	var b bytes.Buffer
	if err := box.Encode(&b); err != nil {
		return nil, err
	}
	return b.Bytes()[8:], nil
}

// lengthOf is the video's duration.
func lengthOf(t Timeline) *big.Rat { return seconds(t.FPS, t.Frames) }
