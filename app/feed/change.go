package feed

import (
	"database/sql"
	"encoding/json"
	"time"

	"oneframe/app/store"
)

// Change is one line of the record: who changed what, when, and how it was.
type Change struct {
	Seq                 int64
	Kind                string // subscriber or rule
	Subject, Subscriber string
	Action              string // added, changed or removed
	By                  string
	Was, Now            string // JSON, "" where there was or is nothing
	At                  time.Time
}

// change is one to be written down.
type change struct {
	kind, subject, subscriber, action, by string
	was, now                              any
}

func note(tx *store.Tx, c change) error {
	was, err := asJSON(c.was)
	if err != nil {
		return err
	}
	now, err := asJSON(c.now)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO feed_change (seq, kind, subject, subscriber, action, actor, was, now, at)
		VALUES ((SELECT COALESCE(MAX(seq), 0) + 1 FROM feed_change), $1, $2, $3, $4, $5, $6, $7, $8)`,
		c.kind, c.subject, c.subscriber, c.action, c.by, was, now, store.Millis(tx.Now))
	return err
}

func asJSON(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	raw, err := json.Marshal(v)
	return string(raw), err
}

// Changes gives what was changed about a subscriber and its rules, the newest first.
func Changes(tx *store.Tx, subscriber string, n int) ([]Change, error) {
	return store.Each(tx, scanChange, `SELECT seq, kind, subject, subscriber, action, actor, was, now, at FROM feed_change
		WHERE subscriber = $1 ORDER BY seq DESC LIMIT $2`, subscriber, n)
}

// RuleChanges gives what was changed about a rule, the newest first.
func RuleChanges(tx *store.Tx, rule string, n int) ([]Change, error) {
	return store.Each(tx, scanChange, `SELECT seq, kind, subject, subscriber, action, actor, was, now, at FROM feed_change
		WHERE subject = $1 ORDER BY seq DESC LIMIT $2`, rule, n)
}

func scanChange(r *sql.Rows, c *Change) error {
	var at int64
	err := r.Scan(&c.Seq, &c.Kind, &c.Subject, &c.Subscriber, &c.Action, &c.By, &c.Was, &c.Now, &at)
	c.At = store.Time(at)
	return err
}

// lastChange is the number of the last line, 0 where there is none.
func lastChange(tx *store.Tx) (seq int64, err error) {
	err = tx.QueryRow(`SELECT COALESCE(MAX(seq), 0) FROM feed_change`).Scan(&seq)
	return seq, err
}

// touched gives the rules that lines after seq are about: changed ones, and all of a
// changed subscriber. more is true where there are more than n.
func touched(tx *store.Tx, seq int64, n int) (ids []string, more bool, err error) {
	ids, err = store.Each(tx, func(r *sql.Rows, id *string) error { return r.Scan(id) }, `SELECT subject FROM feed_change WHERE seq > $1 AND kind = 'rule'
		UNION SELECT r.id FROM feed_change c JOIN feed_rule r ON r.subscriber = c.subject WHERE c.seq > $1 AND c.kind = 'subscriber' LIMIT $2`, seq, n+1)
	return ids, len(ids) > n, err
}
