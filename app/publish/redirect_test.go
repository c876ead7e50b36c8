package publish_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"oneframe/app/publish"
	"oneframe/app/store"
)

// No reply sends us, and with us the token, to another place: neither a redirect nor a
// 308 that means "go on".
func TestNoRedirectIsFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	t.Cleanup(elsewhere.Close)
	for _, c := range []struct {
		method, path string
		status       int
		waits        bool
	}{
		{"GET", "/config", 302, true},
		{"GET", "/videos/uuid-1", 307, true},
		{"POST", "/users/token", 307, true},
		{"POST", replace, 308, true},
		{"PUT", replace, 308, false},
	} {
		f := newTube(t)
		s := afterFirst(t, f, bytesOf('b', 2500))
		f.access, f.refresh = "revoked", "revoked"
		f.once(c.method, c.path, c.status, "", "Location", elsewhere.URL)
		if c.status == 308 { // and one to the question for the position, which has no body
			f.once("PUT", replace, 409, "")
			f.once("PUT", replace, 308, "", "Location", elsewhere.URL)
		}
		s.work()
		if v := s.video(); c.waits && (v.State != "sending" || v.Tries != 1) {
			t.Errorf("%s %s: %+v", c.method, c.path, v)
		}
		s.write(func(tx *store.Tx) error { return publish.Resume(tx, "c", "peertube") })
		s.settle()
	}
}

// lastChunk has the reply to the chunk that ends the file given by the rule.
func lastChunk(f *tube, end string, give func(w http.ResponseWriter, r *http.Request)) {
	f.rule(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != "PUT" || r.Header.Get("Content-Range") != end {
			return false
		}
		give(w, r)
		return true
	})
}

// The last chunk didn't arrive, and neither did a reply: an older video of the same name
// is not taken for ours.
func TestPeerTubeAnOlderVideoOfTheSameName(t *testing.T) {
	t.Parallel()
	f := newTube(t)
	f.videos = []*tubeVideo{{uuid: "old", name: "The clip c", updated: "null", state: 1, file: "another's"}}
	s := newSite(t, peerTube(t, f))
	lastChunk(f, "bytes 2000-2499/2500", func(w http.ResponseWriter, _ *http.Request) { hangUp(w) })
	s.want("c", bytesOf('a', 2500))
	if v := s.settle(); v.Remote != "uuid-2" {
		t.Errorf("%+v", v)
	}
	if got := f.shown(); len(got) != 2 || got[0] != "another's" || got[1] != bytesOf('a', 2500) {
		t.Errorf("the instance shows %s", sizes(got))
	}
}

// The upload is over and cleaned away at the instance, which shows it only a while later.
func TestPeerTubeShowsItLater(t *testing.T) {
	t.Parallel()
	for name, reply := range map[string]func(http.ResponseWriter){
		"no reply": hangUp,
		"a 404":    func(w http.ResponseWriter) { answer(w, 404, `{"error":{"code":"FileNotFound","message":"Not found"}}`) },
	} {
		f := newTube(t)
		s := afterFirst(t, f, bytesOf('b', 2500))
		lastChunk(f, "bytes 2000-2499/2500", func(w http.ResponseWriter, r *http.Request) {
			delete(f.uploads, r.URL.Query().Get("upload_id"))
			reply(w)
		})
		s.work()
		s.pass(time.Minute)
		s.work()
		if v := s.video(); v.Waits == "" || v.Current {
			t.Errorf("%s: %+v", name, v)
		}
		f.mu.Lock()
		f.videos[0].file, f.videos[0].updated = bytesOf('b', 2500), `"2026-01-01T13:01:00Z"`
		f.mu.Unlock()
		if v := s.settle(); !v.Current {
			t.Errorf("%s: %+v", name, v)
		}
		if n := f.count("POST /api/v1/videos/uuid-1"); n != 1 {
			t.Errorf("%s: begun %d times, want once", name, n)
		}
	}
}
