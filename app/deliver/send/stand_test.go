package send_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"oneframe/app/deliver/send"
)

// secret is what the tests sign with.
const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// local is a network in which tests may send to this machine.
func local(folders ...string) send.Network { return send.Network{Private: true, Folders: folders} }

// parcel makes one with a sidecar.
func parcel(delivery, name, content string) send.Parcel {
	sum := sha256.Sum256([]byte(content))
	return send.Parcel{Delivery: delivery, Picture: "p1", Version: 1, Kind: "first", Name: name, ContentType: "image/jpeg",
		Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]), Metadata: []byte(`{"headline":"Grüße"}`),
		Open:    func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil },
		Sidecar: &send.File{Name: name + ".xmp", ContentType: "application/rdf+xml", Data: []byte("<x/>")}}
}

// target reads an address.
func target(t testing.TB, address, secret string) send.Target {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return send.Target{URL: u, Secret: secret, Style: send.Multipart}
}

// open makes a sender that the test closes.
func open(t testing.TB, to send.Target, n send.Network) send.Sender {
	t.Helper()
	s, err := send.Open(t.Context(), to, n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// scratch is a folder for as long as the tests run: each program is built once.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "send"); err != nil {
		panic(err)
	}
	code := m.Run()
	if err := os.RemoveAll(scratch); err != nil {
		panic(err)
	}
	os.Exit(code)
}

var (
	receiverProgram = sync.OnceValues(func() (string, error) { return build("receiver", "../../../examples/receiver") })
	storeProgram    = sync.OnceValues(func() (string, error) { return build("s3server", "s3server") })
)

func build(name, dir string) (string, error) {
	path := filepath.Join(scratch, name)
	c := exec.Command("go", "build", "-o", path, ".")
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
}

// server is a program that runs until the test ends.
type server struct {
	testing.TB
	argv, env []string
	address   string // that it said

	running *exec.Cmd
	ended   chan struct{}
	said    bytes.Buffer // on standard error; complete once it has ended
}

// launch starts a program and waits until it has said its address.
func launch(t testing.TB, env []string, argv ...string) *server {
	t.Helper()
	s := &server{TB: t, argv: argv, env: append(os.Environ(), env...)}
	s.start()
	t.Cleanup(func() {
		s.signal(syscall.SIGCONT)
		s.signal(os.Interrupt)
		<-s.ended
		if t.Failed() {
			t.Logf("the server printed %s", s.said.Bytes())
		}
	})
	return s
}

func (s *server) start() {
	s.Helper()
	s.running, s.ended = exec.Command(s.argv[0], s.argv[1:]...), make(chan struct{})
	s.running.Env, s.running.Stderr = s.env, &s.said
	_, err := s.running.StdinPipe() // its end ends the S3 server, whatever became of the test
	output, err2 := s.running.StdoutPipe()
	if err = errors.Join(err, err2); err == nil {
		err = s.running.Start()
	}
	if err != nil {
		s.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "http://") {
			s.address = lines.Text()
			go func(c *exec.Cmd, ended chan struct{}) {
				_, _ = io.Copy(io.Discard, output) // what it says later
				_ = c.Wait()                       // some are killed
				close(ended)
			}(s.running, s.ended)
			return
		}
	}
	s.Fatalf("%s said no address: %v", s.argv[0], lines.Err())
}

func (s *server) signal(what os.Signal) { _ = s.running.Process.Signal(what) } // it may have ended

func (s *server) kill() {
	s.signal(os.Kill)
	<-s.ended
}

// receiver starts examples/receiver over a folder: what people are told to start from is
// what the tests talk to.
func receiver(t testing.TB, folder string) *server {
	t.Helper()
	path, err := receiverProgram()
	if err != nil {
		t.Fatal(err)
	}
	s := launch(t, []string{"RECEIVER_SECRET=" + secret}, path, "-listen", "127.0.0.1:0", "-folder", folder)
	s.argv[2] = strings.TrimPrefix(s.address, "http://") // where it starts again
	return s
}

// overHTTP is a receiver over a folder.
func overHTTP(t testing.TB) *place {
	t.Helper()
	dir := t.TempDir()
	s := receiver(t, dir)
	p := &place{Network: local(), Target: target(t, s.address+"/pictures", secret), Kill: s.kill, Start: s.start,
		Freeze: func() { s.signal(syscall.SIGSTOP) }, Impossible: strings.Repeat("x", 300) + ".jpg",
		Full: func() {
			s.kill()
			s.argv = cramped(s.argv)
			s.start()
		}}
	p.Wrong = func() send.Target {
		return target(t, s.address+"/pictures", "whsec_"+strings.Repeat("QUJD", 10))
	}
	p.lookAt(t, dir)
	all := p.Files
	p.Files = func() []string { // but for its notes, and what broke off, which it drops a moment later
		return slices.DeleteFunc(all(), func(name string) bool {
			return strings.HasPrefix(name, ".deliveries/") || strings.HasSuffix(name, ".part")
		})
	}
	return p
}

// bucket is one of an S3 server, over a folder.
func bucket(t testing.TB) *place {
	t.Helper()
	address, dir, s := store(t)
	p := &place{Network: local(), Target: target(t, address, "secret"), Freeze: func() { s.signal(syscall.SIGSTOP) }}
	p.Wrong = func() send.Target { return target(t, address, "battery staple") }
	p.lookAt(t, filepath.Join(dir, "from", "us"))
	return p
}

// store starts an S3 server with a bucket called pictures and gives a destination's
// address and the folder behind the bucket. The secret is "secret".
func store(t testing.TB) (address, folder string, s *server) {
	t.Helper()
	root := t.TempDir()
	folder = filepath.Join(root, "pictures")
	path, err := storeProgram()
	if err == nil {
		err = os.Mkdir(folder, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	s = launch(t, nil, path, "-key", "AKID", "-secret", "secret", root)
	return "s3://AKID@pictures/from/us?" + url.Values{"endpoint": {s.address}}.Encode(), folder, s
}

// folder is one of this machine's.
func folder(t testing.TB) *place {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "in")
	p := &place{Network: local(filepath.Dir(dir)), Target: target(t, "file://"+dir, ""), Impossible: strings.Repeat("x", 300) + ".jpg"}
	p.lookAt(t, dir)
	return p
}

// files gives what lies under a folder, but for notes and temporary files of others.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() && d.Name() == ".deliveries" {
			if err == nil {
				err = filepath.SkipDir
			}
			return err
		}
		if d.IsDir() {
			return nil
		}
		raw, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all[filepath.ToSlash(name)] = string(bytes.TrimSpace(raw))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// wants checks the kind of a failure, "" for none.
func wants(t testing.TB, what string, err error, kind send.Kind) {
	t.Helper()
	if kind == "" && err == nil {
		return
	}
	if err == nil || send.KindOf(err) != kind {
		t.Errorf("%s: %v of kind %q, want %q", what, err, send.KindOf(err), kind)
	}
}
