package feed

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"oneframe/app/feed/condition"
	"oneframe/app/store"
)

// putClauses writes a rule's clauses as rows.
func putClauses(tx *store.Tx, rule string, clauses condition.Clauses) error {
	for i, clause := range clauses {
		if _, err := tx.Exec(`INSERT INTO feed_clause (rule, clause) VALUES ($1, $2)`, rule, i); err != nil {
			return err
		}
		for j, t := range clause {
			if err := putTerm(tx, rule, i, j, t); err != nil {
				return err
			}
		}
	}
	return nil
}

func putTerm(tx *store.Tx, rule string, i, j int, t condition.Term) error {
	if _, err := tx.Exec(`INSERT INTO feed_term (rule, clause, term, field, op, negated) VALUES ($1, $2, $3, $4, $5, $6)`,
		rule, i, j, t.Field, t.Op, flag(t.Not)); err != nil {
		return err
	}
	for k, v := range t.Values {
		if _, err := tx.Exec(`INSERT INTO feed_value (rule, clause, term, position, value, folded) VALUES ($1, $2, $3, $4, $5, $6)`,
			rule, i, j, k, v, condition.Fold(v)); err != nil {
			return err
		}
	}
	return nil
}

// row is a term with one of its values, as they are read back.
type row struct {
	rule         string
	clause, term int
	field        condition.Field
	op           condition.Op
	not          bool
	value        sql.NullString
}

func scanRow(r *sql.Rows, x *row) error {
	return r.Scan(&x.rule, &x.clause, &x.term, &x.field, &x.op, &x.not, &x.value)
}

const rowsOf = `SELECT t.rule, t.clause, t.term, t.field, t.op, t.negated, v.value
	FROM feed_term t LEFT JOIN feed_value v ON v.rule = t.rule AND v.clause = t.clause AND v.term = t.term`

// assemble makes clauses of rows that come in order.
func assemble(rows []row) map[string]condition.Clauses {
	all := map[string]condition.Clauses{}
	var last row
	for i, x := range rows {
		c := all[x.rule]
		if i == 0 || x.rule != last.rule || x.clause != last.clause {
			c = append(c, nil)
		}
		n := len(c) - 1
		if i == 0 || x.rule != last.rule || x.clause != last.clause || x.term != last.term {
			c[n] = append(c[n], condition.Term{Field: x.field, Op: x.op, Not: x.not})
		}
		if x.value.Valid {
			t := &c[n][len(c[n])-1]
			t.Values = append(t.Values, x.value.String)
		}
		all[x.rule], last = c, x
	}
	return all
}

// clausesOf gives the clauses of some rules.
func clausesOf(tx *store.Tx, rules []string) (map[string]condition.Clauses, error) {
	all := map[string]condition.Clauses{}
	for some := range slices.Chunk(rules, 500) {
		marks, args := make([]string, len(some)), make([]any, len(some))
		for i, id := range some {
			marks[i], args[i] = fmt.Sprintf("$%d", i+1), id
		}
		rows, err := store.Each(tx, scanRow, rowsOf+` WHERE t.rule IN (`+strings.Join(marks, ", ")+`) ORDER BY t.rule, t.clause, t.term, v.position`, args...)
		if err != nil {
			return nil, err
		}
		for id, c := range assemble(rows) {
			all[id] = c
		}
	}
	return all, nil
}

// entries gives the rules that are matched: active ones of subscribers that have not
// ended; all of them for nil, else of those named.
func entries(tx *store.Tx, ids []string) ([]Entry, error) {
	live := `SELECT r.id, r.subscriber, r.priority FROM feed_rule r JOIN feed_subscriber s ON s.id = r.subscriber WHERE r.active = 1 AND s.state <> 'ended'`
	scan := func(r *sql.Rows, e *Entry) error { return r.Scan(&e.ID, &e.Subscriber, &e.Priority) }
	if ids != nil {
		return entriesOf(tx, ids)
	}
	all, err := store.Each(tx, scan, live)
	if err != nil {
		return nil, err
	}
	rows, err := store.Each(tx, scanRow, rowsOf+` ORDER BY t.rule, t.clause, t.term, v.position`)
	if err != nil {
		return nil, err
	}
	return fill(all, assemble(rows)), nil
}

func entriesOf(tx *store.Tx, ids []string) (all []Entry, err error) {
	for _, id := range ids {
		some, err := store.Each(tx, func(r *sql.Rows, e *Entry) error { return r.Scan(&e.ID, &e.Subscriber, &e.Priority) },
			`SELECT r.id, r.subscriber, r.priority FROM feed_rule r JOIN feed_subscriber s ON s.id = r.subscriber WHERE r.active = 1 AND s.state <> 'ended' AND r.id = $1`, id)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	clauses, err := clausesOf(tx, ids)
	return fill(all, clauses), err
}

func fill(all []Entry, clauses map[string]condition.Clauses) []Entry {
	for i := range all {
		all[i].Clauses = clauses[all[i].ID]
	}
	return all
}
