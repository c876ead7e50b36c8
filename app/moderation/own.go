package moderation

import (
	"database/sql"
	"slices"

	"oneframe/app/store"
)

// same gives the judge and whom else they are: an account and the browsers that it was
// used in are one person.
func same(tx *store.Tx, j Judge) ([]Judge, error) {
	others, err := store.Each(tx, func(r *sql.Rows, v *Judge) error { return r.Scan(v) },
		`SELECT other FROM moderation_alias WHERE judge = $1`, j)
	return append(others, j), err
}

// own reports whether a person who judges under these ids sent the frame: by the
// account, or without one as the sender.
func own(same []Judge, account string, sender Judge) bool {
	return account != "" && slices.Contains(same, ByAccount(account)) || sender != "" && slices.Contains(same, sender)
}
