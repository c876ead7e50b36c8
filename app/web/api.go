package web

import (
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
)

// description is the API's OpenAPI 3.1 file.
//
//go:embed openapi.yaml
var description []byte

func (s *Server) openapi(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-cache")
	return c.Blob(http.StatusOK, "application/yaml; charset=utf-8", description)
}

// listJSON is how every list is sent.
type listJSON[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next"` // cursor of the next page; null at the end
}

func listOf[T any](items []T, next string) listJSON[T] {
	if items == nil {
		items = []T{}
	}
	return listJSON[T]{items, orNull(next)}
}

// orNull sends what is empty as null.
func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// stamp sends a time as RFC 3339 UTC, the zero time as null.
func stamp(t time.Time) *time.Time {
	t = t.UTC()
	if t.IsZero() {
		return nil
	}
	return &t
}

// seconds sends a duration as seconds, to the microsecond.
func seconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e6 }

// decode reads the request's JSON object into v. An empty body leaves v as it is,
// where that is allowed.
func decode(c echo.Context, v any, emptyAllowed bool) error {
	d := json.NewDecoder(c.Request().Body)
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if errors.Is(err, io.EOF) && emptyAllowed {
		return nil
	}
	if err == nil && d.More() {
		err = errors.New("more than one value")
	}
	var large *http.MaxBytesError
	if err == nil || errors.As(err, &large) {
		return err
	}
	return fault.Wrap(err, fault.Invalid, "bad_json", "The request's body is not the JSON that this call takes.")
}

// number reads a query parameter that counts something; absent is the fallback.
func number(c echo.Context, name string, least, most, fallback int) (int, error) {
	text := c.QueryParam(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, fault.New(fault.Invalid, "bad_"+name, "%s must be a number from %d to %d.", name, least, most)
	}
	return n, nil
}
