package people

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"oneframe/app/fault"
)

// The bounds of a name and of a password.
const (
	minName, maxName = 2, 40 // characters
	minPassword      = 10    // characters
	maxPassword      = 1024  // bytes
)

// checkName takes names of 2 to 40 printable characters, without spaces at their ends
// or two in a row, so that no two names look alike for their spaces.
func checkName(name string) error {
	n := utf8.RuneCountInString(name)
	fits := utf8.ValidString(name) && n >= minName && n <= maxName &&
		name == strings.Join(strings.Fields(name), " ") &&
		strings.IndexFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
	if !fits {
		return fault.New(fault.Invalid, "bad_name",
			"A name has %d to %d letters, digits, signs or single spaces.", minName, maxName)
	}
	return nil
}

func checkPassword(name, password string) error {
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return fault.New(fault.Invalid, "weak_password", "A password has at least %d characters.", minPassword)
	case fold(password) == fold(name):
		return fault.New(fault.Invalid, "weak_password", "A password must not be the name.")
	case len(password) > maxPassword:
		return fault.New(fault.Invalid, "long_password", "A password has at most %d bytes.", maxPassword)
	}
	return nil
}

// fold maps names that strings.EqualFold calls equal to one text: every character to
// the smallest of its simple case folding's orbit.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, name)
}
