package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"oneframe/app/people"
	"oneframe/app/picture"
)

// get opens a page and gives what a person reads on it.
func (s *site) get(status int, target string, more ...with) string {
	s.Helper()
	rec := s.send("GET", target, nil, more...)
	if rec.Code != status {
		s.Fatalf("GET %s: %d, want %d: %s", target, rec.Code, status, text(rec.Body.String()))
	}
	return text(rec.Body.String())
}

// text is a page's text, in one line.
func text(page string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(page))
	for z.Next() != html.ErrorToken {
		if tok := z.Token(); tok.Type == html.TextToken {
			b.WriteString(tok.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// submit sends a form as the page with it does, and gives the answer; the visitor's
// session, if any, goes along with the page's own token.
func (s *site) submit(target string, fields url.Values, more ...with) *httptest.ResponseRecorder {
	s.Helper()
	first := s.send("GET", "/login", nil, more...)
	all := append([]with{header("Content-Type", "application/x-www-form-urlencoded")}, more...)
	for _, k := range first.Result().Cookies() {
		if k.Name == "oneframe_csrf" {
			all = append(all, cookie(k.Name, k.Value))
			fields.Set("_csrf", k.Value)
		}
	}
	return s.send("POST", target, fields.Encode(), all...)
}

// submits sends a form, and fails the test unless it leads to the address.
func (s *site) submits(target, to string, fields url.Values, more ...with) *httptest.ResponseRecorder {
	s.Helper()
	rec := s.submit(target, fields, more...)
	if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != to {
		s.Fatalf("POST %s: %d to %q, want 303 to %q: %s", target, rec.Code, rec.Header().Get("Location"), to, text(rec.Body.String()))
	}
	return rec
}

func (s *site) shows(page string, parts ...string) {
	s.Helper()
	for _, p := range parts {
		if !strings.Contains(page, p) {
			s.Errorf("the page doesn't say %q: %s", p, page)
		}
	}
}

// empty opens a site without any clip.
func empty(t *testing.T) *site {
	t.Helper()
	s := &site{TB: t, clock: &hands{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}, log: &logged{}}
	var err error
	if s.rooms, err = open(t.TempDir(), s.clock.Now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.rooms.DB.Close(); err != nil {
			t.Error(err)
		}
	})
	if s.e, err = New(s.rooms, Settings{Lease: time.Minute, HomeShow: "accepted", Pick: "newest"}, slog.New(slog.NewTextHandler(s.log, nil))); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestHomeShowsTheClipItsFramesAndItsHoles(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.shows(s.get(http.StatusOK, "/"), "Dance", "0 frames so far", "12 holes", "The first render is on its way", "No faces yet")
	mod := s.hire("mod", people.Moderator)
	id, _ := s.accepted("Ada", mod)
	s.contribute("Grace")
	s.render()
	page := s.send("GET", "/", nil).Body.String()
	s.shows(text(page), "1 frame so far", "2 of 12 slots filled, 10 to go", "Ada", "Rendered")
	s.shows(page, `href="/f/`+id+`"`, `data-map="xw.........."`, `<video`, `/clips/dance/clip.mp4?v=`)
	if strings.Contains(page, "Grace") || strings.Contains(page, "autoplay") {
		t.Error("the page shows a waiting frame, or plays by itself")
	}
	s.shows(s.send("GET", "/?clip=dance&t=0.5", nil).Body.String(), `#t=0.5"`, `data-at="0.5"`)
	s.get(http.StatusNotFound, "/?clip=nowhere")
	for _, bad := range []string{"x", "-1", "NaN", "1e9"} {
		s.get(http.StatusUnprocessableEntity, "/?t="+bad)
	}
}

func TestHomeMayShowFramesAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Settings) { c.HomeShow = "all" })
	s.contribute("Grace")
	s.scale()
	s.shows(s.get(http.StatusOK, "/"), "1 frame so far", "Grace")
}

func TestHomeTurnsThePages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mod := s.hire("mod", people.Moderator)
	for range recentFrames + 1 {
		s.accepted("Ada", mod)
	}
	page := s.send("GET", "/", nil).Body.String()
	_, older, ok := strings.Cut(page, `href="/?clip=dance&amp;older=`)
	if n := strings.Count(page, `class="tile"`); n != recentFrames || !ok {
		t.Fatalf("%d frames, want %d, with a way to the older ones", n, recentFrames)
	}
	older, _, _ = strings.Cut(older, `#`)
	page = s.send("GET", "/?clip=dance&older="+older, nil).Body.String()
	if n := strings.Count(page, `class="tile"`); n != 1 {
		t.Errorf("%d older frames, want 1", n)
	}
	s.shows(text(page), "Earlier frames", "Newest")
}

func TestASiteWithoutAClipSaysSo(t *testing.T) {
	t.Parallel()
	s := empty(t)
	s.shows(s.get(http.StatusOK, "/"), "Nothing to remake yet")
	s.shows(s.get(http.StatusOK, "/shoot"), "Nothing to shoot yet")
	s.hire("boss", people.Admin)
	boss := s.login("boss")
	s.shows(s.get(http.StatusOK, "/", boss), "Add a video")
	for _, page := range []string{"/admin", "/admin/clips", "/admin/renders", "/admin/frames", "/judge"} {
		s.get(http.StatusOK, page, boss)
	}
}

func TestShootAsksForConsentInTheExactWords(t *testing.T) {
	t.Parallel()
	const consent = `Everybody in it agrees & "is" <fine>.`
	s := newSite(t, func(c *Settings) { c.Consent = consent })
	page := s.send("GET", "/shoot?slot=3", nil).Body.String()
	s.shows(text(page), consent, "You asked for slot 3 of 12")
	s.shows(page, `src="/clips/dance/poses/3.jpg"`, `data-lease="600"`)
	if strings.Contains(page, "checked") {
		t.Error("the consent is ticked beforehand")
	}
	s.get(http.StatusNotFound, "/shoot?slot=13")
	s.get(http.StatusUnprocessableEntity, "/shoot?slot=0")
	s.get(http.StatusNotFound, "/shoot?clip=nowhere")
	if s.slotOf(3).Leases != 0 {
		t.Error("looking at the page took the slot")
	}
}

func TestAFramesPageIsThereForWhomItMay(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mod := s.hire("mod", people.Moderator)
	id, secret := s.accepted("Ada", mod)
	s.render()
	page := s.send("GET", "/f/"+id, nil).Body.String()
	s.shows(text(page), "Frame 1", "Ada", "See it in the clip", "Shoot this pose yourself")
	s.shows(page, `href="/?clip=dance&amp;t=0"`, `property="og:image" content="http://example.com/media/`)
	waiting, _ := s.contribute("Grace")
	s.scale()
	s.shows(s.get(http.StatusNotFound, "/f/"+waiting), "isn’t shown, or not yet")
	s.shows(s.get(http.StatusOK, "/f/"+waiting, s.login("mod")), "Grace", "being judged", "Moderate")
	s.want(http.StatusNoContent, "DELETE", "/api/v1/manage/"+secret, nil)
	s.shows(s.get(http.StatusGone, "/f/"+id), "took it back")
	s.get(http.StatusNotFound, "/f/nonsense")
}

func TestAContributorFollowsAndDeletesTheFrame(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mod := s.hire("mod", people.Moderator)
	id, secret := s.contribute("Ada")
	own := "/m/" + secret
	s.shows(s.get(http.StatusOK, own), "Being made ready", "Slot 1")
	s.get(http.StatusNotFound, own+"/picture.jpg")
	s.scale()
	s.shows(s.get(http.StatusOK, own), "Being judged: 0 of 3", "Keep this link")
	s.want(http.StatusOK, "POST", "/api/v1/judgments", map[string]any{"judgments": []any{map[string]any{"frame": id, "nudity": false, "trying": true, "likeness": 4}}}, mod)
	s.shows(s.get(http.StatusOK, own), "Being judged: 1 of 3")
	rec := s.send("GET", own+"/picture.jpg", nil)
	if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "image/jpeg" || !strings.HasPrefix(rec.Header().Get("Cache-Control"), "private") {
		t.Errorf("the contributor's picture: %d %v", rec.Code, rec.Header())
	}
	s.want(http.StatusOK, "POST", "/api/v1/frames/"+id+"/verdict", map[string]string{"verdict": "rejected", "reason": "too dark"}, mod)
	s.shows(s.get(http.StatusOK, own), "Not this time", "The reason: too dark.", "Try this pose again")
	s.want(http.StatusOK, "POST", "/api/v1/frames/"+id+"/verdict", map[string]string{"verdict": "accepted"}, mod)
	s.shows(s.get(http.StatusOK, own), "You’re in!", "likeness 4.0 of 5", "In the next render")
	s.render()
	s.shows(s.get(http.StatusOK, own), "In the clip since", "Jump to me")
	s.submits(own+"/delete", own, url.Values{})
	s.shows(s.get(http.StatusOK, own), "Gone for good")
	s.get(http.StatusNotFound, own+"/picture.jpg")
	if got := s.frame(id); got.State != picture.Withdrawn || got.Name != "" {
		t.Errorf("after the deletion: %+v", got)
	}
	s.shows(s.get(http.StatusNotFound, "/m/guess"), "no frame under this link")
	h := s.send("GET", own, nil).Header()
	if h.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(h.Get("Cache-Control"), "no-store") {
		t.Errorf("a secret address may leak: %v", h)
	}
}

func TestALaterFrameTakesTheSlotOver(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mod := s.hire("mod", people.Moderator)
	_, first := s.accepted("Ada", mod)
	for range 12 {
		s.accepted("Grace", mod)
	}
	s.shows(s.get(http.StatusOK, "/m/"+first), "Another frame holds this slot now")
}

func TestLogin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, role := range map[string]people.Role{"boss": people.Admin, "mod": people.Moderator, "ada": people.Judge, "pix": people.Photographer} {
		s.hire(name, role)
	}
	rec := s.submit("/login", url.Values{"name": {"ada"}, "password": {"wrong"}})
	s.shows(rec.Body.String(), `value="ada"`, "That name and password don&#39;t belong together.")
	if rec.Code != http.StatusUnauthorized {
		t.Errorf("a wrong password: %d", rec.Code)
	}
	for _, c := range []struct{ name, next, to string }{
		{"boss", "", "/admin"}, {"mod", "", "/admin/frames"}, {"ada", "", "/judge"}, {"pix", "", "/pictures"},
		{"ada", "/f/x?y=1", "/f/x?y=1"}, {"ada", "https://elsewhere.example/", "/judge"}, {"ada", "//elsewhere.example", "/judge"},
	} {
		rec := s.submits("/login", c.to, url.Values{"name": {c.name}, "password": {"a long password"}, "next": {c.next}})
		if !strings.Contains(strings.Join(rec.Header().Values("Set-Cookie"), "\n"), "oneframe_session=") {
			t.Errorf("%s got no session", c.name)
		}
	}
	ada := s.login("ada")
	if rec := s.send("GET", "/login?next=/judge", nil, ada); rec.Header().Get("Location") != "/judge" {
		t.Errorf("logged in already: %d to %q", rec.Code, rec.Header().Get("Location"))
	}
	s.submits("/logout", "/", url.Values{}, ada)
	if rec := s.send("GET", "/judge", nil, ada); rec.Header().Get("Location") != "/login?next=%2Fjudge" {
		t.Errorf("after the logout: %d to %q", rec.Code, rec.Header().Get("Location"))
	}
}

func TestTheFirstAdminComesByTheSetupLink(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.shows(s.get(http.StatusForbidden, "/setup?secret=guess"), "setup link is not the latest")
	secret, needed, err := s.rooms.People.SetupSecret(context.Background())
	if err != nil || !needed {
		t.Fatal(needed, err)
	}
	s.shows(s.get(http.StatusOK, "/setup?secret="+url.QueryEscape(secret)), "no admin yet")
	h := s.send("GET", "/setup?secret="+url.QueryEscape(secret), nil).Header()
	if h.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(h.Get("Cache-Control"), "no-store") {
		t.Errorf("a secret address may leak: %v", h)
	}
	rec := s.submit("/setup", url.Values{"secret": {secret}, "name": {"boss"}, "password": {"short"}})
	s.shows(rec.Body.String(), "at least 10 characters", `value="boss"`)
	s.submits("/setup", "/admin", url.Values{"secret": {secret}, "name": {"boss"}, "password": {"a long password"}})
	s.shows(s.get(http.StatusGone, "/setup?secret="+url.QueryEscape(secret)), "has its admin already")
	s.shows(s.get(http.StatusOK, "/admin", s.login("boss")), "Overview")
}

func TestWhoMaySeeWhat(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id, _ := s.contribute("Ada")
	s.scale()
	who := map[string]with{}
	for name, role := range map[string]people.Role{"admin": people.Admin, "moderator": people.Moderator, "judge": people.Judge} {
		s.hire(name, role)
		who[name] = s.login(name)
	}
	least := map[string]string{"/judge": "judge", "/admin/frames": "moderator", "/admin/frames/" + id: "moderator", "/admin": "admin",
		"/admin/clips": "admin", "/admin/renders": "admin", "/admin/accounts": "admin"}
	rank := map[string]int{"judge": 1, "moderator": 2, "admin": 3}
	for page, needs := range least {
		if rec := s.send("GET", page, nil); rec.Code != http.StatusSeeOther || !strings.HasPrefix(rec.Header().Get("Location"), "/login?next=") {
			t.Errorf("a stranger at %s: %d to %s", page, rec.Code, rec.Header().Get("Location"))
		}
		for name, session := range who {
			want := http.StatusForbidden
			if rank[name] >= rank[needs] {
				want = http.StatusOK
			}
			if rec := s.send("GET", page, nil, session); rec.Code != want {
				t.Errorf("%s at %s: %d, want %d", name, page, rec.Code, want)
			}
		}
	}
	for _, form := range []string{"/judge", "/admin/frames/" + id + "/verdict", "/admin/frames/" + id + "/withdraw", "/admin/clips/dance/rename", "/admin/accounts"} {
		if rec := s.send("POST", form, "", who["admin"], header("Content-Type", "application/x-www-form-urlencoded")); rec.Code != http.StatusForbidden {
			t.Errorf("POST %s without the page's token: %d", form, rec.Code)
		}
		if rec := s.submit(form, url.Values{}); rec.Code != http.StatusSeeOther || !strings.HasPrefix(rec.Header().Get("Location"), "/login") {
			t.Errorf("a stranger's POST %s: %d", form, rec.Code)
		}
	}
}
