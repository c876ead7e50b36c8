package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"oneframe/app/publish"
)

// The hosts are given each new clip, once, and no more often than the config allows.
func TestEachNewClipIsGivenToTheHosts(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	log := filepath.Join(t.TempDir(), "log")
	script := `printf '%s %s\n' "$ONEFRAME_SHA256" "$(sha256sum < "$1" | cut -d' ' -f1)" >> ` + log + `; echo remote-1`
	s.App.Office.Hosts = []publish.Host{publish.Command{Title: "command", Args: []string{"sh", "-c", script, "sh"}, Timeout: time.Minute}}
	s.App.Office.Every = 30 * time.Minute
	tell, move := s.App.mirrors()["publish"], s.App.mirrors()["publish to command"]
	given := func() []string {
		s.until(tell)
		s.until(move)
		raw, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
		for _, l := range lines {
			if said, is, _ := strings.Cut(l, " "); said != is {
				t.Errorf("the host was told %s and given %s", said, is)
			}
		}
		return lines
	}
	s.makeClip([]string{"dance", "1"})
	if got := given(); len(got) != 1 {
		t.Fatalf("the first clip was given %d times", len(got))
	}
	s.must("slot", s.take("ann", "0"), s.send("ann", "webcam-bird-0.jpg", "true"))
	s.scale(nil)
	s.must("", s.settle([]string{"mia", "accept", "ann", ""}))
	if got := given(); len(got) != 1 {
		t.Fatalf("with nothing rendered it was given %d times", len(got))
	}
	s.hour(nil)
	if got := given(); len(got) != 2 || got[0] == got[1] {
		t.Fatalf("after the new clip the host was given %v", got)
	}
}
