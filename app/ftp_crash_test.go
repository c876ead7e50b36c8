package app

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"oneframe/app/picture"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// The server is killed with SIGKILL while pictures come in by FTP. Afterwards every one
// that was answered with 226 is there, whole, and nothing is there that isn't one of
// the files as they were sent.
func TestSIGKILLInMidUpload(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	photographersAt(t, data, "ann")
	binary := buildProgram(t)
	kept, sent := &ledger{all: map[string]vault.Key{}}, &ledger{all: map[string]vault.Key{}}
	small := smallPhoto(t)
	for round := range 4 {
		p := startProgram(t, binary, data, "ONEFRAME_FTP_ADDRESS=127.0.0.1:0", "ONEFRAME_PROFILE_REQUIRED=")
		at := p.door(t)
		var all sync.WaitGroup
		enough := len(kept.all) + 2 + rand.IntN(8)
		var kill sync.Once
		for worker := range 3 {
			all.Go(func() {
				s, err := newSender(at, "ann", "a long password")
				if err != nil {
					return // it was killed before
				}
				defer s.conn.Close()
				for n := 0; ; n++ {
					name := fmt.Sprintf("%d-%d-%d.jpg", round, worker, n)
					photo := captioned(t, small, round*1_000_000+worker*1000+n)
					sent.add(name, photo)
					if _, err := s.store(name, photo); err != nil {
						return
					}
					if kept.add(name, photo) >= enough {
						kill.Do(func() { // while the others are somewhere in theirs
							time.AfterFunc(time.Duration(rand.IntN(30))*time.Millisecond, func() { _ = p.cmd.Process.Signal(syscall.SIGKILL) })
						})
					}
				}
			})
		}
		all.Wait()
		<-p.done
		if err := p.cmd.Wait(); err == nil {
			t.Fatalf("the server ended by itself: %s", p.logs)
		}
	}
	t.Logf("%d pictures were answered with 226", len(kept.all))
	inspectFTPWreck(t, data, kept, sent)
}

// ledger is what was sent under which name.
type ledger struct {
	mu  sync.Mutex // guards all
	all map[string]vault.Key
}

// add gives how many there are.
func (l *ledger) add(name string, data []byte) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all[name] = vault.KeyOf(data)
	return len(l.all)
}

func inspectFTPWreck(t *testing.T, data string, kept, sent *ledger) {
	t.Helper()
	c := Defaults()
	c.Data = data
	a, err := New(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	there := map[string]vault.Key{}
	err = a.DB.Read(t.Context(), func(tx *store.Tx) error {
		for q := (picture.Query{Sort: "oldest", Limit: 500}); ; {
			page, next, err := picture.List(tx, q)
			if err != nil {
				return err
			}
			for _, p := range page {
				there[p.FileName] = p.Original
				if content, err := a.Originals.Read(p.Original); err != nil || vault.KeyOf(content) != sent.all[p.FileName] {
					t.Errorf("%s isn't the file that was sent: %v", p.FileName, err)
				}
			}
			if q.Cursor = next; next == "" {
				return nil
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range kept.all {
		if there[name] != key {
			t.Errorf("%s was answered with 226 and is %q", name, there[name])
		}
	}
	if len(kept.all) == 0 {
		t.Error("nothing was answered: that is no load")
	}
	if err := a.invariants(t.Context()); err != nil {
		t.Error(err)
	}
}
