package people

import (
	"context"
	"crypto/rsa"
	"database/sql"
	"strings"
	"time"
	"unicode"

	"golang.org/x/crypto/ssh"

	"oneframe/app/fault"
	"oneframe/app/store"
)

const (
	maxKeys    = 20   // of one account
	minRSA     = 2048 // bits
	maxComment = 80   // characters
)

// Key is an SSH public key that proves who somebody is.
type Key struct {
	Account     string // the account's id
	Fingerprint string // SHA256:… as ssh-keygen -l prints it
	Comment     string // what stood behind it, usually user@machine
	Created     time.Time
}

// AddKey lets the account of that name in by an SSH key, given as one line of an
// authorized_keys or .pub file; a key that it has already is no error. Its errors:
// NotFound no_account; Invalid bad_key or too_many_keys.
func (r *Register) AddKey(ctx context.Context, name, line string) (k Key, err error) {
	public, comment, _, rest, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil || len(strings.TrimSpace(string(rest))) > 0 {
		return k, fault.Wrap(err, fault.Invalid, "bad_key", "That is no SSH public key: paste the one line of a .pub file, as ssh-ed25519 AAAA… name.")
	}
	if err := checkKey(public); err != nil {
		return k, err
	}
	a, hash, err := r.byName(ctx, name)
	if err != nil {
		return k, err
	}
	if hash == "" {
		return k, noAccount()
	}
	k = Key{Account: a.ID, Fingerprint: ssh.FingerprintSHA256(public), Comment: cleanComment(comment)}
	return k, r.DB.Write(ctx, func(tx *store.Tx) error { k.Created = tx.Now; return insertKey(tx, k) })
}

// checkKey refuses the kinds that no longer prove anything, and certificates, whose
// authority nobody has named here.
func checkKey(public ssh.PublicKey) error {
	switch kind := public.Type(); kind {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256:
		return nil
	case ssh.KeyAlgoRSA:
		if n := rsaBits(public); n < minRSA {
			return fault.New(fault.Invalid, "bad_key", "An RSA key must have at least %d bits; this one has %d.", minRSA, n)
		}
		return nil
	default:
		return fault.New(fault.Invalid, "bad_key", "Keys of the type %q aren't taken; make one with ssh-keygen -t ed25519.", kind)
	}
}

func rsaBits(public ssh.PublicKey) int {
	if c, ok := public.(ssh.CryptoPublicKey); ok {
		if k, ok := c.CryptoPublicKey().(*rsa.PublicKey); ok {
			return k.N.BitLen()
		}
	}
	return 0
}

// cleanComment makes the comment fit to be shown.
func cleanComment(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if runes := []rune(s); len(runes) > maxComment {
		s = string(runes[:maxComment])
	}
	return s
}

func insertKey(tx *store.Tx, k Key) error {
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM people_key WHERE account = $1 AND fingerprint <> $2`, k.Account, k.Fingerprint).Scan(&n); err != nil {
		return err
	}
	if n >= maxKeys {
		return fault.New(fault.Invalid, "too_many_keys", "An account has at most %d keys; remove one first.", maxKeys)
	}
	_, err := tx.Exec(`
		INSERT INTO people_key (account, fingerprint, comment, created) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account, fingerprint) DO UPDATE SET comment = excluded.comment`,
		k.Account, k.Fingerprint, k.Comment, store.Millis(k.Created))
	return err
}

// Keys gives an account's keys, the newest first.
func (r *Register) Keys(ctx context.Context, account string) (all []Key, err error) {
	err = r.DB.Read(ctx, func(tx *store.Tx) error {
		all, err = store.Each(tx, scanKey, `
			SELECT account, fingerprint, comment, created FROM people_key
			WHERE account = $1 ORDER BY created DESC, fingerprint`, account)
		return err
	})
	return all, err
}

func scanKey(rows *sql.Rows, k *Key) error {
	var created int64
	err := rows.Scan(&k.Account, &k.Fingerprint, &k.Comment, &created)
	k.Created = store.Time(created)
	return err
}

// RemoveKey takes a key away from an account. Its error: NotFound no_key.
func (r *Register) RemoveKey(ctx context.Context, account, fingerprint string) error {
	return r.DB.Write(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(`DELETE FROM people_key WHERE account = $1 AND fingerprint = $2`, account, fingerprint)
		if err == nil && n == 0 {
			return fault.New(fault.NotFound, "no_key", "There is no such key.")
		}
		return err
	})
}

// ByKey gives the account of that name where the key is one of its own; that the
// caller holds the private half is for the SSH handshake to prove. Its error: Unknown
// bad_login, whatever the reason is.
func (r *Register) ByKey(ctx context.Context, name string, public ssh.PublicKey) (a Account, err error) {
	err = r.DB.Read(ctx, func(tx *store.Tx) error {
		row := tx.QueryRow(`
			SELECT `+accountColumns+` FROM people_key k JOIN people_account a ON a.id = k.account
			WHERE a.folded = $1 AND k.fingerprint = $2 AND a.disabled = 0`, fold(name), ssh.FingerprintSHA256(public))
		return missing(scanAccount(row, &a), badLogin())
	})
	return a, err
}
