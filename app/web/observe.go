package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
)

// observe gives each request an id, recovers panics, answers with the error that the
// handler returned, and writes one line of log. The line has the route's pattern, not
// the address, which may hold secrets; it has no names, and the visitor's network
// address only where the config says so.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		id := rand.Text()[:12]
		c.Set(keyRequest, id)
		answer := newPatientWriter(c.Response().Writer)
		defer answer.wait() // for what net/http still holds of the answer
		c.Response().Writer = answer
		c.Response().Header().Set("X-Request-Id", id)
		err := recovered(next, c)
		if err != nil {
			s.fail(err, c)
		}
		s.write(c, err, time.Since(start))
		return nil
	}
}

// panicked is a panic in a handler, with its stack for the log.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

func recovered(next echo.HandlerFunc, c echo.Context) (err error) {
	defer func() {
		r := recover()
		switch {
		case r == nil:
		case r == http.ErrAbortHandler:
			panic(r) // net/http's own way to drop a connection
		default:
			err = &panicked{r, debug.Stack()}
		}
	}()
	return next(c)
}

func (s *Server) write(c echo.Context, err error, took time.Duration) {
	level := slog.LevelInfo
	if route(c) == "/healthz" || route(c) == "/readyz" {
		level = slog.LevelDebug // somebody asks every few seconds
	}
	attrs := []slog.Attr{
		slog.String("method", c.Request().Method),
		slog.String("route", route(c)),
		slog.Int("status", c.Response().Status),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.Int64("bytes", c.Response().Size),
		slog.String("request", requestID(c)),
	}
	if s.LogAddresses {
		attrs = append(attrs, slog.String("address", c.RealIP()))
	}
	if err != nil {
		var more []slog.Attr
		level, more = cause(c, err)
		attrs = append(attrs, more...)
	}
	s.log.LogAttrs(c.Request().Context(), level, "request", attrs...)
}

// cause says how bad an error is, and what the log keeps of it.
func cause(c echo.Context, err error) (slog.Level, []slog.Attr) {
	var p *panicked
	f := asFault(err)
	switch {
	case errors.As(err, &p):
		return slog.LevelError, []slog.Attr{slog.Any("cause", err), slog.String("stack", string(p.stack))}
	case errors.Is(err, context.Canceled) && c.Request().Context().Err() != nil:
		return slog.LevelInfo, []slog.Attr{slog.String("code", "visitor_left")}
	case c.Response().Status >= 500 && f.Kind != fault.Full:
		return slog.LevelError, []slog.Attr{slog.String("code", f.Code), slog.Any("cause", err)}
	case f.Kind == fault.Full:
		return slog.LevelWarn, []slog.Attr{slog.String("code", f.Code), slog.Any("cause", err)}
	}
	p2, _ := problem(err)
	return slog.LevelInfo, []slog.Attr{slog.String("code", p2.Code)}
}

// route is the pattern that the request's address matched.
func route(c echo.Context) string {
	if c.Path() == "" {
		return "-"
	}
	return c.Path()
}

func requestID(c echo.Context) string {
	id, _ := c.Get(keyRequest).(string)
	return id
}
