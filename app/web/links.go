package web

import (
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"

	"github.com/labstack/echo/v4"
)

// linkedPicture gives a subscriber's receiver a delivery's picture, by the link that its
// message held. Nobody else is to keep it.
func (s *Server) linkedPicture(c echo.Context) error {
	p, err := s.Links.Open(c.Request().Context(), c.Param("id"), c.QueryParam("version"), c.QueryParam("until"), c.QueryParam("signature"))
	if err != nil {
		return err
	}
	content, err := p.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	h := c.Response().Header()
	h.Set("Content-Type", p.ContentType)
	h.Set("Content-Length", strconv.FormatInt(p.Size, 10))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": path.Base(p.Name)}))
	h.Set("Cache-Control", "private, no-store")
	h.Set("ETag", `"`+p.SHA256+`"`)
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	_, err = io.Copy(c.Response(), content)
	return err
}
