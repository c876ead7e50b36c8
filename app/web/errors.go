package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/ingest"
)

// statuses turns a kind of failure into a status, in this one place.
var statuses = map[fault.Kind]int{
	fault.Internal:    http.StatusInternalServerError,
	fault.Invalid:     http.StatusUnprocessableEntity,
	fault.NotFound:    http.StatusNotFound,
	fault.Conflict:    http.StatusConflict,
	fault.Gone:        http.StatusGone,
	fault.Unknown:     http.StatusUnauthorized,
	fault.Denied:      http.StatusForbidden,
	fault.Busy:        http.StatusTooManyRequests,
	fault.TooLarge:    http.StatusRequestEntityTooLarge,
	fault.Unsupported: http.StatusUnsupportedMediaType,
	fault.Full:        http.StatusInsufficientStorage,
}

// Problem is an error as the API tells it (RFC 9457).
type Problem struct {
	Status  int    `json:"status"`
	Title   string `json:"title"`
	Detail  string `json:"detail"`
	Code    string `json:"code"`
	Request string `json:"request_id,omitempty"` // of failures on our side: what to quote in a report

	Refusal string          `json:"id,omitempty"`      // of a refused photograph in quarantine
	Reasons []ingest.Reason `json:"reasons,omitempty"` // everything that is wrong with it
}

// ErrorPage is what the template "error" shows.
type ErrorPage struct {
	Layout
	Status  int
	Message string
	Request string // to quote in a report; "" where it isn't our fault
}

// fail answers a request whose handler returned an error. The visitor sees the
// message, the log the cause; see observe.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	p, after := problem(err)
	if p.Status >= 500 {
		p.Request = requestID(c)
	}
	h := c.Response().Header()
	for _, name := range []string{"ETag", "Last-Modified", "Content-Encoding", "Content-Disposition", "Accept-Ranges"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	if after > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(after.Seconds()))))
	}
	if err := s.tell(c, p); err != nil {
		s.log.LogAttrs(c.Request().Context(), slog.LevelWarn, "the error could not be told", slog.Any("cause", err), slog.String("request", requestID(c)))
	}
}

func (s *Server) tell(c echo.Context, p Problem) error {
	if !wantsJSON(c) {
		return s.errorPage(c, p)
	}
	if p.Status == http.StatusUnauthorized {
		scheme := "Bearer"
		if strings.HasPrefix(c.Path(), "/hooks/") {
			scheme = "Webhook-Signature"
		}
		c.Response().Header().Set("WWW-Authenticate", scheme+` realm="oneframe"`)
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return c.Blob(p.Status, "application/problem+json", body)
}

func (s *Server) errorPage(c echo.Context, p Problem) error {
	err := s.page(c, p.Status, "error", ErrorPage{Layout: s.layout(c, p.Title), Status: p.Status, Message: p.Detail, Request: p.Request})
	if err == nil || c.Response().Committed {
		return err
	}
	return errors.Join(err, c.String(p.Status, p.Detail))
}

// wantsJSON reports whether a program asked rather than a person.
func wantsJSON(c echo.Context) bool {
	path := c.Request().URL.Path
	return strings.HasPrefix(path, "/api/") || path == "/api" || strings.HasPrefix(path, "/hooks/") || path == "/metrics" ||
		strings.Contains(c.Request().Header.Get("Accept"), "json")
}

// problem says what a stranger is told about err, and when to try again.
func problem(err error) (p Problem, after time.Duration) {
	f := asFault(err)
	status := statuses[f.Kind]
	var h *echo.HTTPError
	if errors.As(err, &h) && f.Kind == fault.Internal {
		return fromEcho(h), 0
	}
	if f.Kind == fault.Internal {
		f = fault.New(fault.Internal, "internal", "Something went wrong on our side.")
	}
	p = Problem{Status: status, Title: http.StatusText(status), Detail: f.Message, Code: f.Code}
	var r *ingest.Refusal
	if errors.As(err, &r) {
		p.Refusal, p.Reasons = r.ID, r.Reasons
	}
	return p, f.RetryAfter
}

// asFault gives the errors of the standard library that a stranger causes their kind.
func asFault(err error) *fault.Error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return fault.Wrap(err, fault.TooLarge, "too_many_bytes", "That is too large: at most %s is taken here.", megabytes(large.Limit))
	}
	return fault.Of(fault.Disk(err))
}

func megabytes(n int64) string {
	if n < 1e6 {
		return fmt.Sprintf("%d kB", n/1e3)
	}
	return fmt.Sprintf("%d MB", n/1e6)
}

// fromEcho words the router's and the middleware's errors.
func fromEcho(h *echo.HTTPError) Problem {
	p := Problem{Status: h.Code, Title: http.StatusText(h.Code), Detail: http.StatusText(h.Code) + ".", Code: "http_" + strconv.Itoa(h.Code)}
	switch h.Code {
	case http.StatusNotFound:
		p.Detail, p.Code = "There is nothing at this address.", "not_found"
	case http.StatusMethodNotAllowed:
		p.Detail, p.Code = "That can't be done at this address.", "method_not_allowed"
	case http.StatusInternalServerError:
		p.Detail, p.Code = "Something went wrong on our side.", "internal"
	}
	return p
}
