package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/people"
)

// loginPage is what the template "login" shows.
type loginPage struct {
	Layout
	Next  string // local address to go to afterwards
	Name  string
	Error string
}

func (s *Server) login(c echo.Context) error {
	if a, ok := s.account(c); ok {
		return c.Redirect(http.StatusSeeOther, afterLogin(a, c.QueryParam("next")))
	}
	return s.page(c, http.StatusOK, "login", loginPage{Layout: s.layout(c, "Log in"), Next: safeNext(c.QueryParam("next"))})
}

// enter logs somebody in. A wrong password shows the form again, with the name kept.
func (s *Server) enter(c echo.Context) error {
	name, next := c.FormValue("name"), c.FormValue("next")
	secret, a, err := s.People.Login(c.Request().Context(), name, c.FormValue("password"))
	if fault.Is(err, fault.Unknown) {
		p := loginPage{Layout: s.layout(c, "Log in"), Next: safeNext(next), Name: name, Error: fault.Of(err).Message}
		return s.page(c, http.StatusUnauthorized, "login", p)
	}
	if err != nil {
		return err
	}
	if err := s.signIn(c, secret); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, afterLogin(a, next))
}

// afterLogin is where somebody goes who asked for nothing in particular.
func afterLogin(a people.Account, next string) string {
	if next = safeNext(next); next != "/" {
		return next
	}
	switch {
	case a.Can(people.Admin):
		return "/admin"
	case a.Can(people.Moderator):
		return "/admin/frames"
	case a.Can(people.Judge):
		return "/judge"
	case a.Can(people.Photographer):
		return "/pictures"
	}
	return "/"
}

func (s *Server) logout(c echo.Context) error {
	if err := s.signOut(c); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/")
}

// setupPage is what the template "setup" shows.
type setupPage struct {
	Layout
	Secret string
	Name   string
	Error  string
}

// setup asks whoever has the one-time link for the name and password of the first admin.
func (s *Server) setup(c echo.Context) error {
	secret := c.QueryParam("secret")
	if err := s.People.CheckSetup(c.Request().Context(), secret); err != nil {
		return err
	}
	c.Response().Header().Set("Referrer-Policy", "no-referrer") // the address is a secret
	c.Response().Header().Set("Cache-Control", "private, no-store")
	return s.page(c, http.StatusOK, "setup", setupPage{Layout: s.layout(c, "Become the first admin"), Secret: secret})
}

// found makes the first admin. What can be mended shows the form again.
func (s *Server) found(c echo.Context) error {
	secret, name := c.FormValue("secret"), c.FormValue("name")
	session, _, err := s.People.Setup(c.Request().Context(), secret, name, c.FormValue("password"))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		p := setupPage{Layout: s.layout(c, "Become the first admin"), Secret: secret, Name: name, Error: fault.Of(err).Message}
		return s.page(c, http.StatusUnprocessableEntity, "setup", p)
	}
	if err != nil {
		return err
	}
	if err := s.signIn(c, session); err != nil {
		return err
	}
	s.setFlash(c, "Welcome. You are the first admin; from here you run the show.")
	return c.Redirect(http.StatusSeeOther, "/admin")
}
