package condition

import (
	"slices"

	"oneframe/app/fault"
)

// Normalise makes an expression into clauses (disjunctive normal form): negations move
// down to the terms by De Morgan's laws, and and is distributed over or. Terms that
// stand twice in a clause, and clauses that stand twice, are kept once. The error is
// Invalid rule_too_large, with the count, where there would be more than 64 clauses or
// 200 terms.
func Normalise(e *Expr) (Clauses, error) {
	if n := e.count(); n > MaxTerms {
		return nil, fault.New(fault.Invalid, "rule_too_large", "The rule has %d terms; a rule has at most %d.", n, MaxTerms)
	}
	all, err := e.clauses(false)
	if err != nil {
		return nil, err
	}
	return all, all.bounded()
}

func (e *Expr) count() int {
	if e.Kind == Leaf {
		return 1
	}
	n := 0
	for _, sub := range e.Of {
		n += sub.count()
	}
	return n
}

// bounded refuses more clauses and terms than a rule may have.
func (c Clauses) bounded() error {
	if len(c) > MaxClauses {
		return fault.New(fault.Invalid, "rule_too_large", "Written out as alternatives, the rule has %d clauses; a rule has at most %d.", len(c), MaxClauses)
	}
	n := 0
	for _, clause := range c {
		n += len(clause)
	}
	if n > MaxTerms {
		return fault.New(fault.Invalid, "rule_too_large", "Written out as alternatives, the rule has %d terms; a rule has at most %d.", n, MaxTerms)
	}
	return nil
}

// clauses gives the clauses of the expression, or of its negation.
func (e *Expr) clauses(negated bool) (Clauses, error) {
	switch {
	case e.Kind == Leaf:
		t := e.Term
		t.Not = t.Not != negated
		return Clauses{{t}}, nil
	case e.Kind == Not:
		return e.Of[0].clauses(!negated)
	case (e.Kind == Or) != negated:
		return union(e.Of, negated)
	}
	return product(e.Of, negated)
}

func union(of []*Expr, negated bool) (all Clauses, err error) {
	for _, sub := range of {
		more, err := sub.clauses(negated)
		if err != nil {
			return nil, err
		}
		for _, c := range more {
			all = all.with(c)
		}
		if len(all) > 16*MaxClauses {
			return nil, all.bounded()
		}
	}
	return all, nil
}

// product multiplies the clauses of the members out; it stops long before they would
// fill the memory.
func product(of []*Expr, negated bool) (Clauses, error) {
	all := Clauses{{}}
	for _, sub := range of {
		more, err := sub.clauses(negated)
		if err != nil {
			return nil, err
		}
		var next Clauses
		if len(all)*len(more) > 16*MaxClauses {
			return nil, fault.New(fault.Invalid, "rule_too_large", "Written out as alternatives, the rule has %d clauses or more; a rule has at most %d.", len(all)*len(more), MaxClauses)
		}
		for _, a := range all {
			for _, b := range more {
				next = next.with(merge(a, b))
			}
		}
		all = next
	}
	return all, nil
}

func merge(a, b Clause) Clause {
	c := slices.Clone(a)
	for _, t := range b {
		if !slices.ContainsFunc(c, t.Equal) {
			c = append(c, t)
		}
	}
	return c
}

func (c Clauses) with(one Clause) Clauses {
	if slices.ContainsFunc(c, one.Equal) {
		return c
	}
	return append(c, one)
}

// Canonical gives clauses as a form sends them in the form in which they are kept. The
// error is Invalid bad_rule or rule_too_large and names the clause and the term, from 1.
func (c Clauses) Canonical() (Clauses, error) {
	if len(c) == 0 {
		return nil, fault.New(fault.Invalid, "bad_rule", "The rule is empty: it needs a clause with a term.")
	}
	var all Clauses
	for i, clause := range c {
		if len(clause) == 0 {
			return nil, fault.New(fault.Invalid, "bad_rule", "Clause %d is empty: it needs a term.", i+1)
		}
		var out Clause
		for j, t := range clause {
			t, err := t.Canonical()
			if err != nil {
				return nil, fault.New(fault.Invalid, "bad_rule", "Clause %d, term %d: %s.", i+1, j+1, fault.Of(err).Message)
			}
			out = merge(out, Clause{t})
		}
		all = all.with(out)
	}
	return all, all.bounded()
}
