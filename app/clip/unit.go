package clip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Key names an encoded unit: the lower-case hexadecimal SHA-256 of all that decides it.
type Key string

// head describes an encoded unit without its data.
//
// Samples are H.264 access units as an MP4 keeps them (each NAL unit behind its length in
// four bytes), in decoding order. The first is an IDR picture and the only sync sample.
// A unit of one frame has two samples, of which a clip takes one: the same picture with
// idr_pic_id 0 and 1 (see idr.go). In every longer unit the first has idr_pic_id 0.
type head struct {
	Frames  int
	Config  []byte // the payload of avcC: the decoder's configuration
	Samples []sample
}

// sample is one frame: Size bytes, shown at Time frames after the unit's start.
type sample struct {
	Size uint32
	Time uint16
}

// encoded is a unit ready for the cache: Data is its samples, one after the other.
type encoded struct {
	head
	Data []byte
}

// size is the number of bytes of all samples.
func (h head) size() int64 {
	var n int64
	for _, s := range h.Samples {
		n += int64(s.Size)
	}
	return n
}

// closed says whether the unit can stand anywhere: each of its frames is shown exactly
// once, and nothing but them.
func (h head) closed() error {
	want := h.Frames
	if h.Frames == 1 {
		want = 2
	}
	if h.Frames < 1 || len(h.Samples) != want {
		return fmt.Errorf("%d frames in %d samples", h.Frames, len(h.Samples))
	}
	seen := make([]bool, h.Frames)
	for i, s := range h.Samples {
		if int(s.Time) >= h.Frames || seen[s.Time] && h.Frames > 1 {
			return fmt.Errorf("sample %d is shown at frame %d of %d", i, s.Time, h.Frames)
		}
		seen[s.Time] = true
	}
	return nil
}

// The file of a unit, all numbers big-endian:
//
//	8 bytes  "ofunit1\n"
//	uint32   length of the head
//	head     uint16 frames, uint16 samples, uint16 length of config, config,
//	         per sample uint32 size and uint16 time
//	uint32   CRC-32C of everything before it
//	data     the samples
//	uint32   CRC-32C of the data
//
// It is written without fsync: what a power cut leaves of it fails its checksums, and
// the unit is encoded again.
const (
	magic    = "ofunit1\n"
	headMax  = 1 << 20
	unitMax  = 1 << 30
	prefix   = len(magic) + 4
	crcBytes = crc32.Size
)

var errCorrupt = errors.New("the unit's file is damaged")

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// appendHead gives the file's bytes up to the data.
func (h head) appendHead(b []byte) []byte {
	be := binary.BigEndian
	b = append(b, magic...)
	b = be.AppendUint32(b, uint32(6+len(h.Config)+6*len(h.Samples)))
	b = be.AppendUint16(b, uint16(h.Frames))
	b = be.AppendUint16(b, uint16(len(h.Samples)))
	b = be.AppendUint16(b, uint16(len(h.Config)))
	b = append(b, h.Config...)
	for _, s := range h.Samples {
		b = be.AppendUint32(b, s.Size)
		b = be.AppendUint16(b, s.Time)
	}
	return be.AppendUint32(b, checksum(b))
}

// headLength reads how many bytes the head has, with its checksum, from the file's first.
func headLength(b []byte) (int, error) {
	if len(b) < prefix || string(b[:len(magic)]) != magic {
		return 0, errCorrupt
	}
	n := binary.BigEndian.Uint32(b[len(magic):])
	if n < 6 || n > headMax {
		return 0, errCorrupt
	}
	return prefix + int(n) + crcBytes, nil
}

// parseHead reads what appendHead wrote.
func parseHead(b []byte) (head, error) {
	be := binary.BigEndian
	n := len(b) - crcBytes
	if n < prefix+6 || checksum(b[:n]) != be.Uint32(b[n:]) {
		return head{}, errCorrupt
	}
	b = b[prefix:n]
	h := head{Frames: int(be.Uint16(b))}
	samples, config := int(be.Uint16(b[2:])), int(be.Uint16(b[4:]))
	if len(b) != 6+config+6*samples {
		return head{}, errCorrupt
	}
	h.Config = append(h.Config, b[6:6+config]...)
	for b = b[6+config:]; len(b) > 0; b = b[6:] {
		h.Samples = append(h.Samples, sample{be.Uint32(b), be.Uint16(b[4:])})
	}
	if err := h.closed(); err != nil || h.size() > unitMax {
		return head{}, errCorrupt
	}
	return h, nil
}
