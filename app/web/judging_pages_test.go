package web

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"oneframe/app/moderation"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/webhook"
)

func TestTheDeskListsFiltersAndSettlesMany(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.hire("mia", people.Moderator)
	mia, frames := s.login("mia"), s.waiting(4)
	for j, g := range map[string]moderation.Judgment{"account:a": {Trying: true, Likeness: 4}, "account:b": {Nudity: true, Trying: true}, "account:c": {}} {
		g.Frame = frames[2]
		if _, err := s.rooms.Desk.Judge(context.Background(), moderation.Judge(j), []moderation.Judgment{g}); err != nil {
			t.Fatal(err)
		}
	}
	shown := func(query string) (order []int) {
		t.Helper()
		page := s.send("GET", "/admin/frames"+query, nil, mia).Body.String()
		for _, part := range strings.Split(page, `name="frame" value="`)[1:] {
			for i, id := range frames {
				if strings.HasPrefix(part, string(id)+`"`) {
					order = append(order, i)
				}
			}
		}
		return order
	}
	for query, want := range map[string]string{
		"": "[2 0 1 3]", "?state=waiting": "[3 1 0]", "?state=undecided": "[2]", "?slot=2": "[1]", "?clip=dance&slot=1": "[0]", "?clip=other": "[]",
		"?judge=account:b": "[2]", "?judge=account:z": "[]", "?state=waiting&judge=account:b": "[]",
	} {
		if got := fmt.Sprint(shown(query)); got != want {
			t.Errorf("the desk with %q lists %s, want %s", query, got, want)
		}
	}
	s.get(http.StatusUnprocessableEntity, "/admin/frames?slot=x", mia)
	s.get(http.StatusUnprocessableEntity, "/admin/frames?min=9", mia)

	some := s.submits("/admin/frames/bulk", "/admin/frames?state=waiting", url.Values{"verdict": {"accepted"}, "back": {"/admin/frames?state=waiting"},
		"frame": {string(frames[0]), string(frames[1]), "nonsense"}}, mia)
	s.shows(s.get(http.StatusOK, "/admin/frames", mia, carrying(some)), "2 frames settled. 1 frame could not be: it isn’t there.")
	s.submits("/admin/frames/bulk", "/admin/frames", url.Values{"verdict": {"rejected"}, "reason": {"advertising"}, "back": {"/admin/frames"}, "frame": {string(frames[2])}}, mia)
	for i, want := range []picture.State{picture.Accepted, picture.Accepted, picture.Rejected, picture.Waiting} {
		if got := s.frame(string(frames[i])).State; got != want {
			t.Errorf("frame %d is %s, want %s", i, got, want)
		}
	}
	s.submits("/admin/frames/bulk", "/admin/frames", url.Values{"verdict": {"undo"}, "back": {"/admin/frames"}, "frame": {string(frames[1]), string(frames[2])}}, mia)
	if a, b := s.frame(string(frames[1])).State, s.frame(string(frames[2])).State; a != picture.Waiting || b != picture.Undecided {
		t.Errorf("taken back they are %s and %s", a, b)
	}
	s.shows(s.get(http.StatusOK, "/admin/audit", mia), "mia", "accepted", "advertising", "taken back")
	rec := s.submits("/admin/frames/bulk", "/admin/frames", url.Values{"verdict": {"accepted"}, "back": {"/admin/frames"}}, mia)
	s.shows(s.get(http.StatusOK, "/admin/frames", mia, carrying(rec)), "Please tick some frames first.")
}

func TestGoldIsMarkedByForms(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.hire("mia", people.Moderator)
	mia, frames := s.login("mia"), s.waiting(1)
	page := "/admin/frames/" + string(frames[0])
	s.submits(page+"/gold", page, url.Values{"answer": {"4"}, "why": {"The same bow."}}, mia)
	s.shows(s.get(http.StatusOK, page, mia), "4, very", "The same bow.", "not answered yet")
	s.shows(s.get(http.StatusOK, "/admin/gold", mia), "4, very", "The same bow.")
	if got := s.frame(string(frames[0])).State; got != picture.Accepted {
		t.Errorf("marked as gold the frame is %s", got)
	}
	for judge, likeness := range map[moderation.Judge]int{"account:jo": 5, "account:kim": 2} {
		if _, err := s.rooms.Desk.Judge(context.Background(), judge, []moderation.Judgment{{Frame: frames[0], Trying: true, Likeness: likeness}}); err != nil {
			t.Fatal(err)
		}
	}
	shown := s.get(http.StatusOK, page, mia)
	s.shows(shown, "Answers to it as gold", "1 of 2 answers right")
	for judge, how := range map[string]string{"account:jo": "right", "account:kim": "wrong"} {
		if _, row, ok := strings.Cut(shown, judge+" "); !ok || !strings.HasPrefix(row, how+" ") {
			t.Errorf("%s's answer is not told as %s: %s", judge, how, shown)
		}
	}
	s.submits(page+"/gold/retire", "/admin/gold", url.Values{"back": {"/admin/gold"}}, mia)
	if got := s.get(http.StatusOK, "/admin/gold", mia); strings.Contains(got, "The same bow.") {
		t.Error("retired gold is still listed")
	}
	rec := s.submits(page+"/gold", page, url.Values{"answer": {""}, "why": {"x"}}, mia)
	s.shows(s.get(http.StatusOK, page, mia, carrying(rec)), "Please choose the right answer.")
}

func TestTablesAreInert(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.hire("mia", people.Moderator)
	mia := s.login("mia")
	id, _ := s.contribute(`=HYPERLINK("http://evil.example","x")`)
	s.scale()
	if _, err := s.rooms.Desk.Judge(context.Background(), moderation.ByWorker("c", "@SUM(1,2)\"\n"[:9]), []moderation.Judgment{{Frame: picture.ID(id), Trying: true, Likeness: 3}}); err != nil {
		t.Fatal(err)
	}
	s.submits("/admin/frames/"+id+"/verdict", "/admin/frames/"+id, url.Values{"verdict": {"rejected"}, "other": {"-2+3, \"quoted\""}}, mia)
	cells := 0
	for _, name := range []string{"frames", "judgments", "judges", "audit"} {
		rec := s.send("GET", "/admin/export/"+name+".csv", nil, mia)
		if kind := rec.Header().Get("Content-Type"); rec.Code != http.StatusOK || kind != "text/csv; charset=utf-8" || !strings.Contains(rec.Header().Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: %d %s", name, rec.Code, kind)
		}
		if n := rec.Header().Get("Content-Length"); n != strconv.Itoa(rec.Body.Len()) {
			t.Errorf("%s: %d bytes of %s: half of it would look whole", name, rec.Body.Len(), n)
		}
		rows, err := csv.NewReader(rec.Body).ReadAll()
		if err != nil || len(rows) < 2 {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
		for _, row := range rows {
			for _, cell := range row {
				cells++
				if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
					t.Errorf("%s.csv has a formula: %q", name, cell)
				}
			}
		}
	}
	if cells < 50 {
		t.Errorf("only %d cells", cells)
	}
	for in, want := range map[string]string{"": "", "Ann": "Ann", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\t=1": "'\t=1", "3.5": "3.5"} {
		if got := inert(in); got != want {
			t.Errorf("inert(%q) is %q, want %q", in, got, want)
		}
	}
}

func TestALinkIsShownOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.hire("boss", people.Admin)
	boss := s.login("boss")
	rec := s.submit("/admin/links", url.Values{"name": {"Fans"}, "judges": {"3"}, "judgments": {"500"}, "ends": {"2026-12-24"}}, boss)
	at := between(rec.Body.String(), `id="link" value="http://example.com`, `"`)
	if rec.Code != http.StatusOK || !strings.HasPrefix(at, "/j/") {
		t.Fatalf("%d, and the link is %q", rec.Code, at)
	}
	page := s.send("GET", "/admin/links", nil, boss).Body.String()
	s.shows(text(page), "Fans", "0 of 3", "0 of 500", "25 Dec 2026, 00:00 UTC")
	if strings.Contains(page, at) {
		t.Error("the link is shown again")
	}
	for field, value := range map[string]string{"name": " ", "judges": "x", "judgments": "-1", "ends": "2020-01-01"} {
		fields := url.Values{"name": {"Fans"}}
		fields.Set(field, value)
		if rec := s.submit("/admin/links", fields, boss); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), `role="alert"`) {
			t.Errorf("%s %q: %d", field, value, rec.Code)
		}
	}
	id := between(rec.Body.String(), `action="/admin/links/`, `/revoke"`)
	s.submits("/admin/links/"+id+"/revoke", "/admin/links", url.Values{}, boss)
	s.shows(s.get(http.StatusOK, "/admin/links", boss), "revoked")
	if rec := s.send("GET", at, nil); rec.Code != http.StatusGone {
		t.Errorf("the revoked link: %d", rec.Code)
	}
}

// signed posts a message to the hook, signed with the secret at the site's time.
func (s *site) signed(secret, id, body string, more ...with) *httptest.ResponseRecorder {
	s.Helper()
	key, err := webhook.ParseSecret(secret)
	if err != nil {
		s.Fatal(err)
	}
	sign := func(r *http.Request) { webhook.Sign(r.Header, id, s.rooms.DB.Now(), []byte(body), key) }
	return s.send("POST", "/hooks/judgments", body, append([]with{header("Content-Type", "application/json"), sign}, more...)...)
}

func TestACrowdIsAddedAndHeard(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(x *Settings) { x.URL = "https://site.example.org" })
	var jobs []string
	peer := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { jobs = append(jobs, r.Header.Get(webhook.HeaderID)) }))
	defer peer.Close()
	s.hire("boss", people.Admin)
	boss, frames := s.login("boss"), s.waiting(1)
	rec := s.submit("/admin/crowds", url.Values{"name": {"Peer"}, "kind": {"http-push"}, "url": {peer.URL}, "form": {"true"}}, boss)
	secret, key := between(rec.Body.String(), `id="secret" value="`, `"`), between(rec.Body.String(), `id="form-key" value="`, `"`)
	secret = strings.ReplaceAll(secret, "&#43;", "+")
	if rec.Code != http.StatusOK || secret == "" || key == "" {
		t.Fatalf("adding a crowd: %d %s", rec.Code, rec.Body)
	}
	page := s.send("GET", "/admin/crowds", nil, boss).Body.String()
	if s.shows(page, "Peer", "http-push"); strings.Contains(page, "whsec_") || strings.Contains(page, key) {
		t.Error("the secrets are shown again")
	}
	if _, err := s.rooms.Crowds.Step(context.Background()); err != nil || len(jobs) != 1 {
		t.Errorf("%d jobs were posted, %v", len(jobs), err)
	}
	body := `{"type":"frame.judged","data":{"judgments":[{"frame":"` + string(frames[0]) + `","worker":"ann","nudity":false,"trying":true,"likeness":4}]}}`
	if rec := s.signed(secret, "m1", body); rec.Code != http.StatusNoContent {
		t.Errorf("judgments: %d %s", rec.Code, rec.Body)
	}
	for code, rec := range map[string]*httptest.ResponseRecorder{
		"401 no_signature":   s.send("POST", "/hooks/judgments", body),
		"403 bad_signature":  s.signed(webhook.NewSecret().Reveal(), "m2", body),
		"422 bad_message":    s.signed(secret, "m3", "{"),
		"413 too_many_bytes": s.signed(secret, "m4", strings.Repeat("x", 1<<20+1)),
	} {
		status, name, _ := strings.Cut(code, " ")
		if fmt.Sprint(rec.Code) != status || !strings.Contains(rec.Body.String(), `"code":"`+name+`"`) || rec.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("want %s, got %d %s %s", code, rec.Code, rec.Header().Get("Content-Type"), rec.Body)
		}
	}
	form := url.Values{"signal": {"job_complete"}, "payload": {`{"id":1}`}, "signature": {webhook.SignForm(`{"id":1}`, key)}}
	if rec := s.send("POST", "/hooks/judgments", form.Encode(), header("Content-Type", "application/x-www-form-urlencoded")); rec.Code != http.StatusOK {
		t.Errorf("a CrowdFlower-shaped webhook: %d %s", rec.Code, rec.Body)
	}
	s.shows(s.get(http.StatusOK, "/admin/crowds", boss), "1 taken, 0 waiting")
	s.shows(s.get(http.StatusOK, "/admin/frames/"+string(frames[0]), boss), "ann of Peer")
	s.crowdForms(boss, between(rec.Body.String(), `action="/admin/crowds/`, `/`))
	lines := s.get(http.StatusOK, "/admin/audit", boss)
	table := s.send("GET", "/admin/export/audit.csv", nil, boss).Body.String()
	for _, act := range []string{"crowd added", "crowd secret rotated", "crowd changed", "crowd secret ended", "crowd switched off",
		"crowd switched on", "crowd messages sent again", "crowd removed"} {
		if !strings.Contains(lines, act) || strings.Count(table, ",boss,"+act+",") != 1 {
			t.Errorf("the audit has no line, or no one line, %q: %s", act, table)
		}
	}
	if strings.Contains(lines+table, "whsec_") {
		t.Error("the audit tells a secret")
	}
	for _, bad := range []url.Values{{"name": {"X"}, "kind": {"http-push"}, "url": {peer.URL}}, {"name": {"Xy"}, "kind": {"http-poll"}, "url": {peer.URL}}} {
		if rec := s.submit("/admin/crowds", bad, boss); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), `role="alert"`) {
			t.Errorf("%v: %d", bad, rec.Code)
		}
	}
}

// crowdForms presses each button of a crowd.
func (s *site) crowdForms(boss with, id string) {
	s.Helper()
	at := "/admin/crowds/" + id
	if rec := s.submit(at+"/rotate", url.Values{}, boss); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "whsec_") {
		s.Errorf("a new secret: %d", rec.Code)
	}
	s.shows(s.get(http.StatusOK, "/admin/crowds", boss), "Old secret")
	s.submits(at+"/change", "/admin/crowds", url.Values{"name": {"Other"}, "url": {"http://127.0.0.1:1/x"}}, boss)
	for _, act := range []string{"end-old", "off", "on", "resend", "collect"} {
		s.submits(at+"/"+act, "/admin/crowds", url.Values{}, boss)
	}
	s.shows(s.get(http.StatusOK, "/admin/crowds", boss), "Other", "http://127.0.0.1:1/x")
	s.submits(at+"/remove", "/admin/crowds", url.Values{}, boss)
	if strings.Contains(s.get(http.StatusOK, "/admin/crowds", boss), "Other") {
		s.Error("a removed crowd is listed")
	}
	if rec := s.submit(at+"/nonsense", url.Values{}, boss); rec.Code != http.StatusNotFound {
		s.Errorf("a button that isn't there: %d", rec.Code)
	}
}

func TestACrowdsPictures(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	frames := s.waiting(1)
	var told string
	peer := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw := make([]byte, r.ContentLength)
		_, _ = r.Body.Read(raw)
		told = string(raw)
	}))
	defer peer.Close()
	boss := s.hire("boss", people.Admin)
	s.rooms.Crowds.Base = "https://site.example.org"
	if rec := s.submit("/admin/crowds", url.Values{"name": {"Peer"}, "kind": {"http-push"}, "url": {peer.URL}}, s.login("boss")); rec.Code != http.StatusOK {
		t.Fatal(rec.Code)
	}
	if _, err := s.rooms.Crowds.Step(context.Background()); err != nil {
		t.Fatal(err)
	}
	link := strings.ReplaceAll(between(told, `"picture_url":"https://site.example.org`, `"`), `\u0026`, "&")
	if rec := s.send("GET", link, nil); rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "image/jpeg" || strings.Contains(rec.Header().Get("Cache-Control"), "public") {
		t.Errorf("%s: %d %v", link, rec.Code, rec.Header())
	}
	if rec := s.send("GET", strings.Replace(link, "until=1", "until=2", 1), nil); rec.Code != http.StatusForbidden {
		t.Errorf("a changed link: %d", rec.Code)
	}
	if rec := s.send("GET", between(told, `"reference_url":"https://site.example.org`, `"`), nil); rec.Code != http.StatusOK {
		t.Errorf("the pose: %d", rec.Code)
	}
	s.want(http.StatusOK, "POST", "/api/v1/frames/"+string(frames[0])+"/verdict", map[string]string{"verdict": "rejected", "reason": "x"}, boss)
	if rec := s.send("GET", link, nil); rec.Code != http.StatusGone {
		t.Errorf("the link of a settled frame: %d", rec.Code)
	}
}

func TestCharts(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	line := overTime([]moderation.Depth{{At: at, Waiting: 40}, {At: at.Add(12 * time.Hour), Waiting: 10, Undecided: 1}}, at, at.Add(24*time.Hour))
	if line.Top != 50 || line.Waiting != "M0.0 40.0H360.0V160.0" || line.Undecided != "M0.0 200.0H360.0V196.0" {
		t.Errorf("%+v", line)
	}
	bars := hourly([]moderation.Hour{{Start: at.Add(time.Hour), Judgments: 3}, {Start: at.Add(-time.Hour), Judgments: 9}}, at, at.Add(23*time.Hour), 1)
	if len(bars.Bars) != 1 || bars.Total != 3 || bars.Top != 5 || bars.Bars[0] != (bar{30, 80, 24, 120, "1 Mar, 01:00 UTC: 3 judgments"}) {
		t.Errorf("%+v", bars)
	}
	if month := hourly([]moderation.Hour{{Start: at.Add(25 * time.Hour), Judgments: 7}}, at, at.Add(30*24*time.Hour), 30); month.Each != "day" || len(month.Bars) != 1 {
		t.Errorf("%+v", month)
	}
	shares := shareOut([]moderation.Share{{Verdict: "rejected", Frames: 1}, {Verdict: "accepted", Crowd: true, Frames: 2}, {Verdict: "undecided", Crowd: true}})
	if len(shares.Parts) != 2 || shares.Parts[0].Percent != 67 || shares.Parts[0].Width != 480 || shares.Parts[1].X != 480 || shares.Parts[1].Class != "rejected hand" {
		t.Errorf("%+v", shares)
	}
	if empty := shareOut(nil); len(empty.Parts) != 0 {
		t.Errorf("%+v", empty)
	}
	for n, want := range map[int]int{1: 1, 2: 2, 3: 5, 6: 10, 11: 20, 999: 1000, 1000: 1000, 4001: 5000} {
		if got := scaleTop(n); got != want {
			t.Errorf("the scale for %d ends at %d", n, got)
		}
	}
}

func TestLinksAndCrowdsByTheAPI(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	boss := s.hire("boss", people.Admin)
	made := s.want(http.StatusCreated, "POST", "/api/v1/judging-links", map[string]any{"name": "Fans", "max_judges": 5, "ends_at": "2026-04-01T00:00:00Z"}, boss)
	if at, _ := made["url"].(string); !strings.HasPrefix(at, "http://example.com/j/") {
		t.Errorf("the new link: %v", made)
	}
	s.refused(http.StatusUnprocessableEntity, "no_name", "POST", "/api/v1/judging-links", map[string]any{"name": ""}, boss)
	s.want(http.StatusNoContent, "DELETE", "/api/v1/judging-links/"+made["id"].(string), nil, boss)
	listed := s.want(http.StatusOK, "GET", "/api/v1/judging-links", nil, boss)["items"].([]any)
	if l := listed[0].(map[string]any); len(listed) != 1 || l["over"] != "revoked" || l["url"] != nil {
		t.Errorf("listed: %v", listed)
	}
	added := s.want(http.StatusCreated, "POST", "/api/v1/crowds", map[string]any{"name": "Peer", "kind": "http-poll", "url": "http://127.0.0.1:1/j", "poll_url": "http://127.0.0.1:1/x"}, boss)
	at := "/api/v1/crowds/" + added["id"].(string)
	if secret, _ := added["secret"].(string); !strings.HasPrefix(secret, "whsec_") {
		t.Errorf("the new crowd: %v", added)
	}
	if off := s.want(http.StatusOK, "PATCH", at, map[string]any{"state": "off"}, boss); off["state"] != "off" || off["secret"] != nil {
		t.Errorf("switched off: %v", off)
	}
	s.refused(http.StatusUnprocessableEntity, "bad_state", "PATCH", at, map[string]any{"state": "gone"}, boss)
	if again := s.want(http.StatusOK, "POST", at+"/secret", nil, boss); again["secret"] == added["secret"] || again["secret"] == nil {
		t.Errorf("the new secret: %v", again)
	}
	if n := len(s.want(http.StatusOK, "GET", "/api/v1/crowds", nil, boss)["items"].([]any)); n != 1 {
		t.Errorf("%d crowds", n)
	}
	s.want(http.StatusNoContent, "DELETE", at, nil, boss)
	s.refused(http.StatusNotFound, "no_crowd", "DELETE", at, nil, boss)
	s.refused(http.StatusForbidden, "denied", "GET", "/api/v1/crowds", nil, s.hire("mia", people.Moderator))
}
