package vault_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"oneframe/app/fault"
	"oneframe/app/vault"
)

func TestTheSameContentIsOneFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	v, err := vault.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	// SHA-256 of "abc", FIPS 180-4 example B.1.
	want := vault.Key("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
	for range 2 {
		if k, err := v.Put(t.Context(), []byte("abc")); err != nil || k != want {
			t.Fatalf("Put: %s, %v", k, err)
		}
	}
	if got, err := v.Read(want); err != nil || string(got) != "abc" {
		t.Errorf("read back %q, %v", got, err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(files) != 1 {
		t.Errorf("the folder holds %v, %v", files, err)
	}
	if err := v.Remove(want); err != nil || v.Has(want) {
		t.Errorf("after Remove: %v, there: %v", err, v.Has(want))
	}
	if _, err := v.Open(want); !fault.Is(err, fault.NotFound) {
		t.Errorf("opening what is gone: %v", err)
	}
}

func TestNoKeyLeavesTheFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	v, err := vault.Open(filepath.Join(dir, "v"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, k := range []vault.Key{"", "../secret", "..", "ba78", vault.KeyOf([]byte("a")) + "/", vault.Key(string(make([]byte, 64)))} {
		if k.Valid() || v.Has(k) {
			t.Errorf("key %q reaches something", k)
		}
	}
}

func TestSweepTakesOnlyOldAndUnnamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	v, err := vault.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	put := func(s string, age time.Duration) vault.Key {
		k, err := v.Put(t.Context(), []byte(s))
		if err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(v.Path(k), at, at); err != nil {
			t.Fatal(err)
		}
		return k
	}
	named, orphan, fresh := put("named", 48*time.Hour), put("orphan", 48*time.Hour), put("fresh", time.Minute)
	left := filepath.Join(dir, ".new-crash")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(left, old, old); err != nil {
		t.Fatal(err)
	}
	again := put("sent again", 48*time.Hour)
	n, err := v.Sweep(t.Context(), time.Now().Add(-24*time.Hour), func(k vault.Key, remove func() error) error {
		if k == again {
			if _, err := v.Put(t.Context(), []byte("sent again")); err != nil {
				return err
			}
		}
		if k == named {
			return nil
		}
		return remove()
	})
	if err != nil || n != 2 {
		t.Errorf("swept %d, %v; want the orphan and the temporary file", n, err)
	}
	if !v.Has(again) {
		t.Error("it took what came again meanwhile")
	}
	if !v.Has(named) || v.Has(orphan) || !v.Has(fresh) {
		t.Errorf("left: named %v, orphan %v, fresh %v", v.Has(named), v.Has(orphan), v.Has(fresh))
	}
}

func TestAFailedWriteLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	broken := io.MultiReader(strings.NewReader("half of it"), iotest.ErrReader(errors.New("the connection broke")))
	if err := vault.Durable(filepath.Join(dir, "x"), broken); err == nil {
		t.Error("a file was made of a reader that fails")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	v, err := vault.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Put(ctx, []byte("x")); err == nil {
		t.Error("Put went on after its context had ended")
	}
}
