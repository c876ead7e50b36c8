// Package conditiontest draws random rules and pictures for tests: small worlds in which
// they often meet.
package conditiontest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"oneframe/app/feed/condition"
	"oneframe/app/metadata"
)

// Now is the moment as of which the drawn pictures are asked.
var Now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func pick[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

func some[T any](r *rand.Rand, most int, one func() T) (all []T) {
	for range r.IntN(most + 1) {
		all = append(all, one())
	}
	return all
}

// Word draws a value of text, in which case, accents, spaces and quotes happen.
func Word(r *rand.Rand) string {
	w := pick(r, "ferry", "Ferry", "ÉCLAIR", "eclair", "Zoë", "zoe", "new york", "New  York", `say "hi"`, `back\slash`, "and", "not", "word", "日本", "ﬁn",
		"fin", "ferry boat", "boat", "o'clock", "a,b", "(x)", "Straße", "strasse", "present", "15054000", "S", "sport", "Netherlands", "NLD", "nl", "Europe", "soccer")
	if r.IntN(3) == 0 {
		w = fmt.Sprintf("k%d", r.IntN(12))
	}
	return w
}

// Term draws a term that Canonical takes.
func Term(r *rand.Rand) condition.Term {
	for {
		info := pick(r, condition.Fields()...)
		if r.IntN(2) == 0 {
			info, _ = condition.Lookup(pick(r, "keyword", "category", "country", "urgency", "rating", "caption", "text", "taken", "region"))
		}
		t := condition.Term{Field: info.Field, Op: pick(r, info.Ops()...), Not: r.IntN(4) == 0}
		t.Values = values(r, info, t.Op)
		if t, err := t.Canonical(); err == nil {
			return t
		}
	}
}

func values(r *rand.Rand, info condition.Info, op condition.Op) []string {
	one := func() string { return value(r, info) }
	switch op {
	case condition.Present, condition.Missing:
		return nil
	case condition.In, condition.HasAny, condition.HasAll:
		return append(some(r, 2, one), one())
	case condition.Between:
		return []string{one(), one()}
	case condition.Newer:
		return []string{fmt.Sprint(1 + r.IntN(9)), pick(r, "minutes", "hours", "days", "week", "months", "year")}
	case condition.Within:
		return []string{fmt.Sprint(1 + r.IntN(500)), fmt.Sprintf("%.2f", r.Float64()*10+48), fmt.Sprintf("%.2f", r.Float64()*10-5)}
	case condition.Starts:
		w := []rune(one())
		return []string{string(w[:1+r.IntN(len(w))])}
	}
	return []string{one()}
}

func value(r *rand.Rand, info condition.Info) string {
	switch info.Type {
	case condition.NumberType:
		return fmt.Sprint(pick(r, -1, 0, 1, 2, 3, 4, 5, 8))
	case condition.DateType:
		at := Now.Add(-time.Duration(r.IntN(100)) * 13 * time.Hour)
		return pick(r, at.Format(time.DateOnly), at.Format(time.RFC3339))
	}
	return Word(r)
}

// Clauses draws a rule as clauses.
func Clauses(r *rand.Rand) condition.Clauses {
	var all condition.Clauses
	for range 1 + r.IntN(3) {
		var c condition.Clause
		for range 1 + r.IntN(4) {
			c = append(c, Term(r))
		}
		all = append(all, c)
	}
	out, err := all.Canonical()
	if err != nil {
		panic(err)
	}
	return out
}

// Expr draws a rule as a tree of at most the depth.
func Expr(r *rand.Rand, depth int) *condition.Expr {
	if depth == 0 || r.IntN(3) == 0 {
		return &condition.Expr{Term: plain(Term(r))}
	}
	kind := pick(r, condition.Not, condition.And, condition.Or)
	e := &condition.Expr{Kind: kind, Of: []*condition.Expr{Expr(r, depth-1)}}
	if kind != condition.Not {
		e.Of = append(append(e.Of, Expr(r, depth-1)), some(r, 1, func() *condition.Expr { return Expr(r, depth-1) })...)
	}
	return e
}

// plain takes a negation out of a term: text has it as a not before the term, but for !=.
func plain(t condition.Term) condition.Term {
	t.Not = t.Not && t.Op == condition.Is
	return t
}

// Subject draws a picture.
func Subject(r *rand.Rand) *condition.Subject {
	word := func() string { return Word(r) }
	maybe := func() string {
		if r.IntN(3) == 0 {
			return ""
		}
		return word()
	}
	at := func() *metadata.Taken {
		if r.IntN(3) == 0 {
			return nil
		}
		return &metadata.Taken{At: Now.Add(-time.Duration(r.IntN(100)) * 13 * time.Hour)}
	}
	s := &condition.Subject{Clip: maybe(), Slot: r.IntN(4), Score: float64(r.IntN(6)), Verdict: pick(r, "accepted", "rejected"), Contributor: maybe(),
		Origin: pick(r, "ftp", "api"), Width: r.IntN(3), Received: Now.Add(-time.Duration(r.IntN(100)) * 13 * time.Hour)}
	s.Record = metadata.Record{Title: maybe(), Headline: maybe(), Caption: strings.Join(some(r, 4, word), " "), Keywords: some(r, 6, word), People: some(r, 2, word),
		Category: maybe(), Supplements: some(r, 2, word), Subjects: some(r, 2, word), Event: maybe(), Byline: some(r, 2, word), City: maybe(), State: maybe(),
		Country: maybe(), CountryCode: maybe(), Urgency: r.IntN(9), Credit: maybe(), Source: maybe(), Taken: at(), Release: at()}
	if r.IntN(2) == 0 {
		rating := r.IntN(7) - 1
		s.Record.Rating = &rating
	}
	if r.IntN(2) == 0 {
		s.Record.Place = &metadata.Place{Latitude: r.Float64()*10 + 48, Longitude: r.Float64()*10 - 5}
	}
	return s
}
