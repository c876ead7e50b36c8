package clip

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"oneframe/app/store"
)

// After a change of settings the clip is encoded anew, with the rest of the machine going
// first; what is shown stays until it is done.
func TestChangedSettingsEncodeInTheBackground(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	s.fill(3, still(1, 160, 90))
	said := s.spy("nice")
	nice := func(want int) {
		t.Helper()
		all := strings.Fields(said())
		if i := slices.IndexFunc(all, func(n string) bool { return n != strconv.Itoa(want) }); i >= 0 || len(all) == 0 {
			t.Errorf("a render's ffmpegs have the niceness %v instead of %d", all, want)
		}
	}
	out, err := exec.Command("nice").Output()
	s.must(err)
	own, err := strconv.Atoi(strings.TrimSpace(string(out)))
	s.must(err)
	old := s.render()
	nice(own)
	s.CRF = 30
	s.must(s.RequestDue(context.Background()))
	if r := s.list()[0]; r.State != Queued || r.By != "settings" {
		t.Errorf("what is queued is %+v", r)
	}
	s.fill(9, still(2, 160, 90)) // accepted before it began
	var mu sync.Mutex
	shown := map[string]bool{}
	r, err := s.Render(context.Background(), "c", func(float64) {
		mu.Lock()
		defer mu.Unlock()
		shown[s.current().ID] = exists(s.File(s.current()))
	})
	s.must(err)
	if !shown[old.ID] || len(shown) != 1 {
		t.Errorf("while it was encoded the clip showed %v instead of %s", shown, old.ID)
	}
	if r.Quality.CRF != 30 || !r.Current || r.UnitsEncoded != r.Units || r.SlotsFilled != 2 {
		t.Errorf("the render is %+v", r)
	}
	nice(max(own, 10))
	s.fill(10, still(4, 160, 90))
	s.render()
	nice(own)
}

// spy has every ffmpeg run a command of the shell first; what it gives are the commands'
// words since it was last asked.
func (s *stage) spy(command string) (said func() string) {
	dir := s.TempDir()
	script, words := filepath.Join(dir, "ffmpeg"), filepath.Join(dir, "words")
	s.must(os.WriteFile(script, []byte("#!/bin/sh\n"+command+" >>"+words+"\nexec "+s.Tool.FFmpeg+" \"$@\"\n"), 0o700))
	s.Tool.FFmpeg = script
	return func() string {
		text, err := os.ReadFile(words)
		s.must(err)
		s.must(os.Truncate(words, 0))
		return string(text)
	}
}

// Of two clips the one whose settings changed waits for the other.
func TestARenderAfterChangedSettingsIsTakenLast(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	s.write(func(tx *store.Tx) error {
		for _, r := range []struct{ id, clip, by string }{{"1", "a", "settings"}, {"2", "b", "schedule"}, {"3", "d", "account:1"}} {
			if _, err := tx.Exec(`INSERT INTO clip_render (id, clip, state, wanted_by, queued_at) VALUES ($1, $2, 'queued', $3, 0)`, r.id, r.clip, r.by); err != nil {
				return err
			}
		}
		return nil
	})
	order := ""
	for range 3 {
		r, ok, err := s.take(context.Background(), "")
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		order += r.Clip
	}
	if order != "bda" {
		t.Errorf("they are taken in the order %s", order)
	}
}

// A process that is killed in the middle leaves the units that it has made; the next one
// goes on from them, and both tell how many there are.
func TestARenderInTheMiddleOfItsUnitsIsResumed(t *testing.T) {
	t.Parallel()
	s := newStage(t, made{fps: fps25, frames: 960, hold: 2, width: 64, height: 36})
	s.Workers = 1
	ctx := context.Background()
	_, err := s.Request(ctx, "c", "")
	s.must(err)
	r, _, err := s.take(ctx, "")
	s.must(err)
	dying, kill := context.WithCancel(ctx)
	m := &meter{}
	m.tell = func(float64) {
		if m.last.encoded > 0 { // told under the meter's lock
			kill()
		}
	}
	if err := s.Studio.render(dying, &r, m); dying.Err() == nil {
		t.Fatalf("the render was not stopped: %v", err)
	}
	made := m.now().encoded
	if made == 0 || made >= 20 {
		t.Fatalf("%d units were made of 20", made)
	}
	s.must(s.renew(ctx, r, m.now()))
	if now := s.list()[0]; now.Units != 20 || now.UnitsEncoded != made || now.Progress == 0 {
		t.Errorf("the row is %+v", now)
	}
	s.now = s.now.Add(claimLasts)
	s.must(s.step())
	if now := s.current(); now.ID != r.ID || now.UnitsReused != made || now.UnitsEncoded != 20-made {
		t.Errorf("%d units were there, and the render is %+v", made, now)
	}
}
