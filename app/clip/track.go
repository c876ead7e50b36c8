package clip

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/Eyevinn/mp4ff/mp4"
)

// track is one track of an MP4 file that is open for reading its samples.
type track struct {
	file    *os.File
	moov    *mp4.MoovBox
	trak    *mp4.TrakBox
	offsets []int64 // of each sample in the file
	sizes   []uint32
	syncs   []int // the sync samples, ascending, 0-based; all of them where the file lists none
}

// openTrack opens a file's first track of the kind: "vide" or "soun". The caller closes it.
func openTrack(path, kind string) (*track, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	t := &track{file: f}
	if err := t.read(kind); err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", path, err), f.Close())
	}
	return t, nil
}

func (t *track) Close() error { return t.file.Close() }

func (t *track) read(kind string) error {
	file, err := mp4.DecodeFile(t.file, mp4.WithDecodeMode(mp4.DecModeLazyMdat))
	if err != nil {
		return err
	}
	if file.Moov == nil || file.IsFragmented() {
		return errors.New("it is not an MP4 file with its index in one piece")
	}
	t.moov = file.Moov
	for _, trak := range file.Moov.Traks {
		if trak.Mdia != nil && trak.Mdia.Hdlr != nil && trak.Mdia.Hdlr.HandlerType == kind {
			t.trak = trak
			return t.index()
		}
	}
	return fmt.Errorf("it has no track of kind %s", kind)
}

func (t *track) stbl() *mp4.StblBox { return t.trak.Mdia.Minf.Stbl }

// index finds the place and size of each sample.
func (t *track) index() error {
	b := t.stbl()
	if b.Stsz == nil || b.Stsc == nil || b.Stts == nil || b.Stco == nil && b.Co64 == nil {
		return errors.New("its sample table is incomplete")
	}
	n := int(b.Stsz.GetNrSamples())
	t.sizes, t.offsets = make([]uint32, n), make([]int64, 0, n)
	for i := range t.sizes {
		t.sizes[i] = b.Stsz.GetSampleSize(i + 1)
	}
	for i, at := range chunkOffsets(b) {
		for range b.Stsc.GetChunk(uint32(i + 1)).NrSamples {
			if len(t.offsets) == n {
				return errors.New("its chunks hold more samples than it has")
			}
			t.offsets = append(t.offsets, at)
			at += int64(t.sizes[len(t.offsets)-1])
		}
	}
	if len(t.offsets) != n {
		return errors.New("its chunks hold fewer samples than it has")
	}
	t.syncs = syncSamples(b, n)
	return nil
}

func chunkOffsets(b *mp4.StblBox) (all []int64) {
	if b.Co64 != nil {
		for _, o := range b.Co64.ChunkOffset {
			all = append(all, int64(o))
		}
		return all
	}
	for _, o := range b.Stco.ChunkOffset {
		all = append(all, int64(o))
	}
	return all
}

func syncSamples(b *mp4.StblBox, n int) (all []int) {
	if b.Stss == nil {
		for i := range n {
			all = append(all, i)
		}
		return all
	}
	for _, nr := range b.Stss.SampleNumber {
		all = append(all, int(nr)-1)
	}
	return all
}

// sample reads one sample into buf, which it grows as needed.
func (t *track) sample(i int, buf []byte) ([]byte, error) {
	n := int(t.sizes[i])
	buf = slices.Grow(buf[:0], n)[:n]
	if _, err := t.file.ReadAt(buf, t.offsets[i]); err != nil {
		return nil, fmt.Errorf("read sample %d: %w", i+1, err)
	}
	return buf, nil
}

// times gives the composition time of each sample in the track's timescale, as the edit
// list finds it.
func (t *track) times() []int64 {
	b := t.stbl()
	all := make([]int64, 0, len(t.sizes))
	var at int64
	for i, n := range b.Stts.SampleCount {
		for range n {
			var late int32
			if b.Ctts != nil {
				late = b.Ctts.GetCompositionTimeOffset(uint32(len(all) + 1))
			}
			all = append(all, at+int64(late))
			at += int64(b.Stts.SampleTimeDelta[i])
		}
	}
	return all
}

// order gives for each sample its place in the order of presentation.
func (t *track) order() ([]int, error) {
	times := t.times()
	if len(times) != len(t.sizes) {
		return nil, errors.New("its samples and their times differ in number")
	}
	by := make([]int, len(times))
	for i := range by {
		by[i] = i
	}
	slices.SortStableFunc(by, func(a, b int) int { return int(times[a] - times[b]) })
	place := make([]int, len(times))
	for n, i := range by {
		place[i] = n
	}
	return place, nil
}

// avcC gives the payload of the box with the H.264 decoder's configuration.
func (t *track) avcC() (*mp4.AvcCBox, error) {
	if d := t.stbl().Stsd; d != nil && d.AvcX != nil && d.AvcX.AvcC != nil {
		return d.AvcX.AvcC, nil
	}
	return nil, errors.New("it is not H.264")
}

// pieces is a reader over what next gives, piece by piece, up to io.EOF.
type pieces struct {
	next func() ([]byte, error)
	rest []byte
}

func (p *pieces) Read(b []byte) (int, error) {
	for len(p.rest) == 0 {
		var err error
		if p.rest, err = p.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}
