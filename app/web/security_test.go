package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/people"
)

func TestForwardedHeadersAreBelievedOnlyFromProxies(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, proxies, peer, forwardedFor, proto string
		address, scheme                          string
	}{
		{"no proxy is trusted by default", "", "127.0.0.1:9", "198.51.100.7", "https", "127.0.0.1", "http"},
		{"a stranger claims to be another", "10.0.0.0/8", "203.0.113.5:9", "198.51.100.7", "https", "203.0.113.5", "http"},
		{"a private network is no proxy unless named", "10.0.0.0/8", "192.168.0.5:9", "198.51.100.7", "https", "192.168.0.5", "http"},
		{"the proxy's word counts", "10.0.0.0/8", "10.0.0.1:9", "198.51.100.7", "https", "198.51.100.7", "https"},
		{"what the visitor put before is ignored", "10.0.0.0/8", "10.0.0.1:9", "1.2.3.4, 198.51.100.7", "http", "198.51.100.7", "http"},
		{"a chain of proxies", "10.0.0.0/8", "10.0.0.1:9", "1.2.3.4, 198.51.100.7, 10.0.0.2", "https", "198.51.100.7", "https"},
		{"nonsense in the chain", "10.0.0.0/8", "10.0.0.1:9", "me", "https", "10.0.0.1", "https"},
		{"one address of IPv6", "2001:db8::1/128", "[2001:db8::1]:9", "2001:db8:7::9", "https", "2001:db8:7::9", "https"},
		{"its neighbour", "2001:db8::1/128", "[2001:db8::2]:9", "2001:db8:7::9", "https", "2001:db8::2", "http"},
	}
	for _, tc := range cases {
		var proxies []netip.Prefix
		if tc.proxies != "" {
			proxies = append(proxies, netip.MustParsePrefix(tc.proxies))
		}
		address, scheme := extractors(proxies)
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tc.peer
		r.Header.Set("X-Forwarded-For", tc.forwardedFor)
		r.Header.Set("X-Forwarded-Proto", tc.proto)
		if got := address(r); got != tc.address {
			t.Errorf("%s: the visitor is %s, want %s", tc.name, got, tc.address)
		}
		if got := scheme(r); got != tc.scheme {
			t.Errorf("%s: the scheme is %s, want %s", tc.name, got, tc.scheme)
		}
	}
}

func TestNeighboursShareALimit(t *testing.T) {
	t.Parallel()
	for a, b := range map[string]string{
		"2001:db8:1:2::1":   "2001:db8:1:2:ffff::9",
		"192.0.2.1":         "::ffff:192.0.2.1",
		"fe80::1%eth0":      "fe80::2",
		"no address at all": "",
	} {
		if neighbours(a) != neighbours(b) {
			t.Errorf("%s and %s are told apart", a, b)
		}
	}
	for a, b := range map[string]string{"2001:db8:1:2::1": "2001:db8:1:3::1", "192.0.2.1": "192.0.2.2", "::1": "127.0.0.1"} {
		if neighbours(a) == neighbours(b) {
			t.Errorf("%s and %s share a limit", a, b)
		}
	}
}

func TestALimitEndsAndIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := newLimit(2, 3)
	me := neighbours("192.0.2.1")
	for range 3 {
		if d := l.wait(me, now); d != 0 {
			t.Fatalf("within the burst: wait %v", d)
		}
	}
	if d := l.wait(me, now); d != 500*time.Millisecond {
		t.Errorf("past it: wait %v, want 500ms", d)
	}
	if d := l.wait(neighbours("192.0.2.2"), now); d != 0 {
		t.Errorf("another address waits %v", d)
	}
	if d := l.wait(me, now.Add(500*time.Millisecond)); d != 0 {
		t.Errorf("after the wait: %v more", d)
	}
	for i := range maxAddresses + 10 {
		l.wait(neighbours(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)), now)
	}
	if len(l.buckets) != maxAddresses || l.recent.Len() != maxAddresses {
		t.Errorf("%d addresses are remembered, want %d", len(l.buckets), maxAddresses)
	}
}

func TestOneAddressMeetsItsLimitsAndASchoolClassDoesNot(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	take := func(address string) *httptest.ResponseRecorder {
		return s.send("POST", "/api/v1/clips/dance/leases", nil, from(address))
	}
	for range 40 { // pupils, who each take a slot, change their mind twice, and look around
		for range 3 {
			if rec := take("192.0.2.9:1"); rec.Code != http.StatusCreated {
				t.Fatalf("a pupil was turned away: %d", rec.Code)
			}
		}
		for range 20 {
			s.want(http.StatusOK, "GET", "/api/v1/clips", nil, from("192.0.2.9:1"))
		}
	}
	for range 80 {
		take("192.0.2.9:1")
	}
	rec := take("192.0.2.9:2")
	if rec.Code != http.StatusTooManyRequests || rec.Header().Get("Retry-After") != "1" {
		t.Errorf("past the limit: %d, Retry-After %q", rec.Code, rec.Header().Get("Retry-After"))
	}
	if rec := take("192.0.2.10:1"); rec.Code != http.StatusCreated {
		t.Errorf("a neighbour was turned away: %d", rec.Code)
	}
	s.clock.pass(time.Second)
	if rec := take("192.0.2.9:1"); rec.Code != http.StatusCreated {
		t.Errorf("after the wait: %d", rec.Code)
	}
	for range 60 {
		s.send("POST", "/login", "", from("192.0.2.9:1"))
	}
	if rec := s.send("POST", "/login", "", from("192.0.2.9:1")); rec.Code != http.StatusTooManyRequests || rec.Header().Get("Retry-After") != "3" {
		t.Errorf("guessing passwords: %d, Retry-After %q", rec.Code, rec.Header().Get("Retry-After"))
	}
}

func TestLimitsCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *Settings) { s.Limits = false })
	for range 250 {
		s.lease()
	}
}

func TestASessionCannotBeUsedFromAnotherSite(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	bearer := s.hire("ada", people.Admin)
	session := s.login("ada")
	post := func(more ...with) int { return s.send("POST", "/api/v1/renders", nil, more...).Code }

	rec := s.send("GET", "/login", nil) // gives the token's cookie to a browser that doesn't say where a request comes from
	var csrf string
	for _, k := range rec.Result().Cookies() {
		if k.Name == "oneframe_csrf" {
			csrf = k.Value
		}
	}
	if csrf == "" {
		t.Fatalf("no CSRF cookie came with the login page: %v", rec.Header())
	}
	cases := []struct {
		name string
		more []with
		want int
	}{
		{"our own page, in a browser of today", []with{session, header("Sec-Fetch-Site", "same-origin")}, http.StatusAccepted},
		{"another site", []with{session, header("Sec-Fetch-Site", "cross-site")}, http.StatusForbidden},
		{"another site that knows the token's name", []with{session, header("Sec-Fetch-Site", "cross-site"), cookie("oneframe_csrf", csrf), header("X-CSRF-Token", csrf)}, http.StatusForbidden},
		{"a neighbour's subdomain", []with{session, header("Sec-Fetch-Site", "same-site")}, http.StatusForbidden},
		{"an old browser without the token", []with{session}, http.StatusForbidden},
		{"an old browser with another token", []with{session, cookie("oneframe_csrf", csrf), header("X-CSRF-Token", "guess")}, http.StatusForbidden},
		{"an old browser with the token", []with{session, cookie("oneframe_csrf", csrf), header("X-CSRF-Token", csrf)}, http.StatusAccepted},
		{"a program with an API token", []with{bearer}, http.StatusAccepted},
		{"nobody", nil, http.StatusUnauthorized},
	}
	for _, tc := range cases {
		if got := post(tc.more...); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
	s.refused(http.StatusForbidden, "bad_csrf", "POST", "/api/v1/renders", nil, session, header("Sec-Fetch-Site", "cross-site"))
	if rec := s.send("POST", "/login", "name=ada&password=x", header("Content-Type", "application/x-www-form-urlencoded"), header("Sec-Fetch-Site", "cross-site")); rec.Code != http.StatusForbidden {
		t.Errorf("another site logs a visitor in: %d", rec.Code)
	}
	if rec := s.send("POST", "/api/v1/clips/dance/leases", nil, header("Sec-Fetch-Site", "cross-site")); rec.Code != http.StatusCreated {
		t.Errorf("a program without a session takes a slot: %d", rec.Code)
	}
}

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *Settings) { s.Secure = true })
	for _, path := range []string{"/", "/api/v1/clips", "/nowhere", "/api/v1/nowhere", "/login", "/healthz", "/clips/dance/poster.jpg"} {
		h := s.send("GET", path, nil).Header()
		for name, want := range map[string]string{"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Referrer-Policy": "same-origin", "Strict-Transport-Security": "max-age=31536000"} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if !strings.Contains(h.Get("Permissions-Policy"), "camera=(self)") || h.Get("X-Request-Id") == "" {
			t.Errorf("%s: %v", path, h)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Error("the policy allows what is inline")
	}
	if got := newSite(t).send("GET", "/", nil).Header().Get("Strict-Transport-Security"); got != "" {
		t.Errorf("a site without https promises it: %q", got)
	}
}

func TestSessionCookiesAreOutOfReach(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		s := newSite(t, func(s *Settings) { s.Secure = secure })
		s.hire("ada", people.Admin)
		name := "oneframe_session"
		if secure {
			name = "__Host-oneframe_session"
		}
		old, _, err := s.rooms.People.Login(t.Context(), "ada", "a long password")
		if err != nil {
			t.Fatal(err)
		}
		rec := s.send("POST", "/login", "name=ada&password=a+long+password", header("Content-Type", "application/x-www-form-urlencoded"),
			header("Sec-Fetch-Site", "same-origin"), cookie(name, old))
		var found *http.Cookie
		for _, k := range rec.Result().Cookies() {
			if k.Name == name && k.MaxAge > 0 {
				found = k
			}
		}
		if found == nil || !found.HttpOnly || found.SameSite != http.SameSiteLaxMode || found.Secure != secure || found.Path != "/" || found.Domain != "" {
			t.Fatalf("secure %v: %d, cookie %+v", secure, rec.Code, found)
		}
		if found.Value == old {
			t.Error("the login kept the session's secret")
		}
		if _, err := s.rooms.People.BySession(t.Context(), old); err == nil {
			t.Error("the session from before the login lives on")
		}
		if _, err := s.rooms.People.BySession(t.Context(), found.Value); err != nil {
			t.Errorf("the new session: %v", err)
		}
	}
}

func TestAnEndedSessionMakesAStranger(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	rec := s.send("GET", "/api/v1/clips", nil, cookie("oneframe_session", "ended"))
	if rec.Code != http.StatusOK || !strings.Contains(rec.Header().Get("Set-Cookie"), "oneframe_session=; Path=/; Max-Age=0") {
		t.Errorf("%d, %v", rec.Code, rec.Header())
	}
	s.refused(http.StatusUnauthorized, "bad_token", "GET", "/api/v1/clips", nil, token("of_wrong"))
	if rec := s.send("GET", "/api/v1/renders/x", nil); rec.Header().Get("WWW-Authenticate") == "" {
		t.Error("401 without WWW-Authenticate")
	}
}

func TestRolesBoundWhatAnAccountMayDo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	admin, moderator, judge, photographer := s.hire("ada", people.Admin), s.hire("mia", people.Moderator), s.hire("jo", people.Judge), s.hire("phil", people.Photographer)
	for path, allowed := range map[string][]bool{ // admin, moderator, judge, photographer
		"GET /api/v1/judgments/next":       {true, true, true, false},
		"POST /api/v1/frames/none/verdict": {true, true, false, false},
		"POST /api/v1/frames/none/undo":    {true, true, false, false},
		"POST /api/v1/renders":             {true, false, false, false},
		"GET /api/v1/renders/none":         {true, false, false, false},
		"POST /api/v1/clips":               {true, false, false, false},
		"GET /api/v1/imports/none":         {true, false, false, false},
		"DELETE /api/v1/imports/none":      {true, false, false, false},
	} {
		method, target, _ := strings.Cut(path, " ")
		s.refused(http.StatusUnauthorized, "no_account", method, target, nil)
		for i, who := range []with{admin, moderator, judge, photographer} {
			if got := s.send(method, target, nil, who).Code; (got != http.StatusForbidden) != allowed[i] {
				t.Errorf("%s by %d: %d", path, i, got)
			}
		}
	}
}

func TestLoginLeadsBackOnlyHere(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"/judge?n=3": "/judge?n=3", "": "/", "https://evil.example/": "/", "//evil.example": "/", "/\\evil.example": "/",
		"javascript:alert(1)": "/", "/ok\r\nX: y": "/", "judge": "/", "/%2f%2fevil.example": "/%2f%2fevil.example",
	} {
		if got := safeNext(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}

func TestAPersonIsLedToTheLogin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	e := echo.New()
	srv := &Server{Rooms: s.rooms}
	e.GET("/judge", func(echo.Context) error { return nil }, srv.need(people.Judge))
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, httptest.NewRequest("GET", "/judge?n=3", nil))
	if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/login?next=%2Fjudge%3Fn%3D3" {
		t.Errorf("%d to %q", rec.Code, rec.Header().Get("Location"))
	}
}
