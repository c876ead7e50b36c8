package feed

import (
	"cmp"
	"math"
	"slices"
)

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
