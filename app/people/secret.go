package people

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

const secretBytes = 32

// newSecret gives 256 bits that nobody can guess, in 43 characters fit for a URL, a
// cookie and a header.
func newSecret() string { return base64.RawURLEncoding.EncodeToString(random(secretBytes)) }

// digest is what is kept of a secret: its SHA-256, in hex. A secret of 256 random bits
// needs no slow hash, and looking its digest up tells nothing by its timing.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
