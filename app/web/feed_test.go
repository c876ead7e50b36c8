package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"oneframe/app/feed"
	"oneframe/app/people"
	"oneframe/app/store"
)

// subscribed adds a subscriber with a rule that asks for every frame, and gives its id.
func (s *site) subscribed(name string) string {
	s.Helper()
	x, err := s.rooms.Book.AddSubscriber(s.Context(), "account:a", feed.NewSubscriber{Name: name, Contact: name})
	if err == nil {
		_, err = s.rooms.Book.AddRule(s.Context(), "account:a", x.ID, feed.Draft{Name: name, Text: "clip = dance and contributor != \"" + strings.Repeat("x", 150) + "\"", Active: true})
	}
	if err != nil {
		s.Fatal(err)
	}
	return x.ID
}

// follow has the engine follow the log to its end.
func (s *site) follow() {
	s.Helper()
	for worked, err := true, error(nil); worked; {
		if worked, err = s.rooms.Feed.Step(s.Context()); err != nil {
			s.Fatal(err)
		}
	}
}

func TestSubscribersRulesAndTheirQueueThroughTheAPI(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	boss, mod := s.hire("boss", people.Admin), s.hire("mod", people.Moderator)
	type body = map[string]any
	x := s.want(http.StatusCreated, "POST", "/api/v1/subscribers", body{"name": "The Sea", "contact": "desk@sea.example"}, boss)
	at := "/api/v1/subscribers/" + x["id"].(string)
	s.refused(http.StatusConflict, "name_taken", "POST", "/api/v1/subscribers", body{"name": "the sea"}, boss)
	s.refused(http.StatusUnprocessableEntity, "no_name", "POST", "/api/v1/subscribers", body{"name": " "}, boss)
	s.refused(http.StatusUnprocessableEntity, "bad_state", "PUT", at, body{"name": "x", "state": "asleep"}, boss)
	s.refused(http.StatusForbidden, "denied", "GET", "/api/v1/subscribers", nil, mod)
	s.refused(http.StatusNotFound, "no_subscriber", "GET", "/api/v1/subscribers/none", nil, boss)

	r := s.want(http.StatusCreated, "POST", at+"/rules", body{"text": `Clip = DANCE and not contributor = "Bob"`}, boss)
	if r["active"] != true || len(r["clauses"].([]any)) != 1 {
		t.Errorf("the rule: %v", r)
	}
	rule := at + "/rules/" + r["id"].(string)
	s.want(http.StatusOK, "GET", rule, nil, boss)
	form := s.want(http.StatusCreated, "POST", at+"/rules", body{"clauses": []any{[]any{body{"field": "city", "op": "in", "values": []string{"Den Helder", "x"}}}}}, boss)
	if form["text"] != `city in ("Den Helder", x)` {
		t.Errorf("clauses became %v", form["text"])
	}
	for text, code := range map[string]string{"aura = x": "bad_rule", "urgency < 99": "bad_rule", "keyword has any (": "bad_rule", strings.Repeat("city = a or ", 201) + "city = b": "rule_too_large"} {
		s.refused(http.StatusUnprocessableEntity, code, "POST", at+"/rules", body{"text": text}, boss)
		s.refused(http.StatusUnprocessableEntity, code, "POST", "/api/v1/rules/try", body{"rule": text}, boss)
	}
	s.refused(http.StatusUnprocessableEntity, "bad_priority", "PUT", rule, body{"text": "city = x", "priority": 101}, boss)

	id, _ := s.accepted("Ann", mod)
	s.accepted("Bob", mod)
	s.follow()
	queue := s.want(http.StatusOK, "GET", "/api/v1/deliveries?state=waiting&subscriber="+x["id"].(string), nil, boss)["items"].([]any)
	if len(queue) != 1 || queue[0].(body)["picture"] != id || queue[0].(body)["rules"].([]any)[0] != r["id"] {
		t.Errorf("queued: %v", queue)
	}
	s.refused(http.StatusUnprocessableEntity, "bad_state", "GET", "/api/v1/deliveries?state=lost", nil, boss)
	why := s.want(http.StatusOK, "GET", "/api/v1/rules/"+r["id"].(string)+"/explain?picture="+id, nil, boss)
	if why["matched"] != true || why["summary"] != `Matched, because clip = DANCE and contributor != Bob.` {
		t.Errorf("explained: %v", why)
	}
	tried := s.want(http.StatusOK, "POST", "/api/v1/rules/try", body{"rule": `contributor = bob`, "since": "2026-02-22"}, boss)
	if tried["matched"] != 1.0 || tried["looked"] != 2.0 || len(tried["others"].([]any)) != 1 || tried["per_day"].(float64) > .14 {
		t.Errorf("tried: %v", tried)
	}
	if found := s.want(http.StatusOK, "GET", "/api/v1/rules?value=DEN+HELDER&field=city&op=in", nil, boss)["items"].([]any); len(found) != 1 {
		t.Errorf("who asks for Den Helder: %v", found)
	}
	if found := s.want(http.StatusOK, "GET", "/api/v1/rules?q=dance&limit=1", nil, boss)["items"].([]any); len(found) != 1 {
		t.Errorf("words: %v", found)
	}
	s.want(http.StatusOK, "GET", "/api/v1/rules/findings", nil, boss)
	s.want(http.StatusOK, "GET", "/api/v1/rules/fields", nil, boss)
	s.want(http.StatusOK, "POST", "/api/v1/rules/read", body{"text": "not (city = a or city = b)"}, boss)
	renamed := s.want(http.StatusOK, "POST", "/api/v1/rules/rename", body{"field": "city", "from": "den helder", "to": "Texel"}, boss)["items"].([]any)
	if len(renamed) != 1 || renamed[0].(body)["after"] != `city in (Texel, x)` {
		t.Errorf("renamed: %v", renamed)
	}
	s.want(http.StatusOK, "PUT", rule, body{"text": "city = Paris", "active": false}, boss)
	if changes := s.want(http.StatusOK, "GET", at+"/changes", nil, boss)["items"].([]any); len(changes) != 5 || changes[0].(body)["action"] != "changed" {
		t.Errorf("the record: %v", changes)
	}
	s.want(http.StatusNoContent, "DELETE", rule, nil, boss)
	s.refused(http.StatusNotFound, "no_rule", "GET", rule, nil, boss)
	s.want(http.StatusNoContent, "DELETE", at, nil, boss)
	if x := s.want(http.StatusOK, "GET", at, nil, boss); x["state"] != "ended" {
		t.Errorf("after its end: %v", x)
	}
}

func TestTheFeedsPagesTakeWhatTheirFormsSend(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.hire("boss", people.Admin)
	mod := s.hire("mod", people.Moderator)
	who := s.login("boss")
	send := func(path string, v url.Values) (int, string) {
		t.Helper()
		rec := s.submit(path, v, who)
		return rec.Code, rec.Header().Get("Location") + rec.Body.String()
	}
	status, to := send("/admin/subscribers", url.Values{"name": {hostile}, "contact": {"x"}})
	if status != http.StatusSeeOther || !strings.HasPrefix(to, "/admin/subscribers/") {
		t.Fatalf("%d %s", status, to)
	}
	if status, body := send("/admin/subscribers", url.Values{"name": {hostile}}); status != http.StatusUnprocessableEntity || !strings.Contains(body, "of that name already") {
		t.Errorf("twice: %d", status)
	}
	if status, body := send(to+"/rules", url.Values{"text": {"keyword = a andd"}}); status != http.StatusUnprocessableEntity || !strings.Contains(body, "At character 13") {
		t.Errorf("a bad rule: %d %s", status, body)
	}
	if status, _ := send(to+"/rules", url.Values{"text": {"keyword = cricket or clip = dance"}, "active": {"true"}, "priority": {"70"}}); status != http.StatusSeeOther {
		t.Errorf("a rule: %d", status)
	}
	s.accepted("Ann", mod)
	s.follow()
	if status, body := send("/admin/rules/rename", url.Values{"field": {"keyword"}, "from": {"Cricket"}, "to": {"test match"}}); status != http.StatusOK || !strings.Contains(body, "Change 1 rule") {
		t.Errorf("the preview: %d %s", status, body)
	}
	if status, _ := send("/admin/rules/rename", url.Values{"field": {"keyword"}, "from": {"Cricket"}, "to": {"test match"}, "do": {"true"}}); status != http.StatusSeeOther {
		t.Errorf("the renaming: %d", status)
	}
	for page, want := range map[string]string{to: "keyword = &#34;test match&#34;", "/admin/deliveries": "priority 700", "/admin/rules?value=test+match": "matched 1 picture", "/admin/subscribers": "waiting"} {
		if rec := s.send("GET", page, nil, who); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%s lacks %q: %d", page, want, rec.Code)
		}
	}
	var rule feed.Rule
	if err := s.rooms.DB.Read(s.Context(), func(tx *store.Tx) error {
		all, _, err := feed.Rules(tx, feed.Search{})
		rule = all[0]
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if status, _ := send(to+"/rules/"+rule.ID+"/remove", url.Values{}); status != http.StatusSeeOther {
		t.Errorf("removing: %d", status)
	}
	if status, _ := send(to, url.Values{"name": {"New"}, "state": {"paused"}}); status != http.StatusSeeOther {
		t.Errorf("changing: %d", status)
	}
	if rec := s.send("GET", "/admin/deliveries", nil, who); !strings.Contains(rec.Body.String(), "a rule that was removed") {
		t.Error("a delivery by a rule that is gone doesn't say so")
	}
}
