package ingest

import (
	"bytes"
	"encoding/binary"
)

// Whole reports whether a picture's file is there to its end, as far as its format says
// where that is, so that half a file isn't taken for a whole one: FTP has no length, and
// a program that is still writing into a folder doesn't say so. What it can't read counts
// as whole: to refuse it is for others. A panic, which hostile bytes may find, is such a
// case, and stops no session of others.
func Whole(data []byte) (is bool) {
	defer func() {
		if recover() != nil {
			is = true
		}
	}()
	return whole(data)
}

func whole(data []byte) bool {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xd8}):
		return wholeJPEG(data)
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return wholePNG(data)
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return int64(binary.LittleEndian.Uint32(data[4:]))+8 <= int64(len(data))
	case bytes.HasPrefix(data, []byte("II*\x00")) || bytes.HasPrefix(data, []byte("MM\x00*")):
		return wholeTIFF(data)
	case len(data) >= 12 && string(data[4:8]) == "ftyp":
		return wholeBoxes(data)
	}
	return true
}

// wholeJPEG walks the segments (ITU T.81 B.1.1) through the scans to the end marker, so
// that the end of an embedded preview isn't taken for the picture's; where a list of
// further pictures (CIPA DC-007) follows, they must be there as well.
func wholeJPEG(data []byte) bool {
	further := 0
	for at := 2; at+1 < len(data); {
		if data[at] != 0xff {
			return strayJPEG(data[at:])
		}
		switch m := data[at+1]; {
		case m == 0xff:
			at++
		case m == 0xd9:
			return at+2 == len(data) || further <= len(data)
		case m == 0x00 || m == 0x01 || m >= 0xd0 && m <= 0xd8:
			at += 2
		default:
			if at+4 > len(data) {
				return false
			}
			length := int(binary.BigEndian.Uint16(data[at+2:]))
			next := at + 2 + length
			if next > len(data) {
				return false
			}
			if length < 2 { // it counts itself
				return strayJPEG(data[at+2:])
			}
			if m == 0xe2 {
				further = max(further, furthest(data[at+4:next], at+4))
			}
			if m == 0xda {
				next = scanEnd(data, next)
			}
			at = next
		}
	}
	return false
}

// strayJPEG looks for an end where the segments' lengths lead astray: the file is
// broken, and whether it is too broken to be shown is for a decoder to say.
func strayJPEG(rest []byte) bool { return bytes.Contains(rest, []byte{0xff, 0xd9}) }

// scanEnd gives where the entropy-coded bytes from at end: at the next marker that is no
// restart, or at the end of the data.
func scanEnd(data []byte, at int) int {
	for {
		i := bytes.IndexByte(data[min(at, len(data)):], 0xff)
		if i < 0 || at+i+1 >= len(data) {
			return len(data)
		}
		if m := data[at+i+1]; m != 0 && (m < 0xd0 || m > 0xd7) {
			return at + i
		}
		at += i + 2
	}
}

// furthest gives where the last of the pictures ends that the segment, if it is a
// multi-picture index, lists behind the first one; from is where the segment's content
// lies in the file. 0 where there are none.
func furthest(segment []byte, from int) (end int) {
	body, ok := bytes.CutPrefix(segment, []byte("MPF\x00"))
	t, ok2 := newTIFF(body)
	if !ok || !ok2 {
		return 0
	}
	for _, e := range t.entries(t.first()) {
		if e.tag != 0xb002 {
			continue
		}
		list := t.bytes(e)
		for ; len(list) >= 16; list = list[16:] {
			size, offset := t.order.Uint32(list[4:]), t.order.Uint32(list[8:])
			if offset != 0 { // the first picture's is 0: it is measured by its own end
				end = max(end, from+4+int(offset)+int(size))
			}
		}
	}
	return end
}

// wholePNG walks the chunks (PNG specification 5.3) to IEND.
func wholePNG(data []byte) bool {
	for at := 8; at+12 <= len(data); {
		if string(data[at+4:at+8]) == "IEND" {
			return true
		}
		length := int64(binary.BigEndian.Uint32(data[at:]))
		if length > int64(len(data)-at-12) {
			return false
		}
		at += 12 + int(length)
	}
	return false
}

// wholeBoxes walks the boxes of an ISO base media file (ISO 14496-12 4.2), which must end
// where the file does or before.
func wholeBoxes(data []byte) bool {
	at := uint64(0)
	for at+8 <= uint64(len(data)) {
		size := uint64(binary.BigEndian.Uint32(data[at:]))
		switch {
		case size == 0:
			return true // reaches to the end of the file, wherever that is
		case size == 1 && at+16 <= uint64(len(data)):
			size = binary.BigEndian.Uint64(data[at+8:])
		}
		if size < 8 || size > uint64(len(data))-at {
			return false
		}
		at += size
	}
	return at == uint64(len(data))
}
