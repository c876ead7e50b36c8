package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"oneframe/app/ingest"
	"oneframe/app/people"
)

func TestTheRegistersPages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	pat := s.hire("pat", people.Photographer)
	s.hire("quinn", people.Photographer)
	s.hire("boss", people.Admin)
	data := photograph(t, "photos/seibert-out-of-sync.jpg")
	id := s.post(http.StatusCreated, data, "a.jpg", pat)["id"].(string)
	s.scale()
	page := s.raw("/pictures/"+id, s.login("boss"))
	for _, part := range []string{"This is the headline field", "IPTC 2:120", "(This caption in XMP)", "https://www.openstreetmap.org/?mlat=26.58", "a.jpg", "for a moderator", "What happened"} {
		if !strings.Contains(page, part) {
			t.Errorf("the picture's page has no %q", part)
		}
	}
	if found := s.raw("/admin/pictures?q=people:shown", s.login("boss")); !strings.Contains(found, id) {
		t.Error("the register doesn't find it")
	}
	if found := s.raw("/pictures", s.login("quinn")); strings.Contains(found, id) {
		t.Error("another photographer sees it")
	}
	if own := s.raw("/pictures", s.login("pat")); !strings.Contains(own, id) || strings.Contains(own, "/admin/") {
		t.Error("its photographer doesn't see it, or sees the team's tabs")
	}
	s.get(http.StatusNotFound, "/pictures/"+id, s.login("quinn"))
	s.get(http.StatusForbidden, "/admin/pictures", s.login("pat"))
	s.get(http.StatusForbidden, "/admin/profiles", s.login("pat"))
	if wrong := s.raw("/pictures?q=mood:x", s.login("pat")); !strings.Contains(wrong, "There is no field") {
		t.Error("a wrong search isn't explained")
	}
	rec := s.send("GET", "/pictures/"+id+"/original", nil, s.login("pat"))
	if rec.Code != http.StatusOK || rec.Body.String() != string(data) || !strings.HasPrefix(rec.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("the original: %d, %v", rec.Code, rec.Header())
	}
	s.post(http.StatusCreated, append(data, 0), "a.jpg", pat)
	s.scale()
	if page := s.raw("/pictures/"+id, s.login("boss")); !strings.Contains(page, "Versions") || !strings.Contains(page, "updated") {
		t.Error("the versions aren't shown")
	}
	if rec := s.send("GET", "/pictures/"+id+"/original?version=1", nil, s.login("pat")); rec.Body.Len() != len(data) {
		t.Errorf("version 1 has %d bytes", rec.Body.Len())
	}
}

func TestTheQuarantinesPages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.rooms.Door.Default = ingest.Rules{Required: []string{"caption", "source"}}
	pat := s.hire("pat", people.Photographer)
	s.hire("boss", people.Admin)
	s.hire("quinn", people.Photographer)
	id := s.post(http.StatusUnprocessableEntity, photograph(t, "photos/sunrise-ccbysa.jpg"), "sun.jpg", pat)["id"].(string)
	page := "/pictures/refused/" + id
	for _, who := range []string{"boss", "pat"} {
		if got := s.raw(page, s.login(who)); !strings.Contains(got, "The field caption is missing.") || strings.Contains(got, "Correct and accept") != (who == "boss") {
			t.Errorf("%s sees something else", who)
		}
		if rec := s.send("GET", page+"/file", nil, s.login(who)); rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "image/jpeg" {
			t.Errorf("%s: the file: %d", who, rec.Code)
		}
	}
	s.get(http.StatusNotFound, page, s.login("quinn"))
	if got := s.raw("/admin/refused", s.login("boss")); !strings.Contains(got, "sun.jpg") || !strings.Contains(got, "Missing: caption, source") {
		t.Error("the list doesn't have it")
	}
	if got := s.raw("/pictures/refused", s.login("quinn")); strings.Contains(got, "sun.jpg") {
		t.Error("another photographer sees it")
	}
	half := s.submit(page+"/accept", url.Values{"headline": {"Sunrise"}, "caption": {"The sun rises"}}, s.login("boss"))
	if half.Code != http.StatusUnprocessableEntity || !strings.Contains(half.Body.String(), "The field source is missing.") || !strings.Contains(half.Body.String(), "The sun rises") {
		t.Errorf("half corrected: %d", half.Code)
	}
	full := s.submit(page+"/accept", url.Values{"headline": {"Sunrise"}, "caption": {"The sun rises"}, "source": {"Ann"}}, s.login("boss"))
	if full.Code != http.StatusSeeOther {
		t.Fatalf("corrected: %d %s", full.Code, full.Body)
	}
	s.scale()
	got := s.raw(full.Header().Get("Location"), s.login("boss"))
	if !strings.Contains(got, "corrected by boss") || !strings.Contains(got, "accepted") {
		t.Error("the register doesn't tell who corrected it")
	}
	gone := s.post(http.StatusUnprocessableEntity, photograph(t, "photos/go-gray.jpeg"), "b.jpg", pat)["id"].(string)
	s.submits("/pictures/refused/"+gone+"/dismiss", "/admin/refused", url.Values{}, s.login("boss"))
	if again := s.post(http.StatusUnprocessableEntity, photograph(t, "photos/go-gray.jpeg"), "b.jpg", pat); !strings.Contains(again["detail"].(string), "not taken again") {
		t.Errorf("%v", again)
	}
}

func TestTheProfilesPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	pat := s.hire("pat", people.Photographer)
	s.hire("boss", people.Admin)
	boss := s.login("boss")
	s.submits("/admin/profiles", "/admin/profiles", url.Values{"name": {"Sport"}, "types": {"jpeg"}, "required": {"event", "people"}, "min_bytes": {"0,5"}, "min_side": {"3000"}, "categories": {"S, A"}, "alike": {"refuse"}}, boss)
	all := s.raw("/admin/profiles", boss)
	i := strings.Index(all, `<option value="0`)
	if i < 0 || !strings.Contains(all, "Sport") {
		t.Fatal("the profile isn't listed")
	}
	id := all[i+len(`<option value="`) : i+len(`<option value="`)+36]
	s.submits("/admin/profiles/accounts/"+s.known("pat").ID, "/admin/profiles", url.Values{"profile": {id}, "trusted": {"true"}}, boss)
	got := s.post(http.StatusUnprocessableEntity, photograph(t, "photos/go-gray.jpeg"), "a.jpg", pat)
	if n := len(got["reasons"].([]any)); n != 4 {
		t.Errorf("%d reasons: %v", n, got)
	}
	if rec := s.submit("/admin/profiles", url.Values{"name": {"sport"}}, boss); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), "Another profile") {
		t.Errorf("the name twice: %d", rec.Code)
	}
	s.submits("/admin/profiles/"+id, "/admin/profiles", url.Values{"name": {"Sport"}}, boss)
	sent := s.post(http.StatusCreated, photograph(t, "photos/go-gray.jpeg"), "a.jpg", pat)
	s.scale()
	if p := s.frame(sent["id"].(string)); p.State != "accepted" {
		t.Errorf("a trusted account's picture is %s", p.State)
	}
	s.submits("/admin/profiles/"+id+"/remove", "/admin/profiles", url.Values{}, boss)
}

// A withdrawn picture's file stays as long as somebody else's copy lies in quarantine.
func TestWithdrawingLeavesTheQuarantineItsFile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	pat, quinn := s.hire("pat", people.Photographer), s.hire("quinn", people.Photographer)
	s.hire("boss", people.Admin)
	data := photograph(t, "photos/go-gray.jpeg")
	taken := s.post(http.StatusCreated, data, "a.jpg", pat)["id"].(string)
	s.scale()
	s.rooms.Door.Default = ingest.Rules{Required: []string{"caption"}}
	held := s.post(http.StatusUnprocessableEntity, data, "a.jpg", quinn)["id"].(string)
	s.submits("/admin/frames/"+taken+"/withdraw", "/pictures/"+taken, url.Values{"back": {"/pictures/" + taken}}, s.login("boss"))
	if rec := s.send("GET", "/pictures/refused/"+held+"/file", nil, s.login("quinn")); rec.Code != http.StatusOK || rec.Body.Len() != len(data) {
		t.Errorf("%d, %d bytes", rec.Code, rec.Body.Len())
	}
	s.get(http.StatusNotFound, "/pictures/"+taken+"/original", s.login("pat"))
}

// raw opens a page and gives its HTML.
func (s *site) raw(target string, more ...with) string {
	s.Helper()
	rec := s.send("GET", target, nil, more...)
	if rec.Code != http.StatusOK {
		s.Fatalf("GET %s: %d: %s", target, rec.Code, text(rec.Body.String()))
	}
	return rec.Body.String()
}
