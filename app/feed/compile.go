package feed

import (
	"cmp"
	"math"
	"slices"

	"oneframe/app/fault"
	"oneframe/app/feed/condition"
)

// compiler makes a table, rule by rule. The checks of a clause lie in raw until place
// writes them beside its postings.
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

// clause files the checks under the rarest of them, and keeps the rest for verifying.
func (c *compiler) clause(rule uint32) {
	access := -1
	for i, k := range c.checks {
		if k.share <= 1 && (access < 0 || k.share < c.checks[access].share) {
			access = i
		}
	}
	p, first := posting{from: uint32(len(c.raw.checks)), rule: rule}, len(c.filed)
	c.filter(&p, access)
	slices.SortStableFunc(c.checks, func(a, b tentative) int {
		return cmp.Or(cmp.Compare(a.cost, b.cost), cmp.Compare(a.share, b.share))
	})
	if access < 0 {
		c.opened = append(c.opened, c.open(p))
	}
	for _, k := range c.checks {
		if !k.done {
			c.keep(k)
		}
	}
	to := uint32(len(c.raw.checks))
	for i := first; i < len(c.filed); i++ {
		c.filed[i].to = to
	}
	if access < 0 {
		c.openTo = append(c.openTo, to)
	}
}

// open makes an entry of the list that every picture goes through.
func (c *compiler) open(p posting) open {
	o := open{posting: p}
	o.mask, o.also = 0, 0
	for i := range c.checks {
		if k := &c.checks[i]; k.kind == date && !k.not && !o.dated {
			o.dated, o.dateField, k.done = true, k.field, true
			o.dateLo, o.to = int64(max(k.lo, -1<<62)), int64(min(k.hi, 1<<62))
		}
	}
	return o
}

// filter files the clause's postings, with what its other checks give to their filter.
func (c *compiler) filter(p *posting, access int) {
	p.ratingLo, p.ratingHi, p.urgentLo, p.urgentHi = absent, math.MaxInt8, absent, math.MaxInt8
	mask, also := -1, -1
	for i := range c.checks {
		k := &c.checks[i]
		switch {
		case k.kind == number && !k.not:
			k.done = c.bound(p, *k)
		case k.share > 1 || i == access:
		case c.small(*k) && (mask < 0 || k.share < c.checks[mask].share):
			mask = i
		case len(k.ids) == 1 && (also < 0 || k.share < c.checks[also].share):
			also = i
		}
	}
	if access < 0 {
		return
	}
	if mask >= 0 {
		p.mask = c.mask(c.checks[mask])
	}
	if also >= 0 {
		p.also, c.checks[also].done = c.checks[also].ids[0], true
	}
	k := &c.checks[access]
	if k.kind != allOf || len(k.ids) == 1 {
		k.done = true // found by it, so it holds
		for _, id := range k.ids {
			c.filed = append(c.filed, filed{posting: *p, term: id})
		}
		return
	}
	byShare := func(a, b uint32) int { return cmp.Compare(c.often[a], c.often[b]) }
	rare := slices.MinFunc(k.ids, byShare)
	if p.also == 0 {
		p.also = slices.MinFunc(slices.DeleteFunc(slices.Clone(k.ids), func(id uint32) bool { return id == rare }), byShare)
		k.done = len(k.ids) == 2
	}
	c.filed = append(c.filed, filed{posting: *p, term: rare})
}

// bound narrows the posting to the numbers that satisfy a check, and reports whether
// that is all that the check asks: ratings and urgencies are whole.
func (c *compiler) bound(p *posting, k tentative) bool {
	lo, hi := int8(max(math.Ceil(k.lo), -99)), int8(min(math.Floor(k.hi), 99))
	switch int(k.field) {
	case c.rating:
		p.ratingLo, p.ratingHi = max(p.ratingLo, lo), min(p.ratingHi, hi)
	case c.urgency:
		p.urgentLo, p.urgentHi = max(p.urgentLo, lo), min(p.urgentHi, hi)
	default:
		return false
	}
	return true
}

// small reports whether all terms of a check have bits.
func (c *compiler) small(k tentative) bool {
	return k.kind == anyOf && !slices.ContainsFunc(k.ids, func(id uint32) bool { return c.bits[id] == 0 })
}

func (c *compiler) mask(k tentative) (m uint64) {
	for _, id := range k.ids {
		m |= c.bits[id]
	}
	return m
}

// keep writes a check where place finds it.
func (c *compiler) keep(k tentative) {
	r := &c.raw
	switch {
	case k.kind == number || k.kind == date:
		k.a = uint32(len(r.ranges))
		r.ranges = append(r.ranges, [2]float64{k.lo, k.hi})
	case k.kind == plain:
	case len(k.ids) == 1:
		k.kind, k.a = one, k.ids[0]
	default:
		k.a = uint32(len(r.ids))
		r.ids = append(r.ids, k.ids...)
		k.b = uint32(len(r.ids))
	}
	r.checks = append(r.checks, k.check)
}

// place puts the postings of each term side by side, and their checks in the same order:
// a clause that is filed under three terms has its checks there three times.
func (c *compiler) place() {
	c.starts = make([]uint32, len(c.bits)+1)
	for _, f := range c.filed {
		c.starts[f.term+1]++
	}
	for i := 1; i < len(c.starts); i++ {
		c.starts[i] += c.starts[i-1]
	}
	order, next := make([]uint32, len(c.filed)), slices.Clone(c.starts)
	checks := 0
	for i, f := range c.filed {
		order[next[f.term]] = uint32(i)
		next[f.term]++
		checks += int(f.to - f.from)
	}
	t := c.table
	t.postings, t.checks = make([]posting, 0, len(order)+1), make([]check, 0, checks+4*len(c.opened))
	for _, i := range order {
		f := c.filed[i]
		from := c.copy(f.from, f.to)
		f.from = from
		t.postings = append(t.postings, f.posting)
	}
	t.postings = append(t.postings, posting{from: uint32(len(t.checks))})
	for i, o := range c.opened {
		o.from = c.copy(o.from, c.openTo[i])
		t.always = append(t.always, o)
	}
	t.always = append(t.always, open{posting: posting{from: uint32(len(t.checks))}})
	t.checks, t.ids, t.ranges, t.rules, t.bits = slices.Clip(t.checks), slices.Clip(t.ids), slices.Clip(t.ranges), slices.Clip(t.rules), slices.Clip(t.bits)
}

// copy writes a clause's checks once more, with what they name, and gives where.
func (c *compiler) copy(from, to uint32) (at uint32) {
	t := c.table
	at = uint32(len(t.checks))
	for _, k := range c.raw.checks[from:to] {
		switch k.kind {
		case number, date:
			t.ranges = append(t.ranges, c.raw.ranges[k.a])
			k.a = uint32(len(t.ranges) - 1)
		case anyOf, allOf:
			t.ids = append(t.ids, c.raw.ids[k.a:k.b]...)
			k.a, k.b = uint32(len(t.ids))-(k.b-k.a), uint32(len(t.ids))
		}
		t.checks = append(t.checks, k)
	}
	return at
}
