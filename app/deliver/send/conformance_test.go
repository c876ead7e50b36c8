package send_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"oneframe/app/deliver/send"
)

// A place is a real server on loopback that a Sender sends to, and a look behind it. To
// put another kind under the suite, write a function that starts one (t ends it, in
// t.Cleanup) and add it to places. What a kind doesn't have stays nil, and what asks for
// it is skipped.
//
// A server must be one of its own for every call: tests run side by side and break it.
type place struct {
	Target  send.Target // with the right secret; its folder may be missing yet
	Network send.Network

	// Files gives every file that somebody sees who looks now, as a path from the target's
	// folder: temporary ones as well.
	Files func() []string
	// Read gives what is in a file at this moment; false where there is none.
	Read func(name string) ([]byte, bool)

	Wrong      func() send.Target   // the target with a wrong secret
	Logins     func() int           // how many there were so far
	Hangup     func()               // ends all connections; new ones are welcome
	Kill       func()               // ends the server at once and all its connections
	Start      func()               // starts it again where it was
	Freeze     func()               // it takes nothing more and says nothing more, and keeps its connections
	Full       func()               // no file has room any more
	Deny       func()               // nothing may be written any more
	Login      func(program string) // logins lead to another program
	Impossible string               // a name that this server can't keep, while others can be kept
}

// places are the servers that the suite runs against.
func places() map[string]func(testing.TB) *place {
	return map[string]func(testing.TB) *place{
		"ftp":                       vsftpd("ftp"),
		"ftpes":                     vsftpd("ftpes"),
		"ftpes with TLS 1.2":        vsftpd("ftpes", "MaxProtocol = TLSv1.2"),
		"ftps":                      vsftpd("ftps"),
		"sftp":                      sshd(""),
		"sftp without posix-rename": sshd("-P posix-rename"),
		"sftp with a password":      func(t testing.TB) *place { return sftpServer(t) },
		"http":                      overHTTP,
		"s3":                        bucket,
		"a folder":                  folder,
	}
}

// behaviours are what all Senders have in common.
var behaviours = map[string]func(*testing.T, *place){
	"a picture arrives whole":                     arrivesWhole,
	"a large file arrives whole":                  arrivesLarge,
	"an empty file arrives":                       arrivesEmpty,
	"names have spaces and all letters":           anyName,
	"nobody sees half a picture":                  neverHalf,
	"a repeat leaves the same single file":        repeats,
	"a newer version replaces the older":          replaces,
	"a sidecar lies beside the picture before it": sidecarFirst,
	"the login is kept":                           keepsLogin,
	"a kept login may have died":                  loginDied,
	"a server that is killed is down":             killed,
	"a wrong secret is hopeless":                  wrongSecret,
	"no room is the server's trouble":             full,
	"a folder that takes nothing is hopeless":     denied,
	"a name that can't be is refused":             impossible,
	"a recall deletes":                            recalls,
	"a recall is not deleting everywhere":         recallsWithoutDeleting,
	"a cancelled try ends soon":                   cancelled,
	"a silent server is down":                     silent,
	"a file of ours that fails is our fault":      ours,
}

func TestEverySender(t *testing.T) {
	t.Parallel()
	kinds := places()
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		for _, what := range slices.Sorted(maps.Keys(behaviours)) {
			t.Run(kind+"/"+what, func(t *testing.T) {
				t.Parallel()
				behaviours[what](t, kinds[kind](t))
			})
		}
	}
}

// open opens the place's Sender until the test ends.
func (p *place) open(t testing.TB) send.Sender {
	t.Helper()
	s, err := send.Open(t.Context(), p.Target, p.Network)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// needs skips what a kind of server doesn't have.
func needs(t *testing.T, has bool) {
	t.Helper()
	if !has {
		t.Skip("servers of this kind don't have that, or can't be broken so")
	}
}

// parcel is a picture of that many bytes, which no other seed has.
func photo(name string, bytes int, seed uint64) (send.Parcel, []byte) {
	data := make([]byte, bytes)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	_, _ = r.Read(data) // never fails
	return photoOf(name, data), data
}

func photoOf(name string, data []byte) send.Parcel {
	sum := sha256.Sum256(data)
	return send.Parcel{Delivery: fmt.Sprintf("%x", sha256.Sum256([]byte(name+string(data))))[:16], Picture: "0190a3c5", Version: 1, Kind: "first", Name: name, ContentType: "image/jpeg",
		Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:]), Metadata: []byte(`{"headline":"Test"}`),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
		Link: func() (string, time.Time) { return "http://127.0.0.1:1/x", time.Now().Add(time.Hour) }}
}

// wants compares everything that is there.
func (p *place) wants(t *testing.T, files map[string][]byte) {
	t.Helper()
	if got, want := p.Files(), slices.Sorted(maps.Keys(files)); !slices.Equal(got, want) {
		t.Errorf("there are %q rather than %q", got, want)
	}
	for name, data := range files {
		if got, ok := p.Read(name); !ok || !bytes.Equal(got, data) {
			t.Errorf("%s has %d bytes (%v) rather than those %d", name, len(got), ok, len(data))
		}
	}
}

func must(t *testing.T, s send.Sender, p send.Parcel) send.Receipt {
	t.Helper()
	r, err := s.Send(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// fails wants a try to fail in that way.
func fails(t *testing.T, err error, want send.Kind) *send.Error {
	t.Helper()
	e, ok := errors.AsType[*send.Error](err)
	if !ok || e.Kind != want || e.Message == "" {
		t.Fatalf("%#v (%v) is not %s", err, err, want)
	}
	if len(e.Answer) > 500 || strings.ContainsFunc(e.Answer, func(r rune) bool { return r < ' ' }) {
		t.Errorf("the answer is %q", e.Answer)
	}
	return e
}

func arrivesWhole(t *testing.T, p *place) {
	s := p.open(t)
	one, data := photo("2026/11/one.jpg", 200_000, 1)
	two, more := photo("2026/11/deeper/two.jpg", 70_001, 2)
	r := must(t, s, one)
	must(t, s, two)
	p.wants(t, map[string][]byte{one.Name: data, two.Name: more})
	if !strings.HasSuffix(r.Remote, one.Name) || r.Bytes != one.Size || r.Sidecar != "" {
		t.Errorf("the receipt is %+v", r)
	}
}

func arrivesLarge(t *testing.T, p *place) {
	big, data := photo("big.jpg", 20<<20, 3)
	must(t, p.open(t), big)
	p.wants(t, map[string][]byte{big.Name: data})
}

func arrivesEmpty(t *testing.T, p *place) {
	must(t, p.open(t), photoOf("empty.jpg", nil))
	p.wants(t, map[string][]byte{"empty.jpg": nil})
}

func anyName(t *testing.T, p *place) {
	s, all := p.open(t), map[string][]byte{}
	for i, name := range []string{"a b.jpg", "Käse/日本 слово.jpg", "-l.jpg", "x+y%41&z=1;#?.jpg", "it's [one] {of} *.jpg", "~/x.jpg"} {
		one, data := photo(name, 100+i, uint64(i))
		must(t, s, one)
		all[name] = data
	}
	p.wants(t, all)
}

// neverHalf has somebody look all the time while a picture goes, and a newer one over it.
func neverHalf(t *testing.T, p *place) {
	s := p.open(t)
	one, data := photo("x/half.jpg", 1<<20, 5)
	two, newer := photo("x/half.jpg", 1<<20+3, 6)
	done, looked := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-done:
				looked <- nil
				return
			default:
			}
			if got, ok := p.Read("x/half.jpg"); ok && !bytes.Equal(got, data) && !bytes.Equal(got, newer) {
				looked <- fmt.Errorf("somebody saw %d bytes under the picture's name", len(got))
				return
			}
		}
	}()
	look := func(want []byte) func() {
		return func() {
			if got, ok := p.Read("x/half.jpg"); ok != (want != nil) || !bytes.Equal(got, want) {
				t.Errorf("half way there are %d bytes under the picture's name rather than %d", len(got), len(want))
			}
		}
	}
	must(t, s, during(one, look(nil)))
	must(t, s, during(two, look(data)))
	close(done)
	if err := <-looked; err != nil {
		t.Error(err)
	}
	p.wants(t, map[string][]byte{"x/half.jpg": newer})
}

// during does something once half of the parcel has been read.
func during(p send.Parcel, do func()) send.Parcel {
	open := p.Open
	p.Open = func() (io.ReadCloser, error) {
		r, err := open()
		return &halfway{ReadCloser: r, left: p.Size / 2, do: do}, err
	}
	return p
}

type halfway struct {
	io.ReadCloser
	left int64
	do   func()
}

func (h *halfway) Read(b []byte) (int, error) {
	n, err := h.ReadCloser.Read(b[:min(len(b), 16<<10)])
	if h.left -= int64(n); h.left <= 0 && h.do != nil {
		h.do()
		h.do = nil
	}
	return n, err
}

func repeats(t *testing.T, p *place) {
	s := p.open(t)
	one, data := photo("a/again.jpg", 50_000, 7)
	first, second := must(t, s, one), must(t, s, one)
	if first.Remote != second.Remote {
		t.Errorf("it lies at %q and then at %q", first.Remote, second.Remote)
	}
	p.wants(t, map[string][]byte{one.Name: data})
}

func replaces(t *testing.T, p *place) {
	s := p.open(t)
	one, _ := photo("a/x.jpg", 80_000, 8)
	two, data := photo("a/x.jpg", 30_000, 9)
	two.Delivery, two.Version, two.Kind = one.Delivery, 2, "update"
	must(t, s, one)
	must(t, s, two)
	p.wants(t, map[string][]byte{two.Name: data})
}

func sidecarFirst(t *testing.T, p *place) {
	s := p.open(t)
	one, data := photo("day/x.jpg", 60_000, 10)
	one.Sidecar = &send.File{Name: "day/x.xmp", ContentType: "application/rdf+xml", Data: []byte("<x:xmpmeta/>")}
	seen := false
	one = during(one, func() { _, seen = p.Read("day/x.xmp") })
	r := must(t, s, one)
	p.wants(t, map[string][]byte{one.Name: data, "day/x.xmp": one.Sidecar.Data})
	if !seen && r.Sidecar != "" {
		t.Error("half of the picture was sent before the sidecar was there")
	}
	if r.Sidecar != "" && path.Dir(r.Sidecar) != path.Dir(r.Remote) {
		t.Errorf("the sidecar lies at %q and the picture at %q", r.Sidecar, r.Remote)
	}
}

func keepsLogin(t *testing.T, p *place) {
	needs(t, p.Logins != nil)
	s := p.open(t)
	for i := range 5 {
		one, _ := photo(fmt.Sprintf("%d/x.jpg", i), 1000, 11)
		must(t, s, one)
	}
	if n := p.Logins(); n != 1 {
		t.Errorf("%d logins", n)
	}
}

// loginDied has the connection end while nobody uses it; the picture goes out once.
func loginDied(t *testing.T, p *place) {
	needs(t, p.Hangup != nil)
	s := p.open(t)
	one, data := photo("one.jpg", 1000, 12)
	two, more := photo("two.jpg", 1000, 13)
	must(t, s, one)
	p.Hangup()
	read := 0
	must(t, s, during(two, func() { read++ }))
	p.Hangup()
	if _, err := s.Recall(t.Context(), send.Recall{ID: "r1", Delivery: "none", Remote: "missing.jpg", Delete: true}); err != nil {
		t.Error(err)
	}
	p.wants(t, map[string][]byte{one.Name: data, two.Name: more})
	if read != 1 {
		t.Errorf("the picture was sent %d times", read)
	}
}

func killed(t *testing.T, p *place) {
	needs(t, p.Kill != nil)
	s := p.open(t)
	one, data := photo("x/late.jpg", 8<<20, 14)
	_, err := s.Send(t.Context(), during(one, p.Kill))
	fails(t, err, send.Down)
	if _, ok := p.Read(one.Name); ok {
		t.Error("a picture is there that broke off")
	}
	_, err = s.Send(t.Context(), one)
	fails(t, err, send.Down)
	_, err = send.Open(t.Context(), p.Target, p.Network)
	if err != nil { // some connect with the first parcel only
		fails(t, err, send.Down)
	}
	p.Start()
	must(t, s, one)
	p.wants(t, map[string][]byte{one.Name: data})
}

func wrongSecret(t *testing.T, p *place) {
	needs(t, p.Wrong != nil)
	target := p.Wrong()
	s, err := send.Open(t.Context(), target, p.Network)
	if err == nil { // some log in with the first parcel only
		defer s.Close()
		one, _ := photo("x.jpg", 1000, 15)
		_, err = s.Send(t.Context(), one)
	}
	if e := fails(t, err, send.Hopeless); strings.Contains(e.Error()+e.Answer, target.Secret) {
		t.Errorf("the secret is in %v", e)
	}
	p.wants(t, map[string][]byte{})
}

func full(t *testing.T, p *place) {
	needs(t, p.Full != nil)
	s := p.open(t)
	p.Full()
	one, _ := photo("x.jpg", 2<<20, 16)
	_, err := s.Send(t.Context(), one)
	if e, ok := errors.AsType[*send.Error](err); !ok || e.Kind != send.Busy && e.Kind != send.Hopeless {
		t.Errorf("%v is neither busy nor hopeless", err)
	}
	if _, ok := p.Read(one.Name); ok {
		t.Error("a picture is there for which there is no room")
	}
}

func denied(t *testing.T, p *place) {
	needs(t, p.Deny != nil)
	s := p.open(t)
	p.Deny()
	for _, name := range []string{"x.jpg", "deep/er/x.jpg"} {
		one, _ := photo(name, 1000, 17)
		_, err := s.Send(t.Context(), one)
		fails(t, err, send.Hopeless)
	}
	p.wants(t, map[string][]byte{})
}

func impossible(t *testing.T, p *place) {
	needs(t, p.Impossible != "")
	s := p.open(t)
	for _, name := range []string{p.Impossible, "a/" + p.Impossible, p.Impossible + "/x.jpg"} {
		one, _ := photo(name, 1000, 18)
		_, err := s.Send(t.Context(), one)
		fails(t, err, send.Refused)
	}
	two, data := photo("possible.jpg", 1000, 19)
	must(t, s, two)
	p.wants(t, map[string][]byte{two.Name: data})
	if p.Logins != nil && p.Logins() != 1 {
		t.Errorf("%d logins", p.Logins())
	}
}

// recalls deletes the picture and its sidecar; doing it again is fine, and said.
func recalls(t *testing.T, p *place) {
	s := p.open(t)
	one, _ := photo("x/gone.jpg", 1000, 20)
	one.Sidecar = &send.File{Name: "x/gone.xmp", ContentType: "application/rdf+xml", Data: []byte("<x:xmpmeta/>")}
	two, data := photo("x/stays.jpg", 1000, 21)
	r := must(t, s, one)
	must(t, s, two)
	for range 2 {
		done, err := s.Recall(t.Context(), send.Recall{ID: "r1", Delivery: one.Delivery, Picture: one.Picture, Reason: "withdrawn", Remote: r.Remote, Sidecar: r.Sidecar, Delete: true})
		if err != nil {
			t.Fatal(err)
		}
		if done.Answer == "" {
			t.Error("the receipt doesn't say what was done")
		}
	}
	lost, _ := photo("x/lost.jpg", 1000, 23) // of which no receipt was kept
	must(t, s, lost)
	if _, err := s.Recall(t.Context(), send.Recall{ID: "r2", Delivery: lost.Delivery, Picture: lost.Picture, Reason: "withdrawn", Name: lost.Name, Delete: true}); err != nil {
		t.Error(err)
	}
	p.wants(t, map[string][]byte{two.Name: data})
}

func recallsWithoutDeleting(t *testing.T, p *place) {
	s := p.open(t)
	one, data := photo("x.jpg", 1000, 22)
	r := must(t, s, one)
	done, err := s.Recall(t.Context(), send.Recall{ID: "r1", Delivery: one.Delivery, Picture: one.Picture, Remote: r.Remote})
	if err != nil || done.Answer == "" {
		t.Errorf("%+v, %v", done, err)
	}
	p.wants(t, map[string][]byte{one.Name: data})
}

// cancelled breaks a try off half way, at a server that has stopped taking anything where
// it can be stopped.
func cancelled(t *testing.T, p *place) {
	s := p.open(t)
	one, _ := photo("x.jpg", 20<<20, 23)
	ctx, cancel := context.WithCancel(t.Context())
	start := time.Now()
	_, err := s.Send(ctx, during(one, func() {
		start = time.Now()
		if p.Freeze == nil {
			cancel()
			return
		}
		p.Freeze()
		time.AfterFunc(20*time.Millisecond, cancel)
	}))
	fails(t, err, send.Ours)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v doesn't say that it was cancelled", err)
	}
	if d := time.Since(start); d > 30*time.Second {
		t.Errorf("it took %v to end", d)
	}
	if _, ok := p.Read(one.Name); ok {
		t.Error("a picture is there that was broken off")
	}
	_, err = s.Send(ctx, one)
	fails(t, err, send.Ours)
}

// silent is what a server is that has frozen: no try waits for it for long.
func silent(t *testing.T, p *place) {
	needs(t, p.Freeze != nil)
	s := p.open(t)
	one, _ := photo("x.jpg", 20<<20, 24)
	if !send.Impatient(s, 100*time.Millisecond) {
		t.Skip("its patience can't be set")
	}
	_, err := s.Send(t.Context(), during(one, p.Freeze))
	fails(t, err, send.Down)
}

// ours is a file that breaks off, and one of another size: nothing of it is kept.
func ours(t *testing.T, p *place) {
	s := p.open(t)
	one, data := photo("x.jpg", 300_000, 25)
	for name, content := range map[string]io.Reader{
		"breaks": io.MultiReader(bytes.NewReader(data[:200_000]), iotest.ErrReader(errors.New("the disk is gone"))),
		"short":  bytes.NewReader(data[:299_999]),
		"long":   io.MultiReader(bytes.NewReader(data), strings.NewReader("x")),
	} {
		one.Open = func() (io.ReadCloser, error) { return io.NopCloser(content), nil }
		_, err := s.Send(t.Context(), one)
		t.Log(name, err)
		fails(t, err, send.Ours)
	}
	one.Open = func() (io.ReadCloser, error) { return nil, errors.New("no such file") }
	_, err := s.Send(t.Context(), one)
	fails(t, err, send.Ours)
	p.wants(t, map[string][]byte{})
}
