package deliver

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"oneframe/app/fault"
	"oneframe/app/seal"
	"oneframe/app/store"
)

func box(t testing.TB) *seal.Box {
	t.Helper()
	b, err := seal.Open(t.TempDir() + "/secret.key")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func secretOf(t *testing.T, tx *store.Tx, b *seal.Box) string {
	t.Helper()
	target, err := Target(tx, b, "a")
	if err != nil {
		t.Fatal(err)
	}
	return target.Secret
}

func TestASecretIsKeptForOnePlaceOnly(t *testing.T) {
	t.Parallel()
	db, b := open(t), box(t)
	set := func(tx *store.Tx, n NewDestination) Destination {
		d, err := SetDestination(tx, b, "a", n)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	write(t, db, func(tx *store.Tx) error {
		const first = "sftp://me@one.example/in"
		d := set(tx, NewDestination{URL: new(first), Secret: "open sesame"})
		if !d.HasSecret || d.Style != "multipart" || !d.MayDelete || string(d.Made) != "{}" {
			t.Errorf("a new one: %+v", d)
		}
		if err := Pin(tx, "a", first, "ssh-ed25519 AAAA"); err != nil {
			t.Error(err)
		}
		if err := Pin(tx, "a", first, "ssh-ed25519 BBBB"); !fault.Has(err, "moved") {
			t.Errorf("a second key: %v", err)
		}
		d = set(tx, NewDestination{URL: new("sftp://me@one.example/other"), Limits: &Limits{PerMinute: 5}})
		if !d.HasSecret || d.HostKey != "ssh-ed25519 AAAA" || secretOf(t, tx, b) != "open sesame" {
			t.Errorf("another folder of the same host: %+v", d)
		}
		for _, other := range []string{"sftp://me@two.example/in", "sftp://me@one.example:2222/in", "ftp://me@one.example/in", "sftp://you@one.example/in"} {
			set(tx, NewDestination{URL: new(first), Secret: "open sesame"})
			if _, err := tx.Exec(`UPDATE deliver_destination SET host_key = 'k'`); err != nil {
				return err
			}
			if d := set(tx, NewDestination{URL: &other}); d.HasSecret || d.HostKey != "" || secretOf(t, tx, b) != "" {
				t.Errorf("%s was given what was another's: %+v", other, d)
			}
			if d := set(tx, NewDestination{URL: new(first)}); d.HasSecret {
				t.Errorf("the forgotten secret is back: %+v", d)
			}
			if d := set(tx, NewDestination{URL: &other, Secret: "new"}); !d.HasSecret || secretOf(t, tx, b) != "new" {
				t.Errorf("%s with a secret of its own: %+v", other, d)
			}
		}
		set(tx, NewDestination{URL: new("s3://bucket/x?endpoint=one.example"), Secret: "s"})
		if d := set(tx, NewDestination{URL: new("s3://bucket/x?endpoint=two.example")}); d.HasSecret {
			t.Error("another endpoint was given the key")
		}
		set(tx, NewDestination{URL: new(first), Secret: "x"})
		if d := set(tx, NewDestination{NoSecret: true}); d.HasSecret {
			t.Errorf("a secret that was taken away: %+v", d)
		}
		return nil
	})
}

// Even somebody who writes into the database can't have the secret sent elsewhere.
func TestAStoredSecretOpensForItsRowAndPlaceOnly(t *testing.T) {
	t.Parallel()
	db, b := open(t), box(t)
	write(t, db, func(tx *store.Tx) error {
		for _, x := range []string{"a", "b"} {
			if _, err := SetDestination(tx, b, x, NewDestination{URL: new("ftp://" + x + "@one.example/"), Secret: "of " + x}); err != nil {
				return err
			}
		}
		var text string
		if err := tx.QueryRow(`SELECT GROUP_CONCAT(secret || url || limits || made || reason, '|') FROM deliver_destination`).Scan(&text); err != nil {
			return err
		}
		if strings.Contains(text, "of a") {
			t.Errorf("the secret lies open: %s", text)
		}
		for _, change := range []string{`secret = (SELECT secret FROM deliver_destination WHERE subscriber = 'b')`, `url = 'ftp://a@evil.example/'`} {
			if _, err := tx.Exec(`UPDATE deliver_destination SET ` + change + ` WHERE subscriber = 'a'`); err != nil {
				return err
			}
			if target, err := Target(tx, b, "a"); !fault.Has(err, "lost_key") || target.Secret != "" {
				t.Errorf("after %s: %q, %v", change, target.Secret, err)
			}
		}
		if _, err := Target(tx, b, "c"); !fault.Has(err, "no_destination") {
			t.Errorf("of nobody: %v", err)
		}
		return nil
	})
}

func TestDestinationsAreChecked(t *testing.T) {
	t.Parallel()
	db, b := open(t), box(t)
	url := func(u string) NewDestination { return NewDestination{URL: &u} }
	secret := func(u, s string) NewDestination { return NewDestination{URL: &u, Secret: s} }
	limits := func(l Limits) NewDestination { return NewDestination{URL: new("ftp://x.example/"), Limits: &l} }
	hours := func(from, until string) NewDestination { return limits(Limits{Hours: []Hours{{from, until}}}) }
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		n    NewDestination
		code string
	}{
		{NewDestination{}, "no_destination"}, {url(" "), "no_destination"}, {url("gopher://x"), "bad_destination"}, {url("ftp://me:pw@x.example"), "bad_destination"},
		{url("%"), "bad_destination"}, {url(" file:///out "), ""}, {url("HTTPS://x.example/hook?a=b"), ""},
		{secret("ftp://x", "a\r\nDELE b"), "bad_secret"}, {secret("https://x.example", "hello"), "bad_secret"}, {secret("file:///x", "y"), "bad_secret"},
		{secret("https://x.example", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), ""}, {secret("s3://b/?endpoint=x", strings.Repeat("x", secretMost+1)), "bad_secret"},
		{secret("sftp://x", string(pem.EncodeToMemory(block))), ""}, {secret("sftp://x", string(pem.EncodeToMemory(locked))), "bad_secret"},
		{NewDestination{URL: new("ftp://x"), Style: new("pigeon")}, "bad_style"}, {NewDestination{URL: new("ftp://x"), Made: json.RawMessage("[]")}, "bad_made"},
		{limits(Limits{PerMinute: -1}), "bad_per_minute"}, {limits(Limits{Connections: 33}), "bad_connections"}, {limits(Limits{BytesPerSecond: 999}), "bad_bytes_per_second"},
		{limits(Limits{PerDay: -5}), "bad_per_day"}, {limits(Limits{Zone: "Mars/Base"}), "bad_zone"}, {limits(Limits{Zone: "Local"}), "bad_zone"},
		{limits(Limits{Zone: "../x"}), "bad_zone"}, {limits(Limits{Zone: "Asia/Tokyo", Connections: 32, BytesPerSecond: 1000}), ""},
		{hours("8:00", "09:00"), "bad_hours"}, {hours("24:00", "09:00"), "bad_hours"}, {hours("", "09:00"), "bad_hours"}, {hours("08:00", "08:00"), "bad_hours"},
		{hours("22:00", "06:00"), ""}, {limits(Limits{Hours: make([]Hours, 13)}), "bad_hours"},
	} {
		err := db.Write(t.Context(), func(tx *store.Tx) error { _, err := SetDestination(tx, b, store.NewID(), x.n); return err })
		if x.code == "" && err != nil || x.code != "" && !fault.Has(err, x.code) {
			t.Errorf("%+v: %v, not %q", x.n, err, x.code)
		}
		if err != nil && x.n.Secret != "" && strings.Contains(fmt.Sprintf("%+v", err), x.n.Secret) {
			t.Errorf("the secret stands in the error: %v", err)
		}
	}
}

func TestADestinationThatFailedIsOpenedByAChange(t *testing.T) {
	t.Parallel()
	db, b := open(t), box(t)
	write(t, db, func(tx *store.Tx) error {
		if _, err := SetDestination(tx, b, "a", NewDestination{URL: new("ftp://x.example/")}); err != nil {
			return err
		}
		failed := func(want bool, reason string) {
			t.Helper()
			d, found, err := GetDestination(tx, "a")
			if err != nil || !found || d.Failed != want || d.Reason != reason || d.Failed == d.FailedAt.IsZero() {
				t.Errorf("%+v, %v", d, err)
			}
		}
		for i, mend := range []func() error{
			func() error { _, err := OpenDestination(tx, "a"); return err },
			func() error { _, err := SetDestination(tx, b, "a", NewDestination{Secret: "right"}); return err },
			func() error {
				_, err := SetDestination(tx, b, "a", NewDestination{URL: new("ftp://y.example/")})
				return err
			},
		} {
			if changed, err := FailDestination(tx, "a", "The login was refused."); err != nil || !changed {
				t.Errorf("%d: %v, %v", i, changed, err)
			}
			if changed, err := FailDestination(tx, "a", "Again."); err != nil || changed {
				t.Errorf("%d: failed twice: %v, %v", i, changed, err)
			}
			if _, err := SetDestination(tx, b, "a", NewDestination{Limits: &Limits{PerDay: i + 1}}); err != nil {
				return err
			}
			failed(true, "The login was refused.")
			if err := mend(); err != nil {
				return err
			}
			failed(false, "")
		}
		all, err := Destinations(tx)
		if len(all) != 1 || all["a"].Limits.PerDay != 3 {
			t.Errorf("%+v", all)
		}
		return err
	})
}
