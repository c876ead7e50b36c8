package web

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"oneframe/app/clip"
	"oneframe/app/fault"
	"oneframe/app/people"
	"oneframe/app/source"
	"oneframe/app/store"
)

// shownVersions is how many versions the page lists at once.
const shownVersions = 48

// versionsPage is what the template "versions" shows.
type versionsPage struct {
	Layout
	Clip     clipView
	Chosen   *versionView // nil before the first render
	Map      string       // of the chosen one, see clip.MapOf
	Versions []versionView
	Older    int // the number from which the list goes on; 0 at its end
	Growth   growthView
	Admin    bool
}

// Waiting reports whether something is being made, so that it is worth looking again.
func (p versionsPage) Waiting() bool {
	return p.Chosen != nil && p.Chosen.Open() || p.Growth.Open()
}

// versionView is a version as the page shows it.
type versionView struct{ clip.Version }

// State is what there is of it; see stateOf.
func (v versionView) State() string { return stateOf(v.Version) }

// Video is the address of its film, "" where its file is gone.
func (v versionView) Video() string {
	if v.PlayHash() == "" {
		return ""
	}
	return filmPath(v.Clip, v.PlayHash())
}

// Poster and Preview are the addresses of its stills, "" where there are none.
func (v versionView) Poster() string {
	if v.Stills.Hash == "" {
		return ""
	}
	return posterPath(v.Clip, v.Stills.Hash)
}

// Preview is the moving one.
func (v versionView) Preview() string {
	if v.Stills.Hash == "" {
		return ""
	}
	return previewPath(v.Clip, v.Stills.Hash)
}

// Page is the address of the page with the version chosen.
func (v versionView) Page() string {
	return clipView{Slug: v.Clip}.History() + "?v=" + strconv.Itoa(v.Version.Version)
}

// growthView is the film of the growth as the page shows it.
type growthView struct{ Done, Last clip.Print }

// State is none, queued, running, done or failed.
func (g growthView) State() string { return growthState(g.Last) }

// Open reports whether it is being made.
func (g growthView) Open() bool {
	return g.Last.State == clip.Queued || g.Last.State == clip.Running
}

// Video is its address, "" where there is none.
func (g growthView) Video() string {
	if g.Done.Hash == "" {
		return ""
	}
	return growthPath(g.Done.Clip, g.Done.Hash)
}

// versions shows a clip's versions: ?v= chooses one, ?before= goes on with the list.
func (s *Server) versions(c echo.Context) error {
	chosen, err := number(c, "v", 1, 1<<30, 0)
	if err != nil {
		return err
	}
	before, err := number(c, "before", 1, 1<<30, 0)
	if err != nil {
		return err
	}
	var p versionsPage
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		v, err := source.Get(tx, c.Param("slug"))
		if err == nil {
			p.Clip, err = s.viewClip(tx, v)
		}
		if err != nil {
			return err
		}
		return fillVersions(tx, &p, chosen, before)
	})
	if err != nil {
		return err
	}
	p.Layout = s.layout(c, p.Clip.Title+": its versions")
	p.Description = "Every version of the clip since its first render: slide through them and watch it fill up."
	p.Image = p.Base + p.Clip.Poster()
	a, _ := s.account(c)
	p.Admin = a.Can(people.Admin)
	return s.page(c, http.StatusOK, "versions", p)
}

func fillVersions(tx *store.Tx, p *versionsPage, chosen, before int) error {
	slug := p.Clip.Slug
	all, err := clip.Versions(tx, slug, before, shownVersions+1)
	if err != nil {
		return err
	}
	for _, v := range all {
		p.Versions = append(p.Versions, versionView{v})
	}
	if len(p.Versions) > shownVersions {
		p.Versions = p.Versions[:shownVersions]
		p.Older = p.Versions[shownVersions-1].Version.Version
	}
	if p.Growth.Done, p.Growth.Last, err = clip.GrowthOf(tx, slug); err != nil {
		return err
	}
	if chosen == 0 {
		chosen = p.Clip.Version
	}
	if chosen == 0 {
		return nil
	}
	v, err := clip.VersionOf(tx, slug, chosen)
	if err != nil {
		return err
	}
	p.Chosen = &versionView{v}
	p.Map, err = clip.MapOf(tx, slug, chosen)
	return err
}

// joinVersion has a version joined again whose file is gone.
func (s *Server) joinVersion(c echo.Context) error {
	n, err := versionParam(c)
	if err != nil {
		return err
	}
	back := clipView{Slug: c.Param("slug")}.History()
	v, err := s.Studio.WantVersion(c.Request().Context(), c.Param("slug"), n, s.wisher(c))
	if err == nil {
		back = versionView{v}.Page()
	}
	return s.backToHistory(c, back, err, "It is being joined again.")
}

// growClip has the film of the growth made.
func (s *Server) growClip(c echo.Context) error {
	_, err := s.Studio.WantGrowth(c.Request().Context(), c.Param("slug"), s.wisher(c))
	return s.backToHistory(c, clipView{Slug: c.Param("slug")}.History()+"#growth", err, "The film is being made.")
}

// backToHistory leads back to the page, which also says that too much was asked for.
func (s *Server) backToHistory(c echo.Context, to string, err error, done string) error {
	if fault.Is(err, fault.Busy) {
		done, err = fault.Of(err).Message, nil
	}
	return s.goBack(c, to, err, done)
}
