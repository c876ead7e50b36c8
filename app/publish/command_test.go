package publish_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"oneframe/app/publish"
	"oneframe/app/store"
)

func shell(script string) publish.Command {
	return publish.Command{Title: "command", Args: []string{"/bin/sh", "-c", script}, Timeout: time.Minute}
}

// The program gets the file as its last argument and the rest in its environment, and
// what it printed comes back to it the next time.
func TestCommandIsToldAll(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "told")
	s := newSite(t, shell(`echo "$0|$ONEFRAME_CLIP|$ONEFRAME_TITLE|$ONEFRAME_REMOTE" > `+out+`; echo https://videos.example.org/7; echo more`))
	path := s.want("c", "one")
	v := s.settle()
	told, err := os.ReadFile(out)
	if want := path + "|c|The clip c|\n"; err != nil || string(told) != want {
		t.Errorf("it was told %q (%v), want %q", told, err, want)
	}
	if v.Page != "https://videos.example.org/7" || v.Remote != v.Page {
		t.Errorf("%+v", v)
	}
	s.pass(time.Hour)
	s.want("c", "two")
	s.settle()
	if told, err = os.ReadFile(out); err != nil || !strings.HasSuffix(string(told), "|https://videos.example.org/7\n") {
		t.Errorf("the second time it was told %q (%v)", told, err)
	}
}

func TestCommandFails(t *testing.T) {
	t.Parallel()
	s := newSite(t, shell(`echo trying >&2; echo the door is shut >&2; exit 3`))
	s.want("c", "file")
	s.work()
	s.failed("sending", "the door is shut (exit status 3)", time.Minute)
	s.office.Hosts = []publish.Host{shell(`exit 0`)}
	s.pass(time.Minute)
	if v := s.settle(); v.Page != "" || v.Tries != 0 {
		t.Errorf("%+v", v)
	}
}

func TestCommandTakesTooLong(t *testing.T) {
	t.Parallel()
	c := shell(`sleep 3 & wait`) // the child holds the output open
	c.Timeout = 50 * time.Millisecond
	s := newSite(t, c)
	s.want("c", "file")
	begun := time.Now()
	s.work()
	s.failed("sending", "longer than 50ms", time.Minute)
	if d := time.Since(begun); d > 2*time.Second {
		t.Errorf("what the command had started was waited for: %s", d)
	}
}

func TestCommandCantBeRun(t *testing.T) {
	t.Parallel()
	s := newSite(t, publish.Command{Title: "command", Args: []string{"/nowhere/at/all"}})
	s.want("c", "file")
	s.work()
	s.failed("paused", "can't be run", 0)
	s.office.Hosts = []publish.Host{publish.Command{Title: "command"}}
	s.write(func(tx *store.Tx) error { return publish.Resume(tx, "", "") })
	s.work()
	s.failed("paused", "publish.command is empty", 0)
}

func TestCommandWritesALot(t *testing.T) {
	t.Parallel()
	s := newSite(t, shell(`echo first; i=0; while [ $i -lt 2000 ]; do echo "line $i"; echo "err $i" >&2; i=$((i+1)); done; exit 1`))
	s.want("c", "file")
	s.work()
	s.failed("sending", "err 1999", time.Minute)
}
