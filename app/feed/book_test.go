package feed

import (
	"strings"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/feed/condition"
	"oneframe/app/store"
)

// texts gives the texts of the rules that a search finds, the newest first.
func (s *site) texts(q Search) (all []string) {
	s.Helper()
	err := s.db.Read(s.Context(), func(tx *store.Tx) error {
		page, _, err := Rules(tx, q)
		for _, r := range page {
			all = append(all, r.Text)
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return all
}

func (s *site) finds(q Search, want ...string) {
	s.Helper()
	if got := s.texts(q); strings.Join(got, "|") != strings.Join(want, "|") {
		s.Errorf("%+v found %q, want %q", q, got, want)
	}
}

func TestRulesAreFoundByWhatTheySay(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a, b := s.subscriber("A"), s.subscriber("B")
	cricket, city, not := `category in (soccer, Cricket)`, `city = "São Paulo" and urgency <= 3`, `not keyword has "100%"`
	s.rule(a, cricket)
	s.rule(b, city)
	s.rule(b, not)
	s.finds(Search{}, not, city, cricket)
	s.finds(Search{Value: "CRICKET"}, cricket)
	s.finds(Search{Value: "sao paulo", Field: "city"}, city)
	s.finds(Search{Value: "sao paulo", Field: "keyword"})
	s.finds(Search{Field: "urgency", Op: condition.AtMost}, city)
	s.finds(Search{Field: "photographer"})
	s.finds(Search{Subscriber: a}, cricket)
	s.finds(Search{Text: "100%"}, not)
	s.finds(Search{Text: "1_0"})
	s.finds(Search{Before: s.now}, not, city, cricket)
	s.step()
	id := s.accepted("x")
	s.step()
	s.want(id, "B waiting first 1")
	s.finds(Search{Before: s.now}, city, cricket)
	err := s.db.Read(t.Context(), func(tx *store.Tx) error {
		page, next, err := Rules(tx, Search{Limit: 2})
		if err != nil || len(page) != 2 || next == "" {
			t.Errorf("the first page has %d rules, %v", len(page), err)
		}
		page, next, err = Rules(tx, Search{Limit: 2, Cursor: next})
		if len(page) != 1 || next != "" || page[0].Text != cricket {
			t.Errorf("the second page has %+v", page)
		}
		_, _, wrong := Rules(tx, Search{Field: "aura"})
		if !fault.Has(wrong, "no_field") {
			t.Errorf("a field that there is not: %v", wrong)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAValueIsRenamedEverywhereAfterAPreview(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.subscriber("A")
	s.rule(a, `(keyword = ferry or city = ferry) and not keyword in (boat, "FERRY")`)
	s.rule(a, `keyword has "ferries"`)
	for _, preview := range []bool{true, false} {
		all, err := s.book.Rename(t.Context(), "account:b", "keywords", "Ferry", "ferry boat", preview)
		if err != nil || len(all) != 1 || all[0].After != `(keyword = "ferry boat" or city = ferry) and not keyword in (boat, "ferry boat")` {
			t.Fatalf("renamed %+v, %v", all, err)
		}
		want := map[bool]string{true: `(keyword = ferry or city = ferry) and not keyword in (boat, "FERRY")`, false: all[0].After}[preview]
		s.finds(Search{Value: "boat"}, want)
	}
	s.finds(Search{Value: "ferry boat"}, `(keyword = "ferry boat" or city = ferry) and not keyword in (boat, "ferry boat")`)
	if _, err := s.book.Rename(t.Context(), "account:b", "keyword", " ", "x", true); !fault.Has(err, "no_value") {
		t.Errorf("nothing renamed: %v", err)
	}
	if _, err := s.book.Rename(t.Context(), "account:b", "aura", "a", "x", true); !fault.Has(err, "no_field") {
		t.Errorf("a field that there is not: %v", err)
	}
}

func TestEveryChangeIsKeptWithWhoAndWhen(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.subscriber("A")
	r := s.rule(a, `keyword = ferry`)
	s.now = s.now.Add(time.Hour)
	for range 2 { // the second time nothing changes
		if _, err := s.book.ChangeRule(t.Context(), "account:b", r.ID, Draft{Text: `keyword = boat`, Active: true}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.book.RemoveRule(t.Context(), "account:c", r.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.book.RemoveRule(t.Context(), "account:c", r.ID); !fault.Has(err, "no_rule") {
		t.Errorf("removed twice: %v", err)
	}
	err := s.db.Read(t.Context(), func(tx *store.Tx) error {
		all, err := Changes(tx, a, 10)
		var words []string
		for _, c := range all {
			words = append(words, c.Kind+" "+c.Action+" "+c.By+" "+c.At.Format("15:04"))
		}
		if got := strings.Join(words, ", "); got != "rule removed account:c 13:00, rule changed account:b 13:00, rule added account:a 12:00, subscriber added account:a 12:00" {
			t.Errorf("the record says %s", got)
		}
		if len(all) == 4 && (!strings.Contains(all[1].Was, "ferry") || !strings.Contains(all[1].Now, "boat")) {
			t.Errorf("before and after: %s, %s", all[1].Was, all[1].Now)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestADraftIsTriedOnPastPictures(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.accepted("ferry", "old")
	s.now = s.now.Add(40 * 24 * time.Hour)
	for range 4 {
		s.accepted("ferry")
	}
	s.accepted("tractor")
	s.now = s.now.Add(12 * time.Hour)
	x, err := s.engine.Try(t.Context(), `keyword = ferry`, nil, s.now.Add(-2*24*time.Hour))
	if err != nil || x.Looked != 5 || x.Matched != 4 || x.PerDay != 2 || !x.All || len(x.Found) != 4 || len(x.Others) != 1 {
		t.Errorf("tried: %+v, %v", x, err)
	}
	if why := x.Others[0].Why.Summary; why != "Not matched: keyword = ferry is not so; its keyword is tractor." {
		t.Errorf("why not: %s", why)
	}
	if _, err := s.engine.Try(t.Context(), `keyword =`, nil, s.now); !fault.Has(err, "bad_rule") {
		t.Errorf("a draft that can't be read: %v", err)
	}
}

func TestRulesThatWantLookingAtAreFound(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a, b := s.subscriber("A"), s.subscriber("B")
	never, all := s.rule(a, `keyword = tractor`), s.rule(a, `urgency <= 3`)
	narrow, wide := s.rule(b, `keyword = ferry and city = Texel`), s.rule(b, `keyword in (ferry, boat)`)
	s.rule(a, `keyword in (ferry, boat)`)
	for range findLeast {
		s.accepted("ferry")
	}
	s.step()
	f, err := s.engine.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Never) != 2 || len(f.All) != 3 || f.Looked != findLeast || len(f.Aside) != 0 {
		t.Errorf("never %d, all %d of %d", len(f.Never), len(f.All), f.Looked)
	}
	ids := map[string]bool{}
	for _, r := range append(f.Never, f.All...) {
		ids[r.ID] = true
	}
	if !ids[never.ID] || !ids[narrow.ID] || !ids[all.ID] {
		t.Errorf("found %v", ids)
	}
	if len(f.Covered) != 1 || f.Covered[0].Rule.ID != narrow.ID || f.Covered[0].By.ID != wide.ID {
		t.Errorf("covered: %+v", f.Covered)
	}
}
