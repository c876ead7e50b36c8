package rendition

import (
	"bytes"
	"image/jpeg"
)

// mendJPEG decodes as much as there is of a JPEG whose end is missing or whose data are
// damaged. image/jpeg gives all or nothing, so it is handed less:
//
//   - sequential: the header claims only as many rows of blocks as are whole, counted by
//     walking through the Huffman codes, and the rest is cut off;
//   - progressive: the whole scans, which give the full picture with less detail; where
//     not even the first is whole, it is treated as a sequential one.
func mendJPEG(data []byte) (decoded, bool) {
	f, scans, ok := scansOf(data)
	if !ok {
		return decoded{}, false
	}
	if f.marker == sof2 {
		for n := len(scans) - 1; n >= 1; n /= 2 {
			if img, err := jpeg.Decode(bytes.NewReader(endAt(data, scans[n].at))); err == nil {
				return decoded{img, f.height}, true
			}
		}
	}
	rows := scans[0].wholeRows(f, data) * 8 * f.comps[0].v
	if rows == 0 {
		return decoded{}, false
	}
	rows = min(rows, f.height)
	less := endAt(data, scans[0].stop)
	size := less[f.at+5:]
	size[0], size[1] = byte(rows>>8), byte(rows)
	img, err := jpeg.Decode(bytes.NewReader(less))
	return decoded{img, f.height}, err == nil
}

// endAt gives a copy of the first n bytes, ended as a JPEG ends.
func endAt(data []byte, n int) []byte {
	return append(bytes.Clone(data[:n]), 0xff, eoi)
}

// scan is one SOS with what applies to it.
type scan struct {
	segment
	stop    int       // offset of the marker after its data
	tables  [8][]byte // Huffman tables as they stand in DHT: 16 counts, then values; AC from 4 on
	restart int       // MCUs from one restart marker to the next, 0 for none
}

// scansOf reads the frame header and the scans. ok is false where there is none, or
// the first doesn't have all colours: then what is whole is not worth showing.
func scansOf(data []byte) (f frame, scans []scan, ok bool) {
	var now scan
	for s := range segments(data) {
		switch s.marker {
		case sof0, sof1, sof2:
			if f, ok = frameOf(s); !ok {
				return f, nil, false
			}
		case dht:
			now.define(s.body)
		case dri:
			if len(s.body) == 2 {
				now.restart = int(s.body[0])<<8 | int(s.body[1])
			}
		case sos:
			now.segment, now.stop = s, nextMarker(data, s.end)
			scans = append(scans, now)
		}
	}
	ok = len(f.comps) > 0 && len(scans) > 0 && f.width > 0 && f.height > 0 &&
		len(scans[0].body) >= 4+2*len(f.comps) && int(scans[0].body[0]) == len(f.comps)
	return f, scans, ok
}

// define takes over the tables of a DHT segment.
func (s *scan) define(b []byte) {
	for len(b) >= 17 {
		n := 17
		for _, count := range b[1:17] {
			n += int(count)
		}
		if n > len(b) || b[0]&0xec != 0 {
			return
		}
		s.tables[b[0]>>4*4+b[0]&3] = b[1:n]
		b = b[n:]
	}
}

// wholeRows walks through the scan's codes (T.81 F.2.2), and of a progressive one's DC
// codes (G.1.2.1), and counts the rows of MCUs that are whole.
func (s scan) wholeRows(f frame, data []byte) int {
	across, down := f.blocks()
	r := codes{data: data[s.end:s.stop]}
	for mcu := range across * down {
		if s.restart > 0 && mcu > 0 && mcu%s.restart == 0 && !r.skipRestart() {
			return mcu / across
		}
		for i, c := range f.comps {
			dc, ac := s.tables[s.body[2+2*i]>>4&3], s.tables[4+s.body[2+2*i]&3]
			for range c.h * c.v {
				if !r.skipBlock(dc, ac, f.marker == sof2) {
					return mcu / across
				}
			}
		}
	}
	return down
}

// codes reads entropy-coded data bit by bit. After its end everything is false and 0.
type codes struct {
	data []byte
	at   int
	now  byte // the byte whose last bits are not taken yet
	left int  // number of those bits
}

func (r *codes) bit() (b int, ok bool) {
	if r.left == 0 {
		if r.at >= len(r.data) {
			return 0, false
		}
		r.now, r.left = r.data[r.at], 8
		r.at++
		if r.now == 0xff {
			if r.at >= len(r.data) || r.data[r.at] != 0 {
				r.at = len(r.data)
				return 0, false
			}
			r.at++
		}
	}
	r.left--
	return int(r.now>>r.left) & 1, true
}

func (r *codes) skip(bits int) bool {
	for range bits {
		if _, ok := r.bit(); !ok {
			return false
		}
	}
	return true
}

// value decodes one Huffman code (T.81 F.2.2.3); table is as in scan.tables.
func (r *codes) value(table []byte) (v byte, ok bool) {
	if len(table) < 16 {
		return 0, false
	}
	code, first, index := 0, 0, 0
	for _, count := range table[:16] {
		bit, ok := r.bit()
		if !ok {
			return 0, false
		}
		code |= bit
		if code-first < int(count) {
			return table[16+index+code-first], true
		}
		index += int(count)
		first = (first + int(count)) << 1
		code <<= 1
	}
	return 0, false
}

// skipBlock passes one block of 64 coefficients, or its DC coefficient alone.
func (r *codes) skipBlock(dc, ac []byte, dcOnly bool) bool {
	size, ok := r.value(dc)
	if !ok || size > 16 || !r.skip(int(size)) {
		return false
	}
	for k := 1; k < 64 && !dcOnly; k++ {
		runSize, ok := r.value(ac)
		if !ok {
			return false
		}
		run, size := int(runSize>>4), int(runSize&15)
		if size == 0 && run != 15 {
			return true
		}
		k += run
		if !r.skip(size) {
			return false
		}
	}
	return true
}

// skipRestart passes the marker between two restart intervals.
func (r *codes) skipRestart() bool {
	r.left = 0
	if r.at+2 > len(r.data) || r.data[r.at] != 0xff || r.data[r.at+1] < rst0 || r.data[r.at+1] > rst7 {
		return false
	}
	r.at += 2
	return true
}
