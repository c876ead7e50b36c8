package web

import (
	"strings"

	"github.com/labstack/echo/v4"

	"oneframe/app/people"
)

// tab is one entry of a navigation.
type tab struct {
	Name, URL string
	Here      bool
}

// here marks the entry with the address, and no other.
func here(tabs []tab, url string) []tab {
	for i := range tabs {
		tabs[i].Here = tabs[i].URL == url
	}
	return tabs
}

// adminLayout is the layout of a page of the team, with the navigation that its role opens.
type adminLayout struct {
	Layout
	Tabs []tab // the groups of pages; each leads to its first
	Sub  []tab // the pages of the present group; none where it has only one
}

// Group is the name of the present group, "" for none.
func (l adminLayout) Group() string {
	for _, t := range l.Tabs {
		if t.Here {
			return t.Name
		}
	}
	return ""
}

// place is a page of the team's navigation, with all the addresses below its own.
type place struct {
	group, name, url string
	role             people.Role // who may open it
	also             string      // another address of it
}

// places lists the team's pages by their groups.
func places() []place {
	return []place{
		{"Overview", "Overview", "/admin", people.Admin, ""},
		{"Frames", "Desk", "/admin/frames", people.Moderator, ""},
		{"Frames", "Judging", "/admin/judging", people.Moderator, ""},
		{"Frames", "Judges", "/admin/judges", people.Moderator, ""},
		{"Frames", "Gold", "/admin/gold", people.Moderator, ""},
		{"Frames", "Doubts", "/admin/doubts", people.Moderator, ""},
		{"Frames", "Audit", "/admin/audit", people.Moderator, ""},
		{"Frames", "Volunteers", "/admin/links", people.Admin, ""},
		{"Frames", "Crowds", "/admin/crowds", people.Admin, ""},
		{"Pictures", "Register", "/admin/pictures", people.Moderator, "/pictures"},
		{"Pictures", "Refused", "/admin/refused", people.Admin, "/pictures/refused"},
		{"Pictures", "Profiles", "/admin/profiles", people.Admin, ""},
		{"Clips", "All clips", "/admin/clips", people.Admin, ""},
		{"Clips", "Renders", "/admin/renders", people.Admin, ""},
		{"Feed", "Subscribers", "/admin/subscribers", people.Admin, ""},
		{"Feed", "Rules", "/admin/rules", people.Admin, ""},
		{"Feed", "Deliveries", "/admin/deliveries", people.Admin, ""},
		{"Accounts", "Accounts", "/admin/accounts", people.Admin, ""},
	}
}

// below gives how long the address is, where the route is it or lies below it; else 0.
func below(route, address string) int {
	if address != "" && (route == address || strings.HasPrefix(route, address+"/")) {
		return len(address)
	}
	return 0
}

func (s *Server) adminLayout(c echo.Context, title string) adminLayout {
	l := adminLayout{Layout: s.layout(c, title)}
	l.Nav = "admin"
	a, _ := s.account(c)
	l.Tabs, l.Sub = navigation(openTo(a), c.Path())
	return l
}

// openTo gives the places that the account may open.
func openTo(a people.Account) (all []place) {
	for _, p := range places() {
		if a.Can(p.role) {
			all = append(all, p)
		}
	}
	return all
}

// navigation arranges places: the groups, and the pages of the one that the route is in.
func navigation(places []place, route string) (groups, pages []tab) {
	var at place
	best := 0
	for _, p := range places {
		if n := max(below(route, p.url), below(route, p.also)); n > best {
			at, best = p, n
		}
	}
	for _, p := range places {
		if len(groups) == 0 || groups[len(groups)-1].Name != p.group {
			groups = append(groups, tab{p.group, p.url, p.group == at.group})
		}
		if p.group == at.group {
			pages = append(pages, tab{p.name, p.url, p.url == at.url})
		}
	}
	if len(pages) < 2 {
		pages = nil
	}
	return groups, pages
}

// registerLayout is the layout of the register's pages: photographers have a navigation
// of their own.
func (s *Server) registerLayout(c echo.Context, title string) adminLayout {
	l := s.adminLayout(c, title)
	if a, _ := s.account(c); !a.Can(people.Moderator) {
		l.Nav = "pictures"
		l.Tabs, _ = navigation([]place{{group: "Pictures", url: "/pictures"}, {group: "Refused", url: "/pictures/refused"}}, c.Path())
	}
	return l
}
