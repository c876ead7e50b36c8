package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/people"
)

// accountsPage is what the template "admin_accounts" shows.
type accountsPage struct {
	adminLayout
	Accounts []accountView
	Roles    []people.Role
	Token    string // a new API token, shown this once
	TokenOf  string // whose it is
	Name     string // what was entered, where it was refused
	Error    string
}

type accountView struct {
	people.Account
	Me     bool
	Tokens []people.Token
	Keys   []people.Key // of photographers, for SFTP
}

// Photographer reports whether keys are for the account.
func (a accountView) Photographer() bool { return a.Role == people.Photographer }

func (s *Server) accounts(c echo.Context) error {
	return s.accountsWith(c, http.StatusOK, accountsPage{})
}

// accountsWith shows the accounts, with what p has to say.
func (s *Server) accountsWith(c echo.Context, status int, p accountsPage) error {
	p.adminLayout, p.Roles = s.adminLayout(c, "Accounts"), people.Roles()
	ctx := c.Request().Context()
	all, err := s.People.List(ctx)
	if err != nil {
		return err
	}
	me, _ := s.account(c)
	for _, a := range all {
		tokens, err := s.People.Tokens(ctx, a.ID)
		if err != nil {
			return err
		}
		keys, err := s.People.Keys(ctx, a.ID)
		if err != nil {
			return err
		}
		p.Accounts = append(p.Accounts, accountView{a, a.ID == me.ID, tokens, keys})
	}
	return s.page(c, status, "admin_accounts", p)
}

func (s *Server) addAccount(c echo.Context) error {
	name := c.FormValue("name")
	a, err := s.People.Add(c.Request().Context(), name, c.FormValue("password"), people.Role(c.FormValue("role")))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return s.accountsWith(c, http.StatusUnprocessableEntity, accountsPage{Name: name, Error: fault.Of(err).Message})
	}
	return s.goBack(c, "/admin/accounts", err, a.Name+" has an account now.")
}

// changeAccount takes what a form says of role, password and disabled; what it
// doesn't name stays.
func (s *Server) changeAccount(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "bad_form", "The form could not be read.")
	}
	var change people.Change
	if form.Has("role") {
		role := people.Role(form.Get("role"))
		change.Role = &role
	}
	if password := form.Get("password"); password != "" {
		change.Password = &password
	}
	if form.Has("disabled") {
		disabled := form.Get("disabled") == "true"
		change.Disabled = &disabled
	}
	err = s.People.Change(c.Request().Context(), c.Param("id"), change)
	return s.goBack(c, "/admin/accounts", err, "Changed.")
}

// addToken makes an API token and shows it, this once.
func (s *Server) addToken(c echo.Context) error {
	a, err := s.People.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	token, err := s.People.AddToken(c.Request().Context(), a.Name)
	if fault.Is(err, fault.Conflict) {
		return s.goBack(c, "/admin/accounts", err, "")
	}
	if err != nil {
		return err
	}
	return s.accountsWith(c, http.StatusOK, accountsPage{Token: token, TokenOf: a.Name})
}

func (s *Server) revokeToken(c echo.Context) error {
	err := s.People.RevokeToken(c.Request().Context(), c.Param("token"))
	return s.goBack(c, "/admin/accounts", err, "The token is revoked.")
}

// addKey lets a photographer in by an SSH key.
func (s *Server) addKey(c echo.Context) error {
	a, err := s.People.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	_, err = s.People.AddKey(c.Request().Context(), a.Name, c.FormValue("key"))
	if fault.Is(err, fault.Invalid) {
		return s.accountsWith(c, http.StatusUnprocessableEntity, accountsPage{Error: fault.Of(err).Message})
	}
	return s.goBack(c, "/admin/accounts", err, "The key lets "+a.Name+" in now.")
}

func (s *Server) removeKey(c echo.Context) error {
	err := s.People.RemoveKey(c.Request().Context(), c.Param("id"), c.FormValue("fingerprint"))
	return s.goBack(c, "/admin/accounts", err, "The key is gone.")
}
