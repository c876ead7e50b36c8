package people

import (
	"context"
	"crypto/subtle"

	"oneframe/app/fault"
	"oneframe/app/store"
)

// SetupSecret makes the secret of the link by which a site gets its first admin. It
// is needed, and given, only while there is none. Each call replaces the former's.
func (r *Register) SetupSecret(ctx context.Context) (secret string, needed bool, err error) {
	secret = newSecret()
	err = r.DB.Write(ctx, func(tx *store.Tx) error {
		needed = false
		has, err := hasAdmin(tx)
		if err != nil || has {
			return err
		}
		needed = true
		_, err = tx.Exec(`
			INSERT INTO people_setup (id, digest, created) VALUES (1, $1, $2)
			ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, created = excluded.created`,
			digest(secret), store.Millis(tx.Now))
		return err
	})
	if err != nil || !needed {
		return "", false, err
	}
	return secret, true, nil
}

// Setup makes the first admin, opens a session for it, and uses the link up. Its
// errors: Gone setup_done where there is an admin; Denied bad_setup where the secret is
// not the latest; and those of Add, after which the link still works.
func (r *Register) Setup(ctx context.Context, setupSecret, name, password string) (session string, a Account, err error) {
	// Looked at before the costly hash, and again in the transaction that counts.
	if err := r.DB.Read(ctx, func(tx *store.Tx) error { return checkSetup(tx, setupSecret) }); err != nil {
		return "", Account{}, err
	}
	hash, err := r.prepare(ctx, name, password, Admin)
	if err != nil {
		return "", Account{}, err
	}
	session = newSecret()
	err = r.DB.Write(ctx, func(tx *store.Tx) error {
		if err := checkSetup(tx, setupSecret); err != nil {
			return err
		}
		if a, err = insert(tx, name, hash, Admin); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM people_setup`); err != nil {
			return err
		}
		return open(tx, a.ID, hash, session)
	})
	if err != nil {
		return "", Account{}, err
	}
	return session, a, nil
}

// CheckSetup says whether Setup would take the secret, for the page that asks for the
// name and password. Its errors: Gone setup_done, Denied bad_setup.
func (r *Register) CheckSetup(ctx context.Context, setupSecret string) error {
	return r.DB.Read(ctx, func(tx *store.Tx) error { return checkSetup(tx, setupSecret) })
}

func checkSetup(tx *store.Tx, secret string) error {
	has, err := hasAdmin(tx)
	if err != nil {
		return err
	}
	if has {
		return fault.New(fault.Gone, "setup_done", "The site has its admin already; please log in.")
	}
	bad := fault.New(fault.Denied, "bad_setup",
		"That setup link is not the latest; start the server again to get a new one.")
	var want string
	err = tx.QueryRow(`SELECT digest FROM people_setup WHERE id = 1`).Scan(&want)
	if err = missing(err, bad); err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(digest(secret)), []byte(want)) != 1 {
		return bad
	}
	return nil
}

func hasAdmin(tx *store.Tx) (has bool, err error) {
	var n int
	err = tx.QueryRow(`SELECT COUNT(*) FROM people_account WHERE role = $1 AND disabled = 0`, Admin).Scan(&n)
	return n > 0, err
}
