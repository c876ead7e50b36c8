package condition

import (
	"strings"
	"unicode"
)

// String gives the expression as text, which Parse reads to the same expression.
func (e *Expr) String() string {
	var b strings.Builder
	e.write(&b)
	return b.String()
}

func (e *Expr) write(b *strings.Builder) {
	switch e.Kind {
	case Leaf:
		e.Term.write(b)
	case Not:
		b.WriteString("not ")
		e.Of[0].enclosed(b, e.Of[0].Kind == And || e.Of[0].Kind == Or || e.Of[0].Kind == Leaf && e.Of[0].Term.Not)
	default:
		word := " and "
		if e.Kind == Or {
			word = " or "
		}
		for i, sub := range e.Of {
			if i > 0 {
				b.WriteString(word)
			}
			sub.enclosed(b, sub.Kind == And || sub.Kind == Or)
		}
	}
}

func (e *Expr) enclosed(b *strings.Builder, parentheses bool) {
	if !parentheses {
		e.write(b)
		return
	}
	b.WriteByte('(')
	e.write(b)
	b.WriteByte(')')
}

// String gives the clauses as text, which Parse and Normalise make into the same clauses.
func (c Clauses) String() string { return c.Expr().String() }

// Expr gives the clauses as an expression.
func (c Clauses) Expr() *Expr {
	return join(Or, c, func(clause Clause) *Expr {
		return join(And, clause, func(t Term) *Expr { return &Expr{Term: t} })
	})
}

func join[T any](kind Kind, all []T, one func(T) *Expr) *Expr {
	if len(all) == 1 {
		return one(all[0])
	}
	e := &Expr{Kind: kind}
	for _, x := range all {
		e.Of = append(e.Of, one(x))
	}
	return e
}

func (t Term) write(b *strings.Builder) {
	if t.Not && t.Op != Is {
		b.WriteString("not ")
	}
	b.WriteString(string(t.Field))
	switch t.Op {
	case Is:
		if t.Not {
			b.WriteString(" != ")
		} else {
			b.WriteString(" = ")
		}
		b.WriteString(value(t.Values, 0))
	case In:
		b.WriteString(" in ")
		t.list(b, func(v string) string { return bare(v) })
	case HasAny, HasAll:
		b.WriteString(" " + string(t.Op) + " ")
		t.list(b, quote)
	case Has, Starts:
		b.WriteString(" " + string(t.Op) + " " + quoteAt(t.Values, 0))
	case Contains:
		b.WriteString(" contains " + quoteAt(t.Values, 0))
	case Between:
		b.WriteString(" between " + value(t.Values, 0) + " and " + value(t.Values, 1))
	case Newer:
		b.WriteString(" newer than " + value(t.Values, 0) + " " + value(t.Values, 1))
	case Within:
		b.WriteString(" within " + value(t.Values, 0) + " km of " + value(t.Values, 1) + ", " + value(t.Values, 2))
	case Present, Missing:
		b.WriteString(" " + string(t.Op))
	default:
		b.WriteString(" " + string(t.Op) + " " + value(t.Values, 0))
	}
}

func (t Term) list(b *strings.Builder, write func(string) string) {
	b.WriteByte('(')
	for i, v := range t.Values {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(write(v))
	}
	b.WriteByte(')')
}

func value(values []string, i int) string {
	if i >= len(values) {
		return `""`
	}
	return bare(values[i])
}

func quoteAt(values []string, i int) string {
	if i >= len(values) {
		return `""`
	}
	return quote(values[i])
}

// bare writes a value without quotes where nobody could misread it.
func bare(v string) string {
	for i, r := range v {
		if !(unicode.IsLetter(r) || unicode.IsDigit(r) || (r == '-' || r == '_' || r == '.' || r == '+') || r == ':' && i > 0) {
			return quote(v)
		}
	}
	switch strings.ToLower(v) {
	case "", "and", "or", "not", "present", "missing":
		return quote(v)
	}
	return v
}

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func quote(v string) string { return `"` + escaper.Replace(v) + `"` }
