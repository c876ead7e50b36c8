package ingest_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/smalldisk"
)

// A full disk refuses pictures and loses none: those that wait to be scaled wait on, and
// when there is room again everything goes on.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	smalldisk.In(t, func(dir string) { onASmallDisk(t, filepath.Join(dir, "disk")) })
}

func onASmallDisk(t *testing.T, dir string) {
	smalldisk.Mount(t, dir, 2<<20)
	s := newSite(t)
	s.door.Originals = openVault(t, filepath.Join(dir, "original"))
	s.scaler.Originals, s.scaler.Renditions = s.door.Originals, openVault(t, filepath.Join(dir, "rendition"))
	first := s.sent(file(t, "faces/webcam-bird-0.jpg"))
	room := fillUp(t, dir)

	lease := s.lease()
	_, err := s.door.Accept(t.Context(), upload(lease, file(t, "faces/webcam-bird-1.jpg")))
	if !fault.Is(err, fault.Full) || !fault.Has(err, "disk_full") || s.count() != 1 {
		t.Errorf("a picture for a full disk: %v; %d recorded", err, s.count())
	}
	for try := 1; try <= 2*s.scaler.Tries; try++ {
		worked, err := s.scaler.Step(t.Context())
		if !worked || !fault.Is(err, fault.Full) {
			t.Fatalf("try %d: %v, %v", try, worked, err)
		}
		if p := s.get(first); p.State != picture.Received || p.Error == "" {
			t.Fatalf("try %d: %s, %q", try, p.State, p.Error)
		}
		s.later(time.Hour)
	}
	noLeftovers(t, dir)

	room()
	lease = s.lease()
	if _, err := s.door.Accept(t.Context(), upload(lease, file(t, "faces/webcam-bird-1.jpg"))); err != nil {
		t.Errorf("with room again: %v", err)
	}
	s.step()
	if p := s.get(first); p.State != picture.Waiting {
		t.Errorf("with room again: %s, %q", p.State, p.Error)
	}
	aFullDatabase(t, dir)
}

// aFullDatabase has room for files but not for rows.
func aFullDatabase(t *testing.T, dir string) {
	small := filepath.Join(dir, "db")
	smalldisk.Mount(t, small, 4<<20)
	s := newSiteIn(t, filepath.Join(small, "x.db"), t.TempDir())
	lease := s.lease()
	room := fillUp(t, small)
	if _, err := s.door.Accept(context.Background(), upload(lease, shot(t, 1))); !fault.Is(err, fault.Full) {
		t.Errorf("without room for the row: %v", err)
	}
	room()
	if _, err := s.door.Accept(context.Background(), upload(lease, shot(t, 1))); err != nil {
		t.Errorf("with room for it again: %v", err)
	}
}

// fillUp leaves not a byte free; what it returns makes room again.
func fillUp(t *testing.T, dir string) (room func()) {
	t.Helper()
	name := filepath.Join(dir, "filler")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

func noLeftovers(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), ".new-") {
			t.Errorf("%s was left", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
