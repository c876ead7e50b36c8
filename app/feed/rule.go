package feed

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"oneframe/app/fault"
	"oneframe/app/feed/condition"
	"oneframe/app/store"
)

// Draft is a rule as it is written or sent: its text, or else its clauses.
type Draft struct {
	Name     string            `json:"name"`
	Text     string            `json:"text"`
	Clauses  condition.Clauses `json:"clauses,omitempty"`
	Active   bool              `json:"active"`
	Priority int               `json:"priority"`
}

// Read makes text and clauses of each other: the text goes first where both are given.
// Its errors, Invalid bad_rule or rule_too_large, name the place and what was expected.
func Read(text string, clauses condition.Clauses) (string, condition.Clauses, error) {
	text = strings.TrimSpace(text)
	if text == "" && len(clauses) > 0 {
		c, err := clauses.Canonical()
		return c.String(), c, err
	}
	e, err := condition.Parse(text)
	if err != nil {
		return text, nil, err
	}
	c, err := condition.Normalise(e)
	return text, c, err
}

// read brings the draft into order.
func (d *Draft) read() (err error) {
	if d.Name, err = line("name", d.Name, 0, 120); err != nil {
		return err
	}
	if d.Priority < 0 || d.Priority > 100 {
		return fault.New(fault.Invalid, "bad_priority", "A rule's priority goes from 1 to 100; 0 leaves it to the picture.")
	}
	d.Text, d.Clauses, err = Read(d.Text, d.Clauses)
	return err
}

// audited is what the record keeps of a rule.
type audited struct {
	Name     string `json:"name"`
	Text     string `json:"text"`
	Active   bool   `json:"active"`
	Priority int    `json:"priority"`
}

// AddRule adds a rule to a subscriber. Its errors: Invalid bad_rule, rule_too_large,
// bad_name or bad_priority; NotFound no_subscriber.
func (b *Book) AddRule(ctx context.Context, by, subscriber string, d Draft) (r Rule, err error) {
	if err := d.read(); err != nil {
		return r, err
	}
	err = b.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := GetSubscriber(tx, subscriber); err != nil {
			return err
		}
		id := store.NewID()
		if _, err := tx.Exec(`INSERT INTO feed_rule (id, subscriber, name, text, active, priority, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`,
			id, subscriber, d.Name, d.Text, flag(d.Active), d.Priority, store.Millis(tx.Now)); err != nil {
			return err
		}
		if err := putClauses(tx, id, d.Clauses); err != nil {
			return err
		}
		now := audited{d.Name, d.Text, d.Active, d.Priority}
		if err := note(tx, change{kind: "rule", subject: id, subscriber: subscriber, action: "added", by: by, now: now}); err != nil {
			return err
		}
		r, err = GetRule(tx, id)
		return err
	})
	return r, err
}

// ChangeRule sets what a rule says. Its errors are AddRule's, and NotFound no_rule.
func (b *Book) ChangeRule(ctx context.Context, by, id string, d Draft) (r Rule, err error) {
	if err := d.read(); err != nil {
		return r, err
	}
	err = b.DB.Write(ctx, func(tx *store.Tx) error {
		if err := changeRule(tx, by, id, d); err != nil {
			return err
		}
		r, err = GetRule(tx, id)
		return err
	})
	return r, err
}

func changeRule(tx *store.Tx, by, id string, d Draft) error {
	was, err := GetRule(tx, id)
	if err != nil {
		return err
	}
	before, now := audited{was.Name, was.Text, was.Active, was.Priority}, audited{d.Name, d.Text, d.Active, d.Priority}
	if before == now && was.Clauses.Equal(d.Clauses) {
		return nil
	}
	if _, err := tx.Exec(`UPDATE feed_rule SET name = $1, text = $2, active = $3, priority = $4, problem = '', changed_at = $5 WHERE id = $6`,
		d.Name, d.Text, flag(d.Active), d.Priority, store.Millis(tx.Now), id); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM feed_clause WHERE rule = $1`, id); err != nil {
		return err
	}
	if err := putClauses(tx, id, d.Clauses); err != nil {
		return err
	}
	return note(tx, change{kind: "rule", subject: id, subscriber: was.Subscriber, action: "changed", by: by, was: before, now: now})
}

// RemoveRule takes a rule away. What it said stays in the record; what it had delivered
// stays as it is. NotFound no_rule.
func (b *Book) RemoveRule(ctx context.Context, by, id string) error {
	return b.DB.Write(ctx, func(tx *store.Tx) error {
		was, err := GetRule(tx, id)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM feed_rule WHERE id = $1`, id); err != nil {
			return err
		}
		before := audited{was.Name, was.Text, was.Active, was.Priority}
		return note(tx, change{kind: "rule", subject: id, subscriber: was.Subscriber, action: "removed", by: by, was: before})
	})
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

const ruleColumns = `r.id, r.subscriber, r.name, r.text, r.active, r.priority, r.problem, COALESCE(m.matches, 0), COALESCE(m.at, 0), COALESCE(m.picture, ''), r.created_at, r.changed_at`

func scanRule(row interface{ Scan(...any) error }, r *Rule) error {
	var at, created, changed int64
	err := row.Scan(&r.ID, &r.Subscriber, &r.Name, &r.Text, &r.Active, &r.Priority, &r.Problem, &r.Matches, &at, &r.LastPicture, &created, &changed)
	r.LastMatch, r.Created, r.Changed = store.Time(at), store.Time(created), store.Time(changed)
	return err
}

// GetRule gives one rule with its clauses; NotFound no_rule where there is none.
func GetRule(tx *store.Tx, id string) (r Rule, err error) {
	err = scanRule(tx.QueryRow(`SELECT `+ruleColumns+` FROM feed_rule r LEFT JOIN feed_match m ON m.rule = r.id WHERE r.id = $1`, id), &r)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "no_rule", "There is no such rule.")
	}
	if err != nil {
		return r, err
	}
	all, err := clausesOf(tx, []string{id})
	r.Clauses = all[id]
	return r, err
}

// RulesOf gives a subscriber's rules with their clauses, in the order in which they were added.
func RulesOf(tx *store.Tx, subscriber string) ([]Rule, error) {
	rules, err := store.Each(tx, func(r *sql.Rows, x *Rule) error { return scanRule(r, x) },
		`SELECT `+ruleColumns+` FROM feed_rule r LEFT JOIN feed_match m ON m.rule = r.id WHERE r.subscriber = $1 ORDER BY r.id`, subscriber)
	if err != nil {
		return nil, err
	}
	return withClauses(tx, rules)
}

func withClauses(tx *store.Tx, rules []Rule) ([]Rule, error) {
	ids := make([]string, len(rules))
	for i, r := range rules {
		ids[i] = r.ID
	}
	all, err := clausesOf(tx, ids)
	for i := range rules {
		rules[i].Clauses = all[rules[i].ID]
	}
	return rules, err
}
