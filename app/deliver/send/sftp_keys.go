package send

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// proofs are a private key in PEM, or else a password. A server that asks questions
// instead (RFC 4256) gets the password as its answer.
func proofs(secret string) ([]ssh.AuthMethod, error) {
	if strings.HasPrefix(strings.TrimSpace(secret), "-----BEGIN") {
		key, err := ssh.ParsePrivateKey([]byte(secret))
		if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
			return nil, &Error{Kind: Hopeless, Message: "The private key has a passphrase; one without is needed."}
		}
		if err != nil {
			return nil, &Error{Kind: Hopeless, Message: "The private key can't be read."} // the cause might quote it
		}
		return []ssh.AuthMethod{ssh.PublicKeys(key)}, nil
	}
	return []ssh.AuthMethod{ssh.Password(secret), ssh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
		return slices.Repeat([]string{secret}, len(questions)), nil
	})}, nil
}

// hostKey is the key that a server must have: once one is pinned, no other.
type hostKey struct {
	pinned ssh.PublicKey // nil before the first use
	seen   ssh.PublicKey // in this login; nil before the server has shown one
	keep   func(string) error
}

func pinned(t Target) (*hostKey, error) {
	k := &hostKey{keep: t.Pin}
	if t.HostKey == "" {
		return k, nil
	}
	var err error
	if k.pinned, _, _, _, err = ssh.ParseAuthorizedKey([]byte(t.HostKey)); err != nil {
		return nil, &Error{Kind: Hopeless, Message: "The pinned host key can't be read.", Cause: err}
	}
	return k, nil
}

// check is an ssh.HostKeyCallback.
func (k *hostKey) check(host string, _ net.Addr, key ssh.PublicKey) error {
	if k.pinned != nil && !bytes.Equal(k.pinned.Marshal(), key.Marshal()) {
		return &Error{Kind: Hopeless, Message: fmt.Sprintf("The host key of %s has changed: it is %s %s, and %s %s is pinned. Either the server has a new one, or somebody stands between.",
			host, key.Type(), ssh.FingerprintSHA256(key), k.pinned.Type(), ssh.FingerprintSHA256(k.pinned))}
	}
	k.seen = key
	return nil
}

// algorithms asks for the kind of key that is pinned before all others, since servers have
// several; the others come after it, so that a new key can be told from no key. Host
// certificates are left out: they are made anew too often to be pinned.
func (k *hostKey) algorithms() (all []string) {
	if k.pinned != nil {
		all = []string{k.pinned.Type()}
	}
	if k.pinned != nil && k.pinned.Type() == ssh.KeyAlgoRSA {
		all = []string{ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA512}
	}
	for _, a := range ssh.SupportedAlgorithms().HostKeys {
		if !slices.Contains(all, a) && !strings.Contains(a, "-cert-") {
			all = append(all, a)
		}
	}
	return all
}

// pin keeps the key of a login that succeeded, where none was kept yet.
func (k *hostKey) pin() error {
	if k.pinned != nil {
		return nil
	}
	if k.keep != nil {
		if err := k.keep(strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k.seen)))); err != nil {
			return &Error{Kind: Ours, Message: "The server's host key could not be kept.", Cause: err}
		}
	}
	k.pinned = k.seen
	return nil
}

// lost reports whether the failure is that of a connection that ended.
func lost(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, sftp.ErrSSHFxConnectionLost) || errors.Is(err, sftp.ErrSSHFxNoConnection)
}
