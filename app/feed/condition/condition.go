// Package condition is the language in which a rule says what pictures it asks for: a
// text that people write and read, the clauses that a form edits, and what both mean. It
// is pure.
//
//	expression = all { "or" all }
//	all        = unary { "and" unary }
//	unary      = "not" unary | "(" expression ")" | term
//	term       = field "=" value | field "!=" value | field "in" list
//	           | field "has" value | field "has" "any" list | field "has" "all" list
//	           | field "starts" "with" value | field "contains" ["word"] value
//	           | field ("<" | "<=" | ">" | ">=") value | field "between" value "and" value
//	           | field "newer" "than" number unit | field "within" number "km" "of" latitude "," longitude
//	           | field "is" "present" | field "is" "missing"
//	list       = "(" value { "," value } ")"
//
// Case doesn't matter, in words of the language or in values; a value with spaces stands
// in quotes, in which \" and \\ are a quote and a backslash. An expression is made into
// clauses (disjunctive normal form): it holds where all terms of any one clause do.
//
// A term about something that a picture doesn't have is false, and its negation true:
// `urgency > 3` asks for pictures that have an urgency, `not urgency <= 3` for others too.
// A field with several values, as keyword, satisfies a term where any one value does.
package condition

import (
	"slices"
	"strings"
)

// The bounds of a rule: what a person could still read.
const (
	MaxTerms   = 200       // as written, and after normalisation
	MaxClauses = 64        // after normalisation
	MaxValues  = 500       // in one term
	maxValue   = 200       // characters of a value
	maxText    = 64 * 1024 // bytes of a rule's text
	maxDepth   = 100       // of parentheses
)

// Op is what a term asks about its field.
type Op string

// The operators, named as the API and the tables have them.
const (
	Is       Op = "is"
	In       Op = "in"
	Has      Op = "has"
	HasAny   Op = "has any"
	HasAll   Op = "has all"
	Starts   Op = "starts with"
	Contains Op = "contains word"
	Less     Op = "<"
	AtMost   Op = "<="
	More     Op = ">"
	AtLeast  Op = ">="
	Between  Op = "between"
	Newer    Op = "newer than"
	Within   Op = "within"
	Present  Op = "is present"
	Missing  Op = "is missing"
)

// Term is one question about a picture. Values are as they were written, in the form
// that Canonical gives them: Newer has a number and a unit, Within the kilometres, the
// latitude and the longitude.
type Term struct {
	Field  Field    `json:"field"`
	Op     Op       `json:"op"`
	Not    bool     `json:"not,omitempty"`
	Values []string `json:"values,omitempty"`
}

// Equal reports whether two terms are written alike.
func (t Term) Equal(u Term) bool {
	return t.Field == u.Field && t.Op == u.Op && t.Not == u.Not && slices.Equal(t.Values, u.Values)
}

// Clause holds where all its terms do.
type Clause []Term

// Equal reports whether two clauses are written alike.
func (c Clause) Equal(d Clause) bool { return slices.EqualFunc(c, d, Term.Equal) }

// Clauses hold where any one of them does.
type Clauses []Clause

// Equal reports whether both are written alike.
func (c Clauses) Equal(d Clauses) bool { return slices.EqualFunc(c, d, Clause.Equal) }

// Expr is a condition as it was written, a tree: a term, or one of three connectives
// over others.
type Expr struct {
	Kind Kind
	Of   []*Expr // of an And or Or at least two, of a Not one
	Term Term    // of a Leaf
}

// Kind is what stands at a node of an Expr.
type Kind int

// The kinds of node.
const (
	Leaf Kind = iota
	Not
	And
	Or
)

// Equal reports whether two expressions are written alike.
func (e *Expr) Equal(f *Expr) bool {
	return e.Kind == f.Kind && e.Term.Equal(f.Term) && slices.EqualFunc(e.Of, f.Of, (*Expr).Equal)
}

// Rename gives the expression with a value replaced wherever it stands in a term about
// the field, compared as Fold does, and whether there was any. The expression itself
// stays as it is.
func (e *Expr) Rename(f Field, from, to string) (*Expr, bool) {
	if e.Kind == Leaf {
		t, changed := e.Term.rename(f, Fold(from), to)
		return &Expr{Term: t}, changed
	}
	n, any := &Expr{Kind: e.Kind}, false
	for _, sub := range e.Of {
		s, changed := sub.Rename(f, from, to)
		n.Of, any = append(n.Of, s), any || changed
	}
	return n, any
}

func (t Term) rename(f Field, from, to string) (Term, bool) {
	if t.Field != f {
		return t, false
	}
	values, changed := slices.Clone(t.Values), false
	for i, v := range values {
		if Fold(v) == from {
			values[i], changed = to, true
		}
	}
	t.Values = values
	return t, changed
}

// String gives the term as text.
func (t Term) String() string {
	var b strings.Builder
	t.write(&b)
	return b.String()
}
