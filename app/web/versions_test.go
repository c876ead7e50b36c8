package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"oneframe/app/browsertest"
	"oneframe/app/people"
)

// history makes what is wanted of a clip's versions.
func (s *site) history() {
	s.Helper()
	for _, step := range []func(context.Context) (bool, error){s.rooms.Studio.StepStills, s.rooms.Studio.StepHistory} {
		for worked := true; worked; {
			var err error
			if worked, err = step(context.Background()); err != nil {
				s.Fatal(err)
			}
		}
	}
}

// grown is a site whose clip has so many versions, of which only the last keeps its file.
func grown(t testing.TB, versions int) (s *site, admin with) {
	t.Helper()
	s = newSite(t)
	s.rooms.Studio.Keep = 1
	admin = s.hire("ada", people.Admin)
	s.render()
	for range versions - 1 {
		s.accepted("Ann", admin)
		s.render()
	}
	return s, admin
}

func TestTheVersionsOfAClip(t *testing.T) {
	t.Parallel()
	s, _ := grown(t, 4)
	const base = "/api/v1/clips/dance"
	list := s.want(http.StatusOK, "GET", base+"/versions?limit=3", nil)
	items := list["items"].([]any)
	if len(items) != 3 || list["next"] != "2" {
		t.Fatalf("%v", list)
	}
	for i, want := range []string{"ready", "plan", "plan"} {
		v := items[i].(map[string]any)
		if v["version"] != float64(4-i) || v["state"] != want || v["filled"] != float64(3-i) || (v["video_url"] != nil) != (i == 0) {
			t.Errorf("%v", v)
		}
	}
	if rest := s.want(http.StatusOK, "GET", base+"/versions?limit=3&cursor=2", nil); len(rest["items"].([]any)) != 1 || rest["next"] != nil {
		t.Errorf("%v", rest)
	}
	s.refused(http.StatusUnprocessableEntity, "bad_cursor", "GET", base+"/versions?cursor=x", nil)
	s.refused(http.StatusUnprocessableEntity, "bad_limit", "GET", base+"/versions?limit=0", nil)
	s.refused(http.StatusNotFound, "no_clip", "GET", "/api/v1/clips/nowhere/versions", nil)
	for _, n := range []string{"0", "5", "x", "-1", "99999999999"} {
		s.refused(http.StatusNotFound, "no_version", "GET", base+"/versions/"+n, nil)
		s.refused(http.StatusNotFound, "no_version", "POST", base+"/versions/"+n+"/join", nil)
	}
	if v := s.want(http.StatusAccepted, "POST", base+"/versions/2/join", nil); v["state"] != "queued" {
		t.Errorf("wanted, it is %v", v)
	}
	s.history()
	v := s.want(http.StatusOK, "GET", base+"/versions/2", nil)
	if v["state"] != "ready" || v["map"] != "x..........." || v["progress"] != 1.0 {
		t.Fatalf("joined, it is %v", v)
	}
	film := s.send("GET", strings.TrimPrefix(v["video_url"].(string), "http://example.com"), nil)
	now := s.send("GET", "/clips/dance/clip.mp4", nil)
	if film.Code != http.StatusOK || film.Header().Get("Cache-Control") != forever || film.Header().Get("ETag") == now.Header().Get("ETag") || bytes.Equal(film.Body.Bytes(), now.Body.Bytes()) {
		t.Errorf("its film: %d %v", film.Code, film.Header())
	}
	if part := s.send("GET", strings.TrimPrefix(v["video_url"].(string), "http://example.com"), nil, header("Range", "bytes=4-7")); part.Code != http.StatusPartialContent || part.Body.String() != "ftyp" {
		t.Errorf("a part of it: %d", part.Code)
	}
}

func TestStillsOfTheClipAreServed(t *testing.T) {
	t.Parallel()
	s, _ := grown(t, 2)
	if c := s.want(http.StatusOK, "GET", "/api/v1/clips/dance", nil); c["preview_url"] != nil || c["version"] != 2.0 {
		t.Errorf("before they are made: %v", c)
	}
	if rec := s.send("GET", "/clips/dance/preview.webp", nil); rec.Code != http.StatusNotFound {
		t.Errorf("before it is made: %d", rec.Code)
	}
	before := s.send("GET", "/clips/dance/poster.jpg", nil)
	page := func() string { return s.send("GET", "/", nil).Body.String() }
	page()
	s.history()
	c := s.want(http.StatusOK, "GET", "/api/v1/clips/dance", nil)
	for key, mime := range map[string]string{"poster_url": "image/jpeg", "preview_url": "image/webp"} {
		path := strings.TrimPrefix(c[key].(string), "http://example.com")
		rec := s.send("GET", path, nil)
		if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != mime || rec.Header().Get("Cache-Control") != forever || rec.Body.Len() == 0 {
			t.Errorf("%s: %d %v", key, rec.Code, rec.Header())
		}
		if again := s.send("GET", path, nil, header("If-None-Match", rec.Header().Get("ETag"))); again.Code != http.StatusNotModified {
			t.Errorf("%s, asked again: %d", key, again.Code)
		}
		plain, _, _ := strings.Cut(path, "?")
		for _, query := range []string{"", "?v=unknown"} {
			if newest := s.send("GET", plain+query, nil); newest.Header().Get("ETag") != rec.Header().Get("ETag") || newest.Header().Get("Cache-Control") == forever {
				t.Errorf("%s without its version: %v", key, newest.Header())
			}
		}
		if key == "poster_url" && !strings.Contains(page(), `property="og:image" content="http://example.com`+path+`"`) {
			t.Error("the home page shows another poster to those who link to it")
		}
	}
	if original := s.send("GET", "/clips/dance/poster.jpg?v=original", nil); !bytes.Equal(original.Body.Bytes(), before.Body.Bytes()) {
		t.Error("the original's still is not served any more")
	}
}

func TestTheGrowthIsServedOnceItIsMade(t *testing.T) {
	t.Parallel()
	s, _ := grown(t, 2)
	const call = "/api/v1/clips/dance/growth"
	s.refused(http.StatusNotFound, "no_clip", "GET", "/api/v1/clips/nowhere/growth", nil)
	if g := s.want(http.StatusOK, "GET", call, nil); g["state"] != "none" || g["video_url"] != nil {
		t.Errorf("%v", g)
	}
	if rec := s.send("GET", "/clips/dance/growth.mp4", nil); rec.Code != http.StatusNotFound {
		t.Errorf("before it is made: %d", rec.Code)
	}
	if g := s.want(http.StatusAccepted, "POST", call, nil); g["state"] != "queued" {
		t.Errorf("%v", g)
	}
	s.history()
	g := s.want(http.StatusOK, "GET", call, nil)
	if g["state"] != "done" || g["version"] != 2.0 {
		t.Fatalf("%v", g)
	}
	if rec := s.send("GET", strings.TrimPrefix(g["video_url"].(string), "http://example.com"), nil); rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "video/mp4" || rec.Header().Get("Cache-Control") != forever {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
}

// Without a script the page is a list with forms.
func TestTheVersionsPageWithoutAScript(t *testing.T) {
	t.Parallel()
	s, admin := grown(t, 3)
	const page = "/clips/dance/versions"
	body := s.send("GET", page, nil).Body.String()
	for _, want := range []string{"3 versions", "/clips/dance/versions?v=1", "Version 3", "/clips/dance/clip.mp4?v="} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if rec := s.send("GET", page+"?v=9", nil); rec.Code != http.StatusNotFound {
		t.Errorf("version 9: %d", rec.Code)
	}
	if rec := s.send("GET", "/clips/nowhere/versions", nil); rec.Code != http.StatusNotFound {
		t.Errorf("no clip: %d", rec.Code)
	}
	if body := s.send("GET", page+"?v=2", nil).Body.String(); !strings.Contains(body, `action="/clips/dance/versions/2/join"`) || strings.Contains(body, "http-equiv") {
		t.Error("version 2 can't be asked for")
	}
	rec := s.send("POST", page+"/2/join", nil)
	if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != page+"?v=2" {
		t.Fatalf("asked for, %d %v", rec.Code, rec.Header())
	}
	if body := s.send("GET", page+"?v=2", nil).Body.String(); !strings.Contains(body, `http-equiv="refresh"`) || !strings.Contains(body, "being joined again") {
		t.Error("the page does not say that it is being joined")
	}
	s.send("POST", "/clips/dance/growth", nil)
	s.history()
	if body := s.send("GET", page+"?v=2", nil).Body.String(); strings.Contains(body, "http-equiv") || !strings.Contains(body, "/clips/dance/growth.mp4?v=") || !strings.Contains(body, `class="away" id="away" hidden`) {
		t.Error("the page does not show what was made")
	}
	if code := s.send("GET", "/admin/renders", nil, admin).Code; code != http.StatusOK {
		t.Errorf("the admin's page: %d", code)
	}
}

// One address can't ask for versions without end; others are not held up by it.
func TestWishesForVersionsAreLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	last := 0
	for range 40 {
		last = s.send("POST", "/api/v1/clips/dance/versions/1/join", nil, from("192.0.2.1:1")).Code
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the 40th wish: %d", last)
	}
	if code := s.send("POST", "/api/v1/clips/dance/versions/1/join", nil, from("192.0.2.2:1")).Code; code != http.StatusNotFound {
		t.Errorf("from another address: %d", code)
	}
}

func TestSlidingThroughTheVersions(t *testing.T) {
	t.Parallel()
	s, _ := grown(t, 4)
	s.history()
	site := s.serve()
	b := browsertest.Open(t, browsertest.Options{Width: 360, Height: 740})
	b.Go(site + "/")
	b.Click(`a[href="/clips/dance/versions"]`)
	b.WaitPath("/clips/dance/versions")
	ready := `document.querySelector("#film").readyState >= 1 && document.querySelector("#away").hidden`
	b.Wait(ready)
	browsertest.Eval[any](b, `new Promise((done) => { const v = document.querySelector("#film"); v.addEventListener("seeked", () => done(1), { once: true }); v.currentTime = 0.5; })`)
	at := func(n int) {
		t.Helper()
		b.Wait(fmt.Sprintf(`document.querySelector("#number").textContent === "Version %d" && location.search === "?v=%[1]d" && document.querySelector("#filled").textContent === "%d"`, n, n-1))
	}
	plan := `!document.querySelector("#away").hidden && !document.querySelector("#join").hidden`
	b.Key(kb.ArrowLeft)
	at(3)
	b.Wait(plan)
	b.Click("#before")
	at(2)
	b.Wait(plan + ` && document.querySelector("#before").disabled === false`)
	b.Click("#join button")
	b.Wait(`!document.querySelector("#joined").hidden`)
	s.history()
	b.Wait(ready + ` && Math.abs(document.querySelector("#film").currentTime - 0.5) < 0.05`)
	if got, want := browsertest.Eval[string](b, `document.querySelector("#film").getAttribute("src")`), s.want(http.StatusOK, "GET", "/api/v1/clips/dance/versions/2", nil)["video_url"].(string); !strings.HasSuffix(want, got) {
		t.Errorf("the player has %s, version 2 is %s", got, want)
	}
	browsertest.Eval[any](b, `document.querySelector("#slider").focus(), 1`)
	b.Key(kb.End)
	at(4)
	b.Wait(ready)
	for _, width := range []int64{360, 1920} {
		b.Size(width, 900)
		if wide := browsertest.Eval[int64](b, `document.documentElement.scrollWidth`); wide > width {
			t.Errorf("at %d pixels the page is %d wide", width, wide)
		}
	}
	b.Click("#grow button")
	b.Wait(`!document.querySelector("#growing").hidden`)
	s.history()
	b.Wait(`document.querySelector("#growth video") !== null`)
	if problems := b.Problems(); len(problems) > 0 {
		t.Errorf("the page has problems: %q", problems)
	}
}

// A clip's picture moves while the pointer is on it, and never for who asked for calm.
func TestThePreviewMovesWhenLookedAt(t *testing.T) {
	t.Parallel()
	s, _ := grown(t, 2)
	s.history()
	b := browsertest.Open(t, browsertest.Options{})
	b.Go(s.serve() + "/clips/dance/versions")
	over := `document.querySelector("[data-preview]").dispatchEvent(new PointerEvent("pointerover", { bubbles: true })), document.querySelectorAll(".moves").length`
	if n := browsertest.Eval[int](b, over); n != 1 {
		t.Fatalf("%d pictures move", n)
	}
	b.Wait(`document.querySelector(".moves").naturalWidth > 0`)
	if n := browsertest.Eval[int](b, `document.querySelector("[data-preview]").dispatchEvent(new PointerEvent("pointerout", { bubbles: true })), document.querySelectorAll(".moves").length`); n != 0 {
		t.Errorf("%d pictures still move", n)
	}
	if problems := b.Problems(); len(problems) > 0 {
		t.Errorf("the page has problems: %q", problems)
	}
}
