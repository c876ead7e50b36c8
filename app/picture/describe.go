package picture

import (
	"database/sql"
	"encoding/json"
	"errors"

	"oneframe/app/metadata"
	"oneframe/app/store"
)

// Describe sets what a picture's metadata says, for the search too.
func Describe(tx *store.Tx, id ID, r metadata.Record) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO picture_metadata (picture, record) VALUES ($1, $2) ON CONFLICT (picture) DO UPDATE SET record = excluded.record`, id, string(text))
	if err != nil {
		return err
	}
	return index(tx, id)
}

// Metadata gives what a picture's metadata says; an empty record where nothing is known.
func Metadata(tx *store.Tx, id ID) (r metadata.Record, err error) {
	var text string
	err = tx.QueryRow(`SELECT record FROM picture_metadata WHERE picture = $1`, id).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(text), &r)
}
