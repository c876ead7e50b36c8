package feed

import (
	"context"

	"oneframe/app/fault"
	"oneframe/app/feed/condition"
	"oneframe/app/store"
)

// Findings are rules that want looking at.
type Findings struct {
	Aside   []Rule    // could not be compiled
	Never   []Rule    // have never matched
	All     []Rule    // match every one of the last pictures
	Covered []Covered // say nothing that another rule of the same subscriber doesn't
	Looked  int       // pictures that All is about
}

// Covered is a rule that another makes superfluous.
type Covered struct{ Rule, By Rule }

const (
	findMost   = 20_000 // rules that are looked at
	findLooked = 200    // pictures, the newest
	findLeast  = 10     // pictures without which nothing is said to match everything
)

// Find looks through all active rules.
func (e *Engine) Find(ctx context.Context) (f Findings, err error) {
	byID, err := names(ctx, e.People)
	if err != nil {
		return f, err
	}
	err = e.DB.Read(ctx, func(tx *store.Tx) error {
		pictures, err := past(tx, findLooked, byID)
		if err != nil {
			return err
		}
		f.Looked = len(pictures)
		bySubscriber, n := map[string][]Rule{}, 0
		for s := (Search{Limit: 500}); n < findMost; {
			page, next, err := Rules(tx, s)
			if err != nil {
				return err
			}
			for _, r := range page {
				bySubscriber[r.Subscriber], n = append(bySubscriber[r.Subscriber], r), n+1
			}
			if s.Cursor = next; next == "" {
				break
			}
		}
		for _, rules := range bySubscriber {
			f.look(rules, pictures)
		}
		return nil
	})
	return f, err
}

// look goes through one subscriber's rules.
func (f *Findings) look(rules []Rule, pictures []*condition.Facts) {
	var sound []Rule
	var programs []condition.Program
	for _, r := range rules {
		p, err := r.Clauses.Compile()
		switch {
		case err != nil || r.Problem != "":
			f.Aside = append(f.Aside, r)
			continue
		case !r.Active:
			continue
		case r.Matches == 0:
			f.Never = append(f.Never, r)
		}
		if len(pictures) >= findLeast && matchesAll(p, pictures) {
			f.All = append(f.All, r)
		}
		sound, programs = append(sound, r), append(programs, p)
	}
	f.cover(sound, programs)
}

func matchesAll(p condition.Program, pictures []*condition.Facts) bool {
	for _, f := range pictures {
		if !p.Matches(f) {
			return false
		}
	}
	return true
}

// cover compares each rule with each. Of two that say the same, the older stays.
func (f *Findings) cover(rules []Rule, programs []condition.Program) {
	for i := range rules {
		for j := range rules {
			if i == j || !programs[j].Covers(programs[i]) {
				continue
			}
			if programs[i].Covers(programs[j]) && rules[i].ID < rules[j].ID {
				continue
			}
			f.Covered = append(f.Covered, Covered{Rule: rules[i], By: rules[j]})
			break
		}
	}
}

// RuleNames gives the name of each rule among the ids, or its text where it has none;
// rules that were removed are missing from it.
func RuleNames(tx *store.Tx, ids []string) (map[string]string, error) {
	byID := map[string]string{}
	for _, id := range ids {
		if _, known := byID[id]; known {
			continue
		}
		r, err := GetRule(tx, id)
		if fault.Is(err, fault.NotFound) {
			continue // removed since
		}
		if err != nil {
			return nil, err
		}
		if byID[id] = r.Name; r.Name == "" {
			byID[id] = r.Text
		}
	}
	return byID, nil
}
