// Package seal keeps secrets that the site must be able to read again, as signing keys,
// unreadable in the database: they are encrypted with a key that lies in a file of its
// own beside it, readable by nobody else. A copy of the database alone tells nothing; who
// has both, or runs the program, can read them.
//
// Encrypted is with AES-256-GCM (NIST SP 800-38D) under a random nonce; the purpose is
// authenticated with it, so that one row's secret can't be put into another's.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"oneframe/app/fault"
)

const keyBytes = 32

// Box seals and opens. Its methods may be called from any goroutine.
type Box struct {
	root []byte
	aead cipher.AEAD
}

// Open reads the key file, hex and a newline, and makes it, with mode 0600, where there
// is none. Two programs that make it at once end up with the same key.
func Open(path string) (*Box, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = create(path)
	}
	if err != nil {
		return nil, fmt.Errorf("open the key file: %w", fault.Disk(err))
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil || len(key) != keyBytes {
		return nil, fmt.Errorf("the key file %s does not hold %d bytes in hex; put it back from a backup", path, keyBytes)
	}
	return newBox(key)
}

func newBox(root []byte) (*Box, error) {
	b := &Box{root: root}
	block, err := aes.NewCipher(b.Key("seal"))
	if err != nil {
		return nil, err
	}
	b.aead, err = cipher.NewGCM(block)
	return b, err
}

// create writes a new key durably under another name and links it to its own, which
// fails where somebody else was first; then theirs counts.
func create(path string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	_, err = f.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Key derives a key of 32 bytes for a purpose, for HMAC or the like: always the same for
// the same purpose.
func (b *Box) Key(purpose string) []byte {
	mac := hmac.New(sha256.New, b.root)
	mac.Write([]byte(purpose))
	return mac.Sum(nil)
}

// Seal encrypts a text for the purpose, as the table and the row it goes to. It gives
// base64 without padding; "" stays "".
func (b *Box) Seal(purpose, text string) string {
	if text == "" {
		return ""
	}
	nonce := make([]byte, b.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails (crypto/rand)
	return base64.RawStdEncoding.EncodeToString(b.aead.Seal(nonce, nonce, []byte(text), []byte(purpose)))
}

// Unseal gives what was sealed for the purpose. Its error is Internal, lost_key: the key
// file is another one than then, or the sealed text was changed.
func (b *Box) Unseal(purpose, sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	raw, err := base64.RawStdEncoding.DecodeString(sealed)
	if n := b.aead.NonceSize(); err == nil && len(raw) >= n {
		var text []byte
		if text, err = b.aead.Open(nil, raw[:n], raw[n:], []byte(purpose)); err == nil {
			return string(text), nil
		}
	}
	return "", fault.Wrap(err, fault.Internal, "lost_key", "A stored secret can't be read: the site's key file is another one than when it was stored.")
}
