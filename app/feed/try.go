package feed

import (
	"context"
	"time"

	"oneframe/app/fault"
	"oneframe/app/feed/condition"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// TryMost is how many past pictures a trial looks at, the newest; TryShown how many of
// the matches it gives, and TryNot how many of the others.
const (
	TryMost  = 10_000
	TryShown = 60
	TryNot   = 12
)

// Tried is what a rule would have matched.
type Tried struct {
	Text    string
	Clauses condition.Clauses
	Since   time.Time // of the oldest moment that was looked at
	Looked  int       // pictures
	All     bool      // false where there were more than TryMost since
	Matched int
	PerDay  float64 // matches a day to expect
	Found   []Found // the newest matches
	Others  []Found // the newest that it does not match
}

// Found is a picture with why the rule matched it, or why not.
type Found struct {
	Picture picture.Picture
	Why     condition.Explanation
}

// Try runs a draft over the accepted pictures that were received since. Its errors are
// those of a rule that can't be read.
func (e *Engine) Try(ctx context.Context, text string, clauses condition.Clauses, since time.Time) (t Tried, err error) {
	if t.Text, t.Clauses, err = Read(text, clauses); err != nil {
		return t, err
	}
	program, err := t.Clauses.Compile()
	if err != nil {
		return t, err
	}
	byID, err := names(ctx, e.People)
	if err != nil {
		return t, err
	}
	t.Since, t.All = since.UTC(), true
	err = e.DB.Read(ctx, func(tx *store.Tx) error { return t.run(tx, program, byID) })
	return t, err
}

// run looks at page after page, the newest first.
func (t *Tried) run(tx *store.Tx, program condition.Program, names map[string]string) error {
	q := picture.Query{States: []picture.State{picture.Accepted}, Limit: 500}
	for {
		page, next, err := picture.List(tx, q)
		if err != nil {
			return err
		}
		for _, p := range page {
			if p.ReceivedAt.Before(t.Since) {
				return t.expect(tx.Now)
			}
			if t.Looked == TryMost {
				t.All = false
				return t.expect(tx.Now)
			}
			if err := t.look(tx, program, names, p); err != nil {
				return err
			}
		}
		if q.Cursor = next; next == "" {
			return t.expect(tx.Now)
		}
	}
}

func (t *Tried) look(tx *store.Tx, program condition.Program, names map[string]string, p picture.Picture) error {
	f, err := facts(tx, p, names)
	if err != nil {
		return err
	}
	if t.Looked++; t.Looked == TryMost {
		t.Since = p.ReceivedAt
	}
	if !program.Matches(f) {
		if len(t.Others) < TryNot {
			t.Others = append(t.Others, Found{p, program.Explain(f)})
		}
		return nil
	}
	if t.Matched++; len(t.Found) < TryShown {
		t.Found = append(t.Found, Found{p, program.Explain(f)})
	}
	return nil
}

// expect reckons the matches of the time looked at by the day.
func (t *Tried) expect(now time.Time) error {
	if days := now.Sub(t.Since).Hours() / 24; days > 0 {
		t.PerDay = float64(t.Matched) / days
	}
	return nil
}

// Explain says whether a rule matches a picture as it is now, and which term decides.
// Its errors: NotFound no_rule or no_frame.
func (e *Engine) Explain(ctx context.Context, rule string, id picture.ID) (x condition.Explanation, err error) {
	byID, err := names(ctx, e.People)
	if err != nil {
		return x, err
	}
	err = e.DB.Read(ctx, func(tx *store.Tx) error {
		r, err := GetRule(tx, rule)
		if err != nil {
			return err
		}
		program, err := r.Clauses.Compile()
		if err != nil {
			return fault.Wrap(err, fault.Conflict, "set_aside", "This rule can't be compiled: %s", fault.Of(err).Message)
		}
		p, err := picture.Get(tx, id)
		if err != nil {
			return err
		}
		f, err := facts(tx, p, byID)
		if err == nil {
			x = program.Explain(f)
		}
		return err
	})
	return x, err
}
