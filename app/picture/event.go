package picture

import (
	"database/sql"
	"time"

	"oneframe/app/store"
)

// Event is one line of the log: what happened to a picture, who did it, and when.
type Event struct {
	Seq     int64 // grows by one or more
	Picture ID
	Kind    string // received, ready, accepted, rejected, undecided, reopened, withdrawn, failed or updated
	By      string
	Detail  string // the reason, where there is one
	At      time.Time
}

func note(tx *store.Tx, id ID, kind, by, detail string) error {
	_, err := tx.Exec(`INSERT INTO picture_event (seq, picture, kind, actor, detail, at)
		VALUES ((SELECT COALESCE(MAX(seq), 0) + 1 FROM picture_event), $1, $2, $3, $4, $5)`,
		id, kind, by, detail, store.Millis(tx.Now))
	if err != nil {
		return err
	}
	return index(tx, id) // every event is a change that the search can be asked for
}

// Events gives what happened to a picture, in order.
func Events(tx *store.Tx, id ID) ([]Event, error) {
	return store.Each(tx, scanEvent, `SELECT seq, picture, kind, actor, detail, at FROM picture_event WHERE picture = $1 ORDER BY seq`, id)
}

// Revision grows with every event: what was made from an older one may be stale.
func Revision(tx *store.Tx) (int64, error) {
	var seq int64
	err := tx.QueryRow(`SELECT COALESCE(MAX(seq), 0) FROM picture_event`).Scan(&seq)
	return seq, err
}

func scanEvent(r *sql.Rows, e *Event) error {
	var at int64
	err := r.Scan(&e.Seq, &e.Picture, &e.Kind, &e.By, &e.Detail, &at)
	e.At = store.Time(at)
	return err
}
