package people

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
)

// cost is what one hash costs whoever computes it.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// current is OWASP's first choice for argon2id: 19 MiB, two passes, one thread. About
// a tenth of a second of one core.
var current = cost{memory: 19 << 10, passes: 2, threads: 1}

const saltBytes, keyBytes = 16, 32

// hasher turns passwords into argon2id hashes, no more of them at a time than there
// are cores, so that a burst of logins takes a bounded part of the memory.
type hasher struct {
	seats chan struct{} // holds one value for each hash being computed
	work  func(password, salt []byte, c cost, n uint32) []byte
	decoy string // the hash of no password, for names that nobody has
}

func newHasher() *hasher {
	return &hasher{
		seats: make(chan struct{}, runtime.NumCPU()),
		work:  argon,
		decoy: encode(current, random(saltBytes), random(keyBytes)),
	}
}

func argon(password, salt []byte, c cost, n uint32) []byte {
	return argon2.IDKey(password, salt, c.passes, c.memory, c.threads, n)
}

// hash gives the password's PHC string under a fresh salt. It waits for a free core,
// for as long as ctx allows.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := random(saltBytes)
	key, err := h.compute(ctx, password, salt, current, keyBytes)
	if err != nil {
		return "", err
	}
	return encode(current, salt, key), nil
}

// matches reports whether the PHC string is the password's.
func (h *hasher) matches(ctx context.Context, phc, password string) (bool, error) {
	c, salt, want, err := decode(phc)
	if err != nil {
		return false, err
	}
	got, err := h.compute(ctx, password, salt, c, uint32(len(want)))
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1, err
}

func (h *hasher) compute(ctx context.Context, password string, salt []byte, c cost, n uint32) ([]byte, error) {
	select {
	case h.seats <- struct{}{}:
		defer func() { <-h.seats }()
		return h.work([]byte(password), salt, c, n), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// encode writes the PHC string format
// (https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md).
func encode(c cost, salt, key []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, c.memory, c.passes, c.threads, b.EncodeToString(salt), b.EncodeToString(key))
}

// decode reads what encode wrote, under this cost or another.
func decode(phc string) (c cost, salt, key []byte, err error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, fmt.Errorf("a stored password is not argon2id version %d", argon2.Version)
	}
	if _, err = fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &c.threads); err != nil {
		return c, nil, nil, fmt.Errorf("a stored password's cost: %w", err)
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return c, nil, nil, fmt.Errorf("a stored password's salt: %w", err)
	}
	if key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return c, nil, nil, fmt.Errorf("a stored password's key: %w", err)
	}
	if c.passes < 1 || c.threads < 1 || len(key) < keyBytes {
		return c, nil, nil, fmt.Errorf("a stored password's hash is too cheap to be one")
	}
	return c, salt, key, nil
}

// random gives n bytes that nobody can guess. crypto/rand never fails (Go 1.24).
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}
