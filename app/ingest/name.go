package ingest

import (
	"strings"
	"unicode"
)

const nameRunes = 60

// cleanName makes a contributor's name fit to stand among others' on a page: no control
// characters, nothing that turns the direction of the text around it, single spaces,
// and at most 60 characters.
func cleanName(name string) string {
	name = cleanText(name)
	if runes := []rune(name); len(runes) > nameRunes {
		name = strings.TrimSpace(string(runes[:nameRunes]))
	}
	return name
}

// cleanText takes control characters and what turns the direction of text out of one
// line, and leaves single spaces.
func cleanText(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar || r == '\ufeff':
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return strings.Join(strings.Fields(text), " ")
}
