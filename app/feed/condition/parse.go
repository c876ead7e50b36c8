package condition

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"oneframe/app/fault"
)

// wrong is an error about a place in a rule's text.
func wrong(at int, format string, args ...any) error {
	return fault.New(fault.Invalid, "bad_rule", "At character %d: %s.", at, fmt.Sprintf(format, args...))
}

// parser reads tokens from left to right.
type parser struct {
	tokens []token
	i      int
	terms  int
	depth  int
}

// Parse reads a rule's text. Its error is Invalid bad_rule or rule_too_large; the
// sentence names the place, counted in characters from 1, and what was expected there.
func Parse(text string) (*Expr, error) {
	if len(text) > maxText {
		return nil, fault.New(fault.Invalid, "rule_too_large", "A rule has at most %d bytes of text.", maxText)
	}
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	if len(tokens) == 1 {
		return nil, wrong(1, "the rule is empty: expected a field, as in keyword has \"ferry\"")
	}
	p := &parser{tokens: tokens}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != 0 {
		return nil, wrong(t.at, "expected and, or, or the end, not %s", t.name())
	}
	return e, nil
}

func (p *parser) peek() token { return p.tokens[p.i] }

func (p *parser) take() token {
	t := p.tokens[p.i]
	if t.kind != 0 {
		p.i++
	}
	return t
}

// accept takes the next token where it is the word or mark.
func (p *parser) accept(text string) bool {
	t := p.peek()
	if t.word() == text || t.kind == 'o' && t.text == text {
		p.i++
		return true
	}
	return false
}

func (p *parser) expect(text, after string) error {
	if p.accept(text) {
		return nil
	}
	t := p.peek()
	return wrong(t.at, "expected “%s” %s, not %s", text, after, t.name())
}

func (p *parser) or() (*Expr, error)  { return p.several("or", Or, p.and) }
func (p *parser) and() (*Expr, error) { return p.several("and", And, p.unary) }

// several reads one or more of a kind with the word between them.
func (p *parser) several(word string, kind Kind, one func() (*Expr, error)) (*Expr, error) {
	first, err := one()
	if err != nil {
		return nil, err
	}
	all := []*Expr{first}
	for p.accept(word) {
		next, err := one()
		if err != nil {
			return nil, err
		}
		all = append(all, next)
	}
	if len(all) == 1 {
		return first, nil
	}
	return &Expr{Kind: kind, Of: all}, nil
}

func (p *parser) unary() (*Expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, wrong(p.peek().at, "more than %d parentheses or nots lie inside one another", maxDepth)
	}
	defer func() { p.depth-- }()
	if p.accept("not") {
		e, err := p.unary()
		if err != nil {
			return nil, err
		}
		return &Expr{Kind: Not, Of: []*Expr{e}}, nil
	}
	if !p.accept("(") {
		return p.term()
	}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if err := p.expect(")", "after the terms in parentheses"); err != nil {
		return nil, err
	}
	return e, nil
}

// term reads a field and what is asked about it.
func (p *parser) term() (*Expr, error) {
	t := p.take()
	if p.terms++; p.terms > MaxTerms {
		return nil, fault.New(fault.Invalid, "rule_too_large", "At character %d: the term about %s is one too many; a rule has at most %d.", t.at, t.name(), MaxTerms)
	}
	if t.kind != 'w' {
		return nil, wrong(t.at, "expected a field, not or (, not %s", t.name())
	}
	info, ok := Lookup(t.text)
	if !ok {
		return nil, wrong(t.at, "there is no field %s%s", t.name(), suggest(t.text))
	}
	out := Term{Field: info.Field}
	at := p.peek().at
	if err := p.operator(&out); err != nil {
		return nil, err
	}
	canonical, err := out.Canonical()
	if err != nil {
		return nil, wrong(at, "%s", fault.Of(err).Message)
	}
	return &Expr{Term: canonical}, nil
}

// suggest offers the field whose name is nearest to what was written.
func suggest(name string) string {
	best, least := "", 3
	for known := range catalogue {
		if d := distance(Fold(name), known); d < least || d == least && best != "" && known < best {
			best, least = known, d
		}
	}
	if best == "" {
		return "; expected one as keyword, category, country or urgency"
	}
	return "; perhaps " + best + " is meant"
}

// distance is Levenshtein's, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0]++
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

func (p *parser) operator(t *Term) error {
	op := p.take()
	switch op.word() {
	case "in":
		t.Op = In
		return p.list(t)
	case "not":
		if t.Not = true; !p.accept("in") {
			return wrong(op.at, "expected “in” after not; to turn the term round, write not before %s", t.Field)
		}
		t.Op = In
		return p.list(t)
	case "has":
		return p.has(t)
	case "starts":
		t.Op = Starts
		if err := p.expect("with", "after starts"); err != nil {
			return err
		}
		return p.value(t)
	case "contains":
		t.Op = Contains
		if p.peek().word() == "word" && p.tokens[p.i+1].kind != 0 && p.valueAt(p.i+1) {
			p.i++
		}
		return p.value(t)
	case "between":
		return p.between(t)
	case "newer":
		return p.newer(t)
	case "within":
		return p.within(t)
	case "is":
		return p.is(t)
	}
	return p.compare(t, op)
}

// valueAt reports whether the token there is one that a value can be.
func (p *parser) valueAt(i int) bool {
	t := p.tokens[i]
	return t.kind == 's' || t.kind == 'w' && t.word() != "and" && t.word() != "or"
}

func (p *parser) compare(t *Term, op token) error {
	marks := map[string]Op{"=": Is, "!=": Is, "<": Less, "<=": AtMost, ">": More, ">=": AtLeast}
	found, ok := marks[op.text]
	if !ok || op.kind != 'o' {
		return wrong(op.at, "expected what is asked of %s, as =, in, has, contains, < or is present, not %s", t.Field, op.name())
	}
	t.Op, t.Not = found, op.text == "!="
	return p.value(t)
}

func (p *parser) has(t *Term) error {
	t.Op = Has
	if next := p.tokens[min(p.i+1, len(p.tokens)-1)]; next.kind == 'o' && next.text == "(" {
		switch {
		case p.accept("any"):
			t.Op = HasAny
			return p.list(t)
		case p.accept("all"):
			t.Op = HasAll
			return p.list(t)
		}
	}
	return p.value(t)
}

func (p *parser) between(t *Term) error {
	t.Op = Between
	if err := p.value(t); err != nil {
		return err
	}
	if err := p.expect("and", "between the two values"); err != nil {
		return err
	}
	return p.value(t)
}

func (p *parser) newer(t *Term) error {
	t.Op = Newer
	if err := p.expect("than", "after newer"); err != nil {
		return err
	}
	if err := p.value(t); err != nil {
		return err
	}
	return p.value(t)
}

func (p *parser) within(t *Term) error {
	t.Op = Within
	if err := p.value(t); err != nil {
		return err
	}
	if err := p.expect("km", "after the distance"); err != nil {
		return err
	}
	if err := p.expect("of", "after km"); err != nil {
		return err
	}
	if err := p.value(t); err != nil {
		return err
	}
	if err := p.expect(",", "between latitude and longitude"); err != nil {
		return err
	}
	return p.value(t)
}

func (p *parser) is(t *Term) error {
	switch {
	case p.accept("present"):
		t.Op = Present
	case p.accept("missing"):
		t.Op = Missing
	default:
		t.Op = Is
		return p.value(t)
	}
	return nil
}

func (p *parser) list(t *Term) error {
	if err := p.expect("(", "before the values"); err != nil {
		return err
	}
	for {
		if err := p.value(t); err != nil {
			return err
		}
		if p.accept(")") {
			return nil
		}
		if err := p.expect(",", "or “)” after a value"); err != nil {
			return err
		}
	}
}

// value reads one value into the term.
func (p *parser) value(t *Term) error {
	v := p.peek()
	if !p.valueAt(p.i) {
		return wrong(v.at, "expected a value for %s, not %s", t.Field, v.name())
	}
	p.i++
	if utf8.RuneCountInString(v.text) > maxValue {
		return wrong(v.at, "a value has at most %d characters", maxValue)
	}
	if strings.TrimSpace(v.text) == "" {
		return wrong(v.at, "expected a value for %s, not an empty one", t.Field)
	}
	t.Values = append(t.Values, v.text)
	return nil
}
