package metadata

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// This file guesses the charset of bytes that don't say it, or say it wrongly. The flag
// of the IIM (1:90) is believed as far as the bytes bear it out, so the steps are:
//
//  1. What is valid UTF-8 is UTF-8, flagged or not: other text is so by accident only.
//  2. A charset in which a value of the IIM becomes the very text that the XMP has is it.
//  3. Where the letters above 0x7f stand beside each other, in words of their own, it is
//     Windows-1251: Latin has them singly, between others.
//  4. Where bytes of 0x80 to 0x9f would put a symbol or a capital behind a small letter,
//     it is Mac Roman, which has its accented letters there.
//  5. Else it is Windows-1252, which contains Latin-1.
//
// Text that became UTF-8 twice, or more often, by a program that took it for Windows-1252,
// is turned back.

// charset gives the text of bytes that are not UTF-8.
type charset struct{ *charmap.Charmap }

func (c charset) text(b []byte) string {
	var s strings.Builder
	s.Grow(len(b) * 2)
	for _, x := range b {
		r := c.DecodeByte(x)
		if r == utf8.RuneError { // nothing is there; Windows has the control character
			r = rune(x)
		}
		s.WriteRune(r)
	}
	return s.String()
}

// legacy are the charsets that are guessed between, the likeliest first.
func legacy() []charset {
	return []charset{{charmap.Windows1252}, {charmap.Windows1251}, {charmap.Macintosh}}
}

// decode gives the text of a value in UTF-8, else in the charset.
func decode(b []byte, c charset) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return c.text(b)
}

// mended is clean, and turns back what became UTF-8 more than once. Whatever part of a
// file a text is from, it goes through here last, so that a text of a record stays as it
// is however often it is written and read: what a charset gave, or what was left of a text
// that was taken apart, can look like UTF-8 too. It ends since each turn back is shorter.
func mended(s string) string {
	for {
		before := s
		for back := once(s); back != s; back = once(s) {
			s = back
		}
		if s = clean(s); s == before { // clean takes the C1 characters, which once needs
			return s
		}
	}
}

// guess chooses a charset for values that belong together; said are texts that another
// part of the file has.
func guess(values [][]byte, said map[string]bool) charset {
	best, proofs := charset{charmap.Windows1252}, 0
	var odd [][]byte
	for _, v := range values {
		if !utf8.Valid(v) {
			odd = append(odd, v)
		}
	}
	if len(odd) == 0 {
		return best
	}
	for _, c := range legacy() {
		n := 0
		for _, v := range odd {
			if said[mended(c.text(v))] {
				n++
			}
		}
		if n > proofs {
			best, proofs = c, n
		}
	}
	switch {
	case proofs > 0:
		return best
	case cyrillic(odd):
		return charset{charmap.Windows1251}
	case macintosh(odd):
		return charset{charmap.Macintosh}
	}
	return best
}

// cyrillic reports that most letters above 0x7f stand beside another one and few beside
// a Latin letter.
func cyrillic(values [][]byte) bool {
	high, beside, mixed := 0, 0, 0
	for _, v := range values {
		for i, c := range v {
			if !highLetter(c) {
				continue
			}
			high++
			before, after := neighbour(v, i-1), neighbour(v, i+1)
			if highLetter(before) || highLetter(after) {
				beside++
			}
			if latin(before) || latin(after) {
				mixed++
			}
		}
	}
	return beside >= 2 && beside*4 >= high*3 && mixed*4 <= high
}

func neighbour(v []byte, i int) byte {
	if i < 0 || i >= len(v) {
		return ' '
	}
	return v[i]
}

// highLetter reports a letter of Windows-1251 and of Windows-1252 both.
func highLetter(c byte) bool { return c >= 0xc0 || c == 0xa8 || c == 0xb8 }

func latin(c byte) bool { c |= 0x20; return 'a' <= c && c <= 'z' }

// macintosh reports that bytes of 0x80 to 0x9f follow small letters where Windows-1252
// would have a symbol or a capital; the apostrophe, dashes and quotes that Windows-1252
// has there speak against it.
func macintosh(values [][]byte) bool {
	mac, windows := 0, 0
	for _, v := range values {
		for i, c := range v {
			if c < 0x80 || c > 0x9f {
				continue
			}
			inWord := 'a' <= neighbour(v, i-1) && neighbour(v, i-1) <= 'z'
			r := charmap.Windows1252.DecodeByte(c)
			switch {
			case c >= 0x91 && c <= 0x97 || c == 0x85 || unicode.IsLower(r):
				windows++
			case inWord:
				mac++
			}
		}
	}
	return mac > windows
}

// once turns back a text that was made UTF-8 twice: all of it is of Windows-1252 and its
// bytes there are valid UTF-8 with more than ASCII in it.
func once(s string) string {
	if plain(s) {
		return s
	}
	b := make([]byte, 0, len(s))
	for _, c := range s {
		x, ok := charmap.Windows1252.EncodeRune(c)
		switch {
		case ok:
		case c >= 0x80 && c <= 0x9f:
			x = byte(c)
		default:
			return s
		}
		b = append(b, x)
	}
	if !utf8.Valid(b) || ascii(b) {
		return s
	}
	return string(b)
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
