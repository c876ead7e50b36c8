package web

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/people"
)

// Keys of the echo.Context.
const (
	keyAccount = "account" // people.Account
	keyRequest = "request" // string: the request's id
)

// cookieName gives a cookie's name. The prefix makes browsers refuse the cookie from
// a subdomain or without https (RFC 6265bis section 4.1.3.2).
func (s *Server) cookieName(name string) string {
	if s.Secure {
		return "__Host-oneframe_" + name
	}
	return "oneframe_" + name
}

// cookie makes one that scripts can't read. maxAge is in seconds: 0 lasts as long as
// the browser runs, -1 takes it away.
func (s *Server) cookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{Name: s.cookieName(name), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteLaxMode}
}

// who finds out who asks: by `Authorization: Bearer`, which must be right where it is
// given, else by the session cookie; a session that has ended makes a stranger.
func (s *Server) who(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		a, err := s.identify(c)
		if err != nil {
			return err
		}
		if a.ID != "" {
			c.Set(keyAccount, a)
			c.Response().Header().Set("Cache-Control", "private, no-store")
		}
		return next(c)
	}
}

func (s *Server) identify(c echo.Context) (people.Account, error) {
	ctx := c.Request().Context()
	if token, ok := bearer(c.Request()); ok {
		return s.People.ByToken(ctx, token)
	}
	secret := s.session(c)
	if secret == "" {
		return people.Account{}, nil
	}
	a, err := s.People.BySession(ctx, secret)
	if fault.Is(err, fault.Unknown) {
		c.SetCookie(s.cookie("session", "", -1))
		return people.Account{}, nil
	}
	return a, err
}

// bearer gives the API token of a request that has one.
func bearer(r *http.Request) (token string, ok bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}

// session gives the secret in the session cookie, "" where there is none.
func (s *Server) session(c echo.Context) string {
	k, err := c.Cookie(s.cookieName("session"))
	if err != nil {
		return ""
	}
	return k.Value
}

// account gives who asks, where we know it.
func (s *Server) account(c echo.Context) (people.Account, bool) {
	a, ok := c.Get(keyAccount).(people.Account)
	return a, ok
}

// need lets only those through who can act in the role. A program is told 401 or 403;
// a person who isn't logged in is led to the login page and back.
func (s *Server) need(role people.Role) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			a, known := s.account(c)
			switch {
			case a.Can(role):
				return next(c)
			case known:
				return fault.New(fault.Denied, "denied", "Your account may not do that: it needs the role %s.", role)
			case wantsJSON(c):
				return fault.New(fault.Unknown, "no_account", "Please say who you are: with an API token or by logging in.")
			}
			return c.Redirect(http.StatusSeeOther, "/login?next="+url.QueryEscape(back(c.Request())))
		}
	}
}

// back is where a visitor returns after the login: the page, where it can be asked for again.
func back(r *http.Request) string {
	if r.Method != http.MethodGet {
		return "/"
	}
	return r.URL.RequestURI()
}

// safeNext gives the local path that ?next= names, or "/" where it leads elsewhere.
func safeNext(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(next, "/") ||
		strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}

// signIn gives the visitor the session's cookie. A session that the browser had
// before ends, and so does its CSRF token: nothing from before the login lives on.
func (s *Server) signIn(c echo.Context, secret string) error {
	if err := s.signOut(c); err != nil {
		return err
	}
	c.SetCookie(s.cookie("session", secret, int(people.SessionLasts.Seconds())))
	return nil
}

// signOut ends the visitor's session, if there is one.
func (s *Server) signOut(c echo.Context) error {
	c.SetCookie(s.cookie("csrf", "", -1))
	secret := s.session(c)
	if secret == "" {
		return nil
	}
	c.SetCookie(s.cookie("session", "", -1))
	return s.People.Logout(c.Request().Context(), secret)
}

// judge is who judges or decides, as the moderation room names them: the account whose
// role lets it, or the volunteer that the browser knows.
func (s *Server) judge(c echo.Context) moderation.Judge {
	if a, _ := s.account(c); a.Can(people.Judge) {
		return moderation.ByAccount(a.ID)
	}
	return s.visitor(c).Judge()
}

// setFlash leaves a sentence for the next page that the visitor sees.
func (s *Server) setFlash(c echo.Context, message string) {
	c.SetCookie(s.cookie("flash", base64.RawURLEncoding.EncodeToString([]byte(message)), 60))
}

// flash takes the sentence that the page before left.
func (s *Server) flash(c echo.Context) string {
	k, err := c.Cookie(s.cookieName("flash"))
	if err != nil || k.Value == "" {
		return ""
	}
	c.SetCookie(s.cookie("flash", "", -1))
	message, err := base64.RawURLEncoding.DecodeString(k.Value)
	if err != nil {
		return ""
	}
	return string(message)
}
