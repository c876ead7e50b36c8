//go:build unix

// Package expr holds the second baseline of the feed's benchmark: the same synthetic
// rules as programs of github.com/expr-lang/expr, evaluated one after the other. It is a
// module of its own, so that the product doesn't depend on that library.
package expr

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"oneframe/app/feed"
	"oneframe/app/feed/condition"
	"oneframe/app/feed/conditiontest"
)

// environment is a picture as the programs see it.
type environment struct {
	Text   map[string]map[string]bool // by field: the folded values
	Number map[string]float64
	Date   map[string]int64 // unix ms
}

// environmentOf makes it of the same facts that the product's index reads.
func environmentOf(s *condition.Subject) environment {
	f := s.Facts(conditiontest.Now)
	e := environment{map[string]map[string]bool{}, map[string]float64{}, map[string]int64{}}
	for _, info := range condition.Fields() {
		switch info.Type {
		case condition.TextType:
			values := map[string]bool{}
			for _, v := range f.Texts(info.Index) {
				values[v] = true
			}
			e.Text[string(info.Field)] = values
		case condition.NumberType:
			e.Number[string(info.Field)] = f.Number(info.Index)
		case condition.DateType:
			if ms, ok := f.Date(info.Index); ok {
				e.Date[string(info.Field)] = ms
			}
		}
	}
	return e
}

// source writes a rule in the library's language.
func source(c condition.Clauses) string {
	var any []string
	for _, clause := range c {
		var all []string
		for _, t := range clause {
			s := term(t)
			if t.Not {
				s = "not (" + s + ")"
			}
			all = append(all, s)
		}
		any = append(any, "("+strings.Join(all, " && ")+")")
	}
	return strings.Join(any, " || ")
}

func term(t condition.Term) string {
	switch t.Op {
	case condition.AtLeast:
		return fmt.Sprintf("Number[%q] >= %s", t.Field, t.Values[0])
	case condition.AtMost:
		return fmt.Sprintf("Number[%q] <= %s", t.Field, t.Values[0])
	case condition.Between:
		day := func(i int) time.Time { d, _ := time.Parse(time.DateOnly, t.Values[i]); return d }
		return fmt.Sprintf("Date[%q] >= %d && Date[%q] < %d", t.Field, day(0).UnixMilli(), t.Field, day(1).AddDate(0, 0, 1).UnixMilli())
	}
	join := " || "
	if t.Op == condition.HasAll {
		join = " && "
	}
	var all []string
	for _, v := range t.Values {
		all = append(all, fmt.Sprintf("%s in Text[%q]", strconv.Quote(condition.Fold(v)), t.Field))
	}
	return "(" + strings.Join(all, join) + ")"
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func matches(b *testing.B, programs []*vm.Program, e environment) (n int) {
	b.Helper()
	for _, p := range programs {
		holds, err := expr.Run(p, e)
		if err != nil {
			b.Fatal(err)
		}
		if holds == true {
			n++
		}
	}
	return n
}

// BenchmarkExpr evaluates 10,000 compiled programs for each picture, and beside them the
// product's index, which must match as many rules.
func BenchmarkExpr(b *testing.B) {
	l := conditiontest.NewLoad(1)
	var entries []feed.Entry
	var programs []*vm.Program
	for i := range 10_000 {
		c := l.Rule()
		p, err := expr.Compile(source(c), expr.Env(environment{}), expr.AsBool())
		if err != nil {
			b.Fatal(err)
		}
		programs, entries = append(programs, p), append(entries, feed.Entry{ID: fmt.Sprintf("%036d", i), Clauses: c})
	}
	stats := &feed.Stats{}
	var pictures []*condition.Subject
	for range 50 {
		s := l.Picture()
		stats.Add(s.Facts(conditiontest.Now))
		pictures = append(pictures, s)
	}
	x, _ := feed.NewIndex(entries, stats)
	for _, s := range pictures[:10] {
		if got, want := len(x.Match(s.Facts(conditiontest.Now), nil)), matches(b, programs, environmentOf(s)); got != want {
			b.Fatalf("the index matches %d rules, expr %d", got, want)
		}
	}
	run := func(name string, f func(*condition.Subject)) {
		b.Run(name, func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			start := cpu(b)
			for i := range b.N {
				f(pictures[i%len(pictures)])
			}
			b.ReportMetric(float64(cpu(b)-start)/1e3/float64(b.N), "cpu-us/op")
		})
	}
	run("Programs", func(s *condition.Subject) { matches(b, programs, environmentOf(s)) })
	var into []int32
	run("Index", func(s *condition.Subject) { into = x.Match(s.Facts(conditiontest.Now), into[:0]) })
}
