package metadata

import "slices"

// tiffParts collects the metadata of a TIFF file: it is EXIF itself, and the XMP, the
// IIM and the Photoshop resources are tags (TIFF/EP, XMP specification part 3, 1.1.7).
func tiffParts(data []byte) (p parts, err error) {
	t, err := parseTIFF(data)
	if err != nil {
		return p, err
	}
	p.exif = data
	if e := t.main[tagXMP]; len(e.data) > 0 {
		p.xmp = append(p.xmp, e.data)
	}
	p.photoshop(t.main[tagPhotoshop].data)
	if e := t.main[tagIIM]; len(e.data) > 0 {
		p.iim = e.iim()
	}
	return p, nil
}

// iim gives the IIM of a tag, whose bytes stand the wrong way round where a program
// declared them to be 32-bit numbers of the other byte order.
func (e entry) iim() []byte {
	b := e.data
	if e.kind != 4 || b[0] == iimMark || len(b) < 4 || b[3] != iimMark {
		return b
	}
	b = slices.Clone(b)
	for word := range slices.Chunk(b, 4) {
		slices.Reverse(word)
	}
	return b
}
