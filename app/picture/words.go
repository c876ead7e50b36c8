package picture

import (
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"oneframe/app/metadata"
	"oneframe/app/store"
)

// This file alone knows that the words lie in SQLite's FTS5. In PostgreSQL the same is a
// column words tsvector in picture_number with a GIN index: index sets it with
// setweight(to_tsvector('simple', …)) for each column below, facts too, and match is
// words @@ to_tsquery('simple', …), where a column's letter stands for "column :" and
// <-> for the phrase. Nothing else differs.

// index writes a picture's words anew, under its number.
func index(tx *store.Tx, id ID) error {
	p, err := Get(tx, id)
	if err != nil {
		return err
	}
	r, err := Metadata(tx, id)
	if err != nil {
		return err
	}
	var taken time.Time
	if r.Taken != nil {
		taken = r.Taken.At
	}
	var n int64
	err = tx.QueryRow(`INSERT INTO picture_number (n, picture, received_at, taken_at) VALUES ((SELECT COALESCE(MAX(n), 0) + 1 FROM picture_number), $1, $2, $3)
		ON CONFLICT (picture) DO UPDATE SET taken_at = excluded.taken_at RETURNING n`, id, store.Millis(p.ReceivedAt), store.Millis(taken)).Scan(&n)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM picture_words WHERE rowid = $1`, n); err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO picture_words (rowid, title, headline, caption, keywords, people, category, event, byline, credit, source, copyright, city, state, country, other, file, facts)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`, append([]any{n}, words(p, r)...)...)
	return err
}

// words gives the columns of a picture's row, in the table's order.
func words(p Picture, r metadata.Record) []any {
	join := func(lists ...[]string) any { return spread(strings.Join(slices.Concat(lists...), "\n")) }
	one := func(texts ...string) any { return join(texts) }
	return []any{
		one(r.Title), one(r.Headline), one(r.Caption), join(r.Keywords), join(r.People), join([]string{r.Category}, r.Supplements, r.Subjects),
		one(r.Event), join(r.Byline, []string{r.BylineTitle, p.Name}), one(r.Credit), one(r.Source), one(r.Copyright),
		one(r.Sublocation, r.City), one(r.State), one(r.Country, r.CountryCode), one(r.UsageTerms, r.Instructions, r.Contact, r.Camera, r.Language), one(p.FileName), facts(p, r),
	}
}

// facts are words that no text has, one for each thing about a picture that the search
// can be narrowed to.
func facts(p Picture, r metadata.Record) string {
	kind := Photos
	if !p.Photo() {
		kind = Frames
	}
	all := []string{every, fact("kind", string(kind)), fact("state", string(p.State)), fact("origin", p.Origin)}
	if p.Account != "" {
		all = append(all, fact("account", p.Account))
	}
	if r.Urgency != 0 {
		all = append(all, fact("urgency", fmt.Sprint(r.Urgency)))
	}
	if r.Rating != nil {
		all = append(all, fact("rating", fmt.Sprint(*r.Rating)))
	}
	return strings.Join(all, " ")
}

// every is a word that each picture has.
const every = "every1picture"

// fact is one such word, of letters and digits alone.
func fact(name, value string) string {
	value = strings.ReplaceAll(value, "-1", "minus1")
	return name + "1" + strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, value)
}

// spread puts the signs of scripts that are written without spaces apart, so that each is
// a word of its own and a part of a sentence is found, as a phrase.
func spread(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) {
			fmt.Fprintf(&b, " %c ", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// match writes the conditions of a search in FTS5's language. Words are quoted, so that
// nothing in them is taken for its operators.
func (q Search) match(terms []term) string {
	var wanted, unwanted []string
	for _, f := range q.facts() {
		wanted = append(wanted, "facts : "+quote(f))
	}
	for _, t := range terms {
		text := quote(spread(t.text))
		if t.prefix {
			text += " *"
		}
		if len(t.columns) > 0 {
			text = "{" + strings.Join(t.columns, " ") + "} : " + text
		} else {
			text = "- facts : " + text
		}
		if t.not {
			unwanted = append(unwanted, "("+text+")")
		} else {
			wanted = append(wanted, "("+text+")")
		}
	}
	if len(unwanted) == 0 {
		return strings.Join(wanted, " AND ")
	}
	if len(wanted) == 0 {
		wanted = []string{"facts : " + quote(every)}
	}
	return "(" + strings.Join(wanted, " AND ") + ") NOT (" + strings.Join(unwanted, " OR ") + ")"
}

func quote(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }

// hit is a picture that was found, with its number.
type hit struct {
	n  int64
	id ID
}

// hits gives up to limit pictures that match and whose number is below the cursor's, the
// newest first. The words come in the order of their numbers, so that a page costs as
// much as it shows, however many match.
func (q Search) hits(tx *store.Tx, terms []term, below int64, limit int) ([]hit, error) {
	from, to, err := q.numbers(tx)
	if err != nil {
		return nil, err
	}
	to = min(to, below)
	scan := func(r *sql.Rows, h *hit) error { return r.Scan(&h.n, &h.id) }
	first, last := store.Millis(q.TakenFrom), int64(math.MaxInt64)
	if !q.TakenTo.IsZero() {
		last = store.Millis(q.TakenTo)
	}
	dated := !q.TakenFrom.IsZero() || !q.TakenTo.IsZero()
	if m := q.match(terms); m != "" {
		return store.Each(tx, scan, `SELECT n.n, n.picture FROM picture_words w JOIN picture_number n ON n.n = w.rowid
			WHERE picture_words MATCH $1 AND w.rowid >= $2 AND w.rowid < $3 AND (NOT $4 OR n.taken_at <> 0 AND n.taken_at >= $5 AND n.taken_at < $6)
			ORDER BY w.rowid DESC LIMIT $7`, m, from, to, dated, first, last, limit)
	}
	return store.Each(tx, scan, `SELECT n, picture FROM picture_number WHERE n >= $1 AND n < $2 AND (NOT $3 OR taken_at <> 0 AND taken_at >= $4 AND taken_at < $5)
		ORDER BY n DESC LIMIT $6`, from, to, dated, first, last, limit)
}

// numbers turns the times of arrival into numbers: from the first to below the second.
func (q Search) numbers(tx *store.Tx) (from, to int64, err error) {
	to = math.MaxInt64
	at := func(t time.Time, otherwise int64) (n int64, err error) {
		err = tx.QueryRow(`SELECT n FROM picture_number WHERE received_at >= $1 ORDER BY received_at, n LIMIT 1`, store.Millis(t)).Scan(&n)
		if errors.Is(err, sql.ErrNoRows) {
			return otherwise, nil
		}
		return n, err
	}
	if !q.From.IsZero() {
		if from, err = at(q.From, math.MaxInt64); err != nil {
			return 0, 0, err
		}
	}
	if !q.To.IsZero() {
		to, err = at(q.To, math.MaxInt64)
	}
	return from, to, err
}
