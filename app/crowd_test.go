package app

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"oneframe/app/moderation/crowd"
	"oneframe/app/outbound"
)

// crowdJoins adds an outside crowd of the kind and starts the example for it, with
// robots who judge every job.
func (s *stage) crowdJoins(w []string) string {
	s.Helper()
	// What the README tells people to start from is what the stories talk to.
	path := filepath.Join(s.TempDir(), "crowd")
	if out, err := exec.CommandContext(s.Context(), "go", "build", "-o", path, "../examples/crowd").CombinedOutput(); err != nil {
		s.Fatalf("%v: %s", err, out)
	}
	// The program's clock is the real one, so the story's is, from here on.
	s.clock.pass(time.Since(s.clock.Now()))
	x := s.App.Crowds
	x.Private, x.Base, x.Client = true, s.server.URL, outbound.NewClient(true, time.Minute)
	// The site tells a secret only for an address, and the program has one only when it
	// runs, with the secret; so the crowd moves.
	c, told, err := x.Add(s.Context(), "account:boss", crowd.New{Name: "Peer", Kind: w[0], URL: "http://127.0.0.1:1/jobs", PollURL: "http://127.0.0.1:1/judgments"})
	if err != nil {
		s.Fatal(err)
	}
	args := []string{"-listen", "127.0.0.1:0", "-site", s.server.URL, "-robots", w[1]}
	if w[0] == crowd.Poll {
		args = append(args, "-poll")
	}
	at := s.runs(exec.CommandContext(s.Context(), path, args...), told.Secret)
	if err := x.Change(s.Context(), "account:boss", c.ID, crowd.New{Name: "Peer", URL: at + "/jobs", PollURL: at + "/judgments"}); err != nil {
		s.Fatal(err)
	}
	return ""
}

// runs starts the example and gives its address, which it prints first of all.
func (s *stage) runs(program *exec.Cmd, secret string) string {
	s.Helper()
	program.Env = append(os.Environ(), "CROWD_SECRET="+secret)
	program.Stderr = os.Stderr
	pipe, err := program.StdoutPipe()
	if err == nil {
		err = program.Start()
	}
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		_ = program.Process.Kill() // it may have ended already
		_ = program.Wait()         // it was killed
	})
	lines := bufio.NewScanner(pipe)
	if !lines.Scan() {
		s.Fatalf("the crowd said nothing: %v", lines.Err())
	}
	return lines.Text()
}

// tellCrowds does the exchange's rounds until there is nothing left to do.
func (s *stage) tellCrowds([]string) string {
	s.Helper()
	s.until(s.App.Crowds.Step)
	return ""
}

// askCrowds does what the timer does each hour.
func (s *stage) askCrowds([]string) string {
	s.Helper()
	if err := s.App.Crowds.Due(s.Context()); err != nil {
		s.Fatal(err)
	}
	return s.tellCrowds(nil)
}

// soonIs waits until the frame is in the state: what an outside crowd posts comes when
// it comes.
func (s *stage) soonIs(w []string) string {
	s.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	for {
		changed := s.App.DB.Changed()
		got := s.stateIs(w)
		if got == "" {
			return ""
		}
		select {
		case <-changed:
		case <-deadline.C:
			return got
		}
	}
}
