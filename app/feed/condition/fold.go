package condition

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// Fold gives the form in which text is compared: compatibility-decomposed (Unicode
// NFKD, UAX #15) without its nonspacing marks, case-folded, outer space cut and inner
// space single. So "Zoë", "ZOE" and "zoe" are the same, and so are "ﬁn" and "fin".
// Letters that don't decompose, as ø and ł, stay letters of their own.
func Fold(s string) string {
	if plain(s) {
		return s
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return foldAny(s)
		}
	}
	return strings.Join(strings.Fields(strings.ToLower(s)), " ")
}

// plain reports whether folding would change nothing: most values are like that.
func plain(s string) bool {
	space := true // a space is kept only between others
	for i := range len(s) {
		switch b := s[i]; {
		case b == ' ':
			if space {
				return false
			}
			space = true
		case b < ' ' || b >= utf8.RuneSelf || b >= 'A' && b <= 'Z':
			return false
		default:
			space = false
		}
	}
	return !space || s == ""
}

func foldAny(s string) string {
	t := transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn)), cases.Fold(), norm.NFKD, runes.Remove(runes.In(unicode.Mn)))
	folded, _, err := transform.String(t, s)
	if err != nil {
		folded = strings.ToLower(s) // no text is known for which a step fails
	}
	return strings.Join(strings.Fields(folded), " ")
}

// EachWord calls f with every word of folded text, in order: a run of letters, marks
// and digits, whatever the script. Apostrophes inside a word belong to it.
func EachWord(folded string, f func(word string)) {
	start := -1
	for i, r := range folded {
		in := r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
		if !in && (r == '\'' || r == '’') {
			in = start >= 0 && i+utf8.RuneLen(r) < len(folded) && inWord(rest(folded, i, r))
		} else if !in && r >= utf8.RuneSelf {
			in = inWord(r)
		}
		switch {
		case in && start < 0:
			start = i
		case !in && start >= 0:
			f(folded[start:i])
			start = -1
		}
	}
	if start >= 0 {
		f(folded[start:])
	}
}

// rest is the rune after the one at i.
func rest(s string, i int, r rune) rune {
	next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
	return next
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// Words gives the words of folded text.
func Words(folded string) (all []string) {
	EachWord(folded, func(w string) { all = append(all, w) })
	return all
}
