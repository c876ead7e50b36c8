package feed

import (
	"math"
	"sync"

	"oneframe/app/feed/condition"
)

// table is the compiled form of many rules. It never changes after compile.
type table struct {
	rules  []Hit // sorted by rule
	fields [condition.TextFields]*terms
	used   []int // the fields that rules ask about

	bits     []uint64  // per interned term: its bit, where its field has few values; else 0
	starts   []uint32  // per interned term: where its postings begin; one more at the end
	postings []posting // by term; the last ones, from starts' end, are a sentinel
	always   []open    // clauses without a positive equality; the last is a sentinel
	checks   []check   // in the order of the postings, so that a scan reads on
	ids      []uint32  // interned terms that checks name
	ranges   [][2]float64
	tests    []condition.Test // what is asked plainly
	rating   int              // positions in the facts' numbers
	urgency  int

	scratch sync.Pool // of *scratch
}

// terms interns what rules ask of one text field. Number 0 is no term.
type terms struct {
	whole, words, heads map[string]uint32
	lengths             []int // in bytes, of the beginnings in heads
	present             uint32
}

// posting files a clause under one interned term, with enough to turn most pictures
// away without looking at anything else. Its checks go on to where those of the next
// posting begin. 24 bytes.
type posting struct {
	mask               uint64 // 0, or bits of which the picture must have one
	from, rule         uint32 // its first check; its rule
	also               uint32 // a term that must be there; 0 for none
	ratingLo, ratingHi int8
	urgentLo, urgentHi int8
}

// open is a clause on the list that every picture goes through, with a span of time
// that turns most away where the clause has one.
type open struct {
	posting
	dated      bool
	dateField  uint8
	dateLo, to int64 // unix ms
}

// check is one term of a clause.
type check struct {
	kind  kind
	not   bool
	field uint8
	a, b  uint32 // by kind
}

type kind uint8

const (
	one    kind = iota // term a
	anyOf              // one of ids[a:b]
	allOf              // all of ids[a:b]
	number             // the number of the field lies in ranges[a]
	date               // the date of the field does
	plain              // tests[a], its negation included
)

// absent stands for a rating or urgency that a picture doesn't have.
const absent = math.MinInt8

// scratch is what one match needs for itself. A term is seen where its mark is the
// present round's.
type scratch struct {
	round uint32
	seen  []uint32 // per term
	hit   []uint32 // per rule
	terms []uint32
	mask  uint64
}

func (t *table) take() *scratch {
	s, ok := t.scratch.Get().(*scratch)
	if !ok {
		s = &scratch{seen: make([]uint32, len(t.bits)), hit: make([]uint32, len(t.rules))}
	}
	if s.round++; s.round == 0 {
		clear(s.seen)
		clear(s.hit)
		s.round = 1
	}
	s.terms, s.mask = s.terms[:0], 0
	return s
}

// match appends the numbers of the rules that the picture satisfies but for the gone
// ones, each raised by the offset.
func (t *table) match(f *condition.Facts, gone []uint64, offset int32, into []int32) []int32 {
	s := t.take()
	defer t.scratch.Put(s)
	t.gather(f, s)
	rating, urgency := small(f.Number(t.rating)), small(f.Number(t.urgency))
	for _, id := range s.terms {
		first, last := t.starts[id], t.starts[id+1]
		list := t.postings[first : last+1]
		for i := range list[:last-first] {
			p := &list[i]
			if p.mask != 0 && p.mask&s.mask == 0 || rating < p.ratingLo || rating > p.ratingHi || urgency < p.urgentLo || urgency > p.urgentHi ||
				p.also != 0 && s.seen[p.also] != s.round || !t.verify(p.from, list[i+1].from, f, s) || !s.first(p.rule, gone) {
				continue
			}
			into = append(into, offset+int32(p.rule))
		}
	}
	for i := range len(t.always) - 1 {
		p := &t.always[i]
		if rating < p.ratingLo || rating > p.ratingHi || urgency < p.urgentLo || urgency > p.urgentHi || p.dated && !p.within(f) ||
			!t.verify(p.from, t.always[i+1].from, f, s) || !s.first(p.rule, gone) {
			continue
		}
		into = append(into, offset+int32(p.rule))
	}
	return into
}

// first reports whether the rule was not hit in this round before, and isn't gone.
func (s *scratch) first(rule uint32, gone []uint64) bool {
	if s.hit[rule] == s.round || gone != nil && gone[rule/64]&(1<<(rule%64)) != 0 {
		return false
	}
	s.hit[rule] = s.round
	return true
}

func (p *open) within(f *condition.Facts) bool {
	ms, ok := f.Date(int(p.dateField))
	return ok && ms >= p.dateLo && ms <= p.to
}

// small is a rating or an urgency as postings have them.
func small(v float64) int8 {
	if !(v >= -100 && v <= 100) {
		return absent
	}
	return int8(v)
}

// gather looks the picture's values up among the interned terms.
func (t *table) gather(f *condition.Facts, s *scratch) {
	for _, i := range t.used {
		values := f.Texts(i)
		if len(values) == 0 {
			continue
		}
		names := t.fields[i]
		t.see(names.present, s)
		for _, v := range values {
			if len(names.whole) > 0 {
				t.see(names.whole[v], s)
			}
			for _, n := range names.lengths {
				if n > len(v) {
					break
				}
				t.see(names.heads[v[:n]], s)
			}
			if len(names.words) > 0 {
				condition.EachWord(v, func(w string) { t.see(names.words[w], s) })
			}
		}
	}
}

func (t *table) see(id uint32, s *scratch) {
	if id == 0 || s.seen[id] == s.round {
		return
	}
	s.seen[id] = s.round
	s.mask |= t.bits[id]
	if t.starts[id] != t.starts[id+1] {
		s.terms = append(s.terms, id)
	}
}

// verify asks what remains of a clause.
func (t *table) verify(from, to uint32, f *condition.Facts, s *scratch) bool {
	for i := from; i < to; i++ {
		if k := &t.checks[i]; t.holds(k, f, s) == k.not {
			return false
		}
	}
	return true
}

func (t *table) holds(k *check, f *condition.Facts, s *scratch) bool {
	switch k.kind {
	case one:
		return s.seen[k.a] == s.round
	case anyOf:
		for _, id := range t.ids[k.a:k.b] {
			if s.seen[id] == s.round {
				return true
			}
		}
		return false
	case allOf:
		for _, id := range t.ids[k.a:k.b] {
			if s.seen[id] != s.round {
				return false
			}
		}
		return true
	case number:
		v := f.Number(int(k.field))
		return v >= t.ranges[k.a][0] && v <= t.ranges[k.a][1]
	case date:
		ms, ok := f.Date(int(k.field))
		return ok && float64(ms) >= t.ranges[k.a][0] && float64(ms) <= t.ranges[k.a][1]
	}
	return t.tests[k.a].Holds(f)
}
