package web

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"oneframe/app/clip"
	"oneframe/app/fault"
	"oneframe/app/publish"
	"oneframe/app/source"
	"oneframe/app/store"
)

// rendersPage is what the template "admin_renders" shows.
type rendersPage struct {
	adminLayout
	Clips   []source.Video
	Renders []clip.Render // of all clips, the newest first
	Titles  map[string]string
	Prints  []clip.Print    // what is made of versions, and what failed of it
	Mirrors []publish.Video // the clips at other hosts
	Quality clip.Quality    // that clips are made in
	Old     map[string]bool // clips that are still shown in another one
}

// shownRenders is how many renders of each clip the page looks back on.
const shownRenders = 20

func (s *Server) renders(c echo.Context) error {
	p := rendersPage{adminLayout: s.adminLayout(c, "Renders"), Titles: map[string]string{}, Quality: s.Studio.Settings(), Old: map[string]bool{}}
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		if p.Clips, err = source.List(tx); err != nil {
			return err
		}
		for _, v := range p.Clips {
			p.Titles[v.Slug] = v.Title
			rs, err := clip.List(tx, v.Slug, shownRenders)
			if err != nil {
				return err
			}
			p.Renders = append(p.Renders, rs...)
			now, err := clip.Current(tx, v.Slug)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
			p.Old[v.Slug] = err == nil && now.Quality != p.Quality
		}
		if p.Prints, err = clip.Prints(tx, shownRenders); err != nil {
			return err
		}
		p.Mirrors, err = s.Office.List(tx)
		return err
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(p.Renders, func(a, b clip.Render) int { return b.Queued.Compare(a.Queued) })
	return s.page(c, http.StatusOK, "admin_renders", p)
}

// renderClip asks for a render of the clip, now.
func (s *Server) renderClip(c echo.Context) error {
	_, err := s.Studio.Request(c.Request().Context(), c.Param("slug"), string(s.judge(c)))
	return s.goBack(c, "/admin/renders", err, "The render is queued.")
}

// resumeMirror has a clip tried again now at a host that failed or was paused.
func (s *Server) resumeMirror(c echo.Context) error {
	err := s.DB.Write(c.Request().Context(), func(tx *store.Tx) error {
		return publish.Resume(tx, c.Param("slug"), c.Param("host"))
	})
	return s.goBack(c, "/admin/renders", err, "It is tried again now.")
}
