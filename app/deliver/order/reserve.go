package order

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/cases"

	"oneframe/app/metadata"
	"oneframe/app/store"
)

// variant is what a name is reserved for, beside subscriber and picture: the template, and
// the version and kind only where it asks for them, so that an update has the name of
// what it replaces.
func variant(t Template, j Job) string {
	v := string(t)
	if t.has("version") {
		v += fmt.Sprintf("|version %d", max(1, j.Version))
	}
	if t.has("kind") {
		v += "|" + j.Kind
	}
	return v
}

// reserve gives the name of the job's file, the same on every try.
func (m *Maker) reserve(ctx context.Context, j Job, r metadata.Record, ext string) (stem string, err error) {
	t := Template(j.Spec.Name)
	v := variant(t, j)
	err = m.DB.Read(ctx, func(tx *store.Tx) (err error) { stem, err = reserved(tx, j, v); return err })
	if err != nil || stem != "" {
		return stem, err
	}
	wish := t.stem(j, r, ext)
	err = m.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if stem, err = reserved(tx, j, v); err != nil || stem != "" {
			return err
		}
		var n int
		if stem, n, err = free(tx, j.Subscriber, wish); err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO deliver_name (subscriber, picture, template, stem, folded, wish, number, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			j.Subscriber, j.Picture.ID, v, stem, folded(stem), folded(wish), n, store.Millis(tx.Now))
		return err
	})
	return stem, err
}

// reserved gives the name that the job's picture has already, "" where it has none.
func reserved(tx *store.Tx, j Job, variant string) (stem string, err error) {
	err = tx.QueryRow(`SELECT stem FROM deliver_name WHERE subscriber = $1 AND picture = $2 AND template = $3`, j.Subscriber, j.Picture.ID, variant).Scan(&stem)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return stem, err
}

// free gives the wished name, with a number where it is taken.
func free(tx *store.Tx, subscriber, wish string) (stem string, n int, err error) {
	err = tx.QueryRow(`SELECT COALESCE(MAX(number), 0) FROM deliver_name WHERE subscriber = $1 AND wish = $2`, subscriber, folded(wish)).Scan(&n)
	for err == nil {
		n++
		stem = numbered(wish, n)
		var taken int
		err = tx.QueryRow(`SELECT COUNT(*) FROM deliver_name WHERE subscriber = $1 AND folded = $2`, subscriber, folded(stem)).Scan(&taken)
		if taken == 0 {
			break
		}
	}
	return stem, n, err
}

// folded is how a name counts where capitals make no difference.
func folded(name string) string { return cases.Fold().String(strings.TrimSpace(name)) }
