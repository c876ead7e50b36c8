package feed

import (
	"cmp"
	"slices"

	"oneframe/app/fault"
	"oneframe/app/feed/condition"
)

// compiler makes a table, rule by rule: here it reads the terms of a clause, in filing.go
// it files the clause. The checks of a clause lie in raw until place writes them beside
// its postings.
type compiler struct {
	*table
	stats  *Stats
	often  []float64 // per interned term: the share of pictures that have it
	filed  []filed
	opened []open
	openTo []uint32         // where their checks end in raw
	few    int              // terms that have bits so far
	asked  []condition.Test // of the rule being compiled
	checks []tentative
	raw    table // checks, ids and ranges in the order of the clauses
}

// filed is a posting on its way to its place; its from counts in raw, up to to.
type filed struct {
	posting
	term, to uint32
}

// tentative is a check of the clause being compiled, with what decides about its use.
type tentative struct {
	check
	ids   []uint32
	share float64 // of pictures that satisfy it, where it is a positive equality; else 2
	lo    float64
	hi    float64
	cost  int
	done  bool // the posting or its filter asks it already
}

// fewValues are the fields with so few values that bits tell them apart.
func fewValues(f condition.Field) bool {
	switch f {
	case condition.Category, condition.Region, condition.Country, condition.CountryCode, condition.Supplement, condition.SubjectCode,
		condition.Language, condition.Origin, condition.Clip, condition.Verdict:
		return true
	}
	return false
}

// compile makes the table of the rules; those that can't be compiled are left aside.
func compile(entries []Entry, stats *Stats) (*table, []Aside) {
	rating, _ := condition.Lookup(string(condition.Rating))
	urgency, _ := condition.Lookup(string(condition.Urgency))
	c := &compiler{table: &table{bits: []uint64{0}, rating: rating.Index, urgency: urgency.Index}, stats: stats, often: []float64{0}}
	var aside []Aside
	sorted := slices.Clone(entries)
	slices.SortFunc(sorted, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
	for _, e := range sorted {
		if err := c.rule(e); err != nil {
			aside = append(aside, Aside{e.ID, err})
		}
	}
	c.place()
	for i, names := range c.fields {
		if names != nil {
			c.used = append(c.used, i)
			slices.Sort(names.lengths)
		}
	}
	return c.table, aside
}

// rule adds a rule with all its clauses, or nothing of it.
func (c *compiler) rule(e Entry) error {
	if len(e.Clauses) == 0 {
		return fault.New(fault.Invalid, "bad_rule", "The rule has no clause.")
	}
	c.asked = c.asked[:0]
	for i, terms := range e.Clauses {
		if len(terms) == 0 {
			return fault.New(fault.Invalid, "bad_rule", "Clause %d has no term.", i+1)
		}
		for _, t := range terms {
			x, err := t.Compile()
			if err != nil {
				return err
			}
			c.asked = append(c.asked, x)
		}
	}
	n, at := uint32(len(c.rules)), 0
	c.rules = append(c.rules, Hit{Rule: e.ID, Subscriber: e.Subscriber, Priority: e.Priority})
	for _, terms := range e.Clauses {
		c.checks = c.checks[:0]
		for range terms {
			c.term(&c.asked[at])
			at++
		}
		c.clause(n)
	}
	return nil
}

// term makes one or more checks of a term.
func (c *compiler) term(x *condition.Test) {
	k := tentative{check: check{not: x.Term.Not, field: uint8(x.Info.Index)}, share: 2}
	switch {
	case x.Term.Op == condition.Present || x.Term.Op == condition.Missing:
		if x.Info.Type != condition.TextType {
			c.asPlain(x)
			return
		}
		k.ids, k.kind = []uint32{c.present(x)}, anyOf
		k.not = k.not != (x.Term.Op == condition.Missing)
	case x.Info.Type == condition.TextType || x.Info.Type == condition.WordsType:
		c.texts(x, &k)
	case x.Term.Op == condition.Newer || x.Term.Op == condition.Within || x.Term.Op == condition.In:
		c.asPlain(x)
		return
	default:
		k.kind, k.cost = number, 2
		if x.Info.Type == condition.DateType {
			k.kind = date
		}
		k.lo, k.hi = x.Bounds()
	}
	if len(k.ids) > 0 && !k.not {
		k.share = c.shareOf(k)
	}
	c.checks = append(c.checks, k)
	if x.Term.Op == condition.Contains && len(x.Words[0]) > 1 {
		c.asPlain(x)
	}
}

// asPlain has the term asked by the plain evaluator.
func (c *compiler) asPlain(x *condition.Test) {
	c.tests = append(c.tests, *x)
	c.checks = append(c.checks, tentative{check: check{kind: plain, a: uint32(len(c.tests) - 1)}, share: 2, cost: 9})
}

// texts interns what a term asks of a text field. A phrase is found by its words, all of
// which must be there; where it is negated only the plain evaluator can tell.
func (c *compiler) texts(x *condition.Test, k *tentative) {
	k.kind = anyOf
	if x.Term.Op == condition.HasAll {
		k.kind = allOf
	}
	names := c.names(x.Info.Index)
	switch x.Term.Op {
	case condition.Contains:
		if len(x.Words[0]) > 1 {
			k.kind = allOf
		}
		for _, w := range x.Words[0] {
			k.ids = append(k.ids, c.intern(&names.words, w, x))
		}
		if x.Term.Not && len(k.ids) > 1 {
			k.ids, k.not, k.kind = nil, false, allOf
		}
	case condition.Starts:
		v := x.Values[0]
		if !slices.Contains(names.lengths, len(v)) {
			names.lengths = append(names.lengths, len(v))
		}
		k.ids = append(k.ids, c.intern(&names.heads, v, x))
	default:
		for _, v := range x.Values {
			k.ids = append(k.ids, c.intern(&names.whole, v, x))
		}
	}
}

func (c *compiler) names(field int) *terms {
	if c.fields[field] == nil {
		c.fields[field] = &terms{}
	}
	return c.fields[field]
}

func (c *compiler) present(x *condition.Test) uint32 {
	names := c.names(x.Info.Index)
	if names.present == 0 {
		names.present = c.number(.9, 0)
	}
	return names.present
}

// intern gives the number of a value.
func (c *compiler) intern(in *map[string]uint32, v string, x *condition.Test) uint32 {
	if id := (*in)[v]; id != 0 {
		return id
	}
	if *in == nil {
		*in = map[string]uint32{}
	}
	var bit uint64
	if fewValues(x.Term.Field) && x.Term.Op.Equality() {
		bit = 1 << (c.few % 64)
		c.few++
	}
	id := c.number(c.stats.share(x, v), bit)
	(*in)[v] = id
	return id
}

func (c *compiler) number(share float64, bit uint64) uint32 {
	c.bits, c.often = append(c.bits, bit), append(c.often, share)
	return uint32(len(c.bits) - 1)
}

// shareOf estimates the share of pictures under whose terms the clause would be found.
func (c *compiler) shareOf(k tentative) float64 {
	least, sum := 1.0, 0.0
	for _, id := range k.ids {
		least, sum = min(least, c.often[id]), sum+c.often[id]
	}
	if k.kind == allOf {
		return least
	}
	return min(sum, 1)
}
