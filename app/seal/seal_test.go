package seal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"oneframe/app/fault"
	"oneframe/app/seal"
)

func open(t *testing.T, path string) *seal.Box {
	t.Helper()
	b, err := seal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSeal(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "below", "secret.key")
	b := open(t, path)
	sealed := b.Seal("row 1", "open sesame")
	if strings.Contains(sealed, "sesame") || sealed == b.Seal("row 1", "open sesame") {
		t.Errorf("sealed as %s, and the same twice", sealed)
	}
	again := open(t, path)
	if got, err := again.Unseal("row 1", sealed); err != nil || got != "open sesame" {
		t.Errorf("opened %q, %v", got, err)
	}
	if !bytes.Equal(b.Key("links"), again.Key("links")) || bytes.Equal(b.Key("links"), b.Key("other")) {
		t.Error("a derived key is its purpose's own, and stays")
	}
	other := open(t, filepath.Join(t.TempDir(), "secret.key"))
	for name, f := range map[string]func() (string, error){
		"another purpose": func() (string, error) { return b.Unseal("row 2", sealed) },
		"another key":     func() (string, error) { return other.Unseal("row 1", sealed) },
		"a changed text":  func() (string, error) { return b.Unseal("row 1", "A"+sealed[1:len(sealed)-2]+"AA") },
		"a short text":    func() (string, error) { return b.Unseal("row 1", "AAAA") },
		"no base64":       func() (string, error) { return b.Unseal("row 1", "!") },
	} {
		if got, err := f(); !fault.Has(err, "lost_key") || got != "" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if got, err := b.Unseal("row 1", b.Seal("row 1", "")); got != "" || err != nil {
		t.Errorf("nothing: %q, %v", got, err)
	}
}

func TestKeyFileIsPrivateAndOne(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret.key")
	boxes := make([]*seal.Box, 8)
	var wg sync.WaitGroup
	for i := range boxes {
		wg.Go(func() { boxes[i], _ = seal.Open(path) })
	}
	wg.Wait()
	for i, b := range boxes {
		if b == nil || !bytes.Equal(b.Key("x"), boxes[0].Key("x")) {
			t.Errorf("program %d has another key", i)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
	if err := os.WriteFile(path, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Open(path); err == nil {
		t.Error("a broken key file was taken")
	}
}
