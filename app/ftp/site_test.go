package ftp_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"oneframe/app/ftp"
	"oneframe/app/ingest"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/rendition"
	"oneframe/app/store"
	"oneframe/app/vault"
)

const password = "correct horse"

// site is the doors on free ports of loopback, with the photographers ann and bob, in a
// folder of its own.
type site struct {
	testing.TB
	srv    *ftp.Server
	at     ftp.Addresses
	ann    people.Account
	dir    string // for what the clients need
	logged *logs

	stop  func()
	ended chan error

	mu   sync.Mutex // guards ahead
	skip time.Duration
}

// logs keeps what was logged.
type logs struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *logs) Write(b []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.all.Write(b) }
func (l *logs) String() string              { l.mu.Lock(); defer l.mu.Unlock(); return l.all.String() }

// newSite opens every door; change, where it isn't nil, is done to the settings before.
func newSite(t testing.TB, change func(*ftp.Settings)) *site {
	t.Helper()
	s := build(t, t.TempDir(), change)
	s.ann = s.add("ann", people.Photographer)
	s.add("bob", people.Photographer)
	s.serve()
	return s
}

// build makes the rooms over what is in the folder.
func build(t testing.TB, dir string, change func(*ftp.Settings)) *site {
	t.Helper()
	s := &site{TB: t, dir: t.TempDir(), logged: &logs{}}
	db, err := store.Open(context.Background(), filepath.Join(dir, "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	db.Now = func() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return time.Now().Add(s.skip) }
	originals, err := vault.Open(filepath.Join(dir, "original"))
	if err != nil {
		t.Fatal(err)
	}
	limits := rendition.Limits{Bytes: 50e6, Pixels: 50e6}
	s.srv = &ftp.Server{DB: db, People: people.NewRegister(db), Dir: filepath.Join(dir, "ftp"), Log: slog.New(slog.NewTextHandler(s.logged, nil)),
		Door: &ingest.Door{DB: db, Originals: originals, Budget: rendition.NewBudget(256 << 20), Limits: limits, PhotoLimits: limits},
		Settings: ftp.Settings{FTP: "127.0.0.1:0", FTPS: "127.0.0.1:0", SFTP: "127.0.0.1:0", TLS: "optional", From: 42000, To: 42999,
			MaxBytes: 20e6, Keep: 24 * time.Hour, Idle: 5 * time.Minute}}
	if change != nil {
		change(&s.srv.Settings)
	}
	return s
}

func (s *site) add(name string, role people.Role) people.Account {
	s.Helper()
	a, err := s.srv.People.Add(context.Background(), name, password, role)
	if err != nil {
		s.Fatal(err)
	}
	return a
}

// serve opens the doors until the test ends.
func (s *site) serve() {
	s.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s.ended = make(chan error, 1)
	ready := make(chan ftp.Addresses, 1)
	go func() { s.ended <- s.srv.Serve(ctx, func(at ftp.Addresses) { ready <- at }) }()
	select {
	case s.at = <-ready:
	case err := <-s.ended:
		s.Fatal(err)
	}
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-s.ended; err != nil {
			s.Error(err)
		}
	})
	s.Cleanup(s.stop)
}

func (s *site) later(d time.Duration) { s.mu.Lock(); s.skip += d; s.mu.Unlock() }

// pictures gives ann's pictures by their file names.
func (s *site) pictures() map[string]picture.Picture {
	s.Helper()
	all := map[string]picture.Picture{}
	err := s.srv.DB.Read(context.Background(), func(tx *store.Tx) error {
		page, _, err := picture.List(tx, picture.Query{Sort: "oldest", Limit: 500})
		for _, p := range page {
			all[p.FileName] = p
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return all
}

// has wants the register to hold exactly this of ann's file.
func (s *site) has(name string, data []byte) {
	s.Helper()
	p, ok := s.pictures()[name]
	if !ok {
		s.Errorf("no picture %s", name)
		return
	}
	if p.Original != vault.KeyOf(data) || p.Account != s.ann.ID || p.Origin != "ftp" {
		s.Errorf("%s is %+v", name, p)
	}
	if kept, err := s.srv.Door.Originals.Read(p.Original); err != nil || !bytes.Equal(kept, data) {
		s.Errorf("%s: %d bytes are kept, %v", name, len(kept), err)
	}
}

func (s *site) lacks(name string) {
	s.Helper()
	if p, ok := s.pictures()[name]; ok {
		s.Errorf("%s was taken: %+v", name, p)
	}
}

// photo makes a JPEG that no other number makes, of some hundred kilobytes.
func photo(t testing.TB, n int) []byte { return photoOf(t, n, 600, 400) }

func photoOf(t testing.TB, n, w, h int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	seed := uint32(n + 1)
	for y := range h {
		for x := range w {
			seed = seed*1664525 + 1013904223
			img.SetRGBA(x, y, color.RGBA{uint8(x) + uint8(seed>>27), uint8(y) + uint8(seed>>26), uint8(n) + uint8(seed>>25), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// file writes something for a client to send.
func (s *site) file(name string, data []byte) string {
	s.Helper()
	path := filepath.Join(s.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		s.Fatal(err)
	}
	return path
}

// run runs a client to its end and gives what it printed.
func (s *site) run(env []string, name string, args ...string) (string, error) {
	s.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		s.Fatalf("%s is missing: make test installs it", name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = s.dir
	cmd.Env = append(append(os.Environ(), "HOME="+s.dir), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// must runs a client that must succeed.
func (s *site) must(name string, args ...string) string {
	s.Helper()
	out, err := s.run(nil, name, args...)
	if err != nil {
		s.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

// ftpURL is ann's folder.
func (s *site) ftpURL() string { return fmt.Sprintf("ftp://ann:correct%%20horse@%s/", s.at.FTP) }
