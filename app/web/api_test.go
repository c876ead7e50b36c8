package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/source"
	"oneframe/app/store"
)

func TestAClipIsTold(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.want(http.StatusOK, "GET", "/api/v1/clips/dance", nil)
	for k, want := range map[string]any{"slug": "dance", "title": "Dance", "fps": 25.0, "frames": 25.0, "slots": 12.0, "filled": 0.0, "duration": 1.0,
		"video_url": nil, "rendered_at": nil, "poster_url": "http://example.com/clips/dance/poster.jpg"} {
		if c[k] != want {
			t.Errorf("%s is %v, want %v", k, c[k], want)
		}
	}
	s.contribute("Ann")
	s.render()
	c = s.want(http.StatusOK, "GET", "/api/v1/clips/dance", nil)
	video, _ := c["video_url"].(string)
	if !strings.HasPrefix(video, "http://example.com/clips/dance/clip.mp4?v=") || c["rendered_at"] != "2026-03-01T12:00:00Z" || c["filled"] != 1.0 {
		t.Errorf("after a frame and a render: %v", c)
	}
	all := s.want(http.StatusOK, "GET", "/api/v1/clips", nil)
	if items := all["items"].([]any); len(items) != 1 || all["next"] != nil {
		t.Errorf("the list: %v", all)
	}
	s.refused(http.StatusNotFound, "no_clip", "GET", "/api/v1/clips/nowhere", nil)
}

func TestAddressesBeginAsTheConfigSays(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *Settings) { s.URL = "https://frames.example" })
	if c := s.want(http.StatusOK, "GET", "/api/v1/clips/dance", nil); c["poster_url"] != "https://frames.example/clips/dance/poster.jpg" {
		t.Errorf("%v", c["poster_url"])
	}
}

func TestALeaseIsTakenRenewedAndGivenBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	l := s.want(http.StatusCreated, "POST", "/api/v1/clips/dance/leases", nil)
	for k, want := range map[string]any{"clip": "dance", "slot": 1.0, "start": 0.0, "expires_at": "2026-03-01T12:10:00Z",
		"reference_url": "http://example.com/clips/dance/poses/1.jpg"} {
		if l[k] != want {
			t.Errorf("%s is %v, want %v", k, l[k], want)
		}
	}
	third := s.want(http.StatusCreated, "POST", "/api/v1/clips/dance/leases", map[string]int{"slot": 3})
	if third["slot"] != 3.0 || third["start"] != 0.16 {
		t.Errorf("slot 3: %v", third)
	}
	at := "/api/v1/leases/" + l["token"].(string)
	s.clock.pass(9 * time.Minute)
	if renewed := s.want(http.StatusOK, "PATCH", at, nil); renewed["expires_at"] != "2026-03-01T12:19:00Z" || renewed["token"] != l["token"] {
		t.Errorf("renewed: %v", renewed)
	}
	s.want(http.StatusNoContent, "DELETE", at, nil)
	s.want(http.StatusNoContent, "DELETE", at, nil)
	s.refused(http.StatusGone, "lease_expired", "PATCH", at, nil)
	if again := s.want(http.StatusCreated, "POST", "/api/v1/clips/dance/leases", "{}"); again["slot"] != 1.0 {
		t.Errorf("the slot that was given back is not next: %v", again)
	}
	s.refused(http.StatusConflict, "slot_taken", "POST", "/api/v1/clips/dance/leases", map[string]int{"slot": 1})
	s.refused(http.StatusNotFound, "no_slot", "POST", "/api/v1/clips/dance/leases", map[string]int{"slot": 13})
	s.refused(http.StatusNotFound, "no_clip", "POST", "/api/v1/clips/nowhere/leases", nil)
	s.refused(http.StatusUnprocessableEntity, "bad_slot", "POST", "/api/v1/clips/dance/leases", map[string]int{"slot": 0})
	for _, body := range []string{"slot=3", `{"slot":"3"}`, `{"place":3}`, `{"slot":3}{}`, `[]`} {
		s.refused(http.StatusUnprocessableEntity, "bad_json", "POST", "/api/v1/clips/dance/leases", body)
	}
	s.refused(http.StatusNotFound, "no_lease", "PATCH", "/api/v1/leases/none", nil)
	s.refused(http.StatusNotFound, "no_lease", "DELETE", "/api/v1/leases/none", nil)
}

func TestAFrameIsShownAsFarAsItMay(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	moderator, judge := s.hire("mia", people.Moderator), s.hire("jo", people.Judge)
	id, _ := s.contribute("Ann")
	at := "/api/v1/frames/" + id
	see := func(state, name string, pictures bool, more ...with) {
		t.Helper()
		f := s.want(http.StatusOK, "GET", at, nil, more...)
		if f["state"] != state || f["name"] != name || (f["large_url"] != nil) != pictures || (f["thumb_url"] != nil) != pictures {
			t.Errorf("want %s by %q, pictures %v: %v", state, name, pictures, f)
		}
	}
	see("received", "", false)
	s.scale()
	see("waiting", "", false)
	see("waiting", "Ann", true, judge)
	verdict := func(v, reason string) map[string]any {
		return s.want(http.StatusOK, "POST", at+"/verdict", map[string]string{"verdict": v, "reason": reason}, moderator)
	}
	if f := verdict("rejected", "a photo of a photo"); f["state"] != "rejected" || f["verdict"].(map[string]any)["reason"] != "a photo of a photo" {
		t.Errorf("rejected: %v", f)
	}
	see("rejected", "", false)
	see("rejected", "", false, judge)
	see("rejected", "Ann", true, moderator)
	if f := s.want(http.StatusOK, "GET", at, nil); f["verdict"].(map[string]any)["reason"] != nil {
		t.Errorf("a stranger reads why: %v", f)
	}
	verdict("accepted", "")
	see("accepted", "Ann", true)
	if f := s.want(http.StatusOK, "POST", at+"/undo", nil, moderator); f["state"] != "waiting" || f["verdict"] != nil {
		t.Errorf("taken back: %v", f)
	}
	see("waiting", "", false)
	s.refused(http.StatusConflict, "nothing_to_undo", "POST", at+"/undo", nil, moderator)
	s.refused(http.StatusUnprocessableEntity, "bad_verdict", "POST", at+"/verdict", map[string]string{"verdict": "fine"}, moderator)
	s.refused(http.StatusUnprocessableEntity, "no_reason", "POST", at+"/verdict", map[string]string{"verdict": "rejected"}, moderator)
	s.refused(http.StatusNotFound, "no_frame", "POST", "/api/v1/frames/none/verdict", map[string]string{"verdict": "accepted"}, moderator)
	s.refused(http.StatusNotFound, "no_frame", "GET", "/api/v1/frames/none", nil)
}

func TestFramesAreListedPageByPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	moderator := s.hire("mia", people.Moderator)
	var ids []string
	for i := range 5 {
		id, _ := s.accepted(fmt.Sprintf("Ann %d", i), moderator)
		ids = append([]string{id}, ids...)
	}
	s.contribute("Waiting")
	s.scale()
	var got []string
	at := "/api/v1/clips/dance/frames?limit=2"
	for next := ""; ; {
		page := s.want(http.StatusOK, "GET", at+next, nil)
		for _, f := range page["items"].([]any) {
			got = append(got, f.(map[string]any)["id"].(string))
		}
		if page["next"] == nil {
			break
		}
		next = "&cursor=" + page["next"].(string)
	}
	if fmt.Sprint(got) != fmt.Sprint(ids) {
		t.Errorf("listed %v, want %v", got, ids)
	}
	for query, code := range map[string]string{"limit=0": "bad_limit", "limit=x": "bad_limit", "sort=worst": "bad_sort", "cursor=!": "bad_cursor"} {
		s.refused(http.StatusUnprocessableEntity, code, "GET", "/api/v1/clips/dance/frames?"+query, nil)
	}
	s.refused(http.StatusNotFound, "no_clip", "GET", "/api/v1/clips/nowhere/frames", nil)
}

func TestASiteMayShowFramesBeforeTheirVerdict(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *Settings) { s.HomeShow = "all" })
	id, _ := s.contribute("Ann")
	s.scale()
	page := s.want(http.StatusOK, "GET", "/api/v1/clips/dance/frames", nil)
	items := page["items"].([]any)
	if len(items) != 1 || items[0].(map[string]any)["id"] != id || items[0].(map[string]any)["name"] != "Ann" || items[0].(map[string]any)["thumb_url"] == nil {
		t.Errorf("%v", page)
	}
}

func TestTheTimelineTellsEverySlot(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	moderator := s.hire("mia", people.Moderator)
	s.contribute("Waiting")
	s.scale()
	id, _ := s.accepted("Ann", moderator) // slot 2
	all := s.want(http.StatusOK, "GET", "/api/v1/clips/dance/timeline", nil)
	items := all["items"].([]any)
	if len(items) != 12 || all["next"] != nil {
		t.Fatalf("%d slots, next %v", len(items), all["next"])
	}
	first, second := items[0].(map[string]any), items[1].(map[string]any)
	if first["frame"] != nil || first["thumb_url"] != nil || first["number"] != 1.0 {
		t.Errorf("slot 1, whose frame waits: %v", first)
	}
	thumb := "http://example.com" + mediaPath(s.frame(id).Thumb)
	if second["frame"] != id || second["start"] != 0.08 || second["thumb_url"] != thumb {
		t.Errorf("slot 2: %v, want %s and %s", second, id, thumb)
	}
	page := s.want(http.StatusOK, "GET", "/api/v1/clips/dance/timeline?limit=5&cursor=5", nil)
	if items := page["items"].([]any); len(items) != 5 || items[0].(map[string]any)["number"] != 6.0 || page["next"] != "10" {
		t.Errorf("a page of it: %v", page)
	}
	s.refused(http.StatusUnprocessableEntity, "bad_cursor", "GET", "/api/v1/clips/dance/timeline?cursor=x", nil)
	s.refused(http.StatusNotFound, "no_clip", "GET", "/api/v1/clips/nowhere/timeline", nil)
}

func TestJudgesAreGivenFramesAndJudge(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	judge := s.hire("jo", people.Judge)
	if got := s.want(http.StatusOK, "GET", "/api/v1/judgments/next", nil, judge); len(got["items"].([]any)) != 0 {
		t.Errorf("nothing waits, and yet: %v", got)
	}
	id, _ := s.contribute("Ann")
	s.scale()
	got := s.want(http.StatusOK, "GET", "/api/v1/judgments/next?n=3", nil, judge)
	item := got["items"].([]any)[0].(map[string]any)
	if item["frame"] != id || item["slot"] != 1.0 || item["reference_url"] != "http://example.com/clips/dance/poses/1.jpg" ||
		item["picture_url"] != "http://example.com"+mediaPath(s.frame(id).Medium) {
		t.Errorf("to judge: %v", item)
	}
	answer := func(frame string) map[string]any {
		return map[string]any{"judgments": []map[string]any{{"frame": frame, "nudity": false, "trying": true, "likeness": 4}}}
	}
	if got := s.want(http.StatusOK, "POST", "/api/v1/judgments", answer(id), judge); got["accepted"] != 1.0 || len(got["refused"].([]any)) != 0 {
		t.Errorf("judged: %v", got)
	}
	got = s.want(http.StatusOK, "POST", "/api/v1/judgments", answer(id), judge)
	if r := got["refused"].([]any); got["accepted"] != 0.0 || r[0].(map[string]any)["code"] != "already_judged" || r[0].(map[string]any)["frame"] != id {
		t.Errorf("judged twice: %v", got)
	}
	for _, body := range []string{`{"judgments":[]}`, `{"judgments":[{"frame":"x","trying":true,"likeness":3}]}`} {
		s.refused(http.StatusUnprocessableEntity, "bad_judgment", "POST", "/api/v1/judgments", body, judge)
	}
	s.refused(http.StatusUnprocessableEntity, "bad_json", "POST", "/api/v1/judgments", "", judge)
	s.refused(http.StatusUnprocessableEntity, "bad_n", "GET", "/api/v1/judgments/next?n=19", nil, judge)
}

func TestAContributorTakesTheFrameBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	moderator := s.hire("mia", people.Moderator)
	id, secret := s.accepted("Ann", moderator)
	p := s.frame(id)
	if s.slotOf(1).Filled != 1 {
		t.Fatal("the slot isn't filled")
	}
	s.want(http.StatusNoContent, "DELETE", "/api/v1/manage/"+secret, nil)
	s.want(http.StatusNoContent, "DELETE", "/api/v1/manage/"+secret, nil)
	if s.frame(id).State != picture.Withdrawn || s.slotOf(1).Filled != 0 {
		t.Errorf("the frame is %s, its slot has %d", s.frame(id).State, s.slotOf(1).Filled)
	}
	for _, k := range []string{s.rooms.Originals.Path(p.Original), s.rooms.Renditions.Path(p.Large), s.rooms.Renditions.Path(p.Medium), s.rooms.Renditions.Path(p.Thumb)} {
		if _, err := os.Stat(k); !os.IsNotExist(err) {
			t.Errorf("a file stayed: %v", err)
		}
	}
	if rec := s.send("GET", mediaPath(p.Large), nil); rec.Code != http.StatusNotFound {
		t.Errorf("its picture is still served: %d", rec.Code)
	}
	f := s.want(http.StatusOK, "GET", "/api/v1/frames/"+id, nil, moderator)
	if f["state"] != "withdrawn" || f["name"] != "" || f["large_url"] != nil {
		t.Errorf("what is left: %v", f)
	}
	s.refused(http.StatusNotFound, "no_frame", "DELETE", "/api/v1/manage/guess", nil)
}

func TestTakingBackKeepsFilesThatAnotherFrameNames(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	moderator := s.hire("mia", people.Moderator)
	kept, _ := s.accepted("Ann", moderator)
	_, secret := s.accepted("Ann again, with the same picture", moderator)
	s.want(http.StatusNoContent, "DELETE", "/api/v1/manage/"+secret, nil)
	p := s.frame(kept)
	if !s.rooms.Originals.Has(p.Original) || !s.rooms.Renditions.Has(p.Large) {
		t.Error("the other frame lost its files")
	}
	if rec := s.send("GET", mediaPath(p.Large), nil); rec.Code != http.StatusOK {
		t.Errorf("the other frame's picture: %d", rec.Code)
	}
}

func TestARenderIsWatched(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	admin := s.hire("ada", people.Admin)
	rec := s.send("POST", "/api/v1/renders", nil, admin)
	r := s.want(http.StatusAccepted, "POST", "/api/v1/renders", map[string]string{"clip": "dance"}, admin)
	at := "/api/v1/renders/" + r["id"].(string)
	if r["state"] != "queued" || r["clip"] != "dance" || r["started_at"] != nil || rec.Header().Get("Location") != "http://example.com"+at {
		t.Errorf("queued: %v, at %s", r, rec.Header().Get("Location"))
	}
	s.render()
	r = s.want(http.StatusOK, "GET", at, nil, admin)
	if r["state"] != "done" || r["progress"] != 1.0 || r["finished_at"] != "2026-03-01T12:00:00Z" || r["error"] != nil {
		t.Errorf("done: %v", r)
	}
	s.refused(http.StatusNotFound, "no_render", "GET", "/api/v1/renders/none", nil, admin)
	s.refused(http.StatusNotFound, "no_clip", "POST", "/api/v1/renders", map[string]string{"clip": "nowhere"}, admin)
}

func TestAnAdminUploadsAVideo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	admin := s.hire("ada", people.Admin)
	video, err := os.ReadFile(s.rooms.Importer.Library.Mezzanine("dance"))
	if err != nil {
		t.Fatal(err)
	}
	send := func(slug string) *httptest.ResponseRecorder {
		body, kind := upload(t, map[string]any{"video": video, "slug": slug, "title": "Again", "ranges": "0.2-0.6", "hold": "5"})
		return s.send("POST", "/api/v1/clips", body, kind, admin)
	}
	rec := send("again")
	at := rec.Header().Get("Location")
	if rec.Code != http.StatusAccepted || !strings.HasPrefix(at, "http://example.com/api/v1/imports/") {
		t.Fatalf("%d at %q: %s", rec.Code, at, rec.Body)
	}
	if i := s.want(http.StatusOK, "GET", at, nil, admin); i["state"] != "queued" || i["clip"] != "again" || i["title"] != "Again" || i["error"] != nil {
		t.Errorf("queued: %v", i)
	}
	if worked, err := s.rooms.Importer.Step(context.Background()); !worked || err != nil {
		t.Fatal(worked, err)
	}
	if i := s.want(http.StatusOK, "GET", at, nil, admin); i["state"] != "done" || i["progress"] != 1.0 {
		t.Errorf("imported: %v", i)
	}
	var v source.Video
	if err := s.rooms.DB.Read(t.Context(), func(tx *store.Tx) (err error) { v, err = source.Get(tx, "again"); return err }); err != nil || v.Slots != 2 || v.Hold != 5 {
		t.Errorf("the clip: %+v, %v", v, err)
	}
	if rec := send("again"); rec.Code != http.StatusConflict {
		t.Errorf("a second of that name: %d", rec.Code)
	}
	next := send("third")
	s.want(http.StatusNoContent, "DELETE", next.Header().Get("Location"), nil, admin)
	if i := s.want(http.StatusOK, "GET", next.Header().Get("Location"), nil, admin); i["state"] != "cancelled" {
		t.Errorf("cancelled: %v", i)
	}
	if left, err := os.ReadDir(s.rooms.Importer.Incoming); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAVideoThatCannotBeTakenIsSaid(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *Settings) { s.MaxVideo = 1000 })
	admin := s.hire("ada", people.Admin)
	for code, parts := range map[string]map[string]any{
		"missing_video": {"slug": "a", "title": "A"},
		"missing_slug":  {"title": "A", "video": []byte("x")},
		"missing_title": {"slug": "a", "video": []byte("x")},
		"bad_slug":      {"slug": "A B", "title": "A", "video": []byte("x")},
		"bad_range":     {"slug": "a", "title": "A", "video": []byte("x"), "ranges": "5-1"},
		"bad_hold":      {"slug": "a", "title": "A", "video": []byte("x"), "hold": "-1"},
	} {
		body, kind := upload(t, parts)
		s.refused(http.StatusUnprocessableEntity, code, "POST", "/api/v1/clips", body, kind, admin)
	}
	body, kind := upload(t, map[string]any{"video": make([]byte, 100_000), "slug": "a", "title": "A"})
	s.refused(http.StatusRequestEntityTooLarge, "too_many_bytes", "POST", "/api/v1/clips", body, kind, admin)
	if left, err := os.ReadDir(s.rooms.Importer.Incoming); err != nil && !os.IsNotExist(err) || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
