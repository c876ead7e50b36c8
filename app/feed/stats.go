package feed

import (
	"maps"

	"oneframe/app/feed/condition"
)

// Stats count in how many past pictures a value occurs, so that clauses are filed under
// what is rare. They only decide how fast a match is, never what matches. Its owner is
// the engine's step; nobody else may use it meanwhile.
type Stats struct {
	pictures int
	values   [condition.TextFields]map[string]int32
	size     int
}

// sizeMost bounds how many values are counted; past it the rare ones are forgotten.
const sizeMost = 200_000

// Add counts a picture's values.
func (s *Stats) Add(f *condition.Facts) {
	s.pictures++
	for _, info := range condition.Fields() {
		if info.Type != condition.TextType {
			continue
		}
		for _, v := range f.Texts(info.Index) {
			if len(v) > 60 {
				continue // a sentence, which hardly comes again
			}
			m := s.values[info.Index]
			if m == nil {
				m = map[string]int32{}
				s.values[info.Index] = m
			}
			if m[v]++; m[v] == 1 {
				s.size++
			}
		}
	}
	if s.size > sizeMost {
		s.forget()
	}
}

// forget halves every count and drops what comes to nothing.
func (s *Stats) forget() {
	s.pictures, s.size = s.pictures/2, 0
	for _, m := range s.values {
		for v := range m {
			m[v] /= 2
		}
		maps.DeleteFunc(m, func(_ string, n int32) bool { return n == 0 })
		s.size += len(m)
	}
}

// prior is what is believed of a field's value before any picture was seen: the share
// of pictures that have it.
func prior(f condition.Field) float64 {
	switch f {
	case condition.Region, condition.Origin, condition.Verdict, condition.Language, condition.Clip:
		return .2
	case condition.Category, condition.Source, condition.Credit, condition.Copyright:
		return .05
	case condition.Country, condition.CountryCode, condition.Camera, condition.BylineTitle:
		return .02
	case condition.State, condition.Byline, condition.SubjectCode, condition.Supplement:
		return .005
	}
	return .001
}

// share estimates the share of pictures that have the term's value, as counted, drawn
// towards the prior while few pictures were seen. Of words and beginnings nothing is
// counted; a short beginning is believed to be common.
func (s *Stats) share(x *condition.Test, v string) float64 {
	const weight = 20 // pictures that the prior counts for
	p := prior(x.Term.Field)
	switch {
	case x.Term.Op == condition.Contains:
		return min(.02, .1/float64(len(v)))
	case x.Term.Op == condition.Starts:
		return max(p, .5/float64(len(v)*len(v)))
	case s == nil || s.pictures == 0:
		return p
	}
	return min(1, (float64(s.values[x.Info.Index][v])+weight*p)/float64(s.pictures+weight))
}

// clone gives a copy that another goroutine may use.
func (s *Stats) clone() *Stats {
	c := *s
	for i, m := range s.values {
		c.values[i] = maps.Clone(m)
	}
	return &c
}
