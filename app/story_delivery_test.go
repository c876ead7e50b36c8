package app

import (
	"context"
	"fmt"
	"image"
	_ "image/jpeg" // what lies in a folder is looked at
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"oneframe/app/deliver"
	"oneframe/app/store"
)

// deliveryVerbs are the words of what goes to subscribers.
func deliveryVerbs() []verb {
	return []verb{
		says(`(\w+)'s pictures go to a folder`, (*stage).toFolder),
		says(`(\w+)'s pictures go to a server`, (*stage).toServer),
		says(`(\w+)'s pictures are made as (.+)`, func(s *stage, w []string) string {
			return s.patch(w[0], `{"rendition": `+w[1]+`}`)
		}),
		says(`(\w+)'s server goes down`, func(s *stage, w []string) string { s.remote[w[0]].set(0); return "" }),
		says(`(\w+)'s server answers (\d+)`, func(s *stage, w []string) string { s.remote[w[0]].set(statusOf(w[1])); return "" }),
		says(`a test of (\w+) comes to (\w+)`, (*stage).probe),
		says(`the office sends`, func(s *stage, _ []string) string { s.until(s.App.Sending.Step); return "" }),
		says(`(\w+)'s folder has (.+)`, (*stage).remoteFolder),
		says(`(\w+)'s server got (\d+) pictures?`, (*stage).remoteGot),
		says(`(\w+) sends (\w+)'s (\S+\.jpg) to (\w+) on demand`, (*stage).onDemand),
		says(`(\w+) is resumed`, func(s *stage, w []string) string { return s.desk("POST", s.subscriberOf(w[0])+"/resume") }),
		says(`(\w+) is in trouble: (\w+)`, (*stage).troubleIs),
		says(`taking (\w+)'s (\S+\.jpg) back is (\w+)`, (*stage).takenBack),
	}
}

// remote is a subscriber's own server.
type remote struct {
	mu       sync.Mutex
	answer   int             // a status; 0 breaks the connection off
	pictures map[string]bool // by the message's id
}

func (r *remote) set(answer int) { r.mu.Lock(); defer r.mu.Unlock(); r.answer = answer }

func statusOf(text string) (n int) { _, _ = fmt.Sscan(text, &n); return n } // the verb has digits there

func (r *remote) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answer == 0 {
		panic(http.ErrAbortHandler)
	}
	if kind := req.Header.Get("Content-Type"); r.answer < 300 && strings.HasPrefix(kind, "multipart/") {
		r.pictures[req.Header.Get("Webhook-Id")] = true
	}
	w.WriteHeader(r.answer)
}

// boss gives the token of an admin.
func (s *stage) boss() string {
	s.Helper()
	if s.people["boss"] == nil {
		s.hire("boss", "admin")
	}
	return s.people["boss"].token
}

// desk makes an admin's call about a subscriber.
func (s *stage) desk(method, path string) string {
	s.Helper()
	return s.call(method, "/api/v1/subscribers/"+path, s.boss(), nil, nil)
}

// patch changes a subscriber by the API.
func (s *stage) patch(name, body string) string {
	s.Helper()
	req := s.request("PATCH", "/api/v1/subscribers/"+s.subscriberOf(name), strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.boss())
	return s.do(req, nil)
}

func (s *stage) folderOf(name string) string {
	return filepath.Join(s.App.Config.Deliver.Folders[0], name)
}

func (s *stage) toFolder(w []string) string {
	s.Helper()
	return s.patch(w[0], `{"destination": "file://`+filepath.ToSlash(s.folderOf(w[0]))+`"}`)
}

func (s *stage) toServer(w []string) string {
	s.Helper()
	r := &remote{answer: http.StatusOK, pictures: map[string]bool{}}
	server := httptest.NewServer(r)
	s.Cleanup(server.Close)
	s.remote[w[0]] = r
	return s.patch(w[0], `{"destination": "`+server.URL+`/in", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}`)
}

// remoteFolder words what lies in a subscriber's folder, pictures with their size, as
// "2026/a.jpg 400x267, a.xmp", or "nothing".
func (s *stage) remoteFolder(w []string) string {
	s.Helper()
	var all []string
	root := s.folderOf(w[0])
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		words, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".jpg") {
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			c, _, err := image.DecodeConfig(f)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			words += fmt.Sprintf(" %dx%d", c.Width, c.Height)
		}
		all = append(all, words)
		return nil
	})
	if err != nil {
		s.Fatal(err)
	}
	slices.Sort(all)
	got := strings.Join(all, ", ")
	if got == "" {
		got = "nothing"
	}
	if got != w[1] {
		return "it has " + got
	}
	return ""
}

func (s *stage) remoteGot(w []string) string {
	s.Helper()
	r := s.remote[w[0]]
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := fmt.Sprint(len(r.pictures)); n != w[1] {
		return "it got " + n
	}
	return ""
}

func (s *stage) probe(w []string) string {
	s.Helper()
	var told struct {
		OK     bool
		Failed string
	}
	if code := s.call("POST", "/api/v1/subscribers/"+s.subscriberOf(w[0])+"/test", s.boss(), nil, &told); code != "" {
		return code
	}
	if got := map[bool]string{true: "well", false: told.Failed}[told.OK]; got != w[1] {
		return "it comes to " + got
	}
	return ""
}

func (s *stage) onDemand(w []string) string {
	s.Helper()
	s.hireOnce(w[0])
	body := map[string]any{"picture": s.photoOf(w[1], w[2]).ID, "subscribers": []string{s.subscriberOf(w[3])}}
	return s.call("POST", "/api/v1/deliveries", s.people[w[0]].token, body, nil)
}

func (s *stage) hireOnce(name string) {
	s.Helper()
	if s.people[name] == nil {
		s.hire(name, "admin")
	}
}

func (s *stage) troubleIs(w []string) string {
	s.Helper()
	var told struct{ Trouble string }
	if code := s.call("GET", "/api/v1/subscribers/"+s.subscriberOf(w[0])+"/insight", s.boss(), nil, &told); code != "" {
		return code
	}
	if told.Trouble != w[1] {
		return "it is " + told.Trouble
	}
	return ""
}

// takenBack is how far the recall of a picture came; one state for all who had it.
func (s *stage) takenBack(w []string) string {
	s.Helper()
	var states []string
	err := s.App.DB.Read(context.WithoutCancel(s.Context()), func(tx *store.Tx) error {
		all, err := deliver.Recalls(tx, s.photoOf(w[0], w[1]).ID)
		for _, r := range all {
			states = append(states, r.State)
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	slices.Sort(states)
	if got := strings.Join(slices.Compact(states), " "); got != w[2] {
		return "it is " + got
	}
	return ""
}
