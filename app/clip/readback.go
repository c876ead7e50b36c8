package clip

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/Eyevinn/mp4ff/avc"
	"github.com/Eyevinn/mp4ff/mp4"
)

// readback reads the units of a batch out of the MP4 that ffmpeg made, and refuses what
// could not stand anywhere in a clip.
type readback struct {
	batch  batch
	starts []int
	track  *track
	place  []int // of each sample in the order of presentation
	config *mp4.AvcCBox
	raw    []byte // config's payload
	params parameters
}

func newReadback(b batch, t *track) (*readback, error) {
	if len(t.sizes) != b.frames {
		return nil, fmt.Errorf("%d frames came out of %d", len(t.sizes), b.frames)
	}
	r := &readback{batch: b, starts: b.starts(), track: t}
	var err error
	if r.config, err = t.avcC(); err != nil {
		return nil, err
	}
	if r.params, err = parametersOf(r.config); err != nil {
		return nil, err
	}
	if r.raw, err = payload(r.config); err != nil {
		return nil, err
	}
	if len(t.syncs) != len(b.jobs) {
		return nil, fmt.Errorf("%d units have %d sync samples", len(b.jobs), len(t.syncs))
	}
	r.place, err = t.order()
	return r, err
}

// unit reads one unit: its samples without what says nothing about the picture, and with
// the idr_pic_id that a unit has. A picture is held here.
func (r *readback) unit(i int) (encoded, error) {
	j, from := r.batch.jobs[i], r.starts[i]
	if r.track.syncs[i] != from {
		return encoded{}, fmt.Errorf("its sync sample is %d instead of %d", r.track.syncs[i]+1, from+1)
	}
	e := encoded{head: head{Frames: j.unit.Frames, Config: r.raw}}
	for n := from; n < from+j.frames(); n++ {
		data, err := r.picture(n)
		if err != nil {
			return encoded{}, err
		}
		time := r.place[n] - from
		if time < 0 || time >= j.frames() {
			return encoded{}, fmt.Errorf("its sample %d is shown outside of it", n-from+1)
		}
		if n > from {
			e.add(data, time)
		} else if err := r.first(&e, data, time); err != nil {
			return encoded{}, err
		}
	}
	if err := r.hold(&e, j); err != nil {
		return encoded{}, err
	}
	return e, e.closed()
}

// hold repeats a picture's one frame for as long as the unit lasts.
func (r *readback) hold(e *encoded, j job) error {
	if j.frames() == j.unit.Frames {
		return nil
	}
	if err := r.params.skippable(); err != nil {
		return err
	}
	for n := j.frames(); n < j.unit.Frames; n++ {
		data, err := r.params.skipped(n)
		if err != nil {
			return err
		}
		e.add(data, n)
	}
	return nil
}

// first adds a unit's IDR picture: with idr_pic_id 0, and in a unit of one frame also with 1.
func (r *readback) first(e *encoded, data []byte, time int) error {
	ids := []uint{0}
	if e.Frames == 1 {
		ids = []uint{0, 1}
	}
	for _, id := range ids {
		variant, err := r.params.withIDRID(data, id)
		if err != nil {
			return err
		}
		e.add(variant, time)
	}
	return nil
}

func (e *encoded) add(data []byte, time int) {
	e.Samples = append(e.Samples, sample{uint32(len(data)), uint16(time)})
	e.Data = append(e.Data, data...)
}

// picture reads a sample and leaves out the SEI messages, which hold nothing but
// libx264's name and would differ with a unit's place in its batch.
func (r *readback) picture(n int) ([]byte, error) {
	data, err := r.track.sample(n, nil)
	if err != nil {
		return nil, err
	}
	var out []byte
	err = eachNAL(data, func(_ int, nal []byte) {
		if avc.GetNaluType(nal[0]) != avc.NALU_SEI {
			out = binary.BigEndian.AppendUint32(out, uint32(len(nal)))
			out = append(out, nal...)
		}
	})
	if err == nil && len(out) == 0 {
		err = errors.New("a sample holds no picture")
	}
	return out, err
}
