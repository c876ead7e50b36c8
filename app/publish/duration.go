package publish

import (
	"encoding/binary"
	"io"
	"os"
	"time"
)

// duration reads how long an MP4 file plays, from its mvhd box (ISO/IEC 14496-12,
// section 8.2.2); 0 where the file isn't there or doesn't say.
func duration(path string) time.Duration {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0
	}
	moov, ok := box(io.NewSectionReader(f, 0, info.Size()), "moov")
	if !ok {
		return 0
	}
	mvhd, ok := box(moov, "mvhd")
	if !ok {
		return 0
	}
	head := make([]byte, 32)
	if _, err := mvhd.ReadAt(head, 0); err != nil {
		return 0
	}
	scale, length := uint64(binary.BigEndian.Uint32(head[12:])), uint64(binary.BigEndian.Uint32(head[16:]))
	if head[0] == 1 {
		scale, length = uint64(binary.BigEndian.Uint32(head[20:])), binary.BigEndian.Uint64(head[24:])
	}
	if scale == 0 || length/scale > 1<<30 {
		return 0
	}
	return time.Duration(float64(length) / float64(scale) * float64(time.Second))
}

// box finds the first box of the kind among the boxes of the reader.
func box(r *io.SectionReader, kind string) (*io.SectionReader, bool) {
	head := make([]byte, 16)
	for at := int64(0); at+8 <= r.Size(); {
		if _, err := r.ReadAt(head[:8], at); err != nil {
			return nil, false
		}
		skip, size := int64(8), int64(binary.BigEndian.Uint32(head))
		if size == 1 { // too large for 32 bits
			if _, err := r.ReadAt(head, at); err != nil {
				return nil, false
			}
			skip, size = 16, int64(binary.BigEndian.Uint64(head[8:]))
		}
		if size == 0 {
			size = r.Size() - at
		}
		if size < skip || size > r.Size()-at {
			return nil, false
		}
		if string(head[4:8]) == kind {
			return io.NewSectionReader(r, at+skip, size-skip), true
		}
		at += size
	}
	return nil, false
}
