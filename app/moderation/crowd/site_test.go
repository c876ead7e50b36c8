package crowd_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"oneframe/app/moderation"
	"oneframe/app/moderation/crowd"
	"oneframe/app/outbound"
	"oneframe/app/picture"
	"oneframe/app/seal"
	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/vault"
	"oneframe/app/webhook"
)

const boss moderation.Judge = "account:boss"

// site is an exchange on its own fresh database, under a clock that the test moves.
type site struct {
	*testing.T
	*crowd.Exchange
	dir string
	now *atomic.Int64 // unix ms
}

func newSite(t *testing.T) *site {
	t.Helper()
	t.Parallel()
	s := &site{T: t, dir: t.TempDir(), now: &atomic.Int64{}}
	s.now.Store(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC).UnixMilli())
	s.start()
	t.Cleanup(func() { s.stop() })
	s.write(func(tx *store.Tx) error {
		var all []slot.Slot
		for n := range 60 {
			all = append(all, slot.Slot{ID: slot.ID{Clip: "c", Number: n + 1}, Hold: 2})
		}
		return slot.Add(tx, all)
	})
	return s
}

// start opens the database as the program does when it starts.
func (s *site) start() {
	s.Helper()
	db, err := store.Open(s.Context(), filepath.Join(s.dir, "oneframe.db"))
	if err != nil {
		s.Fatal(err)
	}
	db.Now = func() time.Time { return time.UnixMilli(s.now.Load()) }
	box, err := seal.Open(filepath.Join(s.dir, "secret.key"))
	if err != nil {
		s.Fatal(err)
	}
	s.Exchange = &crowd.Exchange{DB: db, Desk: &moderation.Desk{DB: db, Judgments: 3}, Box: box, Client: outbound.NewClient(true, time.Minute),
		Base: "https://site.example.org", Private: true, Jitter: func() float64 { return 0 }}
}

func (s *site) stop() {
	s.Helper()
	if err := s.DB.Close(); err != nil {
		s.Error(err)
	}
}

func (s *site) restart() { s.Helper(); s.stop(); s.start() }

func (s *site) pass(d time.Duration) { s.now.Add(d.Milliseconds()) }

func (s *site) write(f func(*store.Tx) error) {
	s.Helper()
	if err := s.DB.Write(s.Context(), f); err != nil {
		s.Fatal(err)
	}
}

// work does rounds until there is nothing left to do.
func (s *site) work() {
	s.Helper()
	for range 1000 {
		worked, err := s.Step(s.Context())
		if err != nil {
			s.Fatal(err)
		}
		if !worked {
			return
		}
	}
	s.Fatal("the work never ends")
}

// frame makes a frame that waits for judgments.
func (s *site) frame() picture.ID {
	s.Helper()
	id := picture.ID(store.NewID())
	k := vault.KeyOf([]byte("large" + id))
	s.write(func(tx *store.Tx) error {
		l, err := slot.Take(tx, "c", 0, time.Minute)
		if err != nil {
			return err
		}
		at, err := slot.Fill(tx, l.Token)
		if err != nil {
			return err
		}
		if _, err = picture.Record(tx, picture.New{ID: id, Origin: "webcam", Slot: at, Name: "Ann",
			Original: vault.KeyOf([]byte(id)), Type: "image/jpeg", Width: 640, Height: 480}); err != nil {
			return err
		}
		return picture.Ready(tx, id, picture.Renditions{Large: k, Medium: k, Thumb: k, Width: 640, Height: 480})
	})
	return id
}

func (s *site) state(id picture.ID) (state picture.State) {
	s.Helper()
	s.write(func(tx *store.Tx) error {
		p, err := picture.Get(tx, id)
		state = p.State
		return err
	})
	return state
}

func (s *site) get(id string) (c crowd.Crowd) {
	s.Helper()
	s.write(func(tx *store.Tx) (err error) { c, err = crowd.Get(tx, id); return err })
	return c
}

// settle lets a moderator decide.
func (s *site) settle(id picture.ID, verdict picture.State) {
	s.Helper()
	if _, err := s.Desk.Settle(s.Context(), moderation.ByAccount("mod"), id, verdict, "because"); err != nil {
		s.Fatal(err)
	}
}

// heard is a message as a peer got it.
type heard struct {
	header http.Header
	body   []byte
	id     string
	kind   string
	frame  picture.ID
	url    string
}

// peer is a crowd's server that answers as the test says.
type peer struct {
	*httptest.Server
	site *site

	mu      sync.Mutex // guards what follows
	answer  func(w http.ResponseWriter, r *http.Request)
	heard   []heard
	tries   int
	secrets []webhook.Secret
}

func (s *site) peer() *peer {
	p := &peer{site: s}
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	s.Cleanup(p.Close)
	return p
}

func (p *peer) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tries++
	body, err := io.ReadAll(r.Body)
	if err != nil {
		p.site.Error(err)
	}
	id, err := webhook.Verify(r.Header, body, p.site.DB.Now(), p.secrets...)
	if err != nil {
		p.site.Errorf("a request came without a good signature: %v", err)
	}
	if r.Method == http.MethodPost {
		var m struct {
			Type string
			Data struct {
				Frame      picture.ID
				PictureURL string `json:"picture_url"`
			}
		}
		if err := json.Unmarshal(body, &m); err != nil {
			p.site.Error(err)
		}
		p.heard = append(p.heard, heard{r.Header, body, id, m.Type, m.Data.Frame, m.Data.PictureURL})
	}
	if p.answer != nil {
		p.answer(w, r)
	}
}

// says sets what the peer answers from now on.
func (p *peer) says(f func(w http.ResponseWriter, r *http.Request)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = f
}

func status(code int, headers ...string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
	}
}

// about gives the messages about the frame, in the order they came.
func (p *peer) about(frame picture.ID) (all []heard) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range p.heard {
		if h.frame == frame {
			all = append(all, h)
		}
	}
	return all
}

// got gives what came since the last time, as "kind frame" with the frames called by
// their place in the list, sorted.
func (p *peer) got(frames ...picture.ID) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, h := range p.heard {
		name := "?"
		for i, id := range frames {
			if id == h.frame {
				name = fmt.Sprint(i)
			}
		}
		all = append(all, strings.TrimPrefix(h.kind, "frame.")+" "+name)
	}
	p.heard = nil
	slices.Sort(all) // a round posts its messages side by side
	return strings.Join(all, ", ")
}

// join adds the peer's crowd of the kind.
func (s *site) join(p *peer, kind string) (crowd.Crowd, crowd.Credentials) {
	s.Helper()
	c, told, err := s.Add(s.Context(), boss, crowd.New{Name: "Peer", Kind: kind, URL: p.URL + "/jobs", PollURL: p.URL + "/judgments", Form: true})
	if err != nil {
		s.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.secrets = append(p.secrets, s.secret(told.Secret))
	return c, told
}

func (s *site) secret(text string) webhook.Secret {
	s.Helper()
	secret, err := webhook.ParseSecret(text)
	if err != nil {
		s.Fatal(err)
	}
	return secret
}
