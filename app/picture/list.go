package picture

import (
	"database/sql"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"oneframe/app/fault"
	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// Query says which pictures List gives.
type Query struct {
	Clip   string  // slug; "" for every clip
	Kind   Kind    // frames or photos; "" for both
	Number int     // of the slot; 0 for every slot
	States []State // none means all

	MinScore, MaxScore float64 // 0 means no limit

	Sort   string // recent (default: newest first), best (highest score first) or oldest
	Cursor string // from the page before
	Limit  int    // 1 to 500; 0 means 50
}

// Holds reports whether the picture is one that the query asks for, on whatever page.
func (q Query) Holds(p Picture) bool {
	return (q.Clip == "" || q.Clip == p.Slot.Clip) && (q.Number == 0 || q.Number == p.Slot.Number) &&
		(q.Kind == "" || p.Photo() == (q.Kind == Photos)) &&
		(len(q.States) == 0 || slices.Contains(q.States, p.State)) &&
		(q.MinScore == 0 || p.Score >= q.MinScore) && (q.MaxScore == 0 || p.Score <= q.MaxScore)
}

// Kind tells the pictures of a clip from those of the feed.
type Kind string

// The kinds.
const (
	Frames Kind = "frames" // fill a slot
	Photos Kind = "photos" // fill none
)

// order is how a sort is written, and how a page goes on from the last picture of the one before.
// where n is the number of the parameter with its id, and n+1 of the one with its score.
type order struct {
	by    string
	after func(n int) string
}

func (q Query) order() (order, error) {
	switch q.Sort {
	case "", "recent":
		return order{`id DESC`, func(n int) string { return fmt.Sprintf(`id < $%d`, n) }}, nil
	case "oldest":
		return order{`id`, func(n int) string { return fmt.Sprintf(`id > $%d`, n) }}, nil
	case "best":
		return order{`score DESC, id DESC`, func(n int) string {
			return fmt.Sprintf(`(score < $%[2]d OR (score = $%[2]d AND id < $%[1]d))`, n, n+1)
		}}, nil
	}
	return order{}, fault.New(fault.Invalid, "bad_sort", "sort must be recent, oldest or best, not %q.", q.Sort)
}

// List gives a page of pictures and the cursor of the next one, "" at the end.
func List(tx *store.Tx, q Query) (page []Picture, next string, err error) {
	o, err := q.order()
	if err != nil {
		return nil, "", err
	}
	where, args, err := q.where(o)
	if err != nil {
		return nil, "", err
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 50
	}
	limit = min(limit, 500)
	args = append(args, limit+1)
	page, err = store.Each(tx, func(r *sql.Rows, p *Picture) error { return scan(r, p) },
		fmt.Sprintf(`SELECT %s FROM picture WHERE %s ORDER BY %s LIMIT $%d`, columns, where, o.by, len(args)), args...)
	if err != nil || len(page) <= limit {
		return page, "", err
	}
	page = page[:limit]
	return page, cursor(page[limit-1]), nil
}

func (q Query) where(o order) (string, []any, error) {
	var args []any
	put := func(v any) int { args = append(args, v); return len(args) }
	conds := []string{"1 = 1"}
	if q.Clip != "" {
		conds = append(conds, fmt.Sprintf("clip = $%d", put(q.Clip)))
	}
	switch q.Kind {
	case Frames:
		conds = append(conds, "number > 0")
	case Photos:
		conds = append(conds, "number = 0")
	}
	if q.Number != 0 {
		conds = append(conds, fmt.Sprintf("number = $%d", put(q.Number)))
	}
	if q.MinScore != 0 {
		conds = append(conds, fmt.Sprintf("score >= $%d", put(q.MinScore)))
	}
	if q.MaxScore != 0 {
		conds = append(conds, fmt.Sprintf("score <= $%d", put(q.MaxScore)))
	}
	if len(q.States) > 0 {
		var in []string
		for _, s := range q.States {
			in = append(in, fmt.Sprintf("$%d", put(s)))
		}
		conds = append(conds, "state IN ("+strings.Join(in, ", ")+")")
	}
	if q.Cursor != "" {
		id, score, err := uncursor(q.Cursor)
		if err != nil {
			return "", nil, err
		}
		n := put(id)
		if q.Sort == "best" {
			put(score)
		}
		conds = append(conds, o.after(n))
	}
	return strings.Join(conds, " AND "), args, nil
}

func cursor(last Picture) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s %g", last.ID, last.Score))
}

func uncursor(c string) (id string, score float64, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(c)
	if err == nil {
		_, err = fmt.Sscanf(string(raw), "%s %g", &id, &score)
	}
	if err != nil {
		return "", 0, BadCursor(err)
	}
	return id, score, nil
}

// BadCursor is the error of a list that is given a cursor that it never gave out.
func BadCursor(cause error) error {
	return fault.Wrap(cause, fault.Invalid, "bad_cursor", "That cursor is not one of ours.")
}

// Choice is the accepted picture that a slot shows.
type Choice struct {
	Slot         slot.ID
	Picture      ID
	Large, Thumb vault.Key
}

// Choose gives at most one accepted picture a slot, in slot order: the newest by the
// time it was received, or the best by score (the newest among equals).
func Choose(tx *store.Tx, clip, pick string) ([]Choice, error) {
	by := `number, id DESC`
	switch pick {
	case "newest":
	case "best":
		by = `number, score DESC, id DESC`
	default:
		return nil, fmt.Errorf("pick must be newest or best, not %q", pick)
	}
	all, err := store.Each(tx, func(r *sql.Rows, c *Choice) error {
		return r.Scan(&c.Slot.Clip, &c.Slot.Number, &c.Picture, &c.Large, &c.Thumb)
	}, `SELECT clip, number, id, large, thumb FROM picture WHERE clip = $1 AND state = 'accepted' AND number > 0 ORDER BY `+by, clip)
	if err != nil {
		return nil, err
	}
	first := all[:0]
	for i, c := range all {
		if i == 0 || c.Slot != first[len(first)-1].Slot {
			first = append(first, c)
		}
	}
	return first, nil
}

// Counts gives the number of frames in each state, of a clip or, for "", of all clips.
func Counts(tx *store.Tx, clip string) (map[State]int, error) {
	if clip == "" {
		return count(tx, `SELECT state, COUNT(*) FROM picture WHERE number > 0 GROUP BY state`)
	}
	return count(tx, `SELECT state, COUNT(*) FROM picture WHERE clip = $1 GROUP BY state`, clip)
}

// countMost bounds what CountPhotos counts in a state.
const countMost = 1000

// CountPhotos gives the number of photographs in each of the states; where there are a
// thousand or more it says 1000, since nobody waits for a count of millions.
func CountPhotos(tx *store.Tx, states ...State) (map[State]int, error) {
	counts := map[State]int{}
	for _, s := range states {
		var n int
		if err := tx.QueryRow(`SELECT COUNT(*) FROM (SELECT 1 FROM picture WHERE number = 0 AND state = $1 LIMIT $2) AS some`, s, countMost).Scan(&n); err != nil {
			return nil, err
		}
		counts[s] = n
	}
	return counts, nil
}

func count(tx *store.Tx, query string, args ...any) (map[State]int, error) {
	type row struct {
		state State
		n     int
	}
	rows, err := store.Each(tx, func(r *sql.Rows, v *row) error { return r.Scan(&v.state, &v.n) }, query, args...)
	counts := map[State]int{}
	for _, r := range rows {
		counts[r.state] = r.n
	}
	return counts, err
}
