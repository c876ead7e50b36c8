package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/source"
	"oneframe/app/store"
)

// clipsPage is what the template "admin_clips" shows.
type clipsPage struct {
	adminLayout
	Clips   []clipState
	Imports []source.Import
	Hold    int   // the default
	Max     int64 // bytes of a video at most
}

// shownImports is how many imports the admin pages look back on.
const shownImports = 20

func (s *Server) clips(c echo.Context) error {
	p := clipsPage{adminLayout: s.adminLayout(c, "Clips"), Hold: s.Importer.Hold, Max: s.MaxVideo}
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		if p.Clips, err = s.clipStates(tx); err != nil {
			return err
		}
		p.Imports, err = openImports(tx)
		return err
	})
	if err != nil {
		return err
	}
	return s.page(c, http.StatusOK, "admin_clips", p)
}

// openImports gives the imports that are under way, and those of the last week that
// came to nothing, the newest first.
func openImports(tx *store.Tx) ([]source.Import, error) {
	all, err := source.Imports(tx, shownImports)
	if err != nil {
		return nil, err
	}
	var open []source.Import
	for _, i := range all {
		underWay := i.State == source.Queued || i.State == source.Running
		came := i.State == source.Done || i.State == source.Cancelled
		if underWay || !came && tx.Now.Sub(i.Queued) < 7*24*time.Hour {
			open = append(open, i)
		}
	}
	return open, nil
}

func (s *Server) renameClip(c echo.Context) error {
	err := s.DB.Write(c.Request().Context(), func(tx *store.Tx) error {
		return source.Rename(tx, c.Param("slug"), c.FormValue("title"))
	})
	return s.goBack(c, "/admin/clips", err, "Renamed.")
}

// featureClip puts a clip first on the home page.
func (s *Server) featureClip(c echo.Context) error {
	err := s.DB.Write(c.Request().Context(), func(tx *store.Tx) error { return source.Feature(tx, c.Param("slug")) })
	return s.goBack(c, "/admin/clips", err, "It is the first clip on the home page now.")
}

func (s *Server) stopImport(c echo.Context) error {
	return s.goBack(c, "/admin/clips", s.Importer.Cancel(c.Request().Context(), c.Param("id")), "The import was stopped.")
}
