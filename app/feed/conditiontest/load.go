package conditiontest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"oneframe/app/feed/condition"
	"oneframe/app/metadata"
)

// Load draws the synthetic load of the benchmarks: pictures with 20 to 40 keywords from
// a Zipf vocabulary of 20,000, 20 categories, 200 countries, 2,000 cities and 500
// photographers; rules of 1 to 4 clauses of 1 to 4 terms, with not, ranges, and 0.5 % of
// clauses without a positive equality. About 0.4 % of the rules match a picture.
type Load struct {
	*rand.Rand
	keywords  *rand.Zipf
	cities    *rand.Zipf
	countries []string
}

// NewLoad draws always the same load from a seed.
func NewLoad(seed uint64) *Load {
	r := rand.New(rand.NewPCG(seed, 7))
	l := &Load{Rand: r, keywords: rand.NewZipf(r, 1.1, 12, 19_999), cities: rand.NewZipf(r, 1.1, 20, 1_999)}
	for _, c := range condition.Offered(condition.Country)[:200] {
		l.countries = append(l.countries, c.Name)
	}
	return l
}

func (l *Load) keyword() string  { return fmt.Sprintf("keyword %d", l.keywords.Uint64()) }
func (l *Load) category() string { return fmt.Sprintf("c%02d", l.IntN(20)) }
func (l *Load) city() string     { return fmt.Sprintf("city %d", l.cities.Uint64()) }
func (l *Load) country() string  { return l.countries[min(l.IntN(200), l.IntN(200))] }
func (l *Load) byline() string   { return fmt.Sprintf("photographer %d", l.IntN(500)) }

// Picture draws one.
func (l *Load) Picture() *condition.Subject {
	rating := 1 + l.IntN(5)
	s := &condition.Subject{Verdict: "accepted", Origin: "ftp", Width: 3000, Height: 2000, Received: Now}
	s.Record = metadata.Record{Category: l.category(), Country: l.country(), City: l.city(), Byline: []string{l.byline()}, Rating: &rating, Urgency: 1 + l.IntN(8),
		Taken: &metadata.Taken{At: Now.Add(-time.Duration(l.IntN(1000)) * time.Hour)}}
	seen := map[string]bool{}
	for n := 20 + l.IntN(21); len(s.Record.Keywords) < n; {
		if k := l.keyword(); !seen[k] {
			seen[k] = true
			s.Record.Keywords = append(s.Record.Keywords, k)
		}
	}
	return s
}

// Rule draws one.
func (l *Load) Rule() condition.Clauses {
	var all condition.Clauses
	for range 1 + l.IntN(4) {
		all = append(all, l.clause())
	}
	out, err := all.Canonical()
	if err != nil {
		panic(err)
	}
	return out
}

func (l *Load) clause() condition.Clause {
	n := 1 + l.IntN(4)
	if l.IntN(200) == 0 {
		return condition.Clause{l.number(), l.without(), l.dates()}
	}
	c := condition.Clause{l.selective()}
	for len(c) < n {
		c = append(c, l.further())
	}
	if c[0].Field == condition.Country {
		c = append(c, condition.Term{Field: condition.Keyword, Op: condition.Has, Values: []string{l.keyword()}})
	}
	if n == 1 && c[0].Field != condition.City && c[0].Field != condition.Byline && l.IntN(3) > 0 {
		c = append(c, l.further())
	}
	return c
}

// selective draws a positive equality.
func (l *Load) selective() condition.Term {
	switch l.IntN(8) {
	case 0:
		return condition.Term{Field: condition.City, Op: condition.Is, Values: []string{l.city()}}
	case 1:
		return condition.Term{Field: condition.Byline, Op: condition.In, Values: some2(l, l.byline)}
	case 2:
		return condition.Term{Field: condition.Keyword, Op: condition.HasAll, Values: []string{l.keyword(), l.keyword()}}
	case 3:
		return condition.Term{Field: condition.Country, Op: condition.In, Values: some2(l, l.country)}
	}
	return condition.Term{Field: condition.Keyword, Op: condition.In, Values: some2(l, l.rareKeyword)}
}

// rareKeyword leaves out the commonest, which nobody asks for alone.
func (l *Load) rareKeyword() string {
	for {
		if k := l.keywords.Uint64(); k > 250 {
			return fmt.Sprintf("keyword %d", k)
		}
	}
}

func some2(l *Load, one func() string) []string {
	all := []string{one()}
	for range l.IntN(3) {
		all = append(all, one())
	}
	return all
}

// further draws a term that narrows a clause down.
func (l *Load) further() condition.Term {
	switch l.IntN(8) {
	case 0:
		return l.number()
	case 1:
		return l.dates()
	case 2:
		return l.without()
	case 3:
		return condition.Term{Field: condition.Keyword, Op: condition.Has, Values: []string{l.keyword()}}
	case 4:
		return condition.Term{Field: condition.Region, Op: condition.Is, Values: []string{[]string{"Europe", "Asia", "Africa", "North America"}[l.IntN(4)]}}
	}
	return condition.Term{Field: condition.Category, Op: condition.In, Values: some2(l, l.category)}
}

func (l *Load) number() condition.Term {
	if l.IntN(2) == 0 {
		return condition.Term{Field: condition.Rating, Op: condition.AtLeast, Values: []string{fmt.Sprint(2 + l.IntN(4))}}
	}
	return condition.Term{Field: condition.Urgency, Op: condition.AtMost, Values: []string{fmt.Sprint(1 + l.IntN(6))}}
}

func (l *Load) dates() condition.Term {
	from := Now.AddDate(0, 0, -l.IntN(60))
	return condition.Term{Field: condition.Taken, Op: condition.Between, Values: []string{from.Format(time.DateOnly), from.AddDate(0, 0, 1+l.IntN(20)).Format(time.DateOnly)}}
}

func (l *Load) without() condition.Term {
	switch l.IntN(3) {
	case 0:
		return condition.Term{Field: condition.Category, Op: condition.In, Not: true, Values: some2(l, l.category)}
	case 1:
		return condition.Term{Field: condition.Byline, Op: condition.Is, Not: true, Values: []string{l.byline()}}
	}
	return condition.Term{Field: condition.Keyword, Op: condition.Has, Not: true, Values: []string{l.keyword()}}
}
