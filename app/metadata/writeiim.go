package metadata

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// iimRoom is the most that the IIM takes of a segment, in bytes; other resources need some.
const iimRoom = 60_000

// iimEnvelope is record 1: the version, and 1:90 for UTF-8 (ISO 2022's ESC % G).
const iimEnvelope = "\x1c\x01\x00\x00\x02\x00\x04\x1c\x01\x5a\x00\x03\x1b%G"

// writeIIM gives the record as IIM, its datasets in the order of their numbers and the
// keywords last, since there may be too many of them.
func writeIIM(r Record) []byte {
	list := []dataset{{2, 0, []byte{0, 4}}} // the version
	var keywords []dataset
	for _, t := range iimTexts() {
		for _, v := range texts(&r, t.field) {
			d := dataset{2, t.number, []byte(cut(v, t.max))}
			switch {
			case len(d.value) == 0 || t.max == 3 && len(v) > 3: // half a code is none
			case t.number == iimKeyword:
				keywords = append(keywords, d)
			default:
				list = append(list, d)
			}
		}
	}
	if len(r.CountryCode) == 3 {
		list = append(list, dataset{2, iimCode, []byte(line(r.CountryCode))})
	}
	if r.Urgency >= 1 && r.Urgency <= 8 {
		list = append(list, dataset{2, iimUrgency, []byte(strconv.Itoa(r.Urgency))})
	}
	for _, s := range r.Subjects {
		if subjectCode(s) == s {
			list = append(list, dataset{2, iimSubject, []byte("IPTC:" + s + ":::")})
		}
	}
	list = append(list, iimMoments(r.Taken, iimDate, iimTime)...)
	list = append(list, iimMoments(r.Release, iimReleaseDate, iimReleaseTime)...)
	slices.SortStableFunc(list, func(a, b dataset) int { return cmp.Compare(a.number, b.number) })

	b := []byte(iimEnvelope)
	for _, d := range append(list, keywords...) {
		if len(b)+5+len(d.value) <= iimRoom {
			b = append(b, iimMark, d.record, d.number)
			b = append(binary.BigEndian.AppendUint16(b, uint16(len(d.value))), d.value...)
		}
	}
	return b
}

// texts gives a field's text or list, cleaned again: the record may have come by another
// way than from Read.
func texts(r *Record, field string) []string {
	switch p := pointer(r, field).(type) {
	case *string:
		if s := clean(*p); s != "" {
			return []string{s}
		}
	case *[]string:
		return lines(*p)
	}
	return nil
}

// cut gives the text's beginning of at most so many bytes, in whole characters.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return strings.TrimSpace(s[:most])
}

func iimMoments(t *Taken, date, clock byte) []dataset {
	if t == nil || t.At.Year() < 1 || t.At.Year() > 9999 {
		return nil
	}
	format := "150405"
	if t.Zoned {
		format += "-0700"
	}
	return []dataset{{2, date, []byte(t.At.Format("20060102"))}, {2, clock, []byte(t.At.Format(format))}}
}
