package send

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
)

// tlsConfig is for one FTP server over TLS. Its certificate must be signed by somebody who
// is trusted here and be that host's; one that isn't is taken only if the URL pins it, by
// ?fingerprint=sha256:… with the SHA-256 of the certificate in hex, as
//
//	openssl x509 -noout -fingerprint -sha256 -in cert.pem
//
// prints it; colons between the bytes may stay. Servers want data connections to resume
// the session of the control connection (vsftpd's require_ssl_reuse): hence the cache.
func tlsConfig(u *url.URL) (*tls.Config, error) {
	c := &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	pin, err := fingerprint(u)
	if err != nil || pin == nil {
		return c, err
	}
	c.InsecureSkipVerify = true // VerifyConnection does it, at resumed connections as well
	c.VerifyConnection = func(s tls.ConnectionState) error {
		if sum := sha256.Sum256(s.PeerCertificates[0].Raw); !bytes.Equal(sum[:], pin) {
			return &Error{Kind: Hopeless, Message: fmt.Sprintf("The certificate of %s has changed: its fingerprint is sha256:%x and the pinned one is sha256:%x.", u.Hostname(), sum, pin)}
		}
		return nil
	}
	return c, nil
}

// fingerprint reads the one that the URL pins; nil where it pins none.
func fingerprint(u *url.URL) ([]byte, error) {
	text := u.Query().Get("fingerprint")
	if text == "" {
		return nil, nil
	}
	hexed, ok := strings.CutPrefix(strings.ToLower(text), "sha256:")
	pin, err := hex.DecodeString(strings.ReplaceAll(hexed, ":", ""))
	if !ok || err != nil || len(pin) != sha256.Size {
		return nil, &Error{Kind: Hopeless, Message: "A fingerprint is like sha256:, followed by the 64 hex digits of the certificate's SHA-256."}
	}
	return pin, nil
}

// secure words failures of connections that may have TLS over them.
func secure(err error, host string) *Error {
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		message := "The certificate of " + host + " is not valid: " + certificate(err) + "."
		if len(e.UnverifiedCertificates) > 0 {
			message += fmt.Sprintf(" If it is the right one all the same, it can be pinned by ?fingerprint=sha256:%x.", sha256.Sum256(e.UnverifiedCertificates[0].Raw))
		}
		return &Error{Kind: Hopeless, Message: message, Cause: err}
	}
	if e, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return &Error{Kind: Hopeless, Message: host + " doesn't speak TLS there.", Cause: e}
	}
	return unreachable(err, host)
}

// drained is a data connection over TLS that only sends. What the server sends as well,
// TLS 1.3's session tickets, has to be read before it is closed: otherwise the system resets the
// connection, and the server throws away what it hasn't read yet.
type drained struct {
	*tls.Conn
	raw *line
}

// Close ends the sending, then waits for the server to end the connection.
func (d *drained) Close() error {
	if d.ConnectionState().HandshakeComplete {
		if err := d.CloseWrite(); err != nil {
			return errors.Join(err, d.raw.Close())
		}
		if c, ok := d.raw.Conn.(*net.TCPConn); ok {
			_ = c.CloseWrite() // some servers wait for TCP's end; others have gone by now
		}
		_, _ = io.CopyN(io.Discard, d.Conn, 1<<20) // the server's reply tells whether it has everything
	}
	return d.raw.Close()
}
