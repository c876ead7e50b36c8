package metadata

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// textMax bounds one value, in bytes; listMax the values of one list, and listBytes the
// bytes of them together: a record is kept in the database as a whole.
const (
	textMax   = 64 << 10
	listMax   = 10_000
	listBytes = 256 << 10
)

// clean makes a text inert: valid UTF-8 in NFC, lines ended by \n, no other control
// character, none that turns the direction of writing (Unicode bidirectional algorithm,
// UAX 9, sections 2.1 to 2.4; marks stay, since Arabic and Hebrew need them), no space
// around it, and at most textMax bytes.
func clean(s string) string {
	if len(s) > textMax {
		s = s[:textMax]
	}
	if !plain(s) {
		s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n")
		s = cut(norm.NFC.String(strings.Map(inert, s)), textMax) // NFC makes some characters two
	}
	return strings.TrimSpace(s)
}

// plain reports that there is nothing in s that clean would change, but for the ends.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || c < ' ' && c != '\n' || c == 0x7f {
			return false
		}
	}
	return true
}

func inert(c rune) rune {
	switch {
	case c == '\n', c == '\r', c == 0x2028, c == 0x2029:
		return '\n'
	case c == '\t':
		return ' '
	case unicode.IsControl(c), c >= 0x202a && c <= 0x202e, c >= 0x2066 && c <= 0x2069, c == 0xfeff, c&0xfffe == 0xfffe:
		return -1
	}
	return c
}

// line is clean on one line.
func line(s string) string {
	s = clean(s)
	if strings.Contains(s, "\n") {
		return strings.Join(strings.FieldsFunc(s, func(c rune) bool { return c == '\n' }), " ")
	}
	return s
}

// each gives the texts after f; the list is changed.
func each(list []string, f func(string) string) []string {
	for i, s := range list {
		list[i] = f(s)
	}
	return list
}

// lines cleans a list: no empty value, none twice, as far as its bounds let it.
func lines(values []string) (list []string) {
	seen, size := make(map[string]bool, min(len(values), listMax)), 0
	for _, v := range values {
		if v = line(v); v == "" || seen[v] {
			continue
		}
		if size += len(v); size > listBytes || len(list) == listMax {
			return list
		}
		seen[v] = true
		list = append(list, v)
	}
	return list
}
