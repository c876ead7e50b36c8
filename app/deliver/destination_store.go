package deliver

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"oneframe/app/deliver/order"
	"oneframe/app/deliver/send"
	"oneframe/app/fault"
	"oneframe/app/seal"
	"oneframe/app/store"
	"oneframe/app/webhook"
)

// secretMost is how long a secret may be: a private key of RSA 8192 fits.
const secretMost = 16 << 10

// NewDestination is what somebody wants changed of a destination; what is nil or "" stays
// as it is.
type NewDestination struct {
	URL       *string
	Secret    string // a new one
	NoSecret  bool   // forget the kept one
	NoHostKey bool   // forget the pinned key: the server has a new one
	Style     *string
	MayDelete *bool
	Made      json.RawMessage
	Limits    *Limits
}

// Empty reports whether nothing would be changed.
func (n NewDestination) Empty() bool {
	return n.URL == nil && n.Secret == "" && !n.NoSecret && !n.NoHostKey && n.Style == nil && n.MayDelete == nil && n.Made == nil && n.Limits == nil
}

// SetDestination says where a subscriber's pictures go, or changes it. A secret and a
// pinned host key stay with the place they were given for: where the protocol, host, port
// or user is another one, they are forgotten, so that they are never sent to somebody
// else. A change of address or secret opens a destination that had failed. Whether the
// site may send there at all is for send.CheckURL to say, before. Its errors are Invalid:
// no_destination, bad_destination, bad_secret, bad_style, bad_made, and those of Limits.
func SetDestination(tx *store.Tx, box *seal.Box, subscriber string, n NewDestination) (d Destination, err error) {
	was, kept, found, err := destination(tx, subscriber)
	if err != nil {
		return d, err
	}
	d = was
	if !found {
		d = Destination{Subscriber: subscriber, Style: "multipart", MayDelete: true, Made: json.RawMessage("{}")}
	}
	if err := n.lay(&d); err != nil {
		return d, err
	}
	u, err := readURL(d.URL)
	if err != nil {
		return d, err
	}
	d.URL = u.String()
	moved := !found || place(d.URL) != place(was.URL)
	if moved || n.NoSecret {
		kept = ""
	}
	if moved || n.NoHostKey {
		d.HostKey = ""
	}
	if n.Secret != "" {
		if err := checkSecret(u.Scheme, n.Secret); err != nil {
			return d, err
		}
		kept = box.Seal(purpose(d), n.Secret)
	}
	if d.URL != was.URL || n.Secret != "" || n.NoHostKey {
		d.Failed, d.Reason, d.FailedAt = false, "", time.Time{}
	}
	d.HasSecret, d.Changed = kept != "", tx.Now
	return d, d.keep(tx, kept)
}

// lay puts the changes over what was.
func (n NewDestination) lay(d *Destination) error {
	if n.URL != nil {
		d.URL = *n.URL
	}
	if n.Style != nil {
		d.Style = *n.Style
	}
	if n.MayDelete != nil {
		d.MayDelete = *n.MayDelete
	}
	if n.Made != nil {
		d.Made = n.Made
	}
	if n.Limits != nil {
		d.Limits = *n.Limits
	}
	if d.Style != "multipart" && d.Style != "link" {
		return fault.New(fault.Invalid, "bad_style", "The style is multipart, which brings the picture, or link, which brings an address to fetch it at; not %q.", d.Style)
	}
	if _, err := order.ParseSpec(d.Made); err != nil {
		return err
	}
	return d.Limits.check()
}

func (d Destination) keep(tx *store.Tx, sealed string) error {
	limits, err := json.Marshal(d.Limits)
	if err != nil {
		return err
	}
	state := "open"
	if d.Failed {
		state = "failed"
	}
	_, err = tx.Exec(`INSERT INTO deliver_destination (subscriber, url, secret, host_key, style, may_delete, made, limits, state, reason, failed_at, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (subscriber) DO UPDATE SET url = excluded.url, secret = excluded.secret, host_key = excluded.host_key, style = excluded.style,
			may_delete = excluded.may_delete, made = excluded.made, limits = excluded.limits, state = excluded.state, reason = excluded.reason,
			failed_at = excluded.failed_at, changed_at = excluded.changed_at`,
		d.Subscriber, d.URL, sealed, d.HostKey, d.Style, d.MayDelete, string(d.Made), string(limits), state, d.Reason, store.Millis(d.FailedAt), store.Millis(d.Changed))
	return err
}

// GetDestination gives a subscriber's destination, without its secret; false where it has
// none.
func GetDestination(tx *store.Tx, subscriber string) (d Destination, found bool, err error) {
	d, _, found, err = destination(tx, subscriber)
	return d, found, err
}

// Destinations gives all of them by subscriber.
func Destinations(tx *store.Tx) (map[string]Destination, error) {
	all, err := store.Each(tx, func(r *sql.Rows, d *Destination) error { return scanDestination(r, d, new(string)) },
		`SELECT `+destinationColumns+` FROM deliver_destination`)
	by := make(map[string]Destination, len(all))
	for _, d := range all {
		by[d.Subscriber] = d
	}
	return by, err
}

// Target gives the destination as a sender needs it, with its secret: nothing else gives
// that away. Pin is left to the caller. Its errors are NotFound no_destination, and
// Internal lost_key, where the key file is another one than when the secret was stored.
func Target(tx *store.Tx, box *seal.Box, subscriber string) (t send.Target, err error) {
	d, sealed, found, err := destination(tx, subscriber)
	if err != nil {
		return t, err
	}
	if !found {
		return t, fault.New(fault.NotFound, "no_destination", "The subscriber has no destination yet.")
	}
	t = send.Target{Style: d.Style, HostKey: d.HostKey}
	if t.URL, err = url.Parse(d.URL); err != nil {
		return t, err
	}
	t.Secret, err = box.Unseal(purpose(d), sealed)
	return t, err
}

// Pin keeps the host key that a server showed at the first use of the address. Its error
// is Conflict moved, where the address is another one by now, or has a key already.
func Pin(tx *store.Tx, subscriber, address, hostKey string) error {
	n, err := tx.Exec(`UPDATE deliver_destination SET host_key = $1 WHERE subscriber = $2 AND url = $3 AND host_key IN ('', $1)`, hostKey, subscriber, address)
	if err == nil && n == 0 {
		return fault.New(fault.Conflict, "moved", "The destination was changed meanwhile.")
	}
	return err
}

// FailDestination stops everything that would go to the subscriber, with the reason, until
// somebody opens it again. It reports whether it was open.
func FailDestination(tx *store.Tx, subscriber, reason string) (changed bool, err error) {
	n, err := tx.Exec(`UPDATE deliver_destination SET state = 'failed', reason = $1, failed_at = $2 WHERE subscriber = $3 AND state = 'open'`,
		reason, store.Millis(tx.Now), subscriber)
	return n > 0, err
}

// OpenDestination lets pictures go to the subscriber again. It reports whether it had
// failed.
func OpenDestination(tx *store.Tx, subscriber string) (changed bool, err error) {
	n, err := tx.Exec(`UPDATE deliver_destination SET state = 'open', reason = '', failed_at = 0 WHERE subscriber = $1 AND state = 'failed'`, subscriber)
	return n > 0, err
}

const destinationColumns = `subscriber, url, secret, host_key, style, may_delete, made, limits, state, reason, failed_at, changed_at`

func scanDestination(row interface{ Scan(...any) error }, d *Destination, sealed *string) error {
	var failed, changed int64
	var made, limits, state string
	err := row.Scan(&d.Subscriber, &d.URL, sealed, &d.HostKey, &d.Style, &d.MayDelete, &made, &limits, &state, &d.Reason, &failed, &changed)
	if err != nil {
		return err
	}
	d.HasSecret, d.Failed, d.Made = *sealed != "", state == "failed", json.RawMessage(made)
	d.FailedAt, d.Changed = store.Time(failed), store.Time(changed)
	return json.Unmarshal([]byte(limits), &d.Limits)
}

func destination(tx *store.Tx, subscriber string) (d Destination, sealed string, found bool, err error) {
	err = scanDestination(tx.QueryRow(`SELECT `+destinationColumns+` FROM deliver_destination WHERE subscriber = $1`, subscriber), &d, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return d, "", false, nil
	}
	return d, sealed, err == nil, err
}

// purpose names the row and the place that a secret is for: it opens nowhere else.
func purpose(d Destination) string {
	return "deliver_destination " + d.Subscriber + " " + place(d.URL)
}

// place is what a secret is given for: the protocol, the host with its port, the user and,
// of S3, the endpoint.
func place(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return fmt.Sprintf("%s %s %s %s", u.Scheme, strings.ToLower(u.Host), u.User.Username(), u.Query().Get("endpoint"))
}

// readURL reads an address without a password, of a protocol that there is a sender for.
func readURL(text string) (*url.URL, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, fault.New(fault.Invalid, "no_destination", "Please give the address that the pictures go to.")
	}
	u, err := url.Parse(text)
	if err != nil || len(text) > 2000 {
		return nil, fault.New(fault.Invalid, "bad_destination", "An address is like sftp://user@example.org/pictures.")
	}
	if _, has := u.User.Password(); has {
		return nil, fault.New(fault.Invalid, "bad_destination", "Please leave the password out of the address, and give it as the secret.")
	}
	switch u.Scheme {
	case "https", "http", "ftp", "ftps", "ftpes", "sftp", "s3", "file":
		return u, nil
	}
	return nil, fault.New(fault.Invalid, "bad_destination", "An address begins with https://, ftp://, ftps://, ftpes://, sftp://, s3:// or file://.")
}

// checkSecret says of a new secret at once what its first use would.
func checkSecret(scheme, secret string) error {
	bad := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "bad_secret", format, args...)
	}
	key := scheme == "sftp" && strings.HasPrefix(strings.TrimSpace(secret), "-----BEGIN")
	switch {
	case len(secret) > secretMost:
		return bad("The secret has at most %d bytes.", secretMost)
	case scheme == "file":
		return bad("A folder needs no secret.")
	case scheme == "http" || scheme == "https":
		if _, err := webhook.ParseSecret(secret); err != nil {
			return bad("The signing secret is like whsec_ and 24 to 64 bytes in base64.")
		}
	case key:
		if _, err := ssh.ParsePrivateKey([]byte(secret)); err != nil {
			return bad("The private key can't be read. It must be a PEM file without a passphrase.")
		}
	case strings.ContainsFunc(secret, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return bad("The secret has a character that isn't text.")
	}
	return nil
}

// NewSigningSecret makes a secret for the webhooks of a subscriber.
func NewSigningSecret() string { return webhook.NewSecret().Reveal() }

// Fingerprint is the SHA-256 of the pinned host key as ssh-keygen shows it, "" where none
// is pinned.
func (d Destination) Fingerprint() string {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(d.HostKey))
	if err != nil {
		return ""
	}
	return key.Type() + " " + ssh.FingerprintSHA256(key)
}
