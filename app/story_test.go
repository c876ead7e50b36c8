package app

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// Each file in stories is run against the whole program: the real database, the real
// HTTP handler, a clock that the story moves, and the workers' own rounds. After every
// line the house's invariants are checked.
func TestStories(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("stories/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			t.Parallel()
			tell(t, f)
		})
	}
}

// line is one line of a story with what it expects after =>.
type line struct {
	number     int
	text, want string
}

// tell runs the story's lines; the first paragraph is its title.
func tell(t *testing.T, file string) {
	t.Helper()
	s := newStage(t)
	for _, l := range script(t, file) {
		got := s.play(l.text)
		if got != l.want {
			t.Fatalf("%s:%d: %s\n  came to %q, want %q", file, l.number, l.text, got, l.want)
		}
		if err := s.App.invariants(s.Context()); err != nil {
			t.Fatalf("%s:%d: after %q: %v", file, l.number, l.text, err)
		}
	}
}

func script(t *testing.T, file string) (lines []line) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	scanner, title := bufio.NewScanner(f), true
	for n := 1; scanner.Scan(); n++ {
		text, want, _ := strings.Cut(scanner.Text(), "=>")
		text = strings.TrimSpace(text)
		if title = title && text != ""; title || text == "" {
			continue
		}
		lines = append(lines, line{n, text, strings.TrimSpace(want)})
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// verb is a form of line and what it does; the groups are what the form catches. It
// gives the outcome that the line's => is held against: "" where all went as said.
type verb struct {
	form *regexp.Regexp
	do   func(s *stage, w []string) string
}

func says(form string, do func(*stage, []string) string) verb {
	return verb{regexp.MustCompile("^" + form + "$"), do}
}

// verbs are the words of the domain.
func verbs() []verb {
	return []verb{
		says(`clip (\w+) of (\d+) seconds`, (*stage).makeClip),
		says(`(\w+) takes a slot`, func(s *stage, w []string) string { return s.take(w[0], "0") }),
		says(`(\w+) takes slot (\d+)`, func(s *stage, w []string) string { return s.take(w[0], w[1]) }),
		says(`(\w+) renews`, (*stage).renew),
		says(`(\w+) leaves`, (*stage).leave),
		says(`(\w+) sends without consent`, func(s *stage, w []string) string { return s.send(w[0], "webcam-bird-0.jpg", "") }),
		says(`(\w+) sends (\S+)`, func(s *stage, w []string) string { return s.send(w[0], w[1], "true") }),
		says(`(\w+)'s frame is (\w+)`, (*stage).stateIs),
		says(`(\w+)'s frame has score (\S+)`, (*stage).scoreIs),
		says(`the pictures are scaled`, (*stage).scale),
		says(`(\w+) judges (\w+)'s frame: (nudity|nobody|trying), ?(\d)`, (*stage).judge),
		says(`(\w+) judges (\w+)'s frame: (nudity|nobody)`, (*stage).judge),
		says(`(\w+) (accept|reject)s (\w+)'s frame(?:: (.*))?`, (*stage).settle),
		says(`(\w+) takes the decision back on (\w+)'s frame`, (*stage).undo),
		says(`(\w+) deletes the frame`, (*stage).withdraw),
		says(`an outside crowd joins by (\S+) with (\d) robots`, (*stage).crowdJoins),
		says(`the outside crowds are told`, (*stage).tellCrowds),
		says(`the outside crowds are asked`, (*stage).askCrowds),
		says(`(\w+)'s frame is soon (\w+)`, (*stage).soonIs),
		says(`(\d+) minutes pass`, (*stage).wait),
		says(`the hour strikes`, (*stage).hour),
		says(`(\d+) seconds pass and the site follows`, (*stage).follows),
		says(`slot (\d+) of the clip shows the original`, func(s *stage, w []string) string { return s.shows(w[0], "") }),
		says(`slot (\d+) of the clip shows (\w+)'s frame`, func(s *stage, w []string) string { return s.shows(w[0], w[1]) }),
		says(`the home page shows no frames`, func(s *stage, _ []string) string { return s.home("") }),
		says(`the home page shows (\w+)'s frame`, func(s *stage, w []string) string { return s.home(w[0]) }),
		says(`the site keeps (\d+) files? of a clip`, (*stage).keeps),
		says(`a visitor asks for version (\d+)`, (*stage).askVersion),
		says(`a visitor asks for the growth`, (*stage).askGrowth),
		says(`the history is made`, (*stage).makeHistory),
		says(`version (\d+) of the clip is (\w+)`, (*stage).versionIs),
		says(`the growth is (\w+)`, (*stage).growthIs),
		says(`slot (\d+) of version (\d+) shows the original`, func(s *stage, w []string) string { return s.versionShows(w[1], w[0], "") }),
		says(`slot (\d+) of version (\d+) shows (\w+)'s frame`, func(s *stage, w []string) string { return s.versionShows(w[1], w[0], w[2]) }),
		says(`the poster shows (a frame|the original)`, (*stage).posterShows),
	}
}

// play does one line.
func (s *stage) play(text string) string {
	s.Helper()
	for _, v := range slices.Concat(deliveryVerbs(), feedVerbs(), photoVerbs(), photographerVerbs(), verbs(), judgingVerbs()) {
		if w := v.form.FindStringSubmatch(text); w != nil {
			return v.do(s, w[1:])
		}
	}
	s.Fatalf("no verb for the line %q", text)
	return ""
}

// until runs a room's rounds until there is nothing left to do.
func (s *stage) until(f step) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	for {
		worked, err := f(ctx)
		if err != nil {
			s.Fatal(err)
		}
		if !worked {
			return
		}
	}
}
