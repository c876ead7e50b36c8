package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"oneframe/app/browsertest"
	"oneframe/app/moderation"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// waiting makes n frames that wait, each sent by a browser of its own.
func (s *site) waiting(n int) (ids []picture.ID) {
	s.Helper()
	for range n {
		id, _ := s.contribute("Ann")
		ids = append(ids, picture.ID(id))
		s.clock.pass(time.Second)
	}
	s.scale()
	return ids
}

// gold makes a frame gold whose right answer is that nobody poses.
func (s *site) gold(frame picture.ID) {
	s.Helper()
	if _, err := s.rooms.Desk.MarkGold(context.Background(), "account:mia", moderation.Judgment{Frame: frame}, "It is a wall."); err != nil {
		s.Fatal(err)
	}
}

// invite makes a judging link and gives its secret.
func (s *site) invite(n moderation.NewLink) (id, secret string) {
	s.Helper()
	n.Name = "Fans"
	l, secret, err := s.rooms.Desk.MakeLink(context.Background(), "account:boss", n)
	if err != nil {
		s.Fatal(err)
	}
	return l.ID, secret
}

// carrying gives the cookies of an answer, to be sent on.
func carrying(rec *httptest.ResponseRecorder) with {
	return func(r *http.Request) {
		for _, c := range rec.Result().Cookies() {
			if c.Value != "" && c.MaxAge >= 0 {
				r.AddCookie(c)
			}
		}
	}
}

// joins opens the judging page at the address and presses its button.
func (s *site) joins(at string) *httptest.ResponseRecorder {
	s.Helper()
	page := s.send("GET", at, nil)
	token := between(page.Body.String(), `name="_csrf" value="`, `"`)
	if page.Code != http.StatusOK || token == "" {
		s.Fatalf("%s: %d %s", at, page.Code, page.Body)
	}
	return s.send("POST", at, url.Values{"_csrf": {token}}.Encode(), header("Content-Type", "application/x-www-form-urlencoded"), carrying(page))
}

func between(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	found, _, _ := strings.Cut(rest, after)
	return found
}

// Whoever has an account of another role comes by a link as everybody does, and is never
// shown what the account sent.
func TestAPhotographerJudgesByALink(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	frames := s.waiting(2)
	_, secret := s.invite(moderation.NewLink{})
	s.hire("pix", people.Photographer)
	pix := s.login("pix")
	if rec := s.send("GET", "/judge", nil, pix); rec.Code != http.StatusForbidden {
		t.Errorf("without a link: %d", rec.Code)
	}
	page := s.send("GET", "/j/"+secret, nil, pix)
	token := url.Values{"_csrf": {between(page.Body.String(), `name="_csrf" value="`, `"`)}}
	in := s.send("POST", "/j/"+secret, token.Encode(), header("Content-Type", "application/x-www-form-urlencoded"), pix, carrying(page))
	if in.Code != http.StatusSeeOther || in.Header().Get("Location") != "/judge" {
		t.Fatalf("joining: %d %s", in.Code, in.Body)
	}
	if n := strings.Count(s.send("GET", "/judge", nil, pix, carrying(in)).Body.String(), `class="one"`); n != len(frames) {
		t.Errorf("%d frames to judge, want %d", n, len(frames))
	}
}

func TestAVolunteerJudgesByALink(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	frames := s.waiting(3)
	id, secret := s.invite(moderation.NewLink{Judges: 1})
	if rec := s.send("GET", "/judge", nil); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/login?next=%2Fjudge" {
		t.Errorf("a stranger at /judge: %d %s", rec.Code, rec.Header().Get("Location"))
	}
	if rec := s.send("POST", "/j/"+secret, "", header("Content-Type", "application/x-www-form-urlencoded")); rec.Code != http.StatusForbidden {
		t.Errorf("joining without the page's token: %d", rec.Code)
	}
	in := s.joins("/j/" + secret)
	if in.Code != http.StatusSeeOther || in.Header().Get("Location") != "/judge" {
		t.Fatalf("joining: %d %s", in.Code, in.Body)
	}
	me := carrying(in)
	page := s.send("GET", "/judge", nil, me)
	if n := strings.Count(page.Body.String(), `class="one"`); page.Code != http.StatusOK || n != 3 {
		t.Fatalf("%d with %d frames", page.Code, n)
	}
	s.refused(http.StatusForbidden, "bad_csrf", "POST", "/api/v1/judgments", map[string]any{"judgments": []any{}}, me)
	form := url.Values{"_csrf": {between(page.Body.String(), `name="_csrf" value="`, `"`)}, "v-" + string(frames[0]): {"4"}}
	if rec := s.send("POST", "/judge", form.Encode(), header("Content-Type", "application/x-www-form-urlencoded"), me, carrying(page)); rec.Code != http.StatusSeeOther {
		t.Errorf("judging: %d %s", rec.Code, rec.Body)
	}
	if rec := s.send("GET", "/j/"+secret, nil, me); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/judge" {
		t.Errorf("coming back by the link: %d", rec.Code)
	}
	if n := strings.Count(s.send("GET", "/judge", nil, me).Body.String(), `class="one"`); n != 2 {
		t.Errorf("%d frames are left for the same judge", n)
	}
	if rec := s.joins("/j/" + secret); rec.Code != http.StatusGone {
		t.Errorf("a second volunteer of a link for one: %d", rec.Code)
	}
	if err := s.rooms.Desk.RevokeLink(context.Background(), "account:boss", id); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"/j/" + secret, "/judge"} {
		if rec := s.send("GET", at, nil, me); rec.Code != http.StatusGone || !strings.Contains(rec.Body.String(), "taken back") {
			t.Errorf("%s after the link was revoked: %d", at, rec.Code)
		}
	}
	if rec := s.send("GET", "/j/nonsense", nil); rec.Code != http.StatusNotFound {
		t.Errorf("a link that isn't: %d", rec.Code)
	}
}

func TestNobodyJudgesTheirOwnFrame(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.waiting(1)
	body, kind := upload(t, map[string]any{"photo": face(t, "webcam-bird-0.jpg"), "name": "Me", "consent": "true"})
	sent := s.send("POST", "/api/v1/leases/"+s.lease()+"/frame", body, kind)
	s.scale()
	_, secret := s.invite(moderation.NewLink{})
	page := s.send("GET", "/j/"+secret, nil, carrying(sent))
	form := url.Values{"_csrf": {between(page.Body.String(), `name="_csrf" value="`, `"`)}}
	in := s.send("POST", "/j/"+secret, form.Encode(), header("Content-Type", "application/x-www-form-urlencoded"), carrying(sent), carrying(page))
	if n := strings.Count(s.send("GET", "/judge", nil, carrying(in)).Body.String(), `class="one"`); n != 1 {
		t.Errorf("whoever sent one of two frames is shown %d", n)
	}
}

func TestAnOpenSiteOffersJudging(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if rec := s.send("GET", "/", nil); strings.Contains(rec.Body.String(), "judge others") {
		t.Error("a site that isn't open offers judging")
	}
	s = newSite(t)
	s.rooms.Desk.Open = true
	s.waiting(1)
	if rec := s.send("GET", "/", nil); !strings.Contains(rec.Body.String(), `<a href="/judge">judge others</a>`) {
		t.Error("the home page doesn't offer judging")
	}
	if rec := s.send("GET", "/judge", nil); rec.Header().Get("Location") != "/judge/start" {
		t.Errorf("a stranger at /judge is led to %q", rec.Header().Get("Location"))
	}
	in := s.joins("/judge/start")
	if rec := s.send("GET", "/judge", nil, carrying(in)); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), `class="one"`) {
		t.Errorf("after joining: %d", rec.Code)
	}
}

func TestWrongGoldIsExplainedWithoutScripts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	body, kind := upload(t, map[string]any{"photo": face(t, "webcam-again-0.jpg"), "name": "Wall", "consent": "true"})
	wall := s.want(http.StatusCreated, "POST", "/api/v1/leases/"+s.lease()+"/frame", body, kind)
	s.clock.pass(time.Second)
	frames := append([]picture.ID{picture.ID(wall["id"].(string))}, s.waiting(1)...)
	s.gold(frames[0])
	_, secret := s.invite(moderation.NewLink{})
	me := s.joins("/j/" + secret)
	page := s.send("GET", "/judge", nil, carrying(me))
	src := between(page.Body.String(), `class="fill" src="`, `"`)
	for _, f := range []string{pictureURL(s.frame(string(frames[0])).Large), src} {
		if rec := s.send("GET", f, nil, carrying(me)); rec.Code != http.StatusOK {
			t.Errorf("a judge is refused the picture %s: %d", f, rec.Code)
		}
	}
	if rec := s.send("GET", pictureURL(s.frame(string(frames[0])).Large), nil); rec.Code == http.StatusOK {
		t.Error("a rejected frame that is gold is shown to everybody")
	}
	form := url.Values{"_csrf": {between(page.Body.String(), `name="_csrf" value="`, `"`)}, "v-" + string(frames[0]): {"5"}, "v-" + string(frames[1]): {"3"}}
	rec := s.send("POST", "/judge", form.Encode(), header("Content-Type", "application/x-www-form-urlencoded"), carrying(me), carrying(page))
	for _, words := range []string{"2 answers are in", "You said <b>5, spot on</b>; it is <b>nobody posing</b>", "It is a wall."} {
		if !strings.Contains(rec.Body.String(), words) {
			t.Errorf("%d: the explanation lacks %q", rec.Code, words)
		}
	}
}

// A page of eighteen by keyboard alone, from the invitation on, by a volunteer.
func TestAPageOfEighteenByKeyboardAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	frames := s.waiting(20)
	s.gold(frames[0])
	_, secret := s.invite(moderation.NewLink{})
	if _, err := s.rooms.Desk.Judge(context.Background(), "account:x", []moderation.Judgment{{Frame: frames[1], Trying: true, Nudity: true}}); err != nil {
		t.Fatal(err)
	}
	b := browsertest.Open(t, browsertest.Options{})
	b.Go(s.serve() + "/j/" + secret)
	b.Wait(`document.activeElement?.textContent === "Start judging"`)
	b.Key("\r")
	b.WaitPath("/judge")
	b.Wait(`document.querySelectorAll("#strip li").length === 18`)
	// The frame in which somebody saw nudity is shown on demand.
	veil := `getComputedStyle(document.querySelector(".one:not([hidden]) img.fill")).filter`
	b.Wait(`document.querySelector(".lift") !== null`)
	for browsertest.Eval[bool](b, `document.querySelector(".one:not([hidden]) .lift") === null`) {
		b.Key("4")
	}
	if got := browsertest.Eval[string](b, veil); !strings.HasPrefix(got, "blur") {
		t.Errorf("the frame in which somebody saw nudity is shown with %q", got)
	}
	b.Key("s")
	if got := browsertest.Eval[string](b, veil); got != "none" {
		t.Errorf("asked for, it is shown with %q", got)
	}
	for !browsertest.Eval[bool](b, `document.querySelector("#tally").textContent === "18 of 18"`) {
		b.Key("4")
	}
	b.Wait(`document.activeElement === document.querySelector("#send")`)
	b.Key("\r")
	b.Wait(`!document.querySelector("#judged").hidden`)
	if got := b.Text("#judged"); !strings.Contains(got, "18 answers are in") || !strings.Contains(got, "You said 4, very; it is nobody posing.") || !strings.Contains(got, "It is a wall.") {
		t.Errorf("the explanation says %q", got)
	}
	b.Key("\r")
	b.Wait(`document.querySelectorAll("#strip li").length === 2`)
	var page []moderation.Profile
	err := s.rooms.DB.Read(context.Background(), func(tx *store.Tx) (err error) {
		page, _, err = s.rooms.Desk.Judges(tx, "", 10)
		return err
	})
	if err != nil || len(page) != 2 {
		t.Fatalf("%d judges, %v", len(page), err)
	}
	for _, p := range page {
		if p.Judge.Volunteer() && (p.Judgments != 17 || p.GoldSeen != 1 || p.GoldRight != 0) {
			t.Errorf("the volunteer's record: %+v", p)
		}
	}
	quiet(t, b)
}

func TestGoldAndLinksAreForTheirRoles(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.hire("mia", people.Moderator)
	s.hire("ada", people.Judge)
	for _, page := range []string{"/admin/judging", "/admin/judges", "/admin/gold", "/admin/doubts", "/admin/audit", "/admin/export/judges.csv"} {
		if rec := s.send("GET", page, nil, s.login("mia")); rec.Code != http.StatusOK {
			t.Errorf("%s for a moderator: %d", page, rec.Code)
		}
		if rec := s.send("GET", page, nil, s.login("ada")); rec.Code != http.StatusForbidden {
			t.Errorf("%s for a judge: %d", page, rec.Code)
		}
	}
	for _, page := range []string{"/admin/links", "/admin/crowds"} {
		if rec := s.send("GET", page, nil, s.login("mia")); rec.Code != http.StatusForbidden {
			t.Errorf("%s for a moderator: %d", page, rec.Code)
		}
	}
}
