package metadata

import (
	"bytes"
	"encoding/binary"
	"errors"
	"iter"
	"maps"
	"slices"
)

// box is a box of an ISO base media file (ISO/IEC 14496-12, 4.2).
type box struct {
	kind string
	body []byte
}

// boxes walks through boxes as far as their sizes fit.
func boxes(b []byte) iter.Seq[box] {
	return func(yield func(box) bool) {
		for len(b) >= 8 {
			size, head := uint64(binary.BigEndian.Uint32(b)), uint64(8)
			switch {
			case size == 1 && len(b) >= 16:
				size, head = binary.BigEndian.Uint64(b[8:]), 16
			case size == 0: // to the end
				size = uint64(len(b))
			}
			if size < head || size > uint64(len(b)) || !yield(box{string(b[4:8]), b[head:size]}) {
				return
			}
			b = b[size:]
		}
	}
}

// isHEIF reports a file type box with a brand of HEIC or AVIF (ISO/IEC 23008-12, 10;
// AV1 image file format 1.1, 8).
func isHEIF(data []byte) bool {
	if len(data) < 16 || string(data[4:8]) != "ftyp" {
		return false
	}
	for b := range boxes(data) {
		for i := 0; i+4 <= len(b.body); i += 4 {
			switch string(b.body[i : i+4]) {
			case "heic", "heix", "heim", "heis", "mif1", "msf1", "avif", "avis":
				return true
			}
		}
		return false
	}
	return false
}

var errNoMeta = errors.New("no meta box")

// item is an item of a HEIF file: what it is and where it lies.
type item struct {
	kind, mime string
	extents    []extent
}

// extent is a piece of an item; inside says that at counts from the idat box.
type extent struct {
	inside   bool
	at, size uint64
}

// heifParts collects the metadata of a HEIC or AVIF file: the items of type Exif, and of
// type mime with XMP in it (ISO/IEC 23008-12, annex A.2 and A.3).
func heifParts(data []byte) (p parts, err error) {
	var meta, idat []byte
	for b := range boxes(data) {
		if b.kind == "meta" && len(b.body) >= 4 {
			meta = b.body[4:]
			break
		}
	}
	if meta == nil {
		return p, errNoMeta
	}
	items := map[uint32]*item{}
	for b := range boxes(meta) {
		switch b.kind {
		case "iinf":
			itemKinds(b.body, items)
		case "idat":
			idat = b.body
		}
	}
	for b := range boxes(meta) {
		if b.kind == "iloc" {
			itemPlaces(b.body, items)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(items)) {
		i := items[id]
		switch {
		case i.kind == "Exif" && p.exif == nil:
			p.exif = heifEXIF(i.bytes(data, idat))
		case i.kind == "mime" && i.mime == "application/rdf+xml":
			if b := i.bytes(data, idat); b != nil {
				p.xmp = append(p.xmp, b)
			}
		}
	}
	return p, nil
}

// heifEXIF goes to the TIFF header, whose offset the item begins with.
func heifEXIF(b []byte) []byte {
	if len(b) < 4 {
		return nil
	}
	at := uint64(binary.BigEndian.Uint32(b)) + 4
	if at > uint64(len(b)) {
		return nil
	}
	return bytes.TrimPrefix(b[at:], []byte(headEXIF))
}

// bytes puts the item's pieces together; nil where they don't lie in the file, or are
// more than it.
func (i *item) bytes(data, idat []byte) (out []byte) {
	for _, e := range i.extents {
		from := data
		if e.inside {
			from = idat
		}
		if e.at > uint64(len(from)) {
			return nil
		}
		if e.size == 0 {
			e.size = uint64(len(from)) - e.at
		}
		if e.size > uint64(len(from))-e.at || uint64(len(out))+e.size > uint64(len(data)) {
			return nil
		}
		if len(i.extents) == 1 {
			return from[e.at : e.at+e.size]
		}
		out = append(out, from[e.at:e.at+e.size]...)
	}
	return out
}

// itemKinds reads the item information box (14496-12, 8.11.6), entries of version 2 and 3.
func itemKinds(b []byte, items map[uint32]*item) {
	r := numbers{b: b}
	version := r.uint(1)
	r.skip(3)
	r.uint(2 + 2*min(version, 1)) // the count
	for entry := range boxes(r.b) {
		if entry.kind != "infe" {
			continue
		}
		e := numbers{b: entry.body}
		version := e.uint(1)
		e.skip(3)
		if version < 2 || version > 3 {
			continue
		}
		id := uint32(e.uint(2 + 2*(version-2)))
		e.skip(2)
		kind := e.text(4)
		_, rest, _ := bytes.Cut(e.b, []byte{0}) // the name
		mime, _, _ := bytes.Cut(rest, []byte{0})
		if e.ok() && (kind == "Exif" || kind == "mime") {
			items[id] = &item{kind: kind, mime: string(mime)}
		}
	}
}

// itemPlaces reads the item location box (14496-12, 8.11.3).
func itemPlaces(b []byte, items map[uint32]*item) {
	r := numbers{b: b}
	version := r.uint(1)
	r.skip(3)
	sizes := r.uint(2)
	offsetSize, lengthSize, baseSize, indexSize := sizes>>12&15, sizes>>8&15, sizes>>4&15, sizes&15
	wide := 2 + 2*(version/2) // of ids and the count
	for n := r.uint(wide); n > 0 && r.ok(); n-- {
		id := uint32(r.uint(wide))
		inside := false
		if version > 0 {
			inside = r.uint(2)&15 == 1
		}
		r.skip(2) // the data reference
		base := r.uint(baseSize)
		for m := r.uint(2); m > 0 && r.ok(); m-- {
			if version > 0 {
				r.uint(indexSize)
			}
			at, size := base+r.uint(offsetSize), r.uint(lengthSize)
			if i := items[id]; i != nil && r.ok() {
				i.extents = append(i.extents, extent{inside: inside, at: at, size: size})
			}
		}
	}
}

// numbers reads big-endian numbers; after the end it gives zeros and isn't ok.
type numbers struct {
	b     []byte
	short bool
}

func (f *numbers) ok() bool { return !f.short }

func (f *numbers) skip(n int) {
	if n > len(f.b) {
		f.b, f.short = nil, true
		return
	}
	f.b = f.b[n:]
}

// uint reads a number of so many bytes, 0 to 8.
func (f *numbers) uint(bytes uint64) (v uint64) {
	if bytes > 8 || bytes > uint64(len(f.b)) {
		f.b, f.short = nil, true
		return 0
	}
	for _, x := range f.b[:bytes] {
		v = v<<8 | uint64(x)
	}
	f.b = f.b[bytes:]
	return v
}

func (f *numbers) text(n int) string {
	if n > len(f.b) {
		f.b, f.short = nil, true
		return ""
	}
	s := string(f.b[:n])
	f.b = f.b[n:]
	return s
}
