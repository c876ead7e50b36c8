package feed

import (
	"slices"
	"sort"

	"oneframe/app/feed/condition"
)

// Index is an immutable snapshot of all rules, compiled so that a picture touches only
// those that it could satisfy. Engine swaps it atomically; readers take no lock.
//
// Each clause is filed under one of its positive equalities, the one that past pictures
// make rarest: its access predicate. A picture looks up the postings of the terms that
// it has, most of which a small filter inside the posting turns away in a sequential
// scan: bits for a second term over few values (as category), one more term that must be
// there, the least and greatest rating and urgency. What is left is verified, term by
// term, against the interned terms of the picture. Words that are looked for in text,
// and beginnings of values, are interned terms as well. Clauses without any positive
// equality stand on a short list that every picture goes through. A change is laid over
// the large table in a small one of its own, until a rebuild takes both together.
//
// Sources: T. W. Yan and H. García-Molina, Index structures for selective dissemination
// of information under the Boolean model, ACM TODS 19(2), 1994 (filing a profile under
// its rarest word); F. Fabret, H. A. Jacobsen, F. Llirbat, J. Pereira, K. A. Ross and
// D. Shasha, Filtering algorithms and implementation for very fast publish/subscribe
// systems, SIGMOD 2001 (access predicates, clustering); S. E. Whang, H. García-Molina et
// al., Indexing Boolean expressions, VLDB 2009 (disjunctive normal form, negations).
type Index struct {
	base, over *table
	gone       []uint64 // a bit for each rule of base that was changed or removed since
}

// Entry is a rule as the index takes it.
type Entry struct {
	ID         string
	Subscriber string
	Priority   int // 0 leaves it to the picture
	Clauses    condition.Clauses
}

// Hit is a rule that a picture satisfies.
type Hit struct {
	Rule, Subscriber string
	Priority         int
}

// Aside is a rule that could not be compiled, and why. It is left out of the index and
// takes nothing else down.
type Aside struct {
	Rule string
	Err  error
}

// NewIndex compiles the rules. Stats say how often values occur; nil knows of none.
func NewIndex(entries []Entry, stats *Stats) (*Index, []Aside) {
	base, aside := compile(entries, stats)
	over, _ := compile(nil, stats)
	return &Index{base: base, over: over, gone: make([]uint64, (len(base.rules)+63)/64)}, aside
}

// Len is how many rules the index holds.
func (x *Index) Len() int {
	n := len(x.base.rules) + len(x.over.rules)
	for i := range x.base.rules {
		if x.dead(uint32(i)) {
			n--
		}
	}
	return n
}

// Laid is how many rules lie over the large table.
func (x *Index) Laid() int { return len(x.over.rules) }

func (x *Index) dead(rule uint32) bool { return x.gone[rule/64]&(1<<(rule%64)) != 0 }

// With gives a snapshot in which the changed rules are as given and the removed ones are
// gone; over holds all rules that were laid over the large table before, but for those
// named now. Its cost grows with what lies over the large table, not with that itself.
func (x *Index) With(over []Entry, removed []string, stats *Stats) (*Index, []Aside) {
	n := &Index{base: x.base, gone: slices.Clone(x.gone)}
	bury := func(id string) {
		i := sort.Search(len(x.base.rules), func(i int) bool { return x.base.rules[i].Rule >= id })
		if i < len(x.base.rules) && x.base.rules[i].Rule == id {
			n.gone[i/64] |= 1 << (i % 64)
		}
	}
	for _, e := range over {
		bury(e.ID)
	}
	for _, id := range removed {
		bury(id)
	}
	var aside []Aside
	n.over, aside = compile(over, stats)
	return n, aside
}

// Match appends the numbers of the rules that the picture satisfies, each once, in no
// special order; Hit tells which they are. It may be called by many at once.
func (x *Index) Match(f *condition.Facts, into []int32) []int32 {
	into = x.base.match(f, x.gone, 0, into)
	if len(x.over.rules) > 0 {
		into = x.over.match(f, nil, int32(len(x.base.rules)), into)
	}
	return into
}

// Hit gives the rule of a number that Match gave.
func (x *Index) Hit(n int32) Hit {
	if int(n) < len(x.base.rules) {
		return x.base.rules[n]
	}
	return x.over.rules[int(n)-len(x.base.rules)]
}
