package deliver

import (
	"encoding/json"

	"oneframe/app/picture"
	"oneframe/app/store"
)

// New is a delivery to be made.
type New struct {
	Picture    picture.ID
	Version    int // of the picture
	Subscriber string
	Rules      []string // that matched
	Priority   int      // 0 to 1000
}

// Enqueue makes sure that the subscriber gets the picture in this version: a delivery
// waits after it, or has gone already. One that was cancelled or recalled waits again,
// and so does one of another version. It reports whether anything changed.
func Enqueue(tx *store.Tx, n New) (changed bool, err error) {
	if n.Rules == nil {
		n.Rules = []string{}
	}
	rules, err := json.Marshal(n.Rules)
	if err != nil {
		return false, err
	}
	rows, err := tx.Exec(`INSERT INTO deliver_delivery (id, picture, subscriber, repeat, kind, version, rules, priority, state, queued_at)
		VALUES ($1, $2, $3, 0, 'first', $4, $5, $6, 'waiting', $7)
		ON CONFLICT (picture, subscriber, repeat) DO UPDATE SET
			kind = CASE WHEN deliver_delivery.sent_at > 0 OR deliver_delivery.state IN ('claimed', 'recalled') THEN 'update' ELSE deliver_delivery.kind END,
			version = excluded.version, rules = excluded.rules, priority = excluded.priority, state = 'waiting',
			attempts = 0, claimed_until = 0, next_at = 0, done_at = 0, failed = '', error = '', queued_at = excluded.queued_at
		WHERE deliver_delivery.version <> excluded.version OR deliver_delivery.state IN ('cancelled', 'recalled')`,
		store.NewID(), n.Picture, n.Subscriber, max(n.Version, 1), string(rules), n.Priority, store.Millis(tx.Now))
	if err != nil || rows == 0 {
		return false, err
	}
	_, err = tx.Exec(`UPDATE deliver_recall SET state = 'cancelled' WHERE state IN ('waiting', 'due', 'dead') AND delivery IN (
		SELECT id FROM deliver_delivery WHERE picture = $1 AND subscriber = $2 AND repeat = 0)`, n.Picture, n.Subscriber)
	return true, err
}

// Correct has the version that a picture now has go to whoever was given another one,
// whether a rule still asks for it or not, and to whom it is on its way on demand. What
// else was on its way is cancelled: Enqueue, which comes after it, has it wait again for
// those whose rules ask for this version too. Versions can go back: one that turns out not
// to be a picture is taken out. It gives how many were given another one.
func Correct(tx *store.Tx, p picture.ID, version int) (n int64, err error) {
	var other bool
	if err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM deliver_delivery WHERE picture = $1 AND version <> $2)`, p, version).Scan(&other); err != nil || !other {
		return 0, err
	}
	now := store.Millis(tx.Now)
	n, err = tx.Exec(`UPDATE deliver_delivery SET kind = 'update', version = $1, queued_at = $2, `+anew+`
		WHERE picture = $3 AND version <> $1 AND (state IN ('sent', 'claimed') OR (sent_at > 0 OR kind = 'update') AND state IN ('waiting', 'due', 'dead'))`, version, now, p)
	if err != nil {
		return 0, err
	}
	if _, err = tx.Exec(`UPDATE deliver_delivery SET version = $1 WHERE picture = $2 AND version <> $1 AND ahead = 1 AND state IN ('waiting', 'due', 'dead')`, version, p); err != nil {
		return 0, err
	}
	_, err = tx.Exec(`UPDATE deliver_delivery SET state = 'cancelled', next_at = 0, done_at = $1 WHERE picture = $2 AND version <> $3 AND state IN ('waiting', 'due', 'dead')`, now, p, version)
	return n, err
}

// Recall takes a picture back from everybody: what nobody was given yet is cancelled; of
// what was sent, or is being sent, a recall goes to the subscriber. Doing it again changes
// nothing. It gives how many recalls it made.
func Recall(tx *store.Tx, p picture.ID, reason string) (recalls int, err error) {
	given, err := store.Each(tx, scan, `UPDATE deliver_delivery SET state = 'recalled', claimed_until = 0, done_at = $2
		WHERE picture = $1 AND (state IN ('sent', 'claimed') OR sent_at > 0 AND state IN ('waiting', 'due', 'dead')) RETURNING `+columns, p, store.Millis(tx.Now))
	if err != nil {
		return 0, err
	}
	for _, d := range given {
		if err := takeBack(tx, d, reason); err != nil {
			return 0, err
		}
	}
	_, err = tx.Exec(`UPDATE deliver_delivery SET state = 'cancelled', next_at = 0, done_at = $2 WHERE picture = $1 AND state IN ('waiting', 'due', 'dead')`, p, store.Millis(tx.Now))
	return len(given), err
}

// takeBack writes the recall of a delivery.
func takeBack(tx *store.Tx, d Delivery, reason string) error {
	_, err := tx.Exec(`INSERT INTO deliver_recall (id, delivery, picture, subscriber, reason, state, asked_at) VALUES ($1, $2, $3, $4, $5, 'waiting', $6)`,
		store.NewID(), d.ID, d.Picture, d.Subscriber, reason, store.Millis(tx.Now))
	return err
}
