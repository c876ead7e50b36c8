package send_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

// start runs a program until the test ends and gives the first line of its output that is
// an address.
func start(t testing.TB, program *exec.Cmd) string {
	t.Helper()
	program.Stderr = os.Stderr
	input, err := program.StdinPipe() // its end ends the S3 server, whatever became of the test
	if err != nil {
		t.Fatal(err)
	}
	output, err := program.StdoutPipe()
	if err == nil {
		err = program.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	t.Cleanup(func() {
		input.Close()
		_ = program.Process.Signal(os.Interrupt) // it may have ended by now
		<-ended
	})
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "http://") {
			go func() {
				_, _ = io.Copy(io.Discard, output) // what it says later
				ended <- program.Wait()
			}()
			return lines.Text()
		}
	}
	t.Fatalf("%s said no address: %v", program.Path, lines.Err())
	return ""
}

// build makes a program of the repository.
func build(t testing.TB, dir string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	c := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".")
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// receiver starts examples/receiver over a folder and gives its address: what people are
// told to start from is what the tests talk to.
func receiver(t testing.TB, folder string) string {
	t.Helper()
	c := exec.Command(build(t, "../../../examples/receiver"), "-listen", "127.0.0.1:0", "-folder", folder)
	c.Env = append(os.Environ(), "RECEIVER_SECRET="+secret)
	return start(t, c) + "/pictures"
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
