package people

import (
	"context"
	"database/sql"
	"time"

	"oneframe/app/fault"
	"oneframe/app/store"
)

// tokenPrefix lets a person, and a scanner for leaked secrets, see what a token is.
const tokenPrefix = "of_"

// hintBytes is how much of a token is kept in the clear: the prefix and 24 of its 256 bits.
const hintBytes = len(tokenPrefix) + 4

// Token is an API token as it can be shown: never the secret.
type Token struct {
	ID      string
	Account string // the account's id
	Hint    string // the secret's first characters
	Created time.Time
	Used    time.Time // the last use, to the hour; zero before the first
}

// AddToken makes an API token for the account of that name; the secret is shown this
// once. An account may have several. Its errors: NotFound no_account; Conflict
// account_disabled.
func (r *Register) AddToken(ctx context.Context, name string) (secret string, err error) {
	a, hash, err := r.byName(ctx, name)
	if err != nil {
		return "", err
	}
	if hash == "" {
		return "", noAccount()
	}
	secret = tokenPrefix + newSecret()
	err = r.DB.Write(ctx, func(tx *store.Tx) error { return insertToken(tx, a.ID, secret) })
	if err != nil {
		return "", err
	}
	return secret, nil
}

func insertToken(tx *store.Tx, account, secret string) error {
	n, err := tx.Exec(`
		INSERT INTO people_token (id, digest, hint, account, created, used)
		SELECT $1, $2, $3, id, $4, 0 FROM people_account WHERE id = $5 AND disabled = 0`,
		store.NewID(), digest(secret), secret[:hintBytes], store.Millis(tx.Now), account)
	if err == nil && n == 0 {
		return fault.New(fault.Conflict, "account_disabled", "The account is disabled; enable it first.")
	}
	return err
}

// ByToken gives the account whose token it is, and notes the use, at most once an hour;
// on a full disk the use goes unnoted. Its error: Unknown bad_token.
func (r *Register) ByToken(ctx context.Context, secret string) (Account, error) {
	var a Account
	var stale bool
	err := r.DB.Read(ctx, func(tx *store.Tx) (err error) {
		a, stale, err = byToken(tx, secret)
		return err
	})
	if err != nil || !stale {
		return a, err
	}
	err = r.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE people_token SET used = $1 WHERE digest = $2 AND used < $1`,
			store.Millis(tx.Now), digest(secret))
		return err
	})
	if fault.Is(err, fault.Full) {
		return a, nil // reading must go on while the disk is full
	}
	return a, err
}

func byToken(tx *store.Tx, secret string) (a Account, stale bool, err error) {
	var used int64
	row := tx.QueryRow(`
		SELECT `+accountColumns+`, t.used FROM people_token t JOIN people_account a ON a.id = t.account
		WHERE t.digest = $1 AND a.disabled = 0`, digest(secret))
	err = missing(scanAccount(row, &a, &used),
		fault.New(fault.Unknown, "bad_token", "That API token is not valid, or no longer."))
	return a, tx.Now.Sub(time.UnixMilli(used)) >= noted, err
}

// Tokens gives an account's tokens, the newest first.
func (r *Register) Tokens(ctx context.Context, account string) (all []Token, err error) {
	err = r.DB.Read(ctx, func(tx *store.Tx) error {
		all, err = store.Each(tx, scanToken, `
			SELECT id, account, hint, created, used FROM people_token
			WHERE account = $1 ORDER BY created DESC, id DESC`, account)
		return err
	})
	return all, err
}

func scanToken(rows *sql.Rows, t *Token) error {
	var created, used int64
	if err := rows.Scan(&t.ID, &t.Account, &t.Hint, &created, &used); err != nil {
		return err
	}
	t.Created, t.Used = store.Time(created), store.Time(used)
	return nil
}

// RevokeToken ends a token by its id. Its error: NotFound no_token.
func (r *Register) RevokeToken(ctx context.Context, id string) error {
	return r.DB.Write(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(`DELETE FROM people_token WHERE id = $1`, id)
		if err == nil && n == 0 {
			return fault.New(fault.NotFound, "no_token", "There is no such token.")
		}
		return err
	})
}
