package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/feed"
	"oneframe/app/feed/condition"
	"oneframe/app/store"
)

func tellAll[T, J any](all []T, tell func(T) J) []J {
	told := make([]J, 0, len(all))
	for _, x := range all {
		told = append(told, tell(x))
	}
	return told
}

// endSubscriber ends a subscriber: its rules match nothing any more. What was delivered stays known.
func (s *Server) endSubscriber(c echo.Context) error {
	if err := s.setSubscriber(c, feed.Ended); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// setSubscriber changes nothing but the state.
func (s *Server) setSubscriber(c echo.Context, state feed.SubscriberState) error {
	var x feed.Subscriber
	ctx := c.Request().Context()
	err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		x, err = feed.GetSubscriber(tx, c.Param("id"))
		return err
	})
	if err == nil {
		_, err = s.Book.ChangeSubscriber(ctx, string(s.judge(c)), x.ID, feed.NewSubscriber{Name: x.Name, Contact: x.Contact, State: state})
	}
	return err
}

// changeJSON is a line of the record.
type changeJSON struct {
	Kind    string     `json:"kind"`
	Subject string     `json:"subject"`
	Action  string     `json:"action"`
	By      string     `json:"by"`
	Was     *string    `json:"was"`
	Now     *string    `json:"now"`
	At      *time.Time `json:"at"`
}

func (s *Server) listChanges(c echo.Context) error {
	var all []feed.Change
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		if _, err = feed.GetSubscriber(tx, c.Param("id")); err == nil {
			all, err = feed.Changes(tx, c.Param("id"), 500)
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(tellAll(all, func(x feed.Change) changeJSON {
		return changeJSON{x.Kind, x.Subject, x.Action, x.By, orNull(x.Was), orNull(x.Now), stamp(x.At)}
	}), ""))
}

// fieldJSON is what can be asked about a field, for a form.
type fieldJSON struct {
	Field  string            `json:"field"`
	Type   string            `json:"type"`
	Label  string            `json:"label"`
	Help   string            `json:"help"`
	Ops    []condition.Op    `json:"ops"`
	Values []condition.Entry `json:"values"` // of a known vocabulary; empty where any text will do
}

func (s *Server) listFields(c echo.Context) error {
	return c.JSON(http.StatusOK, listOf(tellAll(condition.Fields(), func(i condition.Info) fieldJSON {
		values := condition.Offered(i.Field)
		if values == nil {
			values = []condition.Entry{}
		}
		return fieldJSON{string(i.Field), string(i.Type), i.Label, i.Help, i.Ops(), values}
	}), ""))
}

// since reads a moment of a query or body: RFC 3339, or a day; the zero time for "".
func since(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fault.New(fault.Invalid, "bad_since", "A moment is written as 2026-03-31T18:00:00Z, or as a day.")
}
