package publish_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"oneframe/app/publish"
	"oneframe/app/store"
)

// site is a database of its own with a clip "c" to be shown at one host or more.
type site struct {
	*testing.T
	dir    string
	db     *store.DB
	office *publish.Office

	mu  sync.Mutex // guards now
	now time.Time
}

func newSite(t *testing.T, hosts ...publish.Host) *site {
	t.Helper()
	s := &site{T: t, dir: t.TempDir(), now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	db, err := store.Open(t.Context(), filepath.Join(s.dir, "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	db.Now = s.clock
	s.db, s.office = db, &publish.Office{DB: db, Hosts: hosts, Every: time.Hour}
	return s
}

func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *site) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// want makes a file of the text the current render of the clip.
func (s *site) want(clip, text string) string {
	s.Helper()
	sum := sha256.Sum256([]byte(text))
	hash := hex.EncodeToString(sum[:])
	path := filepath.Join(s.dir, hash+".mp4")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
	s.write(func(tx *store.Tx) error { return publish.Want(tx, clip, "r-"+hash[:6], hash, path, "The clip "+clip) })
	return path
}

func (s *site) write(f func(*store.Tx) error) {
	s.Helper()
	if err := s.db.Write(context.Background(), f); err != nil {
		s.Fatal(err)
	}
}

// step makes one move.
func (s *site) step() bool {
	s.Helper()
	worked, err := s.office.Step(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	return worked
}

// work makes the moves that are due now.
func (s *site) work() (moves int) {
	s.Helper()
	for s.step() {
		if moves++; moves > 100 {
			s.Fatal("a hundred moves without an end")
		}
	}
	return moves
}

// settle works and lets time pass until the clip's video is current or paused, or for an hour.
func (s *site) settle() publish.Video {
	s.Helper()
	for range 60 {
		s.work()
		v := s.video()
		if v.Current || v.State == "paused" || v.Refused {
			return v
		}
		s.pass(time.Minute)
	}
	s.Fatalf("no end of it: %+v", s.video())
	return publish.Video{}
}

func (s *site) list() (all []publish.Video) {
	s.Helper()
	err := s.db.Read(context.Background(), func(tx *store.Tx) (err error) { all, err = s.office.List(tx); return err })
	if err != nil {
		s.Fatal(err)
	}
	return all
}

func (s *site) video() publish.Video {
	s.Helper()
	all := s.list()
	if len(all) != 1 {
		s.Fatalf("%d videos, want 1", len(all))
	}
	return all[0]
}

// failed checks the state after a failure: the words of its error, and when it is tried again.
func (s *site) failed(state, words string, after time.Duration) {
	s.Helper()
	v := s.video()
	next := v.Next.Sub(s.clock())
	if v.Next.IsZero() {
		next = 0
	}
	if v.State != state || !strings.Contains(v.Error, words) || next != after {
		s.Errorf("state %s, next try after %s, error %q; want %s, %s, %q", v.State, next, v.Error, state, after, words)
	}
}

// bytesOf makes n bytes that differ from one another by their place and the seed.
func bytesOf(seed byte, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = seed + byte(i%23)
	}
	return string(b)
}

func peerTube(t *testing.T, f *tube, change ...func(*publish.PeerTubeAccount)) *publish.PeerTube {
	t.Helper()
	a := publish.PeerTubeAccount{Name: "peertube", URL: f.url, User: "crew", Password: "secret-word", Chunk: 1000}
	for _, c := range change {
		c(&a)
	}
	p, err := publish.NewPeerTube(a)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func vimeo(t *testing.T, f *vim) *publish.Vimeo {
	t.Helper()
	v, err := publish.NewVimeo(publish.VimeoAccount{Name: "vimeo", URL: f.url, Token: "vimeo-token", Chunk: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return v
}
