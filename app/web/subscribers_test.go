package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"oneframe/app/people"
	"oneframe/app/store"
)

func TestADestinationThroughTheAPI(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	boss := s.hire("boss", people.Admin)
	type body = map[string]any
	x := s.want(http.StatusCreated, "POST", "/api/v1/subscribers", body{"name": "The Sea", "destination": "sftp://sea@one.example/in", "secret": "hush hush",
		"limits": body{"per_minute": 30, "hours": []body{{"from": "08:00", "until": "18:00"}}, "zone": "Europe/Berlin"}, "may_delete": false}, boss)
	if x["destination"] != "sftp://sea@one.example/in" || x["has_secret"] != true || x["destination_state"] != "open" || x["may_delete"] != false ||
		x["limits"].(body)["per_minute"] != 30.0 || x["limits"].(body)["connections"] != 0.0 || x["style"] != "multipart" || x["state"] != "active" {
		t.Errorf("added: %v", x)
	}
	at := "/api/v1/subscribers/" + x["id"].(string)
	if x := s.want(http.StatusOK, "PATCH", at, body{"limits": body{"connections": 4}}, boss); x["limits"].(body)["per_minute"] != 0.0 || x["has_secret"] != true || x["name"] != "The Sea" {
		t.Errorf("other limits: %v", x)
	}
	if x := s.want(http.StatusOK, "PUT", at, body{"name": "Seas"}, boss); x["has_secret"] != true || x["destination"] == nil || x["name"] != "Seas" {
		t.Errorf("another name: %v", x)
	}
	if x := s.want(http.StatusOK, "PATCH", at, body{"destination": "sftp://sea@two.example/in"}, boss); x["has_secret"] != false {
		t.Errorf("another host was given the secret: %v", x)
	}
	if x := s.want(http.StatusOK, "PATCH", at, body{"rendition": "large"}, boss); x["rendition"].(body)["longest"] != 1280.0 {
		t.Errorf("another size: %v", x)
	}
	if x := s.want(http.StatusOK, "PATCH", at, body{"rendition": body{"width": 400, "height": 300, "watermark": body{"text": "sea"}}}, boss); x["rendition"].(body)["width"] != 400.0 {
		t.Errorf("a box: %v", x)
	}
	if x := s.want(http.StatusOK, "PATCH", at, body{"state": "paused", "secret": "new"}, boss); x["has_secret"] != true || x["state"] != "paused" {
		t.Errorf("paused: %v", x)
	}
	for code, b := range map[string]body{"private_network": {"destination": "ftp://localhost/"}, "bad_destination": {"destination": "ftp://me:pw@x.example/"},
		"bad_zone": {"limits": body{"zone": "Mars"}}, "bad_style": {"style": "pigeon"}, "bad_made": {"rendition": "x"}, "bad_json": {"limits": body{"per_hour": 1}}, "bad_name": {"name": strings.Repeat("x", 121)}} {
		s.refused(http.StatusUnprocessableEntity, code, "PATCH", at, b, boss)
	}
	s.refused(http.StatusUnprocessableEntity, "no_destination", "POST", "/api/v1/subscribers", body{"name": "Nowhere", "secret": "x"}, boss)
	if all := s.want(http.StatusOK, "GET", "/api/v1/subscribers", nil, boss)["items"].([]any); len(all) != 1 {
		t.Errorf("what was refused is there: %v", all)
	}
	rec := s.send("GET", at+"/changes", nil, boss)
	for _, secret := range []string{"hush hush", `secret\":\"x`} {
		if strings.Contains(rec.Body.String(), secret) || strings.Contains(s.log.String(), secret) {
			t.Errorf("a secret stands in the record or the log: %s", rec.Body)
		}
	}
	if got := rec.Body.String(); strings.Count(got, `\"destination\":`) < 5 || !strings.Contains(got, `\"secret\":\"new\"`) || !strings.Contains(got, `\"secret\":\"none\"`) {
		t.Errorf("the record: %s", got)
	}
	s.refused(http.StatusNotFound, "no_subscriber", "PATCH", "/api/v1/subscribers/none", body{"name": "x"}, boss)
}

// alter changes rows as a sender would have.
func (s *site) alter(query string, args ...any) {
	s.Helper()
	if err := s.rooms.DB.Write(s.Context(), func(tx *store.Tx) error { _, err := tx.Exec(query, args...); return err }); err != nil {
		s.Fatal(err)
	}
}

func TestDeliveriesOnDemandAndAgainThroughTheAPI(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	boss, mod := s.hire("boss", people.Admin), s.hire("mod", people.Moderator)
	type body = map[string]any
	sea, gone := s.subscribed("sea"), s.subscribed("gone")
	s.want(http.StatusNoContent, "DELETE", "/api/v1/subscribers/"+gone, nil, boss)
	ann, _ := s.accepted("Ann", mod)
	bob, _ := s.accepted("Bob", mod)
	s.follow()
	made := s.want(http.StatusAccepted, "POST", "/api/v1/deliveries", body{"pictures": []string{ann}, "picture": bob, "subscribers": []string{sea}}, boss)["items"].([]any)
	if len(made) != 2 || made[0].(body)["kind"] != "demand" || made[0].(body)["state"] != "waiting" {
		t.Fatalf("made: %v", made)
	}
	if again := s.want(http.StatusAccepted, "POST", "/api/v1/deliveries", body{"picture": ann, "subscribers": []string{sea}}, boss)["items"].([]any); again[0].(body)["id"] != made[0].(body)["id"] {
		t.Errorf("doubled: %v", again)
	}
	for code, b := range map[string]body{"no_subscriber": {"picture": ann, "subscribers": []string{"x"}}, "no_frame": {"picture": "x", "subscribers": []string{sea}}} {
		s.refused(http.StatusNotFound, code, "POST", "/api/v1/deliveries", b, boss)
	}
	s.refused(http.StatusConflict, "ended", "POST", "/api/v1/deliveries", body{"picture": ann, "subscribers": []string{gone}}, boss)
	s.refused(http.StatusUnprocessableEntity, "nothing_to_send", "POST", "/api/v1/deliveries", body{"subscribers": []string{sea}}, boss)
	s.refused(http.StatusUnprocessableEntity, "too_many", "POST", "/api/v1/deliveries", body{"pictures": make([]string, 2001), "subscribers": []string{sea}}, boss)

	one := "/api/v1/deliveries/" + made[0].(body)["id"].(string)
	s.refused(http.StatusConflict, "bad_state", "POST", one+"/retry", nil, boss)
	s.refused(http.StatusNotFound, "no_delivery", "POST", "/api/v1/deliveries/none/retry", nil, boss)
	s.refused(http.StatusNotFound, "no_delivery", "GET", "/api/v1/deliveries/none", nil, boss)
	s.alter(`UPDATE deliver_delivery SET state = 'dead', attempts = 9, error = 'It was refused.', failed = 'refused', done_at = 5`)
	s.alter(`INSERT INTO deliver_try (delivery, at, what, took_ms, kind, message, answer) VALUES ($1, 5, 'picture', 1500, 'refused', 'It was refused.', '552 too large')`, made[0].(body)["id"])
	told := s.want(http.StatusOK, "GET", one, nil, boss)
	if tries := told["tries"].([]any); len(tries) != 1 || tries[0].(body)["answer"] != "552 too large" || tries[0].(body)["seconds"] != 1.5 || told["failed"] != "refused" {
		t.Errorf("the delivery: %v", told)
	}
	at := "/api/v1/subscribers/" + sea
	if x := s.want(http.StatusOK, "GET", at+"/insight", nil, boss); x["trouble"] != "gave_up" || x["dead"] != 4.0 || x["last_error"] != "It was refused." || len(x["hours"].([]any)) != 48 {
		t.Errorf("insight: %v", x)
	}
	if d := s.want(http.StatusAccepted, "POST", one+"/retry", nil, boss); d["state"] != "waiting" || d["attempts"] != 0.0 {
		t.Errorf("tried again: %v", d)
	}
	if n := s.want(http.StatusAccepted, "POST", at+"/retry", nil, boss)["retried"]; n != 3.0 {
		t.Errorf("%v go again", n)
	}
	s.want(http.StatusOK, "PATCH", at, body{"destination": "ftp://sea@one.example/"}, boss)
	s.alter(`UPDATE deliver_destination SET state = 'failed', reason = 'The login was refused.', failed_at = 5`)
	if x := s.want(http.StatusOK, "GET", at, nil, boss); x["destination_state"] != "failed" || x["reason"] != "The login was refused." || x["failed_at"] == nil {
		t.Errorf("failed: %v", x)
	}
	if x := s.want(http.StatusOK, "GET", at+"/insight", nil, boss); x["trouble"] != "failed" || x["waiting"] != 4.0 || x["oldest_at"] == nil {
		t.Errorf("insight: %v", x)
	}
	if x := s.want(http.StatusOK, "POST", at+"/resume", nil, boss); x["destination_state"] != "open" || x["reason"] != nil {
		t.Errorf("resumed: %v", x)
	}
	if got := s.send("GET", at+"/changes", nil, boss).Body.String(); !strings.Contains(got, "resumed") || !strings.Contains(got, "sent_again") {
		t.Errorf("the record: %s", got)
	}
	for _, path := range []string{"/retry", "/resume"} {
		s.refused(http.StatusNotFound, "no_subscriber", "POST", "/api/v1/subscribers/none"+path, nil, boss)
	}
	s.refused(http.StatusNotFound, "no_subscriber", "GET", "/api/v1/subscribers/none/insight", nil, boss)
}

func TestASubscribersPagesTakeWhatTheirFormsSend(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	boss, mod := s.hire("boss", people.Admin), s.hire("mod", people.Moderator)
	who := s.login("boss")
	sea := s.subscribed("sea")
	ann, _ := s.accepted("Ann", mod)
	s.follow()
	at := "/admin/subscribers/" + sea
	send := func(path string, want int, words string, v url.Values) {
		t.Helper()
		rec := s.submit(path, v, who)
		if got := rec.Body.String(); rec.Code != want || !strings.Contains(got, words) || strings.Contains(got, "hush hush") {
			t.Errorf("%s %v: %d, not %d with %q: %s", path, v, rec.Code, want, words, got)
		}
	}
	send(at+"/destination", http.StatusUnprocessableEntity, "begins with https://", url.Values{"url": {"gopher://x"}, "secret": {"hush hush"}})
	send(at+"/destination", http.StatusSeeOther, "", url.Values{"url": {"sftp://sea@one.example/in"}, "secret": {"hush hush\r\n"}, "may_delete": {"true"}})
	send(at+"/limits", http.StatusUnprocessableEntity, "must be a number", url.Values{"per_minute": {"many"}})
	send(at+"/limits", http.StatusUnprocessableEntity, "written as 08:00", url.Values{"hours": {"8-18"}})
	send(at+"/limits", http.StatusSeeOther, "", url.Values{"per_minute": {"30"}, "kilobytes_per_second": {"1.5"}, "hours": {"08:00–12:00, 13:00-18:00"}, "zone": {"Europe/Berlin"}})
	x := s.want(http.StatusOK, "GET", "/api/v1/subscribers/"+sea, nil, boss)
	if l := x["limits"].(map[string]any); x["has_secret"] != true || x["may_delete"] != true || l["bytes_per_second"] != 1500.0 || len(l["hours"].([]any)) != 2 || l["zone"] != "Europe/Berlin" {
		t.Errorf("saved: %v", x)
	}
	if page := s.send("GET", at, nil, who).Body.String(); !strings.Contains(page, "08:00–12:00, 13:00–18:00") || strings.Contains(page, "hush hush") || !strings.Contains(page, "One is kept") {
		t.Errorf("the page: %s", page)
	}
	send(at+"/sign", http.StatusSeeOther, "", url.Values{})
	if x := s.want(http.StatusOK, "GET", "/api/v1/subscribers/"+sea+"/changes", nil, boss)["items"].([]any); strings.Contains(x[0].(map[string]any)["now"].(string), `"secret":"new"`) {
		t.Error("a password was overwritten by a signing secret")
	}
	hook := s.subscribed("hook")
	send("/admin/subscribers/"+hook+"/destination", http.StatusSeeOther, "", url.Values{"url": {"https://pictures.example.org/in"}, "style": {"link"}})
	send("/admin/subscribers/"+hook+"/sign", http.StatusOK, "whsec_", url.Values{})
	if rec := s.submit(at+"/destination", url.Values{"url": {"sftp://sea@two.example/in"}}, who); rec.Code != http.StatusSeeOther {
		t.Errorf("another host: %d", rec.Code)
	}
	if x := s.want(http.StatusOK, "GET", "/api/v1/subscribers/"+sea, nil, boss); x["has_secret"] != false {
		t.Errorf("the secret went along: %v", x)
	}

	send("/admin/deliveries", http.StatusSeeOther, "", url.Values{"picture": {ann}, "subscriber": {sea}, "back": {"/admin/pictures"}})
	s.alter(`UPDATE deliver_delivery SET state = 'dead', error = 'No.', done_at = 5`)
	s.alter(`UPDATE deliver_destination SET state = 'failed', reason = 'The login was refused.', failed_at = 5`)
	queue := s.want(http.StatusOK, "GET", "/api/v1/deliveries?state=dead", nil, boss)["items"].([]any)
	if len(queue) != 2 {
		t.Fatalf("dead: %v", queue)
	}
	one := "/admin/deliveries/" + queue[0].(map[string]any)["id"].(string)
	for page, words := range map[string]string{at: "Nothing is sent", one: "Send it again", "/admin/subscribers": "The login was refused.", "/admin/deliveries?state=dead&subscriber=" + sea: "Send all of them again"} {
		if rec := s.send("GET", page, nil, who); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), words) {
			t.Errorf("%s: %d, without %q", page, rec.Code, words)
		}
	}
	send(one+"/retry", http.StatusSeeOther, "", url.Values{})
	send(at+"/retry", http.StatusSeeOther, "", url.Values{})
	send(at+"/resume", http.StatusSeeOther, "", url.Values{})
	if x := s.want(http.StatusOK, "GET", "/api/v1/subscribers/"+sea+"/insight", nil, boss); x["dead"] != 0.0 || x["waiting"] != 2.0 || x["trouble"] != "fine" {
		t.Errorf("after that: %v", x)
	}
}
