// Package testdata finds the real videos, photographs, faces and hostile files that
// tests read. They lie outside the repository: in the folder that ONEFRAME_TESTDATA
// names, else in shared/data beside the checkout.
package testdata

import (
	"os"
	"path/filepath"
	"testing"
)

// Path gives the absolute path of a file or folder of the test data, and fails the
// test where it is missing.
func Path(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(root(t), filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("test data %s is missing (set ONEFRAME_TESTDATA to its folder): %v", name, err)
	}
	return path
}

// Glob gives the paths that match the pattern inside the test data, at least one.
func Glob(t testing.TB, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root(t), filepath.FromSlash(pattern)))
	if err != nil || len(paths) == 0 {
		t.Fatalf("test data %s: nothing found (set ONEFRAME_TESTDATA to its folder): %v", pattern, err)
	}
	return paths
}

func root(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("ONEFRAME_TESTDATA"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "..", "shared", "data")
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
	}
}
