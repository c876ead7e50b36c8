package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/people"
	"oneframe/app/store"
)

// visitorLasts is how long a browser is known again, in seconds: browsers keep no
// cookie longer than 400 days.
const visitorLasts = 400 * 24 * 60 * 60

// visitor gives the secret in the browser's own cookie, "" where it has none. It stands
// for who judges without an account, and for who sent a frame.
func (s *Server) visitor(c echo.Context) moderation.Visitor {
	k, err := c.Cookie(s.cookieName("visitor"))
	if err != nil || len(k.Value) > 100 {
		return ""
	}
	return moderation.Visitor(k.Value)
}

// known is visitor, and makes the browser known that wasn't.
func (s *Server) known(c echo.Context) moderation.Visitor {
	v := s.visitor(c)
	if v == "" {
		v = moderation.NewVisitor()
	}
	c.SetCookie(s.cookie("visitor", string(v), visitorLasts))
	return v
}

// judges lets those through who may judge: accounts whose role it is, and volunteers
// whom a link let in, or the open site. A photographer is a volunteer like others.
func (s *Server) judges(next echo.HandlerFunc) echo.HandlerFunc {
	account := s.need(people.Judge)(next)
	return func(c echo.Context) error {
		v := s.visitor(c)
		_, token := bearer(c.Request())
		a, known := s.account(c)
		if known && !token && v != "" {
			if err := s.Desk.Meet(c.Request().Context(), moderation.ByAccount(a.ID), v); err != nil {
				return err
			}
		}
		if token || a.Can(people.Judge) {
			return account(c)
		}
		if v != "" {
			err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error { return s.Desk.May(tx, v.Judge()) })
			if err == nil {
				c.Response().Header().Set("Cache-Control", "private, no-store")
				return next(c)
			}
			if !fault.Has(err, "no_judge") {
				return err
			}
		}
		if s.Desk.Open && !wantsJSON(c) {
			return c.Redirect(http.StatusSeeOther, "/judge/start")
		}
		return account(c)
	}
}

// invitePage is what the template "invite" shows.
type invitePage struct {
	Layout
	Name   string    // of the link; "" where the site is open to everybody
	Ends   time.Time // zero: never
	Over   string    // why nobody is let in any more, "" where they are
	Action string    // where the form goes
}

// invited shows what somebody who opened a judging link is asked to do. Who was let in
// before goes on at once.
func (s *Server) invited(c echo.Context) error {
	p := invitePage{Layout: s.layout(c, "Judge"), Action: "/j/" + c.Param("secret")}
	p.Nav = "judge"
	in := false
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		l, err := moderation.LookLink(tx, c.Param("secret"))
		if err != nil {
			return err
		}
		p.Name, p.Ends, p.Over = l.Name, l.Ends, l.Over(tx.Now)
		in = p.Over == "" && s.mayJudge(c, tx)
		return nil
	})
	if err != nil {
		return err
	}
	if in {
		return c.Redirect(http.StatusSeeOther, "/judge")
	}
	status := http.StatusOK
	if p.Over != "" {
		status = http.StatusGone
	}
	return s.page(c, status, "invite", p)
}

// mayJudge reports whether who asks may judge already.
func (s *Server) mayJudge(c echo.Context, tx *store.Tx) bool {
	if a, _ := s.account(c); a.Can(people.Judge) {
		return true
	}
	v := s.visitor(c)
	return v != "" && s.Desk.May(tx, v.Judge()) == nil
}

// joinByLink lets the visitor in by a judging link.
func (s *Server) joinByLink(c echo.Context) error {
	if _, err := s.Desk.OpenLink(c.Request().Context(), c.Param("secret"), s.known(c)); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/judge")
}

// openInvitation is for visitors of a site whose judging is open to everybody.
func (s *Server) openInvitation(c echo.Context) error {
	if !s.Desk.Open {
		return c.Redirect(http.StatusSeeOther, "/judge")
	}
	p := invitePage{Layout: s.layout(c, "Judge"), Action: "/judge/start"}
	p.Nav = "judge"
	return s.page(c, http.StatusOK, "invite", p)
}

// join lets the visitor in where judging is open to everybody.
func (s *Server) join(c echo.Context) error {
	if _, err := s.Desk.OpenJudging(c.Request().Context(), s.known(c)); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/judge")
}
