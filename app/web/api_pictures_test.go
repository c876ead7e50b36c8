package web

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"oneframe/app/ingest"
	"oneframe/app/people"
	"oneframe/app/testdata"
)

func photograph(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(testdata.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// post sends a photograph and gives the answer.
func (s *site) post(status int, data []byte, file string, who with) map[string]any {
	s.Helper()
	body, kind := upload(s, map[string]any{"photo": data, "file_name": file})
	return s.want(status, "POST", "/api/v1/pictures", body, kind, who)
}

func TestAPhotographerSendsPhotographs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	pat, other, boss := s.hire("pat", people.Photographer), s.hire("quinn", people.Photographer), s.hire("boss", people.Admin)
	data := photograph(t, "photos/iptc-ref-2021.1.jpg")
	sent := s.post(http.StatusCreated, data, "news/a.jpg", pat)
	id := sent["id"].(string)
	if sent["state"] != "received" || sent["account"] != "pat" || sent["file_name"] != "news/a.jpg" || sent["duplicate"] != false {
		t.Errorf("%v", sent)
	}
	if m := sent["metadata"].(map[string]any); m["caption"] == nil || m["found"] == nil {
		t.Errorf("no metadata: %v", m)
	}
	if again := s.post(http.StatusOK, data, "b.jpg", pat); again["id"] != id || again["duplicate"] != true {
		t.Errorf("%v", again)
	}
	s.scale()
	if p := s.want(http.StatusOK, "GET", "/api/v1/pictures/"+id, nil, pat); p["state"] != "waiting" || p["thumb_url"] == nil {
		t.Errorf("%v", p)
	}
	second := s.post(http.StatusCreated, append(data, 0), "news/a.jpg", pat)
	if second["id"] != id || second["version"] != 2.0 {
		t.Errorf("%v", second)
	}
	s.scale()
	s.want(http.StatusOK, "POST", "/api/v1/frames/"+id+"/verdict", map[string]string{"verdict": "accepted"}, boss)

	s.refused(http.StatusNotFound, "no_picture", "GET", "/api/v1/pictures/"+id, nil, other)
	s.refused(http.StatusUnauthorized, "no_account", "GET", "/api/v1/pictures/"+id, nil)
	s.refused(http.StatusNotFound, "no_frame", "GET", "/api/v1/frames/"+id, nil)
	s.refused(http.StatusForbidden, "denied", "GET", "/api/v1/pictures", nil, s.hire("jo", people.Judge))
	body, kind := upload(t, map[string]any{"photo": data})
	s.refused(http.StatusForbidden, "denied", "POST", "/api/v1/pictures", body, kind, s.hire("mia", people.Moderator))
	for _, c := range []struct {
		query string
		who   with
		found int
	}{
		{"", pat, 1}, {"", other, 0}, {"", boss, 1}, {"?account=pat", boss, 1}, {"?account=quinn", boss, 0}, {"?account=pat", other, 0},
		{"?q=caption:description+state:province", pat, 1}, {"?state=accepted", pat, 1}, {"?state=waiting", pat, 0}, {"?q=nowhere", pat, 0},
		{"?from=2026-03-01&to=2026-03-01", pat, 1}, {"?to=2026-02-28", pat, 0}, {"?kind=frames", boss, 0}, {"?city=City", pat, 1},
	} {
		got := s.want(http.StatusOK, "GET", "/api/v1/pictures"+c.query, nil, c.who)
		if n := len(got["items"].([]any)); n != c.found {
			t.Errorf("%s finds %d, want %d", c.query, n, c.found)
		}
	}
	for query, code := range map[string]string{"q=mood:x": "bad_query", "state=odd": "bad_state", "account=nobody": "bad_account", "from=x": "bad_date", "kind=x": "bad_kind", "cursor=!": "bad_cursor", "limit=0": "bad_limit"} {
		s.refused(http.StatusUnprocessableEntity, code, "GET", "/api/v1/pictures?"+query, nil, boss)
	}
	thumb := s.want(http.StatusOK, "GET", "/api/v1/pictures/"+id, nil, pat)["thumb_url"].(string)
	path := thumb[strings.Index(thumb, "/media"):]
	for who, want := range map[string]int{"pat": 200, "boss": 200, "quinn": 404, "": 404} {
		var with []with
		if who != "" {
			with = append(with, s.login(who))
		}
		if rec := s.send("GET", path, nil, with...); rec.Code != want {
			t.Errorf("%q sees the thumb: %d, want %d", who, rec.Code, want)
		}
	}
	if s.get(http.StatusOK, "/"); strings.Contains(s.get(http.StatusOK, "/"), id) {
		t.Error("the home page shows a photograph")
	}
}

func TestARefusedPhotographIsToldEachReason(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.rooms.Door.Default = ingest.Rules{Required: []string{"caption", "city"}, MinSide: 100_000}
	pat := s.hire("pat", people.Photographer)
	got := s.post(http.StatusUnprocessableEntity, photograph(t, "photos/go-gray.jpeg"), "a.jpg", pat)
	if got["code"] != "refused" || len(got["reasons"].([]any)) != 3 || !strings.Contains(got["detail"].(string), "The field city is missing.") {
		t.Errorf("%v", got)
	}
	held := s.want(http.StatusOK, "GET", "/api/v1/pictures/"+got["id"].(string), nil, pat)
	if held["state"] != "refused" || len(held["reasons"].([]any)) != 3 {
		t.Errorf("%v", held)
	}
	s.refused(http.StatusNotFound, "no_picture", "GET", "/api/v1/pictures/"+got["id"].(string), nil, s.hire("quinn", people.Photographer))
	body, kind := upload(t, map[string]any{"name": "no photo"})
	s.refused(http.StatusUnprocessableEntity, "missing_photo", "POST", "/api/v1/pictures", body, kind, pat)
	s.refused(http.StatusUnsupportedMediaType, "not_multipart", "POST", "/api/v1/pictures", "x", pat)
}

// Hostile files are answered within the time and the memory that the site promises.
func TestBadPhotographsAreAnswered(t *testing.T) {
	s := newSite(t, func(c *Settings) { c.Limits = false })
	pat := s.hire("pat", people.Photographer)
	for _, path := range testdata.Glob(t, "bad/i-*") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		body, kind := upload(t, map[string]any{"photo": data, "file_name": filepath.Base(path)})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		rec := s.send("POST", "/api/v1/pictures", body, kind, pat)
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		if rec.Code >= 500 || took > 2*time.Second*slack {
			t.Errorf("%s: %d after %v: %s", filepath.Base(path), rec.Code, took, rec.Body)
		}
		if used := after.HeapSys - before.HeapSys; after.HeapSys > before.HeapSys && used > 300<<20 {
			t.Errorf("%s: the heap grew by %d MB", filepath.Base(path), used>>20)
		}
		if strings.Contains(rec.Body.String(), "root:") {
			t.Errorf("%s: an entity was resolved", filepath.Base(path))
		}
	}
	s.scale()
}

// slack is for a machine that does much else beside.
const slack = 4
