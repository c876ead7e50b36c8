package send_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"oneframe/app/deliver/send"
)

func TestTheHostKeyIsPinned(t *testing.T) {
	t.Parallel()
	p := sshd("")(t)
	var kept []string
	p.Target.Pin = func(key string) error { kept = append(kept, key); return nil }
	s := p.open(t)
	p.Hangup()
	must(t, s, photoOf("x.jpg", []byte("hello"))) // after another login
	if len(kept) != 1 || !strings.HasPrefix(kept[0], "ssh-ed25519 ") {
		t.Fatalf("pinned %q", kept)
	}
	p.Target.HostKey = kept[0]
	must(t, p.open(t), photoOf("y.jpg", []byte("hello")))

	_, other := pair(t)
	p.Target.HostKey = other
	_, err := send.Open(t.Context(), p.Target, p.Network)
	e := fails(t, err, send.Hopeless)
	for _, key := range []string{kept[0], other} {
		if public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(key)); err != nil || !strings.Contains(e.Message, ssh.FingerprintSHA256(public)) {
			t.Errorf("%v: %s isn't in %q", err, key, e.Message)
		}
	}
	if len(kept) != 1 {
		t.Errorf("pinned %q", kept)
	}
	p.Target.HostKey = "ssh-ed25519 nonsense"
	_, err = send.Open(t.Context(), p.Target, p.Network)
	fails(t, err, send.Hopeless)

	p.Target.HostKey, p.Target.Pin = "", func(string) error { return errors.New("the database is gone") }
	_, err = send.Open(t.Context(), p.Target, p.Network)
	fails(t, err, send.Ours)
}

// A login that is refused pins nothing.
func TestNoKeyIsPinnedWithoutALogin(t *testing.T) {
	t.Parallel()
	p := sftpServer(t)
	to := p.Wrong()
	to.Pin = func(key string) error { t.Errorf("pinned %s", key); return nil }
	_, err := send.Open(t.Context(), to, p.Network)
	fails(t, err, send.Hopeless)
}

func TestPrivateKeys(t *testing.T) {
	t.Parallel()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte("open sesame"))
	if err != nil {
		t.Fatal(err)
	}
	p := sftpServer(t)
	for secret, said := range map[string]string{string(pem.EncodeToMemory(locked)): "passphrase", "-----BEGIN OPENSSH PRIVATE KEY-----\nbm9uc2Vuc2U=\n-----END OPENSSH PRIVATE KEY-----": "can't be read"} {
		to := p.Target
		to.Secret = secret
		_, err := send.Open(t.Context(), to, p.Network)
		if e := fails(t, err, send.Hopeless); !strings.Contains(e.Message, said) || strings.Contains(e.Error(), "bm9u") {
			t.Errorf("%v", e)
		}
	}
	if p.Logins() != 0 {
		t.Error("somebody came in")
	}
}

func TestAServerMayAskForThePassword(t *testing.T) {
	t.Parallel()
	p := sftpServer(t, func(c *ssh.ServerConfig) {
		c.PasswordCallback = nil
		c.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			said, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil || len(said) != 1 || said[0] != "correct horse" {
				return nil, errors.New("no")
			}
			return nil, nil
		}
	})
	must(t, p.open(t), photoOf("x.jpg", []byte("hello")))
	_, err := send.Open(t.Context(), p.Wrong(), p.Network)
	fails(t, err, send.Hopeless)
}

func TestLoginsThatLeadToNoFiles(t *testing.T) {
	t.Parallel()
	p := sshd("")(t)
	p.Login("/bin/false")
	_, err := send.Open(t.Context(), p.Target, p.Network)
	fails(t, err, send.Hopeless)
}
