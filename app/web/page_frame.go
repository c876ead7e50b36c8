package web

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/source"
	"oneframe/app/store"
)

// framePage is what the template "frame" shows.
type framePage struct {
	Layout
	Clip      clipView
	Frame     frameView
	Shown     bool // it is the frame that its slot shows now
	Moderator bool
}

// frame shows one frame beside the original pose.
func (s *Server) frame(c echo.Context) error {
	var p framePage
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		pic, err := picture.Get(tx, picture.ID(c.Param("id")))
		if err != nil {
			return err
		}
		a, _ := s.account(c)
		if err := s.visible(pic, a); err != nil {
			return err
		}
		p.Moderator = a.Can(people.Moderator)
		return s.fillFrame(tx, &p, pic)
	})
	if err != nil {
		return err
	}
	p.Layout = s.layout(c, fmt.Sprintf("Frame %d by %s", p.Frame.Number(), nameOf(p.Frame.Name)))
	p.Description = fmt.Sprintf("%s is frame %d of “%s”, at %s. Shoot yours.", nameOf(p.Frame.Name), p.Frame.Number(), p.Clip.Title, clock(p.Frame.Start))
	if u := p.Frame.LargeURL(); u != "" && p.Frame.State == picture.Accepted {
		p.Image = p.Base + u
	}
	return s.page(c, http.StatusOK, "frame", p)
}

func (s *Server) fillFrame(tx *store.Tx, p *framePage, pic picture.Picture) error {
	v, err := source.Get(tx, pic.Slot.Clip)
	if err != nil {
		return err
	}
	if p.Clip, err = s.viewClip(tx, v); err != nil {
		return err
	}
	if p.Frame, err = viewFrame(tx, pic); err != nil {
		return err
	}
	p.Shown, err = s.inPlace(tx, pic)
	return err
}

// visible says why somebody may not see a frame: Gone withdrawn, NotFound not_public.
func (s *Server) visible(p picture.Picture, a people.Account) error {
	switch {
	case s.shown(p, a):
		return nil
	case p.State == picture.Withdrawn:
		return fault.New(fault.Gone, "withdrawn", "Whoever is in this frame took it back.")
	}
	return fault.New(fault.NotFound, "not_public", "This frame isn’t shown, or not yet: it may still be waiting for its judges.")
}

// inPlace reports whether the picture is the one that its slot shows, in the next render at the latest.
func (s *Server) inPlace(tx *store.Tx, p picture.Picture) (bool, error) {
	if p.State != picture.Accepted {
		return false, nil
	}
	choices, err := picture.Choose(tx, p.Slot.Clip, s.Pick)
	for _, ch := range choices {
		if ch.Picture == p.ID {
			return true, err
		}
	}
	return false, err
}

// nameOf names a contributor who may have given no name.
func nameOf(name string) string {
	if name == "" {
		return "somebody"
	}
	return name
}
