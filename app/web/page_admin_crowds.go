package web

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/moderation/crowd"
	"oneframe/app/store"
)

// crowdsPage is what the template "admin_crowds" shows.
type crowdsPage struct {
	adminLayout
	Crowds  []crowd.Crowd
	Told    crowd.Credentials // new ones, shown this once
	ToldOf  string            // the name of the crowd that they are for
	Entered crowd.New         // where it was refused
	Error   string
	Ready   bool // the site's address is configured
	Now     time.Time
}

func (s *Server) crowds(c echo.Context) error { return s.crowdsWith(c, http.StatusOK, crowdsPage{}) }

// crowdsWith shows the outside crowds, with what p has to say.
func (s *Server) crowdsWith(c echo.Context, status int, p crowdsPage) error {
	p.adminLayout, p.Ready = s.adminLayout(c, "Crowds"), s.URL != ""
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		p.Now = tx.Now
		p.Crowds, err = crowd.List(tx)
		return err
	})
	if err != nil {
		return err
	}
	return s.page(c, status, "admin_crowds", p)
}

func (s *Server) addCrowd(c echo.Context) error {
	n := crowd.New{Name: c.FormValue("name"), Kind: c.FormValue("kind"), URL: c.FormValue("url"),
		PollURL: c.FormValue("poll_url"), Form: c.FormValue("form") == "true"}
	made, told, err := s.Crowds.Add(c.Request().Context(), s.judge(c), n)
	if fault.Is(err, fault.Invalid) {
		return s.crowdsWith(c, http.StatusUnprocessableEntity, crowdsPage{Entered: n, Error: fault.Of(err).Message})
	}
	if err != nil {
		return err
	}
	return s.crowdsWith(c, http.StatusOK, crowdsPage{Told: told, ToldOf: made.Name})
}

// rotateCrowd makes a new secret and shows it, this once.
func (s *Server) rotateCrowd(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	told, err := s.Crowds.Rotate(ctx, s.judge(c), id)
	if err != nil {
		return err
	}
	var of crowd.Crowd
	if err := s.DB.Read(ctx, func(tx *store.Tx) (err error) { of, err = crowd.Get(tx, id); return err }); err != nil {
		return err
	}
	return s.crowdsWith(c, http.StatusOK, crowdsPage{Told: told, ToldOf: of.Name})
}

// renameCrowd gives a crowd another name and other addresses.
func (s *Server) renameCrowd(c echo.Context) error {
	n := crowd.New{Name: c.FormValue("name"), URL: c.FormValue("url"), PollURL: c.FormValue("poll_url")}
	return s.goBack(c, "/admin/crowds", s.Crowds.Change(c.Request().Context(), s.judge(c), c.Param("id"), n), "Changed.")
}

// changeCrowd does one of the things that a button stands for.
func (s *Server) changeCrowd(c echo.Context) error {
	x := s.Crowds
	acts := map[string]struct {
		do   func(ctx context.Context, by moderation.Judge, id string) error
		done string
	}{
		"on":      {func(ctx context.Context, by moderation.Judge, id string) error { return x.Switch(ctx, by, id, true) }, "Switched on. It is told what happened meanwhile."},
		"off":     {func(ctx context.Context, by moderation.Judge, id string) error { return x.Switch(ctx, by, id, false) }, "Switched off. The pictures it was given can’t be seen by it any more."},
		"end-old": {x.EndOld, "The old secret has ended."},
		"resend":  {x.Resend, "They are due again."},
		"collect": {x.Collect, "Its judgments are being collected."},
		"remove":  {x.Remove, "Removed. The judgments of its workers stay."},
	}
	act, ok := acts[c.Param("act")]
	if !ok {
		return echo.ErrNotFound
	}
	return s.goBack(c, "/admin/crowds", act.do(c.Request().Context(), s.judge(c), c.Param("id")), act.done)
}
