package ftp

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"oneframe/app/vault"
)

// hostKey is what SFTP clients know us by: an ed25519 key that is made at the first
// start and kept in the folder.
func hostKey(dir string) (ssh.Signer, error) {
	file := filepath.Join(dir, "ssh_host_ed25519_key")
	raw, err := kept(file, func() ([]byte, error) {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		block, err := ssh.MarshalPrivateKey(private, "oneframe")
		if err != nil {
			return nil, err
		}
		return pem.EncodeToMemory(block), nil
	})
	if err != nil {
		return nil, err
	}
	key, err := ssh.ParsePrivateKey(raw)
	if err != nil {
		return nil, fmt.Errorf("the SSH host key %s: %w", file, err)
	}
	return key, nil
}

// kept gives the file's content, which is made at the first time; nobody else can read it.
func kept(file string, create func() ([]byte, error)) ([]byte, error) {
	raw, err := os.ReadFile(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return raw, err
	}
	if raw, err = create(); err != nil {
		return nil, err
	}
	return raw, keep(file, raw)
}

// keep writes a file of ours alone, whole or not at all: one that a power cut left empty
// would keep the doors shut for ever.
func keep(file string, raw []byte) error {
	out, err := os.OpenFile(file+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = out.Write(raw)
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	if err := os.Rename(file+".new", file); err != nil {
		return err
	}
	return vault.SyncDir(filepath.Dir(file))
}

// certificate is the one of the site where it has one, and until then one of our own.
type certificate struct {
	cert, key string // PEM files, "" for none; one file may hold both
	own       tls.Certificate
	log       *slog.Logger

	mu      sync.Mutex // guards what follows
	changed time.Time
	current *tls.Certificate
}

// get is called for each handshake; it reads the files anew when they change.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	st, err := os.Stat(c.cert)
	switch {
	case c.cert == "" || err != nil && c.current == nil:
		return &c.own, nil
	case err != nil || st.ModTime().Equal(c.changed):
		return c.current, nil
	}
	c.changed = st.ModTime()
	fresh, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		c.log.Error("the site's certificate can't be used for FTP; the one before stays", "cause", err)
		if c.current == nil {
			c.current = &c.own
		}
		return c.current, nil
	}
	c.current = &fresh
	return c.current, nil
}

// config is the TLS of both kinds of connection. Session tickets are off: a client that
// only sends never reads the tickets that TLS 1.3 gives at once, and its close then
// resets the connection before all that it sent was read.
func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get, SessionTicketsDisabled: true}
}

// fingerprint is the SHA-256 of the certificate that is shown now.
func (c *certificate) fingerprint() string {
	cert, err := c.get(nil)
	if err != nil || len(cert.Certificate) == 0 {
		return ""
	}
	return fmt.Sprintf("%X", sha256.Sum256(cert.Certificate[0]))
}

// selfSigned is a certificate that nobody vouches for; clients show its fingerprint. It
// is made at the first start and kept in the folder.
func selfSigned(dir string) (tls.Certificate, error) {
	file := filepath.Join(dir, "certificate.pem")
	raw, err := kept(file, newCertificate)
	if err != nil {
		return tls.Certificate{}, err
	}
	cert, err := tls.X509KeyPair(raw, raw)
	if err != nil {
		err = fmt.Errorf("the certificate %s: %w", file, err)
	}
	return cert, err
}

func newCertificate() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	cert := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "oneframe"}, DNSNames: []string{"oneframe", "localhost"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...), nil
}
