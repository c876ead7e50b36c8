package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"oneframe/app/people"
	"oneframe/app/source"
	"oneframe/app/store"
)

func TestAnAnswerIsRememberedUntilSomethingChanges(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	moderator := s.hire("mia", people.Moderator)
	for _, path := range []string{"/", "/api/v1/clips", "/api/v1/clips/dance", "/api/v1/clips/dance/timeline"} {
		first := s.send("GET", path, nil)
		tag := first.Header().Get("ETag")
		if first.Code != http.StatusOK || tag == "" || strings.HasPrefix(tag, "W/") {
			t.Fatalf("%s: %d, ETag %q", path, first.Code, tag)
		}
		if rec := s.send("GET", path, nil, header("If-None-Match", tag)); rec.Code != http.StatusNotModified || rec.Body.Len() != 0 {
			t.Errorf("%s asked again: %d", path, rec.Code)
		}
		zipped := s.send("GET", path, nil, header("Accept-Encoding", "gzip"))
		if path == "/" || strings.HasSuffix(path, "timeline") {
			r, err := gzip.NewReader(zipped.Body)
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if got, err := io.ReadAll(r); err != nil || string(got) != first.Body.String() || zipped.Header().Get("ETag") == tag {
				t.Errorf("%s in gzip: %v, ETag %s", path, err, zipped.Header().Get("ETag"))
			}
		}
		id, secret := s.accepted("Ann", moderator)
		if rec := s.send("GET", path, nil, header("If-None-Match", tag)); rec.Code != http.StatusOK {
			t.Errorf("%s after frame %s: %d", path, id, rec.Code)
		}
		s.want(http.StatusNoContent, "DELETE", "/api/v1/manage/"+secret, nil)
	}
}

func TestTheRevisionKnowsEveryChangeThatVisitorsSee(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	srv := &Server{Rooms: s.rooms, memory: newCache()}
	before, err := srv.revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	moderator := s.hire("mia", people.Moderator)
	for name, change := range map[string]func(){
		"a frame":  func() { s.accepted("Ann", moderator) },
		"a render": func() { s.render() },
		"a title": func() {
			if err := s.rooms.DB.Write(t.Context(), func(tx *store.Tx) error { return source.Rename(tx, "dance", "Waltz") }); err != nil {
				t.Fatal(err)
			}
		},
		"what is featured": func() {
			s.clock.pass(1)
			if err := s.rooms.DB.Write(t.Context(), func(tx *store.Tx) error { return source.Feature(tx, "dance") }); err != nil {
				t.Fatal(err)
			}
		},
	} {
		change()
		after, err := srv.revision(t.Context())
		if err != nil || after == before {
			t.Errorf("%s: the revision stayed %q, %v", name, after, err)
		}
		before = after
	}
}

func TestWhoIsLoggedInSeesTheOwnPages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.hire("ada", people.Admin)
	anonymous := s.send("GET", "/", nil)
	mine := s.send("GET", "/", nil, s.login("ada"))
	if mine.Code != http.StatusOK || !strings.Contains(mine.Body.String(), "ada") || mine.Header().Get("ETag") != "" || mine.Header().Get("Cache-Control") != "private, no-store" {
		t.Errorf("logged in: %d %v", mine.Code, mine.Header())
	}
	if rec := s.send("GET", "/", nil); rec.Body.String() != anonymous.Body.String() || strings.Contains(rec.Body.String(), "ada") {
		t.Error("a stranger was shown an account's page")
	}
	if got := anonymous.Header().Values("Set-Cookie"); len(got) != 0 {
		t.Errorf("a page for everybody sets a cookie: %v", got)
	}
}

func TestOneHostsAnswerIsNotAnothers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, host := range []string{"a.example", "b.example"} {
		rec := s.send("GET", "http://"+host+"/api/v1/clips/dance", nil)
		if !strings.Contains(rec.Body.String(), "http://"+host+"/") {
			t.Errorf("%s: %s", host, rec.Body)
		}
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	t.Parallel()
	k := newCache()
	big := &entry{content: make([]byte, cacheBytes/3)}
	for _, key := range []string{"a", "b", "c", "d"} {
		k.put("1", key, big)
	}
	if k.get("1", "a") != nil || k.get("1", "d") == nil || k.bytes > cacheBytes {
		t.Errorf("it holds %d bytes in %d entries", k.bytes, len(k.entries))
	}
	k.put("2", "d", big)
	if k.get("1", "a") != nil || k.get("2", "a") != nil || k.get("2", "d") == nil || len(k.entries) != 1 {
		t.Error("answers of another revision are kept")
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		if rec := s.send("GET", path, nil); rec.Code != http.StatusOK {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
	if left, err := os.ReadDir(s.rooms.Importer.Incoming); err != nil || len(left) != 0 {
		t.Errorf("being ready left something behind: %v, %v", left, err)
	}
	s.rooms.Importer.Incoming = "/nowhere"
	if rec := s.send("GET", "/readyz", nil); rec.Code != http.StatusServiceUnavailable {
		t.Errorf("with a disk that can't be written: %d", rec.Code)
	}
	if rec := s.send("GET", "/healthz", nil); rec.Code != http.StatusOK {
		t.Errorf("alive: %d", rec.Code)
	}
}
