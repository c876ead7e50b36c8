package people

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"oneframe/app/fault"
	"oneframe/app/store"
)

// SessionLasts is how long a session lasts after it was last used.
const SessionLasts = 30 * 24 * time.Hour

// noted is how far the recorded last use may lag behind the real one, so that a
// request is seldom a write.
const noted = time.Hour

// Login checks a password and opens a session; the secret goes into the person's
// cookie. Its error is that of Authenticate.
func (r *Register) Login(ctx context.Context, name, password string) (secret string, a Account, err error) {
	a, hash, err := r.authenticate(ctx, name, password)
	if err != nil {
		return "", Account{}, err
	}
	secret = newSecret()
	err = r.DB.Write(ctx, func(tx *store.Tx) error { return open(tx, a.ID, hash, secret) })
	if err != nil {
		return "", Account{}, err
	}
	return secret, a, nil
}

// Authenticate checks a password where there is no session to open, as for FTP. Its
// error is Unknown bad_login, after the same work and in the same words whether the
// name, the password or the account's being disabled is the reason.
func (r *Register) Authenticate(ctx context.Context, name, password string) (Account, error) {
	a, _, err := r.authenticate(ctx, name, password)
	return a, err
}

func (r *Register) authenticate(ctx context.Context, name, password string) (a Account, hash string, err error) {
	a, hash, err = r.byName(ctx, name)
	if err != nil {
		return Account{}, "", err
	}
	known := hash != "" && !a.Disabled && len(password) <= maxPassword
	if !known {
		hash = r.hasher.decoy
	}
	fits, err := r.hasher.matches(ctx, hash, password[:min(len(password), maxPassword)])
	if err != nil {
		return Account{}, "", err
	}
	if !known || !fits {
		return Account{}, "", badLogin()
	}
	return a, hash, nil
}

func badLogin() *fault.Error {
	return fault.New(fault.Unknown, "bad_login", "That name and password don't belong together.")
}

// byName gives the account and its password's hash, which is empty where nobody has
// the name.
func (r *Register) byName(ctx context.Context, name string) (a Account, hash string, err error) {
	err = r.DB.Read(ctx, func(tx *store.Tx) error {
		row := tx.QueryRow(`SELECT `+accountColumns+`, a.password FROM people_account a WHERE a.folded = $1`, fold(name))
		return scanAccount(row, &a, &hash)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return Account{}, "", nil
	}
	return a, hash, err
}

// open records a session, unless the account was disabled or its password changed
// since the hash was read.
func open(tx *store.Tx, account, hash, secret string) error {
	n, err := tx.Exec(`
		INSERT INTO people_session (digest, account, created, used)
		SELECT $1, id, $2, $2 FROM people_account WHERE id = $3 AND password = $4 AND disabled = 0`,
		digest(secret), store.Millis(tx.Now), account, hash)
	if err == nil && n == 0 {
		return badLogin()
	}
	return err
}

// BySession gives the account whose session it is, and notes the use, at most once an
// hour; on a full disk the use goes unnoted. Its error: Unknown no_session, where there
// was none or it has ended.
func (r *Register) BySession(ctx context.Context, secret string) (Account, error) {
	var a Account
	var stale bool
	err := r.DB.Read(ctx, func(tx *store.Tx) (err error) {
		a, stale, err = bySession(tx, secret)
		return err
	})
	if err != nil || !stale {
		return a, err
	}
	err = r.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE people_session SET used = $1 WHERE digest = $2 AND used < $1`,
			store.Millis(tx.Now), digest(secret))
		return err
	})
	if fault.Is(err, fault.Full) {
		return a, nil // somebody has to be able to log in and see to the disk
	}
	return a, err
}

func bySession(tx *store.Tx, secret string) (a Account, stale bool, err error) {
	var used int64
	row := tx.QueryRow(`
		SELECT `+accountColumns+`, s.used FROM people_session s JOIN people_account a ON a.id = s.account
		WHERE s.digest = $1 AND s.used > $2 AND a.disabled = 0`,
		digest(secret), store.Millis(tx.Now.Add(-SessionLasts)))
	err = missing(scanAccount(row, &a, &used),
		fault.New(fault.Unknown, "no_session", "Please log in; your session has ended."))
	return a, tx.Now.Sub(store.Time(used)) >= noted, err
}

// Logout ends a session; one that has ended already is no error.
func (r *Register) Logout(ctx context.Context, secret string) error {
	return r.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM people_session WHERE digest = $1`, digest(secret))
		return err
	})
}

// Purge forgets the sessions that have ended by themselves. Nothing depends on when.
func (r *Register) Purge(ctx context.Context) error {
	return r.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM people_session WHERE used <= $1`, store.Millis(tx.Now.Add(-SessionLasts)))
		return err
	})
}
