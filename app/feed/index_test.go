package feed

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"oneframe/app/feed/condition"
	"oneframe/app/feed/conditiontest"
)

// plainly gives the rules that match by the plain evaluator.
func plainly(t testing.TB, entries []Entry, f *condition.Facts) (ids []string) {
	t.Helper()
	for _, e := range entries {
		p, err := e.Clauses.Compile()
		if err != nil {
			t.Fatal(err)
		}
		if p.Matches(f) {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

func hits(x *Index, f *condition.Facts) (ids []string) {
	for _, n := range x.Match(f, nil) {
		ids = append(ids, x.Hit(n).Rule)
	}
	slices.Sort(ids)
	return ids
}

func drawn(r *rand.Rand, n int) (all []Entry) {
	for i := range n {
		all = append(all, Entry{ID: fmt.Sprintf("r%05d", i), Clauses: conditiontest.Clauses(r)})
	}
	return all
}

// agree holds the index against the plain evaluator, before and after changes.
func agree(t *testing.T, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	entries, stats := drawn(r, 40), &Stats{}
	for range r.IntN(20) {
		stats.Add(conditiontest.Subject(r).Facts(conditiontest.Now))
	}
	x, aside := NewIndex(entries, stats)
	if len(aside) > 0 {
		t.Fatalf("left aside: %v", aside)
	}
	var over []Entry
	var removed []string
	for round := range 3 {
		for range 10 {
			f := conditiontest.Subject(r).Facts(conditiontest.Now)
			if got, want := hits(x, f), plainly(t, entries, f); !slices.Equal(got, want) {
				t.Fatalf("seed %d, round %d: the index gives %v, the evaluator %v", seed, round, got, want)
			}
		}
		entries, over, removed = changed(r, entries, over, removed)
		if x, aside = x.With(over, removed, stats); len(aside) > 0 || x.Len() != len(entries) {
			t.Fatalf("left aside %v; %d rules, want %d", aside, x.Len(), len(entries))
		}
	}
}

// changed adds, changes and removes a few rules.
func changed(r *rand.Rand, entries, over []Entry, removed []string) ([]Entry, []Entry, []string) {
	for i := range 5 {
		at := r.IntN(len(entries))
		e := Entry{ID: entries[at].ID, Clauses: conditiontest.Clauses(r)}
		if i == 0 {
			e.ID = fmt.Sprintf("s%05d", r.IntN(1e5))
			entries = append(entries, Entry{ID: e.ID})
			at = len(entries) - 1
		}
		over = slices.DeleteFunc(over, func(o Entry) bool { return o.ID == e.ID })
		if i == 1 {
			removed, entries = append(removed, e.ID), slices.Delete(entries, at, at+1)
			continue
		}
		entries[at], over = e, append(over, e)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return cmpString(a.ID, b.ID) })
	return entries, over, removed
}

func cmpString(a, b string) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

func TestTheIndexMatchesWhatTheEvaluatorDoes(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		agree(t, seed)
	}
}

func FuzzIndex(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { agree(t, seed) })
}

func TestTheIndexAgreesOnTheLoadOfTheBenchmark(t *testing.T) {
	t.Parallel()
	w := newWorkload(1000, 150)
	x, _ := NewIndex(w.entries, w.stats)
	programs := w.compiled(t)
	n := 0
	for _, s := range w.pictures {
		f := s.Facts(conditiontest.Now)
		got := len(x.Match(f, nil))
		if want := w.plainly(programs, f); got != want {
			t.Fatalf("the index matches %d rules, the evaluator %d", got, want)
		}
		n += got
	}
	if share := float64(n) / 1000 / 150; share < .002 || share > .006 {
		t.Errorf("%.3f %% of the rules match a picture; the load should have about 0.4 %%", share*100)
	}
	positive := 1 - float64(len(x.base.always)-1)/float64(len(x.base.postings)-1)
	if positive < .99 {
		t.Errorf("only %.1f %% of the clauses are filed under a term", positive*100)
	}
}

func TestManyMatchAtOnceAndOneBadRuleHarmsNothing(t *testing.T) {
	t.Parallel()
	w := newWorkload(500, 50)
	w.entries = append(w.entries, Entry{ID: "bad", Clauses: condition.Clauses{{{Field: "no such field", Op: "is", Values: []string{"x"}}}}})
	x, aside := NewIndex(w.entries, nil)
	if len(aside) != 1 || aside[0].Rule != "bad" || x.Len() != 500 {
		t.Fatalf("set aside %v, %d rules", aside, x.Len())
	}
	var want [][]string
	for _, s := range w.pictures {
		want = append(want, hits(x, s.Facts(conditiontest.Now)))
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i, s := range w.pictures {
				if got := hits(x, s.Facts(conditiontest.Now)); !slices.Equal(got, want[i]) {
					t.Errorf("picture %d: %v beside others, %v alone", i, got, want[i])
				}
			}
		})
	}
	all.Wait()
}
