package ingest_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"oneframe/app/ingest"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/vault"
)

const crashDir = "ONEFRAME_TEST_CRASH_DIR"

// A site is killed with SIGKILL while it takes pictures in. Every one that it had given
// a receipt for is there afterwards, with its file, and can be scaled.
func TestReceiptsSurviveKill(t *testing.T) {
	if dir := os.Getenv(crashDir); dir != "" {
		takeInUntilKilled(t, dir)
	}
	t.Parallel()
	for round := range 3 {
		dir := t.TempDir()
		promised := killAfter(t, dir, 10+25*round)
		s := openSite(t, filepath.Join(dir, "x.db"), filepath.Join(dir, "media"))
		for _, id := range promised {
			p := s.get(id)
			data, err := s.door.Originals.Read(p.Original)
			if err != nil || vault.KeyOf(data) != p.Original {
				t.Errorf("%s: its file has %d bytes, %v", id, len(data), err)
			}
		}
		for s.step() {
		}
		for _, id := range promised {
			if p := s.get(id); p.State != picture.Waiting {
				t.Errorf("%s is %s: %s", id, p.State, p.Error)
			}
		}
		filled := 0
		err := s.db.Read(t.Context(), func(tx *store.Tx) error {
			slots, err := slot.List(tx, "c")
			for _, sl := range slots {
				filled += sl.Filled
			}
			return err
		})
		if n := s.count(); err != nil || n < len(promised) || filled != n {
			t.Errorf("%d promised, %d recorded, %d filled, %v", len(promised), n, filled, err)
		}
	}
}

// killAfter starts the site in a process of its own, reads so many receipts, kills it,
// and gives all that came.
func killAfter(t *testing.T, dir string, receipts int) (ids []picture.ID) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestReceiptsSurviveKill$")
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		id, ok := strings.CutPrefix(lines.Text(), "receipt ")
		if !ok {
			t.Log(lines.Text())
			continue
		}
		ids = append(ids, picture.ID(id))
		if len(ids) == receipts {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(ids) < receipts {
		t.Fatalf("the site ended by itself after %d receipts: %v", len(ids), err)
	}
	return ids
}

func takeInUntilKilled(t *testing.T, dir string) {
	s := openSite(t, filepath.Join(dir, "x.db"), filepath.Join(dir, "media"))
	s.write(func(tx *store.Tx) error {
		return slot.Add(tx, []slot.Slot{{ID: slot.ID{Clip: "c", Number: 1}, Hold: 2}, {ID: slot.ID{Clip: "c", Number: 2}, First: 2, Hold: 2}})
	})
	for worker := range 4 {
		go func() {
			for n := worker; ; n += 4 {
				var r ingest.Receipt
				r, err := s.door.Accept(context.Background(), upload(s.lease(), shot(t, n)))
				if err != nil {
					fmt.Println(err)
					os.Exit(0)
				}
				fmt.Println("receipt", r.ID)
			}
		}()
	}
	select {}
}
