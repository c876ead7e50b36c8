package picture

import (
	"database/sql"
	"errors"

	"oneframe/app/store"
)

// Follow gives the next n events after the follower's own cursor, the oldest first. A
// follower that never marked begins with the first event of all.
func Follow(tx *store.Tx, follower string, n int) ([]Event, error) {
	var seq int64
	err := tx.QueryRow(`SELECT seq FROM picture_cursor WHERE name = $1`, follower).Scan(&seq)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	return Since(tx, seq, n)
}

// Since gives the next n events after seq, the oldest first: for whoever keeps what they
// made of the log in memory, and begins anew when that is gone.
func Since(tx *store.Tx, seq int64, n int) ([]Event, error) {
	return store.Each(tx, scanEvent, `SELECT seq, picture, kind, actor, detail, at FROM picture_event WHERE seq > $1 ORDER BY seq LIMIT $2`, seq, n)
}

// Mark sets the follower's cursor: it has dealt with every event up to seq. It belongs
// into the transaction of the follower's effect, so that none is skipped or repeated.
func Mark(tx *store.Tx, follower string, seq int64) error {
	_, err := tx.Exec(`INSERT INTO picture_cursor (name, seq) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq`, follower, seq)
	return err
}
