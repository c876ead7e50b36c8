package order

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
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

// reserve gives the name of the job's file, the same on every try. One that a template
// makes of nothing but the picture's id is every picture's own, and needs no row.
func (m *Maker) reserve(ctx context.Context, j Job, r metadata.Record, ext string) (stem string, err error) {
	t := Template(j.Spec.Name)
	if stem = t.stem(j, r, ext); t.own(stem, j) {
		return stem, nil
	}
	v := variant(t, j)
	wish, stem := stem, ""
	err = m.DB.Read(ctx, func(tx *store.Tx) (err error) { stem, err = reserved(tx, j, v); return err })
	if err != nil || stem != "" {
		return stem, err
	}
	err = m.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if stem, err = reserved(tx, j, v); err != nil || stem != "" {
			return err
		}
		var n int
		if stem, n, err = free(tx, j, wish); err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO deliver_name (subscriber, picture, template, stem, ext, folded, wish, number, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			j.Subscriber, j.Picture.ID, v, stem, ext, folded(stem), folded(wish), n, store.Millis(tx.Now))
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

// free gives the wished name, with a number where it is taken, or has another picture's id
// in it and so might be that one's.
func free(tx *store.Tx, j Job, wish string) (stem string, n int, err error) {
	err = tx.QueryRow(`SELECT COALESCE(MAX(number), 0) FROM deliver_name WHERE subscriber = $1 AND wish = $2`, j.Subscriber, folded(wish)).Scan(&n)
	for _, id := range ids.FindAllString(wish, -1) {
		if !strings.EqualFold(id, string(j.Picture.ID)) {
			n = max(n, 1)
		}
	}
	for err == nil {
		n++
		stem = numbered(wish, n)
		var taken int
		err = tx.QueryRow(`SELECT COUNT(*) FROM deliver_name WHERE subscriber = $1 AND folded = $2`, j.Subscriber, folded(stem)).Scan(&taken)
		if taken == 0 {
			break
		}
	}
	return stem, n, err
}

// ids finds what looks like a picture's id.
var ids = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// own reports whether the stem that the template made is of constant text and the
// picture's id only.
func (t Template) own(stem string, j Job) bool {
	if t == "" {
		t = usual
	}
	only := true
	_, err := t.filled(func(name string) (string, error) { only = only && name == "id"; return "", nil })
	return err == nil && only && t.has("id") && strings.Contains(stem[strings.LastIndexByte(stem, '/')+1:], string(j.Picture.ID))
}

// folded is how a name counts where capitals make no difference.
func folded(name string) string { return cases.Fold().String(strings.TrimSpace(name)) }
