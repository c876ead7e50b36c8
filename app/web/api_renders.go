package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/clip"
	"oneframe/app/fault"
	"oneframe/app/source"
	"oneframe/app/store"
)

// renderJSON is a render as the API tells it.
type renderJSON struct {
	ID           string     `json:"id"`
	Clip         string     `json:"clip"`
	State        string     `json:"state"`
	Progress     float64    `json:"progress"` // 0 to 1
	SlotsFilled  int        `json:"slots_filled"`
	Units        int        `json:"units"`
	UnitsEncoded int        `json:"units_encoded"`
	UnitsReused  int        `json:"units_reused"`
	StartedAt    *time.Time `json:"started_at"`
	FinishedAt   *time.Time `json:"finished_at"`
	Error        *string    `json:"error"`
}

func tellRender(r clip.Render) renderJSON {
	return renderJSON{ID: r.ID, Clip: r.Clip, State: string(r.State), Progress: r.Progress, SlotsFilled: r.SlotsFilled,
		Units: r.Units, UnitsEncoded: r.UnitsEncoded, UnitsReused: r.UnitsReused,
		StartedAt: stamp(r.Started), FinishedAt: stamp(r.Finished), Error: orNull(r.Error)}
}

// requestRender queues a render of the clip named, or of the featured one.
func (s *Server) requestRender(c echo.Context) error {
	var ask struct {
		Clip string `json:"clip"`
	}
	if err := decode(c, &ask, true); err != nil {
		return err
	}
	slug, err := s.clipOr(c, ask.Clip)
	if err != nil {
		return err
	}
	r, err := s.Studio.Request(c.Request().Context(), slug, string(s.judge(c)))
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", s.base(c)+"/api/v1/renders/"+r.ID)
	return c.JSON(http.StatusAccepted, tellRender(r))
}

// clipOr gives the slug, or for "" the featured clip's; NotFound no_clip.
func (s *Server) clipOr(c echo.Context, slug string) (string, error) {
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		if slug != "" {
			_, err := source.Get(tx, slug)
			return err
		}
		videos, err := source.List(tx)
		if err == nil && len(videos) == 0 {
			return fault.New(fault.NotFound, "no_clip", "There is no clip yet.")
		}
		if err == nil {
			slug = videos[0].Slug
		}
		return err
	})
	return slug, err
}

func (s *Server) getRender(c echo.Context) error {
	var r clip.Render
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		r, err = clip.Get(tx, c.Param("id"))
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, tellRender(r))
}
