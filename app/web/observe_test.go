package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
)

func TestTheLogHoldsNoNamesSecretsOrAddresses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	lease := s.lease()
	body, kind := upload(t, map[string]any{"photo": face(t, "webcam-bird-0.jpg"), "name": "Annabel", "consent": "true"})
	sent := s.want(http.StatusCreated, "POST", "/api/v1/leases/"+lease+"/frame", body, kind)
	manage := sent["manage_url"].(string)
	secret := manage[strings.LastIndex(manage, "/")+1:]
	s.send("GET", "/m/"+secret, nil)
	s.send("DELETE", "/api/v1/manage/"+secret, nil)
	s.send("GET", "/login?next=/secretplace", nil)
	s.send("POST", "/login", "name=Annabel&password=hunter2hunter2", header("Content-Type", "application/x-www-form-urlencoded"), header("Sec-Fetch-Site", "same-origin"))
	s.send("GET", "/setup?secret=setupsecret", nil)
	s.send("GET", "/api/v1/clips", nil, token("of_tokensecret"))
	s.send("GET", "/nowhere/pathsecret", nil)
	log := s.log.String()
	for _, word := range []string{lease, secret, "Annabel", "hunter2", "secretplace", "setupsecret", "tokensecret", "pathsecret", "192.0.2.1"} {
		if strings.Contains(log, word) {
			t.Errorf("the log tells %q", word)
		}
	}
	for _, word := range []string{`"route":"/api/v1/leases/:token/frame"`, `"route":"/m/:secret"`, `"status":201`, `"method":"POST"`, `"code":"bad_token"`} {
		if !strings.Contains(log, word) {
			t.Errorf("the log doesn't tell %s:\n%s", word, log)
		}
	}
}

func TestAddressesAreLoggedWhereTheConfigSaysSo(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *Settings) { s.LogAddresses = true })
	s.send("GET", "/api/v1/clips", nil)
	if log := s.log.String(); !strings.Contains(log, `"address":"192.0.2.1"`) {
		t.Errorf("no address: %s", log)
	}
}

func TestTheVisitorSeesTheMessageAndTheLogTheCause(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.e.GET("/api/v1/boom/:kind", func(c echo.Context) error {
		switch c.Param("kind") {
		case "panic":
			panic("in /home/ada/secret.go")
		case "error":
			return errors.New("table is on fire in /home/ada")
		case "internal":
			return fault.New(fault.Internal, "render_failed", "ffmpeg said /home/ada")
		}
		return fault.Disk(&echo.HTTPError{Code: 500, Internal: syscall.ENOSPC})
	})
	for _, kind := range []string{"panic", "error", "internal"} {
		got := s.want(http.StatusInternalServerError, "GET", "/api/v1/boom/"+kind, nil)
		id, _ := got["request_id"].(string)
		if got["code"] != "internal" || got["detail"] != "Something went wrong on our side." || id == "" {
			t.Errorf("%s: %v", kind, got)
		}
		found := false
		for line := range strings.Lines(s.log.String()) {
			if strings.Contains(line, fmt.Sprintf(`"request":%q`, id)) {
				found = strings.Contains(line, "/home/ada") && strings.Contains(line, `"level":"ERROR"`) && strings.Contains(line, "stack") == (kind == "panic")
			}
		}
		if !found {
			t.Errorf("%s: the log doesn't tell the cause of %s:\n%s", kind, id, s.log)
		}
	}
	got := s.want(http.StatusInsufficientStorage, "GET", "/api/v1/boom/disk", nil)
	if got["code"] != "disk_full" {
		t.Errorf("a full disk: %v", got)
	}
}

func TestErrorsAreProblemsForProgramsAndPagesForPeople(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for target, want := range map[string]string{
		"GET /api/v1/nowhere": "404 application/problem+json", "GET /api": "404 application/problem+json",
		"GET /nowhere": "404 text/html; charset=UTF-8", "PUT /api/v1/clips": "405 application/problem+json",
		"DELETE /": "405 text/html; charset=UTF-8",
	} {
		method, path, _ := strings.Cut(target, " ")
		rec := s.send(method, path, nil)
		if got := fmt.Sprint(rec.Code, " ", rec.Header().Get("Content-Type")); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
	s.refused(http.StatusNotFound, "not_found", "GET", "/api/v1/nowhere", nil)
	s.refused(http.StatusMethodNotAllowed, "method_not_allowed", "PUT", "/api/v1/clips", nil)
	s.refused(http.StatusNotFound, "not_found", "GET", "/nowhere", nil, header("Accept", "application/json"))
	if allow := s.send("PUT", "/api/v1/clips", nil).Header().Get("Allow"); !strings.Contains(allow, "GET") {
		t.Errorf("405 without Allow: %q", allow)
	}
}

func TestEveryKindOfFailureHasItsStatus(t *testing.T) {
	t.Parallel()
	for kind, want := range map[fault.Kind]int{fault.Internal: 500, fault.Invalid: 422, fault.NotFound: 404, fault.Conflict: 409, fault.Gone: 410,
		fault.Unknown: 401, fault.Denied: 403, fault.Busy: 429, fault.TooLarge: 413, fault.Unsupported: 415, fault.Full: 507} {
		if p, _ := problem(fmt.Errorf("wrapped: %w", fault.New(kind, "x", "Words."))); p.Status != want || p.Title == "" {
			t.Errorf("kind %d: %+v, want %d", kind, p, want)
		}
	}
}
