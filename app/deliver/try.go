package deliver

import (
	"database/sql"
	"time"

	"oneframe/app/deliver/send"
	"oneframe/app/store"
)

// Done is the kind of a try that succeeded; the others are send.Kind's.
const Done = "done"

// Try is one attempt to send a delivery, or its recall.
type Try struct {
	Delivery string
	At       time.Time // when it ended
	Recall   bool      // the recall was sent, not the picture
	Took     time.Duration
	Bytes    int64
	Kind     string // Done, or a send.Kind
	Message  string // why it failed
	Answer   string // what the server said last
}

// Tries gives the tries of a delivery and its recalls, the oldest first.
func Tries(tx *store.Tx, delivery string) ([]Try, error) {
	return store.Each(tx, func(r *sql.Rows, t *Try) error {
		var at, took int64
		var what string
		err := r.Scan(&t.Delivery, &at, &what, &took, &t.Bytes, &t.Kind, &t.Message, &t.Answer)
		t.At, t.Took, t.Recall = store.Time(at), time.Duration(took)*time.Millisecond, what == "recall"
		return err
	}, `SELECT delivery, at, what, took_ms, bytes, kind, message, answer FROM deliver_try WHERE delivery = $1 ORDER BY at`, delivery)
}

// writeTries writes the tries of a transaction down.
func writeTries(tx *store.Tx, all []Try) error {
	if len(all) == 0 {
		return nil
	}
	args := make([][]any, len(all))
	for i, t := range all {
		what := "picture"
		if t.Recall {
			what = "recall"
		}
		args[i] = []any{t.Delivery, store.Millis(t.At), what, t.Took.Milliseconds(), t.Bytes, t.Kind, t.Message, t.Answer}
	}
	_, err := tx.ExecAll(`INSERT INTO deliver_try (delivery, at, what, took_ms, bytes, kind, message, answer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, args)
	return err
}

// kindOf is how a try ended, as deliver_try and the totals have it.
func kindOf(err error) string {
	if err == nil {
		return Done
	}
	return string(send.KindOf(err))
}
