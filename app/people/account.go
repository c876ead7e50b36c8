package people

import (
	"context"
	"database/sql"
	"slices"

	"oneframe/app/fault"
	"oneframe/app/store"
)

// Add makes an account. Its errors: Invalid bad_name, bad_role, weak_password or
// long_password; Conflict name_taken.
func (r *Register) Add(ctx context.Context, name, password string, role Role) (Account, error) {
	hash, err := r.prepare(ctx, name, password, role)
	if err != nil {
		return Account{}, err
	}
	var a Account
	err = r.DB.Write(ctx, func(tx *store.Tx) (err error) {
		a, err = insert(tx, name, hash, role)
		return err
	})
	return a, err
}

// prepare checks what a new account is made of and hashes its password.
func (r *Register) prepare(ctx context.Context, name, password string, role Role) (hash string, err error) {
	if !slices.Contains(Roles(), role) {
		return "", fault.New(fault.Invalid, "bad_role",
			"The role must be admin, moderator, judge, photographer or subscriber.")
	}
	if err := checkName(name); err != nil {
		return "", err
	}
	if err := checkPassword(name, password); err != nil {
		return "", err
	}
	return r.hasher.hash(ctx, password)
}

func insert(tx *store.Tx, name, hash string, role Role) (Account, error) {
	a := Account{ID: store.NewID(), Name: name, Role: role, Created: tx.Now}
	n, err := tx.Exec(`
		INSERT INTO people_account (id, name, folded, role, password, created)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (folded) DO NOTHING`,
		a.ID, a.Name, fold(a.Name), a.Role, hash, store.Millis(a.Created))
	if err != nil {
		return Account{}, err
	}
	if n == 0 {
		return Account{}, fault.New(fault.Conflict, "name_taken", "Somebody else has that name; please choose another.")
	}
	return a, nil
}

// Get gives one account. Its error: NotFound no_account.
func (r *Register) Get(ctx context.Context, id string) (a Account, err error) {
	err = r.DB.Read(ctx, func(tx *store.Tx) error {
		a, err = get(tx, id)
		return err
	})
	return a, err
}

func get(tx *store.Tx, id string) (a Account, err error) {
	row := tx.QueryRow(`SELECT `+accountColumns+` FROM people_account a WHERE a.id = $1`, id)
	err = missing(scanAccount(row, &a), noAccount())
	return a, err
}

// List gives every account, disabled ones too, by name.
func (r *Register) List(ctx context.Context) (all []Account, err error) {
	err = r.DB.Read(ctx, func(tx *store.Tx) error {
		all, err = store.Each(tx, func(rows *sql.Rows, a *Account) error { return scanAccount(rows, a) },
			`SELECT `+accountColumns+` FROM people_account a ORDER BY a.folded`)
		return err
	})
	return all, err
}

// Change is what to change of an account; what is nil stays.
type Change struct {
	Role     *Role
	Password *string
	Disabled *bool
}

// Change changes an account. A new password ends its sessions; disabling it ends its
// sessions and its tokens, for good. Its errors: NotFound no_account; Invalid bad_role,
// weak_password or long_password; Conflict last_admin where no admin would be left.
func (r *Register) Change(ctx context.Context, id string, c Change) error {
	a, err := r.Get(ctx, id)
	if err != nil {
		return err
	}
	if c.Role != nil && !slices.Contains(Roles(), *c.Role) {
		return fault.New(fault.Invalid, "bad_role",
			"The role must be admin, moderator, judge, photographer or subscriber.")
	}
	hash := ""
	if c.Password != nil {
		if err := checkPassword(a.Name, *c.Password); err != nil {
			return err
		}
		if hash, err = r.hasher.hash(ctx, *c.Password); err != nil {
			return err
		}
	}
	return r.DB.Write(ctx, func(tx *store.Tx) error { return change(tx, id, c, hash) })
}

// change does it; hash is the new password's, or empty.
func change(tx *store.Tx, id string, c Change, hash string) error {
	was, err := get(tx, id)
	if err != nil {
		return err
	}
	is := was
	if c.Role != nil {
		is.Role = *c.Role
	}
	if c.Disabled != nil {
		is.Disabled = *c.Disabled
	}
	if was.Can(Admin) && !is.Can(Admin) {
		if err := needOther(tx, id); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`
		UPDATE people_account SET role = $1, disabled = $2, password = CASE WHEN $3 = '' THEN password ELSE $3 END
		WHERE id = $4`, is.Role, flag(is.Disabled), hash, id); err != nil {
		return err
	}
	return endAccess(tx, id, hash != "" || is.Disabled, is.Disabled)
}

// needOther fails where the account is the only one left that can admin.
func needOther(tx *store.Tx, id string) error {
	var others int
	err := tx.QueryRow(`SELECT COUNT(*) FROM people_account WHERE role = $1 AND disabled = 0 AND id <> $2`,
		Admin, id).Scan(&others)
	if err == nil && others == 0 {
		return fault.New(fault.Conflict, "last_admin", "This is the site's last admin; make another one first.")
	}
	return err
}

func endAccess(tx *store.Tx, id string, sessions, tokens bool) error {
	if sessions {
		if _, err := tx.Exec(`DELETE FROM people_session WHERE account = $1`, id); err != nil {
			return err
		}
	}
	if tokens {
		if _, err := tx.Exec(`DELETE FROM people_token WHERE account = $1`, id); err != nil {
			return err
		}
	}
	return nil
}

// flag is a truth as the tables keep it.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
