package picture

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"oneframe/app/fault"
	"oneframe/app/store"
)

// Search says which pictures Find gives. Every condition that is set must hold.
type Search struct {
	Text               string // see terms
	Kind               Kind
	State              State
	Account            string // id
	Origin             string
	From, To           time.Time // of arrival: From on, before To
	TakenFrom, TakenTo time.Time // of the capture date
	Cursor             string    // from the page before
	Limit              int       // 1 to 200; 0 means 50
}

// Find gives a page of pictures that a search finds, the newest first, and the cursor of
// the next one, "" at the end. Errors: Invalid bad_query or bad_cursor.
func Find(tx *store.Tx, q Search) (page []Picture, next string, err error) {
	terms, err := q.terms()
	if err != nil {
		return nil, "", err
	}
	below := int64(1) << 62
	if q.Cursor != "" {
		if below, err = strconv.ParseInt(q.Cursor, 36, 64); err != nil {
			return nil, "", fault.Wrap(err, fault.Invalid, "bad_cursor", "That cursor is not one of ours.")
		}
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 50
	}
	limit = min(limit, 200)
	hits, err := q.hits(tx, terms, below, limit+1)
	if err != nil {
		return nil, "", err
	}
	if len(hits) > limit {
		hits = hits[:limit]
		next = strconv.FormatInt(hits[limit-1].n, 36)
	}
	for _, h := range hits {
		p, err := Get(tx, h.id)
		if err != nil {
			return nil, "", err
		}
		page = append(page, p)
	}
	return page, next, nil
}

// facts are the conditions that are no text.
func (q Search) facts() (all []string) {
	for _, f := range [][2]string{{"kind", string(q.Kind)}, {"state", string(q.State)}, {"account", q.Account}, {"origin", q.Origin}} {
		if f[1] != "" {
			all = append(all, fact(f[0], f[1]))
		}
	}
	return all
}

// term is one condition of a search's text.
type term struct {
	text    string
	columns []string // to look in; none means all
	not     bool
	prefix  bool
}

// termsMost bounds a text, so that nobody can keep the database busy with one.
const termsMost = 32

// columnsOf gives the columns that a field's name stands for. The names are those of the
// metadata's JSON, and text and place for several together.
func columnsOf(field string) ([]string, bool) {
	switch field {
	case "title", "headline", "caption", "keywords", "people", "category", "event", "byline", "credit", "source", "copyright", "city", "state", "country", "file":
		return []string{field}, true
	case "keyword":
		return []string{"keywords"}, true
	case "person":
		return []string{"people"}, true
	case "supplemental_categories", "subject_codes":
		return []string{"category"}, true
	case "byline_title":
		return []string{"byline"}, true
	case "sublocation":
		return []string{"city"}, true
	case "country_code":
		return []string{"country"}, true
	case "instructions", "usage_terms", "contact", "camera", "language":
		return []string{"other"}, true
	case "text":
		return []string{"title", "headline", "caption", "keywords"}, true
	case "place":
		return []string{"city", "state", "country"}, true
	case "urgency", "rating":
		return []string{"facts"}, true
	}
	return nil, false
}

// terms reads the text of a search: words, all of which must be there, without regard to
// case and accents; "several words" in this order; begin* for how a word begins; -word
// for what must not be there; and field:word, field:"several words" for where to look.
func (q Search) terms() (all []term, err error) {
	rest := strings.TrimSpace(q.Text)
	if len(rest) > 1000 || !utf8.ValidString(rest) {
		return nil, badQuery("A search has at most 1000 characters.")
	}
	for rest != "" {
		var t term
		if t, rest, err = nextTerm(rest); err != nil {
			return nil, err
		}
		if strings.ContainsFunc(t.text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
			all = append(all, t)
		}
		rest = strings.TrimSpace(rest)
	}
	if len(all) > termsMost {
		return nil, badQuery("A search has at most 32 words.")
	}
	return all, nil
}

func badQuery(format string, args ...any) error {
	return fault.New(fault.Invalid, "bad_query", format, args...)
}

// nextTerm takes the first term off a text that begins with no space.
func nextTerm(text string) (t term, rest string, err error) {
	text, t.not = strings.CutPrefix(text, "-")
	field, value, found := strings.Cut(text, ":")
	if found && field != "" && !strings.ContainsFunc(field, func(r rune) bool { return r != '_' && !unicode.IsLower(r) }) && value != "" && !strings.HasPrefix(value, " ") {
		if t.columns, found = columnsOf(field); !found {
			return t, "", badQuery("There is no field %q to look in; put the word into quotes to look for it.", field)
		}
		text = value
	} else {
		field = ""
	}
	if quoted, ok := strings.CutPrefix(text, `"`); ok {
		t.text, rest, _ = strings.Cut(quoted, `"`)
	} else if i := strings.IndexFunc(text, unicode.IsSpace); i >= 0 {
		t.text, rest = text[:i], text[i:]
	} else {
		t.text = text
	}
	if strings.HasPrefix(rest, "*") {
		rest, t.prefix = rest[1:], true
	} else if cut, ok := strings.CutSuffix(t.text, "*"); ok {
		t.text, t.prefix = cut, true
	}
	if slices.Contains(t.columns, "facts") {
		t.text = fact(field, t.text)
	}
	return t, rest, nil
}
