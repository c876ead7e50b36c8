package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"oneframe/app/clip"
	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/source"
	"oneframe/app/store"
)

// managePage is what the template "manage" shows.
type managePage struct {
	Layout
	Clip    clipView
	Frame   frameView
	Link    string      // this page's own address, to keep
	Picture string      // where its contributor alone can see it; "" while it is being scaled
	Given   int         // judgments so far
	Needed  int         // judgments for a verdict
	Shown   bool        // its slot shows it
	Since   clip.Render // the first render with it; zero before
}

// Settled reports whether there is nothing to wait for any more.
func (p managePage) Settled() bool {
	switch p.Frame.State {
	case picture.Rejected, picture.Withdrawn, picture.Failed:
		return true
	}
	return p.Since.ID != ""
}

// manage is a contributor's own page about a frame. Whoever has the link may see it.
func (s *Server) manage(c echo.Context) error {
	var p managePage
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		pic, err := bySecret(tx, c.Param("secret"))
		if err != nil {
			return err
		}
		return s.fillManage(tx, &p, pic)
	})
	if err != nil {
		return err
	}
	p.Layout = s.layout(c, "Your frame")
	p.Link = p.Base + p.Path
	if p.Frame.Large != "" {
		p.Picture = p.Path + "/picture.jpg"
	}
	c.Response().Header().Set("Cache-Control", "private, no-store")
	c.Response().Header().Set("Referrer-Policy", "no-referrer") // the address is a secret
	return s.page(c, http.StatusOK, "manage", p)
}

func (s *Server) fillManage(tx *store.Tx, p *managePage, pic picture.Picture) error {
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
	if p.Given, p.Needed, err = s.Desk.Progress(tx, pic.ID); err != nil {
		return err
	}
	if p.Shown, err = s.inPlace(tx, pic); err != nil || !p.Shown {
		return err
	}
	renders, err := clip.List(tx, v.Slug, 500)
	p.Since = firstWith(renders, pic.SettledAt)
	return err
}

// ownPicture is the picture of a contributor's link, before any verdict too.
func (s *Server) ownPicture(c echo.Context) error {
	var pic picture.Picture
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		pic, err = bySecret(tx, c.Param("secret"))
		return err
	})
	if err != nil {
		return err
	}
	if pic.State == picture.Withdrawn || pic.Large == "" {
		return fault.New(fault.NotFound, "no_picture", "There is no picture here, or not yet.")
	}
	c.Response().Header().Set("Cache-Control", "private, no-cache")
	return serveFile(c, s.Renditions.Path(pic.Large), string(pic.Large), "image/jpeg")
}

// takeBack withdraws the frame of a contributor's link.
func (s *Server) takeBack(c echo.Context) error {
	if err := s.withdrawBySecret(c.Request().Context(), c.Param("secret")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/m/"+c.Param("secret"))
}

func bySecret(tx *store.Tx, secret string) (picture.Picture, error) {
	p, err := picture.BySecret(tx, secret)
	if notFound(err) {
		return p, fault.New(fault.NotFound, "no_frame", "There is no frame under this link.")
	}
	return p, err
}
