package webhook

import (
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"strings"

	"oneframe/app/fault"
)

const (
	secretPrefix = "whsec_"
	leastKey     = 24 // bytes, as the specification asks
	mostKey      = 64
	newKey       = 32
	hidden       = secretPrefix + "…"
)

// Secret is a symmetric signing key. Printed, logged or made JSON it hides itself; only
// Reveal tells it. The zero Secret signs and verifies nothing.
type Secret struct{ key []byte }

// NewSecret makes a secret of 256 random bits.
func NewSecret() Secret {
	key := make([]byte, newKey)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return Secret{key}
}

// ParseSecret reads "whsec_" and base64 of 24 to 64 bytes; the prefix may be missing.
// Its error is Invalid bad_secret.
func ParseSecret(text string) (Secret, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(strings.TrimSpace(text), secretPrefix))
	if err != nil || len(key) < leastKey || len(key) > mostKey {
		return Secret{}, fault.New(fault.Invalid, "bad_secret", "A secret is %s and the base64 of %d to %d bytes.", secretPrefix, leastKey, mostKey)
	}
	return Secret{key}, nil
}

// Reveal gives the secret as it is handed to the other side.
func (s Secret) Reveal() string { return secretPrefix + base64.StdEncoding.EncodeToString(s.key) }

// Zero reports whether there is no key.
func (s Secret) Zero() bool { return len(s.key) == 0 }

// String hides the key.
func (s Secret) String() string { return hidden }

// GoString hides the key.
func (s Secret) GoString() string { return hidden }

// LogValue hides the key.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the key.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
