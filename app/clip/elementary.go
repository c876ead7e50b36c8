package clip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sort"
)

// span is a range [From, To) of frames or samples.
type span struct{ From, To int }

func (s span) len() int { return s.To - s.From }

// add appends a span, joined to the last where they touch or overlap; spans come ascending.
func add(all []span, s span) []span {
	if n := len(all); n > 0 && s.From <= all[n-1].To {
		all[n-1].To = max(all[n-1].To, s.To)
		return all
	}
	return append(all, s)
}

// divide shares spans of samples out into at most n parts of about the same length, in
// order, and cuts them only before sync samples.
func (t *track) divide(spans []span, n int) (parts [][]span) {
	total := 0
	for _, s := range spans {
		total += s.len()
	}
	most, room := (total+n-1)/n, 0
	for _, s := range spans {
		for s.len() > 0 {
			if room <= 0 {
				parts, room = append(parts, nil), most
			}
			cut := s.To
			if room < s.len() {
				cut = min(s.To, t.syncAfter(s.From+room))
			}
			last := &parts[len(parts)-1]
			*last = append(*last, span{s.From, cut})
			room -= cut - s.From
			s.From = cut
		}
	}
	return parts
}

// elementary gives the samples of the spans as an H.264 byte stream (ITU-T H.264 annex B)
// that begins with the parameter sets: what "ffmpeg -f h264" reads from a pipe.
func (t *track) elementary(spans []span) (*pieces, error) {
	config, err := t.avcC()
	if err != nil {
		return nil, err
	}
	var sets, buf []byte
	for _, nals := range [][][]byte{config.SPSnalus, config.PPSnalus} {
		for _, nal := range nals {
			sets = append(append(sets, 0, 0, 0, 1), nal...)
		}
	}
	var todo []int
	for _, s := range spans {
		for i := s.From; i < s.To; i++ {
			todo = append(todo, i)
		}
	}
	return &pieces{rest: sets, next: func() ([]byte, error) {
		if len(todo) == 0 {
			return nil, io.EOF
		}
		i := todo[0]
		todo = todo[1:]
		if buf, err = t.sample(i, buf); err != nil {
			return nil, err
		}
		return buf, startCodes(buf)
	}}, nil
}

// startCodes replaces the lengths before a sample's NAL units by start codes, in place.
func startCodes(sample []byte) error {
	return eachNAL(sample, func(at int, nal []byte) { copy(sample[at-4:at], []byte{0, 0, 0, 1}) })
}

// eachNAL calls f with each NAL unit of a sample and where it begins in it.
func eachNAL(sample []byte, f func(at int, nal []byte)) error {
	for at := 0; at < len(sample); {
		if len(sample)-at < 5 {
			return errors.New("a sample ends inside a NAL unit")
		}
		n := int(binary.BigEndian.Uint32(sample[at:]))
		at += 4
		if n < 1 || n > len(sample)-at {
			return errors.New("a NAL unit is longer than its sample")
		}
		f(at, sample[at:at+n])
		at += n
	}
	return nil
}

// gops gives the groups of pictures that hold the frames, which come ascending, as
// spans of samples, and where each frame span lies in their decoded sequence. The groups
// must be closed, so that in them samples and frames are the same ranges.
func (t *track) gops(frames []span) (samples, decoded []span, err error) {
	place, err := t.order()
	if err != nil {
		return nil, nil, err
	}
	for _, f := range frames {
		if f.From < 0 || f.To > len(t.sizes) || f.len() < 1 {
			return nil, nil, fmt.Errorf("there are no frames %d to %d in %d", f.From, f.To-1, len(t.sizes))
		}
		group := span{t.syncBefore(f.From), f.To} // enough where nothing is shown before it is decoded
		if group.From >= 0 && !contains(place, group) {
			group.To = t.syncAfter(f.To)
		}
		if group.From < 0 || !contains(place, group) {
			return nil, nil, fmt.Errorf("frames %d to %d do not lie in closed groups of pictures", f.From, f.To-1)
		}
		samples = add(samples, group)
		last := samples[len(samples)-1]
		before := 0
		for _, s := range samples[:len(samples)-1] {
			before += s.len()
		}
		decoded = add(decoded, span{before + f.From - last.From, before + f.To - last.From})
	}
	return samples, decoded, nil
}

// contains says whether the samples of the group are shown within its own range.
func contains(place []int, group span) bool {
	for _, p := range place[group.From:group.To] {
		if p < group.From || p >= group.To {
			return false
		}
	}
	return true
}

// syncBefore is the last sync sample up to i, or -1.
func (t *track) syncBefore(i int) int {
	n := sort.SearchInts(t.syncs, i+1)
	if n == 0 {
		return -1
	}
	return t.syncs[n-1]
}

// syncAfter is the first sync sample from i on, or the end.
func (t *track) syncAfter(i int) int {
	if n := sort.SearchInts(t.syncs, i); n < len(t.syncs) {
		return t.syncs[n]
	}
	return len(t.sizes)
}
