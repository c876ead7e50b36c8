package web

import (
	"net/http"
	"strings"
	"testing"

	"oneframe/app/people"
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
