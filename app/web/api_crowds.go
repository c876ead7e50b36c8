package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/moderation/crowd"
	"oneframe/app/store"
)

// crowdJSON is an outside crowd. Its secrets are in it only when they were just made.
type crowdJSON struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Kind      string  `json:"kind"`
	URL       string  `json:"url"`
	PollURL   *string `json:"poll_url"`
	State     string  `json:"state"`
	Trouble   *string `json:"trouble"`
	Waiting   int     `json:"messages_waiting"`
	Taken     int     `json:"messages_taken"`
	GivenUp   int     `json:"messages_given_up"`
	Judgments int64   `json:"judgments"`
	Secret    string  `json:"secret,omitempty"`
	FormKey   string  `json:"form_key,omitempty"`
}

func tellCrowd(c crowd.Crowd, told crowd.Credentials) crowdJSON {
	return crowdJSON{ID: c.ID, Name: c.Name, Kind: c.Kind, URL: c.URL, PollURL: orNull(c.PollURL), State: c.State, Trouble: orNull(c.Trouble),
		Waiting: c.Due, Taken: c.Sent, GivenUp: c.Dead, Judgments: c.Taken, Secret: told.Secret, FormKey: told.FormKey}
}

func (s *Server) listCrowds(c echo.Context) error {
	var all []crowdJSON
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		crowds, err := crowd.List(tx)
		for _, x := range crowds {
			all = append(all, tellCrowd(x, crowd.Credentials{}))
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(all, ""))
}

func (s *Server) createCrowd(c echo.Context) error {
	var n struct {
		Name    string `json:"name"`
		Kind    string `json:"kind"`
		URL     string `json:"url"`
		PollURL string `json:"poll_url"`
		Form    bool   `json:"crowdflower"`
	}
	if err := decode(c, &n, false); err != nil {
		return err
	}
	made, told, err := s.Crowds.Add(c.Request().Context(), s.judge(c), crowd.New{Name: n.Name, Kind: n.Kind, URL: n.URL, PollURL: n.PollURL, Form: n.Form})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, tellCrowd(made, told))
}

// rotateSecret makes a new secret; the one before counts for a week more.
func (s *Server) rotateSecret(c echo.Context) error {
	told, err := s.Crowds.Rotate(c.Request().Context(), s.judge(c), c.Param("id"))
	if err != nil {
		return err
	}
	return s.oneCrowd(c, told)
}

func (s *Server) oneCrowd(c echo.Context, told crowd.Credentials) error {
	var x crowd.Crowd
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) { x, err = crowd.Get(tx, c.Param("id")); return err })
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, tellCrowd(x, told))
}

// switchCrowd switches a crowd on or off.
func (s *Server) switchCrowd(c echo.Context) error {
	var change struct {
		State string `json:"state"`
	}
	if err := decode(c, &change, false); err != nil {
		return err
	}
	if change.State != "on" && change.State != "off" {
		return fault.New(fault.Invalid, "bad_state", "A crowd is switched on or off.")
	}
	if err := s.Crowds.Switch(c.Request().Context(), s.judge(c), c.Param("id"), change.State == "on"); err != nil {
		return err
	}
	return s.oneCrowd(c, crowd.Credentials{})
}

func (s *Server) deleteCrowd(c echo.Context) error {
	if err := s.Crowds.Remove(c.Request().Context(), s.judge(c), c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// linkJSON is a judging link. Its address is in it only when it was just made.
type linkJSON struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	MaxJudges int        `json:"max_judges"`
	Max       int        `json:"max_judgments"`
	Ends      *time.Time `json:"ends_at"`
	Judges    int        `json:"judges"`
	Judgments int        `json:"judgments"`
	Over      *string    `json:"over"`
	URL       string     `json:"url,omitempty"`
}

func tellLink(l moderation.Link, now time.Time) linkJSON {
	j := linkJSON{ID: l.ID, Name: l.Name, MaxJudges: l.Judges, Max: l.Judgments, Judges: l.Opened, Judgments: l.Given, Over: orNull(l.Over(now))}
	if !l.Ends.IsZero() {
		j.Ends = &l.Ends
	}
	return j
}

func (s *Server) listLinks(c echo.Context) error {
	var all []linkJSON
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		links, err := moderation.Links(tx)
		for _, l := range links {
			all = append(all, tellLink(l, tx.Now))
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(all, ""))
}

func (s *Server) createLink(c echo.Context) error {
	var n struct {
		Name      string    `json:"name"`
		MaxJudges int       `json:"max_judges"`
		Max       int       `json:"max_judgments"`
		Ends      time.Time `json:"ends_at"`
	}
	if err := decode(c, &n, false); err != nil {
		return err
	}
	l, secret, err := s.Desk.MakeLink(c.Request().Context(), s.judge(c), moderation.NewLink{Name: n.Name, Judges: n.MaxJudges, Judgments: n.Max, Ends: n.Ends.UTC()})
	if err != nil {
		return err
	}
	j := tellLink(l, s.DB.Now())
	j.URL = s.base(c) + "/j/" + secret
	return c.JSON(http.StatusCreated, j)
}

func (s *Server) deleteLink(c echo.Context) error {
	if err := s.Desk.RevokeLink(c.Request().Context(), s.judge(c), c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
