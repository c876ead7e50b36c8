package ftp

import (
	"database/sql"
	"errors"
	"strings"
	"time"

	"oneframe/app/store"
)

// state is where a file of a photographer's folder stands; see the package comment.
type state string

const (
	part     state = "part"
	held     state = "held"
	taken    state = "taken"
	refused  state = "refused"
	isFolder state = "folder"
)

// row is a file, or a folder, of an account.
type row struct {
	id, account, path string
	state             state
	size              int64
	modified, changed time.Time
	picture           string
	reasons           []string
}

const rowColumns = `id, account, path, state, size, modified, changed, picture, reasons`

func scanRow(s interface{ Scan(...any) error }, r *row) error {
	var modified, changed int64
	var reasons string
	if err := s.Scan(&r.id, &r.account, &r.path, &r.state, &r.size, &modified, &changed, &r.picture, &reasons); err != nil {
		return err
	}
	r.modified, r.changed = store.Time(modified), store.Time(changed)
	if reasons != "" {
		r.reasons = strings.Split(reasons, "\n")
	}
	return nil
}

// find gives the row of a path; its state is "" where there is none.
func find(tx *store.Tx, account, path string) (r row, err error) {
	err = scanRow(tx.QueryRow(`SELECT `+rowColumns+` FROM ftp_file WHERE account = $1 AND path = $2`, account, path), &r)
	if errors.Is(err, sql.ErrNoRows) {
		return row{account: account, path: path}, nil
	}
	return r, err
}

// maxListed bounds what a folder shows; the oldest are left out.
const maxListed = 5000

// rowsOf gives the account's rows, the latest first.
func rowsOf(tx *store.Tx, account string) ([]row, error) {
	return store.Each(tx, func(rows *sql.Rows, r *row) error { return scanRow(rows, r) },
		`SELECT `+rowColumns+` FROM ftp_file WHERE account = $1 ORDER BY changed DESC LIMIT $2`, account, maxListed)
}

// put writes the row, in place of what has its path.
func put(tx *store.Tx, r row) error {
	reasons := make([]string, len(r.reasons))
	for i, s := range r.reasons {
		reasons[i] = strings.Join(strings.Fields(s), " ")
	}
	_, err := tx.Exec(`
		INSERT INTO ftp_file (`+rowColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (account, path) DO UPDATE SET id = excluded.id, state = excluded.state, size = excluded.size,
			modified = excluded.modified, changed = excluded.changed, picture = excluded.picture, reasons = excluded.reasons`,
		r.id, r.account, r.path, r.state, r.size, store.Millis(r.modified), store.Millis(tx.Now), r.picture, strings.Join(reasons, "\n"))
	return err
}

func drop(tx *store.Tx, account, path string) error {
	_, err := tx.Exec(`DELETE FROM ftp_file WHERE account = $1 AND path = $2`, account, path)
	return err
}

// spooled is how many bytes of an account's files are not taken yet; sent, how many came
// since the instant.
func spooled(tx *store.Tx, account string) (n int64, err error) {
	err = tx.QueryRow(`SELECT COALESCE(SUM(size), 0) FROM ftp_file WHERE account = $1 AND state IN ('part', 'held')`, account).Scan(&n)
	return n, err
}

func sent(tx *store.Tx, account string, since time.Time) (n int64, err error) {
	err = tx.QueryRow(`SELECT COALESCE(SUM(size), 0) FROM ftp_file WHERE account = $1 AND changed >= $2`, account, store.Millis(since)).Scan(&n)
	return n, err
}

// older gives rows whose state was set before the instant, some of them at a time.
func older(tx *store.Tx, before time.Time) ([]row, error) {
	return store.Each(tx, func(rows *sql.Rows, r *row) error { return scanRow(rows, r) },
		`SELECT `+rowColumns+` FROM ftp_file WHERE changed < $1 ORDER BY changed LIMIT 500`, store.Millis(before))
}

// named reports whether a row names the file of the spool.
func named(tx *store.Tx, id string) (yes bool, err error) {
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM ftp_file WHERE id = $1)`, id).Scan(&yes)
	return yes, err
}

func stamp(tx *store.Tx, r row, modified time.Time) error {
	_, err := tx.Exec(`UPDATE ftp_file SET modified = $1 WHERE account = $2 AND path = $3`, store.Millis(modified), r.account, r.path)
	return err
}
