package web

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/moderation/crowd"
	"oneframe/app/picture"
)

// hookJudgments takes the judgments that an outside crowd posts: a signed message, or a
// form in the shape of CrowdFlower's, which wants 200 for an answer.
func (s *Server) hookJudgments(c echo.Context) error {
	r := c.Request()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if !crowd.IsForm(r.Header.Get("Content-Type")) {
		if err := s.Crowds.Receive(r.Context(), r.Header, body); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "bad_message", "The form could not be read.")
	}
	if err := s.Crowds.ReceiveForm(r.Context(), form); err != nil {
		return err
	}
	return c.NoContent(http.StatusOK)
}

// crowdPicture shows a frame to the workers of an outside crowd, by the link that its
// job held; no cache keeps it longer than the link may be good for.
func (s *Server) crowdPicture(c echo.Context) error {
	frame, ok := strings.CutSuffix(c.Param("file"), ".jpg")
	if !ok {
		return echo.ErrNotFound
	}
	p, err := s.Crowds.Picture(c.Request().Context(), c.Param("crowd"), picture.ID(frame), c.QueryParam("until"), c.QueryParam("signature"))
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "private, max-age=600")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	return serveFile(c, s.Renditions.Path(p.Large), string(p.Large), "image/jpeg")
}
