package people

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"oneframe/app/fault"
)

// newKey gives a fresh public key and its line of a .pub file.
func newKey(t *testing.T, comment string) (ssh.PublicKey, string) {
	t.Helper()
	raw, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return publicKey(t, raw, comment)
}

func publicKey(t *testing.T, raw any, comment string) (ssh.PublicKey, string) {
	t.Helper()
	public, err := ssh.NewPublicKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	return public, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public))) + " " + comment + "\n"
}

func TestAKeyOpensItsOwnAccountOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, bob := s.add("ada", Photographer), s.add("bob", Photographer)
	public, line := newKey(t, "ada@home")
	k, err := s.AddKey(s.ctx, "ADA", line)
	if err != nil || k.Account != ada.ID || k.Comment != "ada@home" || k.Fingerprint != ssh.FingerprintSHA256(public) {
		t.Fatalf("%+v, %v", k, err)
	}
	if _, err := s.AddKey(s.ctx, "ada", line); err != nil {
		t.Errorf("the same key again: %v", err)
	}
	if all, err := s.Keys(s.ctx, ada.ID); err != nil || len(all) != 1 || all[0] != k {
		t.Errorf("%+v, %v", all, err)
	}
	if a, err := s.ByKey(s.ctx, "Ada", public); err != nil || a.ID != ada.ID {
		t.Errorf("%+v, %v", a, err)
	}
	other, _ := newKey(t, "")
	for name, key := range map[string]ssh.PublicKey{"bob": public, "ada": other, "nobody": public} {
		_, err := s.ByKey(s.ctx, name, key)
		wantCode(t, err, fault.Unknown, "bad_login")
	}
	wantCode(t, s.RemoveKey(s.ctx, bob.ID, k.Fingerprint), fault.NotFound, "no_key")
	yes, no := true, false
	for _, disabled := range []*bool{&yes, &no} {
		if err := s.Change(s.ctx, ada.ID, Change{Disabled: disabled}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ByKey(s.ctx, "ada", public); (err != nil) != *disabled {
			t.Errorf("disabled %v: %v", *disabled, err)
		}
	}
	if err := s.RemoveKey(s.ctx, ada.ID, k.Fingerprint); err != nil {
		t.Fatal(err)
	}
	_, err = s.ByKey(s.ctx, "ada", public)
	wantCode(t, err, fault.Unknown, "bad_login")
}

func TestKeysThatAreNotTaken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.add("ada", Photographer)
	_, good := newKey(t, "x")
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	_, small := publicKey(t, &weak.PublicKey, "")
	for _, line := range []string{"", "hello", "ssh-ed25519 AAAA x", good + good, small, "ssh-dss " + strings.Fields(good)[1]} {
		_, err := s.AddKey(s.ctx, "ada", line)
		wantCode(t, err, fault.Invalid, "bad_key")
	}
	_, err = s.AddKey(s.ctx, "nobody", good)
	wantCode(t, err, fault.NotFound, "no_account")
	for i := range maxKeys {
		_, line := newKey(t, fmt.Sprint(i))
		if _, err := s.AddKey(s.ctx, "ada", line); err != nil {
			t.Fatal(err)
		}
	}
	_, err = s.AddKey(s.ctx, "ada", good)
	wantCode(t, err, fault.Invalid, "too_many_keys")
}

func TestAuthenticateOpensNoSession(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.add("ada", Photographer)
	if s.written(func() {
		if a, err := s.Authenticate(s.ctx, "Ada", good); err != nil || a != ada {
			t.Errorf("%+v, %v", a, err)
		}
		for name, password := range map[string]string{"ada": "wrong horse!", "nobody": good} {
			a, err := s.Authenticate(s.ctx, name, password)
			wantCode(t, err, fault.Unknown, "bad_login")
			if a != (Account{}) {
				t.Errorf("%+v", a)
			}
		}
	}) {
		t.Error("something was written")
	}
	s.pass(time.Second)
}
