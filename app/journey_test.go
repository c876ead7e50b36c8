package app

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"oneframe/app/browsertest"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/testdata"
)

const password = "a long password"

// The whole way in a real browser, against the real program: a visitor with a webcam
// shoots a frame, three judges accept it in their pages, an admin renders, and the
// picture is found in the clip that the site serves, at its moment.
func TestAVisitorsPictureEndsUpInTheClip(t *testing.T) {
	t.Parallel()
	binary, data := buildProgram(t), t.TempDir()
	cli := func(stdin string, args ...string) string { return oneframe(t, binary, data, stdin, args...) }
	said := cli("", "import", testdata.Path(t, "video/this-week-nasa-10s.mp4"), "--slug", "nasa", "--title", "NASA", "--range", "2-4")
	if !strings.Contains(said, "25 slots") {
		t.Fatalf("import said %q, want 25 slots of two frames in two seconds at 25", said)
	}
	for name, role := range map[string]string{"anna": "admin", "jo": "judge", "kim": "judge", "lee": "judge"} {
		cli(password+"\n", "account", "add", name, "--role", role)
	}
	p := startProgram(t, binary, data)
	visitor := browsertest.Open(t, browsertest.Options{Camera: browsertest.Faces(t)})
	shootInBrowser(visitor, p.url)
	for _, name := range []string{"jo", "kim", "lee"} {
		judgeInBrowser(t, p.url, name)
	}
	visitor.Wait(`document.querySelector("h1").textContent === "You’re in!"`)
	renderInBrowser(t, p.url)
	visitor.Wait(`document.querySelector("main").textContent.includes("Jump to me")`)
	if problems := visitor.Problems(); len(problems) > 0 {
		t.Errorf("the visitor's pages had problems: %q", problems)
	}
	checkTheClip(t, p.url, data)
	p.stop(t)
}

// oneframe runs a command beside the server and gives what it printed.
func oneframe(t *testing.T, binary, data, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Dir, cmd.Stdin = data, strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "ONEFRAME_DATA="+data)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("oneframe %s: %v: %s", strings.Join(args, " "), err, errs.String())
	}
	return out.String()
}

// stop asks the server to end, as systemd does, and wants it to end well.
func (p *program) stop(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-p.done
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the server did not end well: %v\n%s", err, p.logs)
	}
	if log := p.logs.String(); strings.Contains(log, "level=ERROR") {
		t.Errorf("the server logged errors:\n%s", log)
	}
}

func shootInBrowser(b *browsertest.Browser, site string) {
	b.Helper()
	b.Go(site + "/")
	b.Click(`a[href^="/shoot"]`)
	b.WaitPath("/shoot")
	b.Click("#start")
	b.Click("#shoot-it")
	b.Wait(`document.querySelector("#shoot").dataset.step === "review"`)
	b.Type("#name", "Ann")
	b.Click("#consent")
	b.Click("#send")
	b.WaitPath("/m/")
	b.Wait(`document.querySelector("main").textContent.includes("Being judged")`)
}

func judgeInBrowser(t *testing.T, site, name string) {
	t.Helper()
	b := browsertest.Open(t, browsertest.Options{})
	b.Login(site, name, password)
	b.Go(site + "/judge")
	b.Wait(`document.querySelectorAll(".one").length === 1`)
	b.Key("4")
	b.Click("#send")
	b.Wait(`document.querySelector("h1").textContent.includes("Nothing waits")`)
	if problems := b.Problems(); len(problems) > 0 {
		t.Errorf("%s's pages had problems: %q", name, problems)
	}
}

func renderInBrowser(t *testing.T, site string) {
	t.Helper()
	b := browsertest.Open(t, browsertest.Options{})
	b.Login(site, "anna", password)
	b.Go(site + "/admin/renders")
	b.Click("main form button")
	b.Wait(`document.querySelector("tbody tr")?.textContent.match(/done[^]*shown now/i) && document.querySelectorAll("tbody tr").length >= 2`)
}

// checkTheClip decodes the served clip at the slot's two frames and at their
// neighbours, and compares them with what was sent and with the source.
func checkTheClip(t *testing.T, site, data string) {
	t.Helper()
	c := Defaults()
	c.Data = data
	a, err := New(context.Background(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{T: t, App: a, clip: "nasa"}
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	p, place := s.onlyFrame()
	sent := filepath.Join(t.TempDir(), "sent.jpg")
	content, err := a.Originals.Read(p.Original)
	if err == nil {
		err = os.WriteFile(sent, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	served := site + "/clips/nasa/clip.mp4"
	for i := place.First - 1; i <= place.First+place.Hold; i++ {
		own := distance(s.tinyOf(served, i), s.tinyOf(sent, 0))
		original := distance(s.tinyOf(served, i), s.tinyOf(a.Importer.Library.Mezzanine("nasa"), i))
		inSlot := i >= place.First && i < place.First+place.Hold
		if inSlot != (own < 6) || inSlot == (original < 6) {
			t.Errorf("frame %d of the clip (slot from %d): %.1f from the picture, %.1f from the original", i, place.First, own, original)
		}
	}
	s.soundInStep(served)
}

// onlyFrame gives the one accepted picture and its slot.
func (s *stage) onlyFrame() (p picture.Picture, place slot.Slot) {
	s.Helper()
	err := s.App.DB.Read(s.Context(), func(tx *store.Tx) error {
		all, _, err := picture.List(tx, picture.Query{States: []picture.State{picture.Accepted}})
		if err != nil || len(all) != 1 {
			return fmt.Errorf("%d accepted pictures: %w", len(all), err)
		}
		p = all[0]
		place, err = slot.Get(tx, p.Slot)
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	if p.Name != "Ann" || p.Score != 4 || p.Origin != "webcam" {
		s.Errorf("the picture is %q with score %v by %s", p.Name, p.Score, p.Origin)
	}
	return p, place
}

// soundInStep holds the served clip's sound against the source's, sample by sample.
func (s *stage) soundInStep(served string) {
	s.Helper()
	pcm := func(input string) []byte {
		out, err := exec.CommandContext(s.Context(), "ffmpeg", "-v", "error", "-i", input, "-vn", "-ac", "1", "-ar", "8000", "-f", "u8", "-").Output()
		if err != nil {
			s.Fatalf("the sound of %s: %v", input, err)
		}
		return out
	}
	got, want := pcm(served), pcm(testdata.Path(s, "video/this-week-nasa-10s.mp4"))
	n := min(len(got), len(want))
	if n < 10*8000 {
		s.Fatalf("only %d samples of sound", n)
	}
	if d := distance(got[:n], want[:n]); d > 3 {
		s.Errorf("the sound differs by %.2f of 255 on average: it is not in step", d)
	}
}
