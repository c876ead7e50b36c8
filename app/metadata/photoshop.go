package metadata

import (
	"encoding/binary"
	"iter"
)

// Photoshop's image resources (Adobe Photoshop file formats specification) that matter.
const (
	resourceIIM    = 0x0404
	resourceDigest = 0x0425
)

// resource is one image resource block.
type resource struct {
	id   uint16
	raw  []byte // the whole block with its padding
	data []byte
}

// resources walks through blocks: a signature, an id, a name as a Pascal string padded
// to an even length, a length, the data padded to an even length. It ends at the first
// byte that begins no block.
func resources(b []byte) iter.Seq[resource] {
	return func(yield func(resource) bool) {
		for len(b) >= 12 && isResource(string(b[:4])) {
			at := 6 + (int(b[6])+2)&^1
			if at+4 > len(b) {
				return
			}
			size := int64(binary.BigEndian.Uint32(b[at:]))
			at += 4
			if size > int64(len(b)-at) {
				return
			}
			end := at + int(size)
			padded := min(end+int(size&1), len(b))
			if !yield(resource{id: binary.BigEndian.Uint16(b[4:]), raw: b[:padded], data: b[at:end]}) {
				return
			}
			b = b[padded:]
		}
	}
}

func isResource(signature string) bool {
	switch signature {
	case "8BIM", "PHUT", "DCSR", "AgHg", "MeSa":
		return true
	}
	return false
}

// photoshop takes the IIM and its digest out of image resources. Where there is more
// than one IIM block the first one counts, as for Photoshop.
func (p *parts) photoshop(b []byte) {
	for r := range resources(b) {
		switch {
		case r.id == resourceIIM && p.iim == nil:
			p.iim = r.data
		case r.id == resourceDigest && len(r.data) == 16:
			p.digest = r.data
		}
	}
}
