package ingest

import "encoding/binary"

// tiff is as much of a TIFF file (TIFF 6.0) as says where its parts end.
type tiff struct {
	data  []byte
	order binary.ByteOrder
}

// entry is one field of a directory.
type entry struct {
	tag, kind uint16
	count     uint32
	value     []byte // the four bytes that hold the values or their offset
}

func newTIFF(data []byte) (t tiff, ok bool) {
	if len(data) < 8 {
		return t, false
	}
	switch string(data[:4]) {
	case "II*\x00":
		return tiff{data, binary.LittleEndian}, true
	case "MM\x00*":
		return tiff{data, binary.BigEndian}, true
	}
	return t, false
}

// first is the offset of the first directory.
func (t tiff) first() uint32 { return t.order.Uint32(t.data[4:]) }

// entries are the fields of the directory at the offset: nil where it isn't all there.
func (t tiff) entries(at uint32) (all []entry) {
	if uint64(at)+2 > uint64(len(t.data)) {
		return nil
	}
	n, rest := int(t.order.Uint16(t.data[at:])), t.data[at+2:]
	if n*12 > len(rest) {
		return nil
	}
	for ; n > 0; n, rest = n-1, rest[12:] {
		all = append(all, entry{t.order.Uint16(rest), t.order.Uint16(rest[2:]), t.order.Uint32(rest[4:]), rest[8:12]})
	}
	return all
}

// bytes are the field's values: nil where they aren't all there.
func (t tiff) bytes(e entry) []byte {
	size := uint64(e.count) * uint64(map[uint16]int{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}[e.kind])
	if size <= 4 {
		return e.value[:size]
	}
	at := uint64(t.order.Uint32(e.value))
	if at+size > uint64(len(t.data)) {
		return nil
	}
	return t.data[at : at+size]
}

// numbers are the values of a field of short or long ones.
func (t tiff) numbers(e entry) (all []uint64) {
	for b := t.bytes(e); e.kind == 4 && len(b) >= 4; b = b[4:] {
		all = append(all, uint64(t.order.Uint32(b)))
	}
	for b := t.bytes(e); e.kind == 3 && len(b) >= 2; b = b[2:] {
		all = append(all, uint64(t.order.Uint16(b)))
	}
	return all
}

// wholeTIFF asks whether the first directory and the strips or tiles that it names are
// there to their last byte.
func wholeTIFF(data []byte) bool {
	t, ok := newTIFF(data)
	if !ok {
		return false
	}
	all := t.entries(t.first())
	parts := map[uint16][]uint64{}
	for _, e := range all {
		if e.tag == 273 || e.tag == 279 || e.tag == 324 || e.tag == 325 { // offsets and sizes of strips, of tiles
			if parts[e.tag] = t.numbers(e); len(parts[e.tag]) == 0 {
				return false
			}
		}
	}
	ends := func(offsets, sizes []uint64) bool {
		for i := range min(len(offsets), len(sizes)) {
			if offsets[i]+sizes[i] > uint64(len(data)) {
				return false
			}
		}
		return true
	}
	return len(all) > 0 && ends(parts[273], parts[279]) && ends(parts[324], parts[325])
}
