package condition

// Covers reports whether every picture that satisfies the other clauses satisfies these
// as well, as far as the terms themselves show it: for each of the other's clauses there
// is one here, each of whose terms follows from a term there. It never says so wrongly;
// it may miss a case that only several clauses together cover.
func (p Program) Covers(other Program) bool {
	for _, narrow := range other {
		covered := false
		for _, wide := range p {
			covered = covered || follows(narrow, wide)
		}
		if !covered {
			return false
		}
	}
	return len(other) > 0
}

// follows reports whether each term of wide is implied by one of narrow.
func follows(narrow, wide []Test) bool {
	for i := range wide {
		implied := false
		for j := range narrow {
			implied = implied || narrow[j].implies(&wide[i])
		}
		if !implied {
			return false
		}
	}
	return true
}

// implies reports whether x holding means that y does.
func (x *Test) implies(y *Test) bool {
	switch {
	case x.Term.Field != y.Term.Field:
		return false
	case x.Term.Equal(y.Term):
		return true
	case x.Term.Not && y.Term.Not:
		return (&Test{Term: y.Term.turned(), Info: y.Info, Values: y.Values, Words: y.Words, lo: y.lo, hi: y.hi, among: y.among}).
			implies(&Test{Term: x.Term.turned(), Info: x.Info, Values: x.Values, Words: x.Words, lo: x.lo, hi: x.hi, among: x.among})
	case x.Term.Not || y.Term.Not:
		return false
	case y.Term.Op == Present:
		return x.Term.Op != Missing
	case x.Info.Type == TextType:
		return x.impliesText(y)
	case x.Info.Type == NumberType || x.Info.Type == DateType:
		return x.impliesRange(y)
	}
	return false
}

func (t Term) turned() Term { t.Not = !t.Not; return t }

// Equality reports whether the operator asks for whole values, any of them.
func (o Op) Equality() bool { return o == Is || o == In || o == Has || o == HasAny }

func (x *Test) impliesText(y *Test) bool {
	switch {
	case x.Term.Op.Equality() && y.Term.Op.Equality():
		return within(x.Values, y.Values)
	case x.Term.Op == HasAll && y.Term.Op == HasAll:
		return within(y.Values, x.Values)
	case x.Term.Op == HasAll && y.Term.Op.Equality():
		for _, v := range x.Values {
			if within([]string{v}, y.Values) {
				return true
			}
		}
	case x.Term.Op.Equality() && y.Term.Op == HasAll:
		return len(x.Values) == 1 && within(y.Values, x.Values)
	case x.Term.Op.Equality() && (y.Term.Op == Starts || y.Term.Op == Contains), x.Term.Op == Starts && y.Term.Op == Starts:
		for _, v := range x.Values {
			if !y.one(v, y.Values[0]) {
				return false
			}
		}
		return true
	}
	return false
}

// within reports whether all of a are in b.
func within(a, b []string) bool {
	for _, v := range a {
		if !some(b, func(w string) bool { return v == w }) {
			return false
		}
	}
	return true
}

func (x *Test) impliesRange(y *Test) bool {
	for _, o := range []Op{x.Term.Op, y.Term.Op} {
		if o == Present || o == Missing || o == Newer || o == Within {
			return false
		}
	}
	if y.among == nil {
		return x.lo >= y.lo && x.hi <= y.hi
	}
	for _, v := range x.points() {
		if !y.number(v) {
			return false
		}
	}
	return len(x.points()) > 0
}

// points gives the only numbers that satisfy the test; none where it is a range.
func (x *Test) points() []float64 {
	if x.among == nil && x.lo == x.hi {
		return []float64{x.lo}
	}
	return x.among
}
