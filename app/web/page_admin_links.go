package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/store"
)

// linksPage is what the template "admin_links" shows.
type linksPage struct {
	adminLayout
	Links  []moderation.Link
	Name   func(by string) string
	URL    string // of a new link, shown this once
	Of     string // its name
	Open   bool   // visitors may judge without a link too
	Now    time.Time
	Fields map[string]string // what was entered, where it was refused
	Error  string
}

func (s *Server) links(c echo.Context) error { return s.linksWith(c, http.StatusOK, linksPage{}) }

// linksWith shows the judging links, with what p has to say.
func (s *Server) linksWith(c echo.Context, status int, p linksPage) error {
	p.adminLayout, p.Open = s.adminLayout(c, "Volunteers"), s.Desk.Open
	ctx := c.Request().Context()
	var err error
	if p.Name, err = s.namesOf(ctx); err != nil {
		return err
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		p.Now = tx.Now
		p.Links, err = moderation.Links(tx)
		return err
	})
	if err != nil {
		return err
	}
	return s.page(c, status, "admin_links", p)
}

// makeLink makes a judging link and shows its address, this once.
func (s *Server) makeLink(c echo.Context) error {
	n, err := readLink(c)
	var l moderation.Link
	secret := ""
	if err == nil {
		l, secret, err = s.Desk.MakeLink(c.Request().Context(), s.judge(c), n)
	}
	if fault.Is(err, fault.Invalid) {
		fields := map[string]string{}
		for _, name := range []string{"name", "judges", "judgments", "ends"} {
			fields[name] = c.FormValue(name)
		}
		return s.linksWith(c, http.StatusUnprocessableEntity, linksPage{Fields: fields, Error: fault.Of(err).Message})
	}
	if err != nil {
		return err
	}
	return s.linksWith(c, http.StatusOK, linksPage{URL: s.base(c) + "/j/" + secret, Of: l.Name})
}

// readLink reads the form; a date means the end of that day, UTC.
func readLink(c echo.Context) (n moderation.NewLink, err error) {
	n.Name = c.FormValue("name")
	for name, to := range map[string]*int{"judges": &n.Judges, "judgments": &n.Judgments} {
		if text := c.FormValue(name); text != "" {
			if *to, err = strconv.Atoi(text); err != nil {
				return n, fault.New(fault.Invalid, "bad_limit", "A limit is a whole number above 0, or left out.")
			}
		}
	}
	if text := c.FormValue("ends"); text != "" {
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return n, fault.New(fault.Invalid, "bad_end", "The end is a date, as 2026-12-24.")
		}
		n.Ends = day.Add(24 * time.Hour)
	}
	return n, nil
}

func (s *Server) revokeLink(c echo.Context) error {
	err := s.Desk.RevokeLink(c.Request().Context(), s.judge(c), c.Param("id"))
	return s.goBack(c, "/admin/links", err, "Revoked. What its volunteers judged stays.")
}
