package condition

import (
	"fmt"
	"strings"
)

// Reason is how one term came out.
type Reason struct {
	Clause int    `json:"clause"` // from 1
	Term   string `json:"term"`
	Holds  bool   `json:"holds"`
	Why    string `json:"why"` // what the picture has, in words
}

// Explanation says why a rule matched a picture, or why not.
type Explanation struct {
	Matched bool     `json:"matched"`
	Summary string   `json:"summary"` // one sentence that names the term which decided
	Reasons []Reason `json:"reasons"` // every term of every clause
}

// Explain asks every term and says which decided: in a match the terms of the first
// clause that holds; otherwise the first failing term of the clause that came nearest,
// that is, the one with the fewest failing terms.
func (p Program) Explain(f *Facts) (e Explanation) {
	nearest, fewest := -1, 0
	for i, clause := range p {
		failing := 0
		for j := range clause {
			x := &clause[j]
			r := Reason{Clause: i + 1, Term: x.Term.String(), Holds: x.Holds(f), Why: x.why(f)}
			if e.Reasons = append(e.Reasons, r); !r.Holds {
				failing++
			}
		}
		if nearest < 0 || failing < fewest {
			nearest, fewest = i, failing
		}
	}
	if nearest < 0 {
		e.Summary = "The rule has no clause, so it matches nothing."
		return e
	}
	e.Matched = fewest == 0
	e.Summary = e.summary(nearest + 1)
	return e
}

func (e *Explanation) summary(clause int) string {
	var terms []string
	for _, r := range e.Reasons {
		if r.Clause != clause {
			continue
		}
		if !e.Matched && !r.Holds {
			return fmt.Sprintf("Not matched: %s is not so; %s.", r.Term, r.Why)
		}
		terms = append(terms, r.Term)
	}
	return "Matched, because " + strings.Join(terms, " and ") + "."
}

// why says what the picture has where the term asks.
func (x *Test) why(f *Facts) string {
	name := x.Info.Label
	said := f.Say(x.Term.Field)
	switch {
	case said == "":
		return "the picture has no " + name
	case x.Term.Op == Within:
		return fmt.Sprintf("it was taken at %s, %.0f km away", said, Distance(*f.place, x.place))
	case x.Info.Type == WordsType:
		return "that is looked for in all its text"
	case x.Info.Multiple && strings.Contains(said, ", "):
		return "its " + name + " values are " + said
	}
	return "its " + name + " is " + said
}
