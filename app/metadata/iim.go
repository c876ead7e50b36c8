package metadata

import (
	"encoding/binary"
	"fmt"
	"iter"
	"strings"
)

// dataset is one field of IPTC-IIM (IIM version 4.2, section 1.5 and 1.6): 2:25 is
// record 2, number 25.
type dataset struct {
	record, number byte
	value          []byte
}

const iimMark = 0x1c

// datasets walks through IIM. It ends at the first byte that begins no dataset, or at
// a length that the data don't have.
func datasets(b []byte) iter.Seq[dataset] {
	return func(yield func(dataset) bool) {
		for len(b) >= 5 && b[0] == iimMark {
			d := dataset{record: b[1], number: b[2]}
			size, at := int64(binary.BigEndian.Uint16(b[3:])), 5
			if size&0x8000 != 0 { // extended: the length is so many bytes long
				n := int(size & 0x7fff)
				if n > 4 || at+n > len(b) {
					return
				}
				size = 0
				for _, x := range b[at : at+n] {
					size = size<<8 | int64(x)
				}
				at += n
			}
			if size > int64(len(b)-at) {
				return
			}
			d.value = b[at : at+int(size)]
			if !yield(d) {
				return
			}
			b = b[at+int(size):]
		}
	}
}

// The numbers of record 2 that oneframe uses (IIM 4.2, chapter 6).
const (
	iimTitle        = 5
	iimUrgency      = 10
	iimSubject      = 12
	iimCategory     = 15
	iimSupplement   = 20
	iimKeyword      = 25
	iimReleaseDate  = 30
	iimReleaseTime  = 35
	iimInstructions = 40
	iimDate         = 55
	iimTime         = 60
	iimDigitalDate  = 62
	iimDigitalTime  = 63
	iimByline       = 80
	iimBylineTitle  = 85
	iimCity         = 90
	iimSublocation  = 92
	iimState        = 95
	iimCode         = 100
	iimCountry      = 101
	iimHeadline     = 105
	iimCredit       = 110
	iimSource       = 115
	iimCopyright    = 116
	iimContact      = 118
	iimCaption      = 120
	iimLanguage     = 135
)

// iimText is a dataset of record 2 that becomes a text or a list of the record. max is
// its length in bytes (IIM 4.2), which a writer keeps.
type iimText struct {
	number byte
	field  string
	max    int
	kind   byte // 't' one line, 'p' prose, 'l' list
}

// iimTexts are in the order of their numbers, which is the order of writing.
func iimTexts() []iimText {
	return []iimText{
		{iimTitle, "title", 64, 't'}, {iimCategory, "category", 3, 't'}, {iimSupplement, "supplemental_categories", 32, 'l'}, {iimKeyword, "keywords", 64, 'l'},
		{iimInstructions, "instructions", 256, 'p'}, {iimByline, "byline", 32, 'l'}, {iimBylineTitle, "byline_title", 32, 't'},
		{iimCity, "city", 32, 't'}, {iimSublocation, "sublocation", 32, 't'}, {iimState, "state", 32, 't'}, {iimCountry, "country", 64, 't'},
		{iimHeadline, "headline", 256, 't'}, {iimCredit, "credit", 32, 't'}, {iimSource, "source", 32, 't'}, {iimCopyright, "copyright", 128, 'p'},
		{iimContact, "contact", 128, 'p'}, {iimCaption, "caption", 2000, 'p'}, {iimLanguage, "language", 3, 't'},
	}
}

// iimClaims reads IIM; said are the texts of the file's XMP, which help to know the charset.
func iimClaims(b []byte, said map[string]bool) (c claims) {
	var values [256][][]byte // of record 2, by number
	var all [][]byte
	for d := range datasets(b) {
		if d.record == 2 && len(values[d.number]) < listMax {
			values[d.number] = append(values[d.number], d.value)
			all = append(all, d.value)
		}
	}
	if len(all) == 0 {
		return nil
	}
	charset := guess(all, said)
	text := func(number byte) (list []string) {
		for _, v := range values[number] {
			list = append(list, decode(v, charset))
		}
		return list
	}
	for _, t := range iimTexts() {
		c.iimText(t, text(t.number), values[t.number])
	}
	first := func(number byte) string { return strings.Join(text(number)[:min(1, len(values[number]))], "") }
	c.code(iimFrom(iimCode), first(iimCode))
	c.number("urgency", iimFrom(iimUrgency), first(iimUrgency), 1, 8)
	c.subjects(iimFrom(iimSubject), text(iimSubject))
	c.iimMoment("taken", iimDate, first(iimDate), first(iimTime))
	c.iimMoment("release", iimReleaseDate, first(iimReleaseDate), first(iimReleaseTime))
	n := len(c)
	c.iimMoment("taken", iimDigitalDate, first(iimDigitalDate), first(iimDigitalTime))
	c.lastLate(n)
	return c
}

func iimFrom(number byte) string { return fmt.Sprintf("IPTC 2:%02d", number) }

func (c *claims) iimText(t iimText, values []string, raw [][]byte) {
	if len(values) == 0 {
		return
	}
	n := len(*c)
	switch t.kind {
	case 'l':
		c.list(t.field, iimFrom(t.number), values)
	case 'p':
		c.prose(t.field, iimFrom(t.number), values[0])
	default:
		c.text(t.field, iimFrom(t.number), values[0])
	}
	if len(*c) > n {
		(*c)[n].stored = len(raw[0])
	}
}

// iimMoment joins a date and a time; the date alone is a moment too.
func (c *claims) iimMoment(field string, number byte, date, clock string) {
	if strings.Trim(date, "0 \x00") == "" {
		return
	}
	t, ok := parseIIM(line(date), line(clock))
	c.moment(field, iimFrom(number), strings.TrimSpace(date+" "+clock), t, ok)
}

// subjects takes subject references: the IIM's "IPTC:04000000:…" (2:12, provider,
// reference number, and names), XMP's "subj:04000000" or the eight digits alone.
func (c *claims) subjects(from string, values []string) {
	var codes, others []string
	for _, v := range values {
		if code := subjectCode(line(v)); code != "" {
			codes = append(codes, code)
		} else {
			others = append(others, v)
		}
	}
	c.list("subject_codes", from, codes)
	if l := lines(others); len(l) > 0 {
		*c = append(*c, claim{field: "subject_codes", from: from, value: strings.Join(l, "; "), unfit: true})
	}
}

// subjectCode finds the eight digits; "" where there are none.
func subjectCode(s string) string {
	for part := range strings.SplitSeq(s, ":") {
		part = strings.TrimSpace(part)
		if len(part) == 8 && strings.Trim(part, "0123456789") == "" {
			return part
		}
	}
	return ""
}

// code takes a country's code.
func (c *claims) code(from, s string) { c.text("country_code", from, alpha3(line(mended(s)))) }
