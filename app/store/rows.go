package store

import (
	"database/sql"
	"errors"
	"strings"

	"oneframe/app/fault"
)

// Row is what QueryRow found; Scan is called once.
type Row struct {
	row    *sql.Row
	tx     *Tx
	writes bool
}

// QueryRow runs a statement that gives one row; Scan gives sql.ErrNoRows where none came.
// A statement that changes something gives what it changed (RETURNING): where no row
// came, nothing happened, and the commit wakes nobody.
func (tx *Tx) QueryRow(query string, args ...any) *Row {
	return &Row{row: tx.sql.QueryRowContext(tx.ctx, query, args...), tx: tx, writes: writes(query)}
}

// Scan copies the row's columns into what dest points at.
func (r *Row) Scan(dest ...any) error {
	err := r.row.Scan(dest...)
	r.tx.dirty = r.tx.dirty || r.writes && !errors.Is(err, sql.ErrNoRows)
	return err
}

// Query runs a statement that gives rows; the caller closes them. Each is the better
// choice wherever the rows are simply collected, and for what changes something.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	tx.dirty = tx.dirty || writes(query)
	return tx.query(query, args...)
}

func (tx *Tx) query(query string, args ...any) (*sql.Rows, error) {
	rows, err := tx.sql.QueryContext(tx.ctx, query, args...)
	return rows, fault.Disk(err)
}

// Each collects the rows of a query, scanning each into what dest points at. Where a
// statement that changes something gives no row, nothing happened, as for QueryRow.
func Each[T any](tx *Tx, scan func(*sql.Rows, *T) error, query string, args ...any) ([]T, error) {
	rows, err := tx.query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		tx.dirty = tx.dirty || writes(query)
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// writes reports a statement that may change something, and then gives rows of that only.
func writes(query string) bool {
	query = strings.TrimSpace(query)
	if strings.HasPrefix(query, "WITH") {
		return strings.Contains(query, "RETURNING")
	}
	return !strings.HasPrefix(query, "SELECT")
}
