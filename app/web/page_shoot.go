package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"oneframe/app/slot"
	"oneframe/app/store"
)

// shootPage is what the template "shoot" shows.
type shootPage struct {
	Layout
	Clip         *clipView // nil on a site without any
	Slot         int       // the one asked for; 0 for the next of the queue
	Pose         string    // the address of its original
	LeaseSeconds int
	Consent      string
}

// shoot is the page on which a frame is shot. It takes nothing by itself: shoot.js
// takes the slot when the visitor starts.
func (s *Server) shoot(c echo.Context) error {
	p := shootPage{Layout: s.layout(c, "Shoot your frame"), LeaseSeconds: int(s.Lease.Seconds()), Consent: s.Consent}
	p.Nav = "shoot"
	p.Description = "You get one pose of the clip, you copy it before your webcam, and that moment is yours."
	var err error
	if p.Slot, err = number(c, "slot", 1, 1<<30, 0); err != nil {
		return err
	}
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		if p.Clip, _, err = s.oneClip(tx, c.QueryParam("clip")); err != nil || p.Clip == nil || p.Slot == 0 {
			return err
		}
		sl, err := slot.Get(tx, slot.ID{Clip: p.Clip.Slug, Number: p.Slot})
		p.Pose = posePath(sl.ID)
		return err
	})
	if err != nil {
		return err
	}
	if p.Clip != nil {
		p.Image = p.Base + p.Clip.Poster()
	}
	return s.page(c, http.StatusOK, "shoot", p)
}
