package condition_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/feed/condition"
	"oneframe/app/feed/conditiontest"
	"oneframe/app/metadata"
)

func normal(t *testing.T, text string) condition.Clauses {
	t.Helper()
	e, err := condition.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	c, err := condition.Normalise(e)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

func TestTextClausesAndFormTurnIntoEachOtherWithoutLoss(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		clauses := conditiontest.Clauses(r)
		text := clauses.String()
		if back := normal(t, text); !back.Equal(clauses) {
			t.Fatalf("clauses %+v\n became %s\n and came back as %+v", clauses, text, back)
		}
		form, err := json.Marshal(clauses) // what the form holds
		if err != nil {
			t.Fatal(err)
		}
		var sent condition.Clauses
		if err := json.Unmarshal(form, &sent); err != nil {
			t.Fatal(err)
		}
		sent, err = sent.Canonical()
		if err != nil || !sent.Equal(clauses) {
			t.Fatalf("the form %s came back as %+v, %v", form, sent, err)
		}
	}
	for range 5000 {
		e := conditiontest.Expr(r, 4)
		back, err := condition.Parse(e.String())
		if err != nil || !back.Equal(e) {
			t.Fatalf("%s came back as %v, %v", e, back, err)
		}
	}
}

func TestClausesMeanWhatTheTextMeans(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	held := 0
	for range 3000 {
		e := conditiontest.Expr(r, 3)
		clauses, err := condition.Normalise(e)
		if fault.Has(err, "rule_too_large") {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		p, err := clauses.Compile()
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			f := conditiontest.Subject(r).Facts(conditiontest.Now)
			want, err := e.Matches(f)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Matches(f); got != want {
				t.Fatalf("%s is %v, its clauses %s are %v", e, want, clauses, got)
			}
			if x := p.Explain(f); x.Matched != want || x.Summary == "" {
				t.Fatalf("%s: explained as %+v, matched %v", clauses, x, want)
			}
			if want {
				held++
			}
		}
	}
	if held < 500 {
		t.Errorf("only %d held: the drawing is poor", held)
	}
}

func TestACoveredRuleNeverMatchesAlone(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	covered := 0
	for range 30000 {
		a, b := conditiontest.Clauses(r)[:1], conditiontest.Clauses(r)[:1]
		if r.IntN(2) == 0 {
			b = condition.Clauses{append(condition.Clause{}, a[0][:1+r.IntN(len(a[0]))]...)}
		} else {
			a, b = condition.Clauses{a[0][:1]}, condition.Clauses{b[0][:1]}
		}
		wide, err := b.Compile()
		if err != nil {
			t.Fatal(err)
		}
		narrow, err := a.Compile()
		if err != nil {
			t.Fatal(err)
		}
		if !wide.Covers(narrow) {
			continue
		}
		covered++
		for range 3 {
			if f := conditiontest.Subject(r).Facts(conditiontest.Now); narrow.Matches(f) && !wide.Matches(f) {
				t.Fatalf("%s is said to cover %s", b, a)
			}
		}
	}
	if covered < 1000 {
		t.Errorf("only %d were covered", covered)
	}
}

// ferry is the picture that the tables ask about.
func ferry() *condition.Facts {
	rating := 4
	s := &condition.Subject{Clip: "dance", Slot: 37, Score: 4.5, Verdict: "accepted", Contributor: "Renée", Origin: "ftp", Width: 3000, Height: 2000,
		Received: conditiontest.Now.Add(-time.Hour),
		Record: metadata.Record{Headline: "Ferry aground", Caption: "A ferry ran aground off the Dutch coast; nobody's hurt.", Keywords: []string{"Ferry", "North Sea", "São Paulo"},
			Category: "DIS", Subjects: []string{"15054000"}, People: []string{"Zoë Müller"}, Byline: []string{"Anna Berg"}, City: "Den Helder", CountryCode: "NLD",
			Urgency: 3, Rating: &rating, Place: &metadata.Place{Latitude: 52.96, Longitude: 4.76}, Taken: &metadata.Taken{At: conditiontest.Now.Add(-36 * time.Hour)}}}
	return s.Facts(conditiontest.Now)
}

func TestWhatMatches(t *testing.T) {
	t.Parallel()
	matches := `keyword = ferry
keyword has "FERRY"
keyword in (archive, "north  sea")
keyword has all ("ferry", "north sea", "sao paulo")
keyword has any ("x", "ferry")
not keyword has "archive"
keyword != archive
keyword not in (archive)
person = "zoe muller"
photographer = "anna berg"
category = dis and category = disaster and category = DISASTER
category in (soccer, cricket)
category = sport and category = 15000000 and subject = soccer
category in (soccer, cricket) and region = Europe
country = Netherlands and country = NL and country = "the netherlands" and country_code = nld
caption contains "aground"
caption contains word "RAN AGROUND"
caption contains "nobody's"
text contains "helder" and text contains netherlands
headline starts with "ferry a"
urgency <= 3 and urgency < 4 and urgency > 2 and urgency >= 3 and urgency between 1 and 3 and urgency = 3 and urgency in (1, 3)
urgency ≤ 3 and rating ≥ 4 and rating ≠ 5
taken newer than 2 days and not taken newer than 1 day
taken = 2026-02-28 and taken < 2026-03-01 and taken > 2026-02-27 and taken >= 2026-02-28 and taken <= 2026-02-28
taken between 2026-02-01 and 2026-02-28
taken >= "2026-02-28T00:00:00Z"
place within 70 km of 52.37, 4.90 and not place within 50 km of 52.37, 4.90
place is present and release is missing
not embargo is present
slot = 37 and clip = dance and score > 4 and verdict = accepted and contributor = renee and origin = ftp
KEYWORD HAS “ferry” AND NOT (urgency > 3 OR city = amsterdam)
urgency is 3 and city is "den helder"
width >= 3000 and height < 3000`
	fails := `keyword = ferries
keyword = "north"
keyword has all ("ferry", "archive")
category = cricket
region = Asia
caption contains "grou"
caption contains "aground ran"
headline starts with "aground"
urgency > 3
release > 2020-01-01
not release is missing
state = x
not state is missing
taken = 2026-03-01
taken newer than 1 day
not (keyword = ferry or keyword = x)
rating between -1 and 3`
	f := ferry()
	for want, all := range map[bool]string{true: matches, false: fails} {
		for text := range strings.Lines(all) {
			p, err := normal(t, strings.TrimSpace(text)).Compile()
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Matches(f); got != want {
				t.Errorf("%s: %v, want %v: %s", strings.TrimSpace(text), got, want, p.Explain(f).Summary)
			}
		}
	}
}

func TestErrorsNameThePlaceAndWhatWasExpected(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                    `At character 1: the rule is empty: expected a field, as in keyword has "ferry".`,
		"keywrd = x":                          "At character 1: there is no field “keywrd”; perhaps keyword is meant.",
		"keyword = x and":                     "At character 16: expected a field, not or (, not the end.",
		"keyword has any (a, b":               "At character 22: expected “,” or “)” after a value, not the end.",
		"keyword ~ x":                         "At character 9: expected what is asked of keyword, as =, in, has, contains, < or is present, not “~”.",
		"urgency = high":                      "At character 9: expected a number for urgency, not “high”.",
		"city = Zürich and urgency <= 9":      "At character 27: urgency goes from 1 to 8, not to “9”.",
		"keyword < 3":                         "At character 9: “<” can't be asked of keyword, which is a text; expected one of: is, in, has, has any, has all, starts with, contains word, is present, is missing.",
		`keyword = "open`:                     `At character 11: this quote is never closed: expected “"”.`,
		"(keyword = a":                        "At character 13: expected “)” after the terms in parentheses, not the end.",
		"keyword = a keyword = b":             "At character 13: expected and, or, or the end, not “keyword”.",
		"place within 50 km of 91, 4":         "At character 7: the latitude must be a number from -90 to 90, not “91”.",
		"taken newer than 2 fortnights":       "At character 7: expected minutes, hours, days, weeks, months or years, not “fortnights”.",
		"taken > yesterday":                   "At character 7: expected a date for taken, as 2026-03-31 or \"2026-03-31T18:00:00Z\", not “yesterday”.",
		"urgency between 3 and 1":             "At character 9: urgency can't be between 3 and 1: the lesser value stands first.",
		"keyword = ! x":                       "At character 11: “!” stands only before “=”; to turn a term round, write not.",
		`keyword = ""`:                        "At character 11: expected a value for keyword, not an empty one.",
		"caption contains \"?!\"":             "At character 9: “?!” has no word to look for.",
		"urgency = NaN":                       "At character 9: urgency goes from 1 to 8, not to “NaN”.",
		strings.Repeat("(", 101) + "city = x": "At character 101: more than 100 parentheses or nots lie inside one another.",
	} {
		_, err := condition.Parse(text)
		if got := fault.Of(err); got == nil || got.Kind != fault.Invalid || got.Message != want {
			t.Errorf("%.40s\n gave %v\n want %s", text, err, want)
		}
	}
}

func TestARuleHasItsBounds(t *testing.T) {
	t.Parallel()
	many := strings.TrimSuffix(strings.Repeat("keyword = a and ", 201), " and ")
	if _, err := condition.Parse(many); !fault.Has(err, "rule_too_large") || !strings.Contains(fault.Of(err).Message, "At character 3201") {
		t.Errorf("201 terms: %v", err)
	}
	pairs := strings.TrimSuffix(strings.Repeat("(keyword = a%d or city = b%d) and ", 20), " and ")
	for i := range 40 {
		pairs = strings.Replace(pairs, "%d", strings.Repeat("x", i+1), 1)
	}
	e, err := condition.Parse(pairs)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := condition.Normalise(e); !fault.Has(err, "rule_too_large") || !strings.Contains(fault.Of(err).Message, "clauses") {
		t.Errorf("a million clauses: %v", err)
	}
	_, err = condition.Clauses{{{Field: "keyword", Op: "is", Values: []string{"a"}}}, {{Field: "city", Op: "<", Values: []string{"a"}}}}.Canonical()
	if got := fault.Of(err); got == nil || !strings.HasPrefix(got.Message, "Clause 2, term 1: “<” can't be asked of city") {
		t.Errorf("a bad term of a form: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`(category in (soccer, cricket) and region = Europe) or urgency <= 3 and not keyword has "archive"`)
	f.Add(`place within 50 km of 52.37, 4.90 or taken newer than 2 days`)
	f.Fuzz(func(t *testing.T, text string) {
		e, err := condition.Parse(text)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		back, err := condition.Parse(e.String())
		if err != nil || !back.Equal(e) {
			t.Fatalf("%q printed as %s came back as %v, %v", text, e, back, err)
		}
	})
}

func TestExplanationsNameTheTermThatDecided(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`keyword has "ferry" and urgency <= 3`:             `Matched, because keyword has "ferry" and urgency <= 3.`,
		`city = Paris and urgency < 2 or keyword = Archiv`: `Not matched: keyword = Archiv is not so; its keyword values are Ferry, North Sea, São Paulo.`,
		`state = Utah`: `Not matched: state = Utah is not so; the picture has no state.`,
	} {
		p, err := normal(t, text).Compile()
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Explain(ferry()).Summary; got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}
