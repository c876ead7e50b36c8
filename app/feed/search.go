package feed

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"oneframe/app/fault"
	"oneframe/app/feed/condition"
	"oneframe/app/store"
)

// Search says which rules are looked for; what is empty is not asked.
type Search struct {
	Subscriber string
	Field      condition.Field
	Op         condition.Op
	Value      string    // compared as rules compare: without case and accents
	Text       string    // in the rule's text or name, without case
	Before     time.Time // no match since
	Aside      bool      // only those that could not be compiled
	Cursor     string    // from the page before
	Limit      int       // 1 to 500; 0 means 50
}

// Rules gives a page of rules with their clauses, the newest first, and the cursor of
// the next page, "" at the end. Invalid no_field names a field that there is not.
func Rules(tx *store.Tx, s Search) (page []Rule, next string, err error) {
	where, args, err := s.where()
	if err != nil {
		return nil, "", err
	}
	limit := min(s.Limit, 500)
	if limit <= 0 {
		limit = 50
	}
	args = append(args, limit+1)
	page, err = store.Each(tx, func(r *sql.Rows, x *Rule) error { return scanRule(r, x) },
		fmt.Sprintf(`SELECT %s FROM feed_rule r LEFT JOIN feed_match m ON m.rule = r.id WHERE %s ORDER BY r.id DESC LIMIT $%d`, ruleColumns, where, len(args)), args...)
	if err != nil {
		return nil, "", err
	}
	if len(page) > limit {
		page, next = page[:limit], page[limit-1].ID
	}
	page, err = withClauses(tx, page)
	return page, next, err
}

func (s Search) where() (string, []any, error) {
	var args []any
	put := func(v any) int { args = append(args, v); return len(args) }
	conds := []string{"1 = 1"}
	if s.Subscriber != "" {
		conds = append(conds, fmt.Sprintf("r.subscriber = $%d", put(s.Subscriber)))
	}
	if s.Cursor != "" {
		conds = append(conds, fmt.Sprintf("r.id < $%d", put(s.Cursor)))
	}
	if s.Text != "" {
		n := put("%" + likeEscaper.Replace(strings.ToLower(s.Text)) + "%")
		conds = append(conds, fmt.Sprintf(`(LOWER(r.text) LIKE $%[1]d ESCAPE '\' OR LOWER(r.name) LIKE $%[1]d ESCAPE '\')`, n))
	}
	if !s.Before.IsZero() {
		conds = append(conds, fmt.Sprintf("COALESCE(m.at, 0) < $%d", put(store.Millis(s.Before))))
	}
	if s.Aside {
		conds = append(conds, "r.problem <> ''")
	}
	term, err := s.term(put)
	if term != "" {
		conds = append(conds, term)
	}
	return strings.Join(conds, " AND "), args, err
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// term asks for rules that have one term with the field, operator and value.
func (s Search) term(put func(any) int) (string, error) {
	var conds []string
	if s.Field != "" {
		info, ok := condition.Lookup(string(s.Field))
		if !ok {
			return "", fault.New(fault.Invalid, "no_field", "There is no field %q.", s.Field)
		}
		conds = append(conds, fmt.Sprintf("t.field = $%d", put(info.Field)))
	}
	if s.Op != "" {
		conds = append(conds, fmt.Sprintf("t.op = $%d", put(s.Op)))
	}
	if s.Value == "" && len(conds) == 0 {
		return "", nil
	}
	from := `feed_term t`
	if s.Value != "" {
		from = `feed_value v JOIN feed_term t ON t.rule = v.rule AND t.clause = v.clause AND t.term = v.term`
		conds = append(conds, fmt.Sprintf("v.folded = $%d", put(condition.Fold(s.Value))))
	}
	return `r.id IN (SELECT t.rule FROM ` + from + ` WHERE ` + strings.Join(conds, " AND ") + `)`, nil
}

// Renamed is a rule before and after a value was renamed in it.
type Renamed struct {
	Rule          Rule
	Before, After string
}

// renameMost is how many rules one renaming may change.
const renameMost = 5000

// Rename replaces a value of a field in every rule that names it, or with preview says
// what it would change. Its errors: Invalid no_field, bad_rule where the new value can't
// stand there, too_many for more than 5,000 rules.
func (b *Book) Rename(ctx context.Context, by string, field condition.Field, from, to string, preview bool) (all []Renamed, err error) {
	info, ok := condition.Lookup(string(field))
	if !ok {
		return nil, fault.New(fault.Invalid, "no_field", "There is no field %q.", field)
	}
	if condition.Fold(from) == "" || condition.Fold(to) == "" {
		return nil, fault.New(fault.Invalid, "no_value", "Please say which value is renamed, and to what.")
	}
	run := b.DB.Write
	if preview {
		run = b.DB.Read
	}
	err = run(ctx, func(tx *store.Tx) error {
		all, err = renamed(tx, info.Field, from, to)
		if err != nil || preview {
			return err
		}
		for _, r := range all {
			d := Draft{Name: r.Rule.Name, Text: r.After, Active: r.Rule.Active, Priority: r.Rule.Priority}
			if err := d.read(); err != nil {
				return err
			}
			if err := changeRule(tx, by, r.Rule.ID, d); err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

// renamed finds the rules and words them anew, as they were written but for the value.
func renamed(tx *store.Tx, field condition.Field, from, to string) (all []Renamed, err error) {
	for s := (Search{Field: field, Value: from, Limit: 500}); ; {
		page, next, err := Rules(tx, s)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			e, err := condition.Parse(r.Text)
			if err != nil {
				continue // it was set aside: nobody can say what it means
			}
			after, changed := e.Rename(field, from, to)
			if !changed {
				continue
			}
			if _, _, err := Read(after.String(), nil); err != nil {
				return nil, err
			}
			all = append(all, Renamed{Rule: r, Before: r.Text, After: after.String()})
		}
		if len(all) > renameMost {
			return nil, fault.New(fault.Invalid, "too_many", "More than %d rules name that value.", renameMost)
		}
		if s.Cursor = next; next == "" {
			slices.Reverse(all)
			return all, nil
		}
	}
}
