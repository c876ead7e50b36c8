package condition

import (
	"math"
	"strconv"
	"strings"
	"time"

	"oneframe/app/metadata"
)

// Test is a term made ready to be held against facts.
type Test struct {
	Term   Term
	Info   Info
	Values []string   // of text, folded, none twice
	Words  [][]string // of Contains: the words of the value that stand one after another
	lo, hi float64    // of numbers: least and greatest that satisfy; of dates in unix ms
	among  []float64  // of In over numbers
	age    time.Duration
	place  metadata.Place
	km     float64
}

// Compile makes a term ready. Its error is that of Canonical.
func (t Term) Compile() (Test, error) {
	t, err := t.Canonical()
	if err != nil {
		return Test{}, err
	}
	x := Test{Term: t, Info: t.Field.info()}
	switch {
	case t.Op == Present || t.Op == Missing:
	case t.Op == Newer:
		_, lasts, _ := unit(t.Values[1])
		x.age = time.Duration(number(t.Values[0])) * lasts
	case t.Op == Within:
		x.km, x.place = number(t.Values[0]), metadata.Place{Latitude: number(t.Values[1]), Longitude: number(t.Values[2])}
	case x.Info.Type == NumberType:
		x.numbers()
	case x.Info.Type == DateType:
		x.dates()
	default:
		for _, v := range t.Values {
			x.Values = add(x.Values, Fold(v))
		}
		if t.Op == Contains {
			x.Words = [][]string{Words(x.Values[0])}
		}
	}
	return x, nil
}

// number reads a number that Canonical wrote.
func number(s string) float64 { f, _ := strconv.ParseFloat(s, 64); return f }

// numbers sets the least and the greatest number that satisfy the test.
func (x *Test) numbers() {
	first := number(x.Term.Values[0])
	x.lo, x.hi = math.Inf(-1), math.Inf(1)
	switch x.Term.Op {
	case Is:
		x.lo, x.hi = first, first
	case In:
		x.lo, x.hi = first, first
		for _, v := range x.Term.Values {
			f := number(v)
			x.among, x.lo, x.hi = append(x.among, f), min(x.lo, f), max(x.hi, f)
		}
	case Less:
		x.hi = math.Nextafter(first, math.Inf(-1))
	case AtMost:
		x.hi = first
	case More:
		x.lo = math.Nextafter(first, math.Inf(1))
	case AtLeast:
		x.lo = first
	case Between:
		x.lo, x.hi = first, number(x.Term.Values[1])
	}
}

// dates does the same for moments; a day stands for all its moments.
func (x *Test) dates() {
	span := func(v string) (first, last float64) {
		t, day, _ := parseDate(v) // Canonical has read it before
		first = float64(t.UnixMilli())
		if last = first; day {
			last += 24*60*60*1000 - 1
		}
		return first, last
	}
	first, last := span(x.Term.Values[0])
	x.lo, x.hi = math.Inf(-1), math.Inf(1)
	switch x.Term.Op {
	case Is:
		x.lo, x.hi = first, last
	case Less:
		x.hi = first - 1
	case AtMost:
		x.hi = last
	case More:
		x.lo = last + 1
	case AtLeast:
		x.lo = first
	case Between:
		x.lo = first
		_, x.hi = span(x.Term.Values[1])
	}
}

// Bounds gives the least and greatest number that satisfy a test over numbers.
func (x *Test) Bounds() (lo, hi float64) { return x.lo, x.hi }

// Holds reports whether the facts satisfy the term, its negation included. It asks
// plainly, value by value: it is the measure that Index is held against.
func (x *Test) Holds(f *Facts) bool { return x.holds(f) != x.Term.Not }

func (x *Test) holds(f *Facts) bool {
	switch x.Term.Op {
	case Present:
		return f.has(x.Info)
	case Missing:
		return !f.has(x.Info)
	case Newer:
		at := f.date[x.Info.Index]
		return at != noDate && at >= f.Now.Add(-x.age).UnixMilli()
	case Within:
		return f.place != nil && Distance(*f.place, x.place) <= x.km
	}
	switch x.Info.Type {
	case NumberType:
		return x.number(f.number[x.Info.Index])
	case DateType:
		at := f.date[x.Info.Index]
		return at != noDate && float64(at) >= x.lo && float64(at) <= x.hi
	}
	return x.texts(f)
}

func (x *Test) number(v float64) bool {
	if !(v >= x.lo && v <= x.hi) {
		return false
	}
	if x.among == nil {
		return true
	}
	for _, a := range x.among {
		if a == v {
			return true
		}
	}
	return false
}

func (x *Test) texts(f *Facts) bool {
	have := f.Texts(x.Info.Index)
	if x.Term.Op == HasAll {
		for _, want := range x.Values {
			if !some(have, func(v string) bool { return v == want }) {
				return false
			}
		}
		return true
	}
	for _, want := range x.Values {
		if some(have, func(v string) bool { return x.one(v, want) }) {
			return true
		}
	}
	return false
}

func some(all []string, f func(string) bool) bool {
	for _, v := range all {
		if f(v) {
			return true
		}
	}
	return false
}

// one compares one value of the picture with one of the term.
func (x *Test) one(have, want string) bool {
	switch x.Term.Op {
	case Starts:
		return strings.HasPrefix(have, want)
	case Contains:
		return HasPhrase(have, x.Words[0])
	}
	return have == want
}

// HasPhrase reports whether the words stand one after another in folded text.
func HasPhrase(folded string, words []string) bool {
	if len(words) == 1 && !strings.Contains(folded, words[0]) {
		return false
	}
	all := Words(folded)
	for i := 0; i+len(words) <= len(all); i++ {
		j := 0
		for j < len(words) && all[i+j] == words[j] {
			j++
		}
		if j == len(words) {
			return true
		}
	}
	return false
}

// Distance is the great-circle distance in kilometres by the haversine formula, on a
// sphere of the Earth's mean radius (IUGG: 6371.0088 km).
func Distance(a, b metadata.Place) float64 {
	const radius, degree = 6371.0088, math.Pi / 180
	dLat, dLon := (b.Latitude-a.Latitude)*degree, (b.Longitude-a.Longitude)*degree
	h := math.Pow(math.Sin(dLat/2), 2) + math.Cos(a.Latitude*degree)*math.Cos(b.Latitude*degree)*math.Pow(math.Sin(dLon/2), 2)
	return 2 * radius * math.Asin(math.Min(1, math.Sqrt(h)))
}

// Program is a rule's clauses made ready: the plain evaluator.
type Program [][]Test

// Compile makes clauses ready. Its error is that of Canonical.
func (c Clauses) Compile() (Program, error) {
	c, err := c.Canonical()
	if err != nil {
		return nil, err
	}
	p := make(Program, len(c))
	for i, clause := range c {
		p[i] = make([]Test, len(clause))
		for j, t := range clause {
			if p[i][j], err = t.Compile(); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

// Matches reports whether any clause holds.
func (p Program) Matches(f *Facts) bool {
	for _, clause := range p {
		if holds(clause, f) {
			return true
		}
	}
	return false
}

func holds(clause []Test, f *Facts) bool {
	for i := range clause {
		if !clause[i].Holds(f) {
			return false
		}
	}
	return true
}

// Matches reports whether the tree holds, node by node, without making clauses of it.
func (e *Expr) Matches(f *Facts) (bool, error) {
	switch e.Kind {
	case Leaf:
		x, err := e.Term.Compile()
		return err == nil && x.Holds(f), err
	case Not:
		sub, err := e.Of[0].Matches(f)
		return !sub, err
	}
	for _, sub := range e.Of {
		holds, err := sub.Matches(f)
		if err != nil || holds == (e.Kind == Or) {
			return holds, err
		}
	}
	return e.Kind == And, nil
}
