package ingest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"

	"golang.org/x/text/unicode/norm"

	"oneframe/app/fault"
	"oneframe/app/store"
)

// Assignment says how an account's photographs are held: against which profile, and
// whether they are accepted at once.
type Assignment struct {
	Account string
	Profile string // id; "" is the default
	Trusted bool
}

// Profiles gives the default profile and then the others by name.
func (d *Door) Profiles(tx *store.Tx) ([]Profile, error) {
	others, err := store.Each(tx, func(r *sql.Rows, p *Profile) error { return scanProfile(r, p) },
		`SELECT id, name, rules FROM ingest_profile ORDER BY folded`)
	return append([]Profile{d.defaultProfile()}, others...), err
}

// Profile gives one; "" is the default. NotFound no_profile.
func (d *Door) Profile(tx *store.Tx, id string) (p Profile, err error) {
	if id == "" {
		return d.defaultProfile(), nil
	}
	err = scanProfile(tx.QueryRow(`SELECT id, name, rules FROM ingest_profile WHERE id = $1`, id), &p)
	if errors.Is(err, sql.ErrNoRows) {
		return p, fault.New(fault.NotFound, "no_profile", "There is no such profile.")
	}
	return p, err
}

func (d *Door) defaultProfile() Profile { return Profile{Name: "default", Rules: d.Default} }

func scanProfile(row interface{ Scan(...any) error }, p *Profile) error {
	var rules string
	if err := row.Scan(&p.ID, &p.Name, &rules); err != nil {
		return err
	}
	return json.Unmarshal([]byte(rules), &p.Rules)
}

// SaveProfile makes a profile, or changes the one with the id. Its errors: Invalid
// bad_profile or bad_name, Conflict name_taken, NotFound no_profile.
func (d *Door) SaveProfile(ctx context.Context, p Profile) (Profile, error) {
	if err := p.Check(); err != nil {
		return p, err
	}
	p.Name = cleanName(p.Name)
	folded := strings.ToLower(norm.NFC.String(p.Name))
	if folded == "" || folded == "default" {
		return p, fault.New(fault.Invalid, "bad_name", "A profile needs a name of its own.")
	}
	rules, err := json.Marshal(p.Rules)
	if err != nil {
		return p, err
	}
	return p, d.DB.Write(ctx, func(tx *store.Tx) error {
		var taken int
		if err := tx.QueryRow(`SELECT COUNT(*) FROM ingest_profile WHERE folded = $1 AND id <> $2`, folded, p.ID).Scan(&taken); err != nil {
			return err
		}
		if taken > 0 {
			return fault.New(fault.Conflict, "name_taken", "Another profile has that name.")
		}
		if p.ID == "" {
			p.ID = store.NewID()
			_, err := tx.Exec(`INSERT INTO ingest_profile (id, name, folded, rules, changed_at) VALUES ($1, $2, $3, $4, $5)`, p.ID, p.Name, folded, string(rules), store.Millis(tx.Now))
			return err
		}
		n, err := tx.Exec(`UPDATE ingest_profile SET name = $1, folded = $2, rules = $3, changed_at = $4 WHERE id = $5`, p.Name, folded, string(rules), store.Millis(tx.Now), p.ID)
		if err == nil && n == 0 {
			return fault.New(fault.NotFound, "no_profile", "There is no such profile.")
		}
		return err
	})
}

// RemoveProfile takes a profile away; accounts that had it have the default from then on.
func (d *Door) RemoveProfile(ctx context.Context, id string) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(`UPDATE ingest_account SET profile = '' WHERE profile = $1`, id); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM ingest_profile WHERE id = $1`, id)
		return err
	})
}

// Assign sets how an account's photographs are held. NotFound no_profile.
func (d *Door) Assign(ctx context.Context, a Assignment) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := d.Profile(tx, a.Profile); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO ingest_account (account, profile, trusted) VALUES ($1, $2, $3)
			ON CONFLICT (account) DO UPDATE SET profile = excluded.profile, trusted = excluded.trusted`, a.Account, a.Profile, flag(a.Trusted))
		return err
	})
}

// Assigned gives how an account's photographs are held: as the config says for those
// that nobody assigned.
func (d *Door) Assigned(tx *store.Tx, account string) (Assignment, error) {
	a := Assignment{Account: account}
	err := tx.QueryRow(`SELECT profile, trusted FROM ingest_account WHERE account = $1`, account).Scan(&a.Profile, &a.Trusted)
	if errors.Is(err, sql.ErrNoRows) {
		a.Trusted = d.Trust
		return a, nil
	}
	return a, err
}

// flag is a truth as the tables keep it.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
