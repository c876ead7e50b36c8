package metadata

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"iter"
	"reflect"
	"slices"
	"strings"
	"time"
)

// source is what one part of a file states.
type source struct{ claims claims }

// record reads the parts and puts what they state together.
func (p *parts) record() Record {
	var xmp claims
	for _, packet := range p.xmp {
		doc, err := parseXMP(packet)
		if err != nil {
			p.unreadable("XMP", err)
		}
		xmp = append(xmp, doc.claims("XMP")...)
	}
	said := xmp.texts()
	iim := iimClaims(p.iim, said)
	var exif claims
	if p.exif != nil {
		t, err := parseTIFF(p.exif)
		if err != nil {
			p.unreadable("EXIF", err)
		} else {
			exif = t.claims(said)
		}
	}
	if p.digest != nil {
		iim = append(iim, claim{field: "digest", from: "Photoshop 0x0425", value: hex.EncodeToString(p.digest)})
	}
	order := []source{{xmp}, {iim}, {exif}}
	if p.iimChanged() {
		order = []source{{iim}, {xmp}, {exif}}
		recoverTruncated(iim, xmp)
	}
	return merge(order, p.broken)
}

// iimChanged reports that the IIM was edited after the XMP: Photoshop's digest of the
// IIM is there and doesn't fit (MWG guidelines 2.0, section 3.4).
func (p *parts) iimChanged() bool {
	if p.digest == nil || p.iim == nil {
		return false
	}
	sum := md5.Sum(p.iim)
	return !bytes.Equal(sum[:], p.digest)
}

// texts are the texts of the claims that aren't ASCII.
func (c claims) texts() map[string]bool {
	said := map[string]bool{}
	for _, claim := range c {
		switch v := claim.value.(type) {
		case string:
			said[v] = !plain(v)
		case []string:
			for _, s := range v {
				said[s] = !plain(s)
			}
		}
	}
	return said
}

// recoverTruncated makes way for the XMP where an IIM text is as long as the IIM lets
// it be and is the beginning of the XMP's: such a claim becomes unfit.
func recoverTruncated(iim, xmp claims) {
	limits := map[string]int{}
	for _, t := range iimTexts() {
		limits[t.field] = t.max
	}
	for i := range iim {
		mine, text := iim[i].value.(string)
		if !text || iim[i].stored < limits[iim[i].field]-3 {
			continue
		}
		for _, other := range xmp {
			long, ok := other.value.(string)
			if ok && other.field == iim[i].field && !other.unfit && len(long) > len(mine) && strings.HasPrefix(long, mine) {
				iim[i].unfit = true
			}
		}
	}
}

// exifFirst are the fields for which the MWG's guidelines ask EXIF first, and the point
// that the camera measured.
func exifFirst(field string) bool {
	switch field {
	case "caption", "byline", "copyright", "taken", "place":
		return true
	}
	return false
}

// merge takes for each field the first fitting value, EXIF being the last of three
// sources, and notes all of them.
func merge(order []source, broken []Found) (r Record) {
	first := order
	if len(order) == 3 {
		first = []source{order[2], order[0], order[1]}
	}
	for _, field := range fields() {
		asked, used := order, false
		if exifFirst(field) {
			asked = first
		}
		for c := range answers(asked, field) {
			uses := !used && !c.unfit
			if uses {
				set(&r, field, c.value)
				used = true
			}
			r.Found = append(r.Found, Found{Field: field, From: c.from, Value: c.shown(), Used: uses})
		}
	}
	r.Taken = zoned(r.Taken, order)
	r.Found = append(r.Found, broken...)
	return r
}

// answers gives what the sources claim about a field, those that are late at the end.
func answers(asked []source, field string) iter.Seq[claim] {
	return func(yield func(claim) bool) {
		for _, late := range []bool{false, true} {
			for _, s := range asked {
				for _, c := range s.claims {
					if c.field == field && c.late == late && !yield(c) {
						return
					}
				}
			}
		}
	}
}

// zoned gives the moment a zone, where it has none and another part has the very same
// reading of the clock with one: EXIF of older cameras knows no zones.
func zoned(t *Taken, order []source) *Taken {
	if t == nil || t.Zoned {
		return t
	}
	for _, s := range order {
		for _, c := range s.claims {
			other, ok := c.value.(Taken)
			if !ok || c.field != "taken" || !other.Zoned {
				continue
			}
			_, zone := other.At.Zone()
			if at := instant(t.At, zone, true); at.At.Truncate(time.Second).Equal(other.At.Truncate(time.Second)) {
				return &at
			}
		}
	}
	return t
}

// Merge puts a picture's own metadata and its sidecar together. The sidecar is the word
// of who worked on the picture last, so each field that it has is taken from it. Neither
// record is changed.
func Merge(embedded, sidecar Record) Record {
	merged, theirs := embedded, map[string]bool{}
	for _, field := range fields() {
		from := reflect.ValueOf(pointer(&sidecar, field)).Elem()
		if !from.IsZero() {
			reflect.ValueOf(pointer(&merged, field)).Elem().Set(from)
			theirs[field] = true
		}
	}
	merged.Found = slices.Clone(sidecar.Found)
	for _, f := range embedded.Found {
		f.Used = f.Used && !theirs[f.Field]
		merged.Found = append(merged.Found, f)
	}
	return merged
}
