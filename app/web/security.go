package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"oneframe/app/fault"
)

// policy lets pages load only what this site serves, and nothing inline.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
	"media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'"

// headers tells browsers what the site never does.
func (s *Server) headers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Permissions-Policy", "camera=(self), microphone=(), geolocation=(), payment=(), usb=()")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if s.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		h.Set("Cache-Control", "no-cache")
		if strings.HasPrefix(c.Path(), "/api/") {
			h.Set("Cache-Control", "no-store")
		}
		return next(c)
	}
}

// extractors find a visitor's address and scheme. X-Forwarded-For and -Proto are
// believed only from the proxies named, and of a chain of addresses the last that is
// none of them is the visitor's.
func extractors(proxies []netip.Prefix) (echo.IPExtractor, echo.SchemeExtractor) {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect(), echo.ExtractSchemeDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		p = p.Masked()
		trust = append(trust, echo.TrustIPRange(&net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}))
	}
	return echo.ExtractIPFromXFFHeader(trust...), echo.ExtractSchemeFromHeaders(trust...)
}

// csrf checks that a request which changes something under a visitor's cookie comes
// from our own pages: the browser says so (Sec-Fetch-Site), or the request carries the
// token of the CSRF cookie. A request with an API token, or with no session at all, is
// nobody's to forge and needs none; but logging in does.
func (s *Server) csrf() (echo.MiddlewareFunc, error) {
	config := middleware.CSRFConfig{
		TokenLookup: "header:" + echo.HeaderXCSRFToken,
		CookieName:  s.cookieName("csrf"), CookiePath: "/",
		CookieHTTPOnly: true, CookieSecure: s.Secure, CookieSameSite: http.SameSiteLaxMode,
		AllowSecFetchSiteFunc: func(c echo.Context) (bool, error) {
			if c.Request().Header.Get(echo.HeaderSecFetchSite) == "cross-site" {
				return false, badCSRF(nil)
			}
			return false, nil // same-site: only with the token
		},
		ErrorHandler: func(err error, _ echo.Context) error { return badCSRF(err) },
	}
	api, err := config.ToMiddleware() // a big body is never read for a token
	if err != nil {
		return nil, err
	}
	config.TokenLookup += ",form:_csrf"
	pages, err := config.ToMiddleware()
	if err != nil {
		return nil, err
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		checkedAPI, checkedPages := api(next), pages(next)
		return func(c echo.Context) error {
			switch {
			case !s.forgeable(c):
				return next(c)
			case strings.HasPrefix(c.Path(), "/api/"):
				return checkedAPI(c)
			}
			return checkedPages(c)
		}
	}, nil
}

// forgeable reports whether another site could make a visitor's browser send the
// request in the visitor's name.
func (s *Server) forgeable(c echo.Context) bool {
	if _, ok := bearer(c.Request()); ok {
		return false
	}
	for _, way := range []string{"/login", "/setup", "/j/", "/judge/start"} {
		if strings.HasPrefix(c.Path(), way) {
			return true
		}
	}
	judging := c.Path() == "/judge" || strings.HasPrefix(c.Path(), "/api/v1/judgments")
	return s.session(c) != "" || judging && s.visitor(c) != ""
}

func badCSRF(cause error) error {
	return fault.Wrap(cause, fault.Denied, "bad_csrf", "This page has grown old; please load it again and repeat what you did.")
}
