package web

import (
	"net/http"
	"strings"
	"testing"

	"oneframe/app/browsertest"
	"oneframe/app/people"
)

func TestTheNavigationShowsWhereOneIs(t *testing.T) {
	t.Parallel()
	names := func(tabs []tab) string {
		var all []string
		for _, x := range tabs {
			name := x.Name
			if x.Here {
				name = "[" + name + "]"
			}
			all = append(all, name)
		}
		return strings.Join(all, " ")
	}
	const photos = "Register Refused Profiles"
	for _, c := range []struct {
		role                people.Role
		route, groups, here string
	}{
		{people.Admin, "/admin", "[Overview] Frames Pictures Clips Feed Accounts", ""},
		{people.Admin, "/admin/frames/:id", "Overview [Frames] Pictures Clips Feed Accounts", "[Desk] Judging Judges Gold Doubts Audit Volunteers Crowds"},
		{people.Admin, "/admin/crowds/:id/rotate", "Overview [Frames] Pictures Clips Feed Accounts", "Desk Judging Judges Gold Doubts Audit Volunteers [Crowds]"},
		{people.Admin, "/pictures/:id", "Overview Frames [Pictures] Clips Feed Accounts", strings.Replace(photos, "Register", "[Register]", 1)},
		{people.Admin, "/pictures/refused/:id", "Overview Frames [Pictures] Clips Feed Accounts", strings.Replace(photos, "Refused", "[Refused]", 1)},
		{people.Admin, "/admin/subscribers/:id/rules/:rule", "Overview Frames Pictures Clips [Feed] Accounts", "[Subscribers] Rules Deliveries"},
		{people.Admin, "/admin/accounts/:id/keys", "Overview Frames Pictures Clips Feed [Accounts]", ""},
		{people.Moderator, "/admin/gold", "[Frames] Pictures", "Desk Judging Judges [Gold] Doubts Audit"},
		{people.Moderator, "/pictures/refused", "Frames [Pictures]", ""},
	} {
		groups, pages := navigation(openTo(people.Account{Role: c.role}), c.route)
		if names(groups) != c.groups || names(pages) != c.here {
			t.Errorf("%s at %s: %q, %q", c.role, c.route, names(groups), names(pages))
		}
	}
}

func TestEveryEntryOfTheNavigationOpens(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, role := range []people.Role{people.Admin, people.Moderator} {
		s.hire(string(role), role)
		who := s.login(string(role))
		for _, p := range openTo(people.Account{Role: role}) {
			page := s.send("GET", p.url, nil, who)
			if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), `href="`+p.url+`" aria-current="page"`) {
				t.Errorf("%s at %s: %d, or the page doesn't say that one is there", role, p.url, page.Code)
			}
		}
	}
}

func TestThePlaceIsInViewOnAPhone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.hire("boss", people.Admin)
	b, site := browsertest.Open(t, browsertest.Options{Width: 360, Height: 740}), s.serve()
	b.Login(site, "boss", "a long password")
	for _, p := range places() {
		b.Go(site + p.url)
		b.Wait(`[...document.querySelectorAll(".tabs [aria-current]")].every((e) => e.getBoundingClientRect().left >= 0 && e.getBoundingClientRect().right <= 360)`)
		if wide := browsertest.Eval[int](b, `document.documentElement.scrollWidth`); wide > 360 {
			t.Errorf("%s is %d wide", p.url, wide)
		}
	}
	quiet(t, b)
}
