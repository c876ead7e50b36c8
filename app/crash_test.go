package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/source"
	"oneframe/app/store"
	"oneframe/app/testdata"
	"oneframe/app/vault"
)

const (
	crashRounds  = 50
	crashClients = 6
)

// acknowledged are the pictures that got a 201, by id, with the key of what was sent.
type acknowledged struct {
	mu  sync.Mutex
	all map[picture.ID]vault.Key
}

func (a *acknowledged) add(id picture.ID, k vault.Key) {
	a.mu.Lock()
	a.all[id] = k
	a.mu.Unlock()
}

// The server is killed with SIGKILL at random moments under load. Afterwards every
// acknowledged picture is there, no slot is filled twice, no row names a missing file.
func TestSIGKILLAtRandomMomentsLosesNothing(t *testing.T) {
	t.Parallel()
	c := Defaults()
	c.Data, c.Import.Demo, c.Limits.Enabled = t.TempDir(), false, false
	binary := buildProgram(t)
	manySlots(t, c)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	acks := &acknowledged{all: map[picture.ID]vault.Key{}}
	for range crashRounds {
		p := startProgram(t, binary, c.Data)
		load(t, p, acks, time.Duration(50+random.IntN(600))*time.Millisecond)
	}
	if len(acks.all) < crashRounds {
		t.Fatalf("only %d pictures were acknowledged in %d rounds: that is no load", len(acks.all), crashRounds)
	}
	t.Logf("%d pictures were acknowledged in %d rounds", len(acks.all), crashRounds)
	inspectWreck(t, c, acks)
}

// buildProgram builds the command as `make run` does and gives its path.
func buildProgram(t testing.TB) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "oneframe")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}

// manySlots imports a clip with more slots than the test can fill.
func manySlots(t *testing.T, c Config) {
	t.Helper()
	a, err := New(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "long.mp4")
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=128x72:r=30:d=120",
		"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	v, err := a.Importer.Import(t.Context(), source.Request{File: file, Slug: "long", Title: "Long", Hold: 1}, func(float64) {})
	if err != nil || v.Slots != 3600 {
		t.Fatalf("%d slots, %v", v.Slots, err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

// program is a running server process.
type program struct {
	cmd   *exec.Cmd
	url   string
	logs  *bytes.Buffer // read only after the process has ended
	done  chan struct{}
	doors chan string // addresses of FTP and SFTP, once each is open
}

var greeting = regexp.MustCompile(`oneframe is at (http://\S+)`)

// startProgram starts `oneframe serve` on a free port and returns when it has said where it is.
func startProgram(t testing.TB, binary, data string, env ...string) *program {
	t.Helper()
	p := &program{cmd: exec.Command(binary, "serve"), logs: new(bytes.Buffer), done: make(chan struct{}), doors: make(chan string, 2)}
	p.cmd.Dir = data // no config.yaml there: the defaults and the environment
	p.cmd.Env = append(append(os.Environ(), "ONEFRAME_DATA="+data, "ONEFRAME_WEB_ADDRESS=127.0.0.1:0", "ONEFRAME_IMPORT_DEMO=false",
		"ONEFRAME_LIMITS_ENABLED=false"), env...)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() }) // it has ended already where the test went well
	lines := bufio.NewScanner(io.TeeReader(stderr, p.logs))
	for lines.Scan() {
		p.note(lines.Text())
		if m := greeting.FindStringSubmatch(lines.Text()); m != nil {
			p.url = m[1]
			break
		}
	}
	go func() {
		defer close(p.done)
		for lines.Scan() { // to its end, so that the process never waits for its log to be read
			p.note(lines.Text())
		}
	}()
	if p.url == "" {
		<-p.done
		t.Fatalf("the server did not start: %s", p.logs)
	}
	return p
}

var door = regexp.MustCompile(`photographers can send by \S+" address=(\S+)`)

// note looks for the address of a photographers' door in a line of the log.
func (p *program) note(line string) {
	if m := door.FindStringSubmatch(line); m != nil {
		p.doors <- m[1]
	}
}

// door waits for the address of a photographers' door.
func (p *program) door(t testing.TB) string {
	t.Helper()
	select {
	case at := <-p.doors:
		return at
	case <-time.After(time.Minute):
		t.Fatal("no door for photographers was opened")
		return ""
	}
}

// load lets clients shoot until the server is killed after the time.
func load(t *testing.T, p *program, acks *acknowledged, after time.Duration) {
	t.Helper()
	faces := testdata.Glob(t, "faces/webcam-*.jpg")
	var wg sync.WaitGroup
	for range crashClients {
		wg.Go(func() {
			for shoot(p.url, "long", faces[rand.IntN(len(faces))], acks) == nil {
			}
		})
	}
	timer := time.AfterFunc(after, func() { _ = p.cmd.Process.Signal(syscall.SIGKILL) })
	defer timer.Stop()
	wg.Wait()
	<-p.done
	if err := p.cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the server ended before it was killed: %v\n%s", err, p.logs)
	}
}

// shoot takes a slot and sends a picture, as a visitor's page does.
func shoot(url, clip, file string, acks *acknowledged) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var lease struct{ Token string }
	if err := post(url+"/api/v1/clips/"+clip+"/leases", "application/json", strings.NewReader("{}"), &lease); err != nil {
		return err
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("photo", "photo.jpg")
	if err != nil {
		return err
	}
	if _, err := part.Write(raw); err != nil {
		return err
	}
	for field, value := range map[string]string{"name": "", "consent": "true"} {
		if err := form.WriteField(field, value); err != nil {
			return err
		}
	}
	if err := form.Close(); err != nil {
		return err
	}
	var sent struct{ ID string }
	if err := post(url+"/api/v1/leases/"+lease.Token+"/frame", form.FormDataContentType(), &body, &sent); err != nil {
		return err
	}
	acks.add(picture.ID(sent.ID), vault.KeyOf(raw))
	return nil
}

func post(url, contentType string, body io.Reader, into any) error {
	resp, err := http.Post(url, contentType, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		raw, err := io.ReadAll(resp.Body)
		return fmt.Errorf("%s: %s: %s %w", url, resp.Status, raw, err)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// inspectWreck looks at what the kills left, then lets the workers finish and looks again.
func inspectWreck(t *testing.T, c Config, acks *acknowledged) {
	t.Helper()
	a, err := New(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	for id, k := range acks.all {
		p, content, err := a.original(t.Context(), id)
		if err != nil || p.Original != k || vault.KeyOf(content) != k {
			t.Errorf("picture %s was acknowledged as %s; it is %s: %v", id, k, p.Original, err)
		}
	}
	if err := a.invariants(t.Context()); err != nil {
		t.Error(err)
	}
	if err := a.filledTwice(t.Context()); err != nil {
		t.Error(err)
	}
	later := time.Now().Add(time.Hour) // past every claim that a kill left
	a.DB.Now = func() time.Time { return later }
	s := &stage{T: t, App: a}
	s.until(a.Scaler.Step)
	if err := a.invariants(t.Context()); err != nil {
		t.Error(err)
	}
	err = a.DB.Read(t.Context(), func(tx *store.Tx) error {
		counts, err := picture.Counts(tx, "")
		if counts[picture.Received] != 0 || counts[picture.Failed] != 0 || counts[picture.Waiting] < len(acks.all) {
			t.Errorf("after the workers: %v, %d were acknowledged", counts, len(acks.all))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func (a *App) original(ctx context.Context, id picture.ID) (p picture.Picture, content []byte, err error) {
	err = a.DB.Read(ctx, func(tx *store.Tx) error { p, err = picture.Get(tx, id); return err })
	if err == nil {
		content, err = a.Originals.Read(p.Original)
	}
	return p, content, err
}

// filledTwice says which slots hold two pictures although others were free.
func (a *App) filledTwice(ctx context.Context) error {
	return a.DB.Read(ctx, func(tx *store.Tx) error {
		slots, err := slot.List(tx, "long")
		for _, s := range slots {
			if s.Filled > 1 {
				return fmt.Errorf("slot %d is filled %d times", s.Number, s.Filled)
			}
		}
		return err
	})
}
