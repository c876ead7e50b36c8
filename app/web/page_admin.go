package web

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"oneframe/app/clip"
	"oneframe/app/ingest"
	"oneframe/app/moderation"
	"oneframe/app/moderation/crowd"
	"oneframe/app/picture"
	"oneframe/app/source"
	"oneframe/app/store"
)

// overviewPage is what the template "admin" shows.
type overviewPage struct {
	adminLayout
	States  map[picture.State]int
	Figures moderation.Figures
	Clips   []clipState
	Imports []source.Import       // under way or failed, the newest first
	Photos  map[picture.State]int // that wait for a moderator; see picture.CountPhotos
	Held    int                   // photographs in quarantine
	Free    int64                 // bytes free on the disk of the data folder; -1 where it can't be told
	Crowds  int                   // outside crowds that are in trouble
	Needy   int                   // subscribers that need somebody
}

// In is how many frames are in the state.
func (p overviewPage) In(state string) int { return p.States[picture.State(state)] }

// Waiting is how many photographs wait for a moderator; a thousand stands for more.
func (p overviewPage) Waiting() int { return p.Photos[picture.Waiting] }

// clipState is a clip with its newest render.
type clipState struct {
	clipView
	Render clip.Render // zero where there was none
}

// overview shows what waits and what failed.
func (s *Server) overview(c echo.Context) error {
	p := overviewPage{adminLayout: s.adminLayout(c, "Admin")}
	if err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error { return s.fillOverview(tx, &p) }); err != nil {
		return err
	}
	p.Free = freeBytes(s.Importer.Library.Dir)
	return s.page(c, http.StatusOK, "admin", p)
}

func (s *Server) fillOverview(tx *store.Tx, p *overviewPage) (err error) {
	if p.States, err = picture.Counts(tx, ""); err != nil {
		return err
	}
	if p.Figures, err = moderation.Stats(tx); err != nil {
		return err
	}
	if p.Photos, err = picture.CountPhotos(tx, picture.Waiting); err != nil {
		return err
	}
	if p.Held, err = ingest.HeldCount(tx); err != nil {
		return err
	}
	if p.Clips, err = s.clipStates(tx); err != nil {
		return err
	}
	crowds, err := crowd.List(tx)
	if err != nil {
		return err
	}
	for _, c := range crowds {
		if c.State == "gone" || c.State == "on" && c.Trouble != "" || c.Dead > 0 {
			p.Crowds++
		}
	}
	var board subscribersPage
	if err := s.fillBoard(tx, &board); err != nil {
		return err
	}
	p.Needy = board.Trouble
	p.Imports, err = openImports(tx)
	return err
}

func (s *Server) clipStates(tx *store.Tx) ([]clipState, error) {
	videos, err := source.List(tx)
	if err != nil {
		return nil, err
	}
	var all []clipState
	for _, v := range videos {
		view, err := s.viewClip(tx, v)
		if err != nil {
			return nil, err
		}
		renders, err := clip.List(tx, v.Slug, 1)
		if err != nil {
			return nil, err
		}
		state := clipState{clipView: view}
		if len(renders) > 0 {
			state.Render = renders[0]
		}
		all = append(all, state)
	}
	return all, nil
}

// namesOf gives who is meant by the ids that judgments, decisions and events carry.
func (s *Server) namesOf(ctx context.Context) (func(by string) string, error) {
	all, err := s.People.List(ctx)
	if err != nil {
		return nil, err
	}
	var crowds map[string]string
	if err := s.DB.Read(ctx, func(tx *store.Tx) (err error) { crowds, err = crowd.Names(tx); return err }); err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, a := range all {
		names[string(moderation.ByAccount(a.ID))] = a.Name
	}
	return func(by string) string {
		switch {
		case by == string(moderation.Everybody):
			return "the judges"
		case by == "":
			return "the site"
		case names[by] != "":
			return names[by]
		case moderation.Judge(by).Volunteer():
			return "volunteer " + by[len(by)-6:]
		}
		if id, worker, ok := moderation.Judge(by).Worker(); ok && crowds[id] != "" {
			return worker + " of " + crowds[id]
		}
		return by
	}, nil
}
