package condition

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is a piece of a rule's text.
type token struct {
	kind rune   // 'w' a word, 's' a quoted text, 'o' an operator or mark, 0 the end
	text string // unquoted
	at   int    // first character, from 1
}

// word gives the token's word of the language, "" for a quoted text.
func (t token) word() string {
	if t.kind == 'w' {
		return strings.ToLower(t.text)
	}
	return ""
}

// name is how an error speaks of the token.
func (t token) name() string {
	switch t.kind {
	case 0:
		return "the end"
	case 's':
		return quote(t.text)
	}
	return "“" + t.text + "”"
}

// single are the marks that stand for an operator of one character.
var single = map[rune]string{'(': "(", ')': ")", ',': ",", '=': "=", '≤': "<=", '≥': ">=", '≠': "!="}

// lex cuts a text into tokens; the last is the end.
func lex(text string) ([]token, error) {
	var all []token
	for i, at := 0, 1; ; {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case n == 0:
			return append(all, token{at: at}), nil
		case r == utf8.RuneError && n == 1:
			return nil, wrong(at, "this is not text in UTF-8")
		case unicode.IsSpace(r):
			i, at = i+n, at+1
			continue
		}
		t, size, err := next(text[i:], r, at)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
		at += utf8.RuneCountInString(text[i : i+size])
		i += size
	}
}

// next reads one token that begins with r, and its length in bytes.
func next(text string, r rune, at int) (token, int, error) {
	switch r {
	case '"', '“', '”', '„':
		return quoted(text, at)
	case '!', '<', '>':
		if strings.HasPrefix(text[1:], "=") {
			return token{'o', text[:2], at}, 2, nil
		}
		if r == '!' {
			return token{}, 0, wrong(at, "“!” stands only before “=”; to turn a term round, write not")
		}
		return token{'o', text[:1], at}, 1, nil
	}
	if op, ok := single[r]; ok {
		return token{'o', op, at}, utf8.RuneLen(r), nil
	}
	end := strings.IndexFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`()",=!<>“”„≤≥≠`, r) })
	if end < 0 {
		end = len(text)
	}
	return token{'w', text[:end], at}, end, nil
}

func quoted(text string, at int) (token, int, error) {
	var b strings.Builder
	escaped := false
	_, first := utf8.DecodeRuneInString(text)
	for i, r := range text[first:] {
		switch {
		case escaped:
			if r != '"' && r != '\\' {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case r == '"' || r == '“' || r == '”':
			return token{'s', b.String(), at}, first + i + utf8.RuneLen(r), nil
		default:
			b.WriteRune(r)
		}
	}
	return token{}, 0, wrong(at, "this quote is never closed: expected “\"”")
}
