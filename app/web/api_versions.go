package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/clip"
	"oneframe/app/fault"
	"oneframe/app/people"
	"oneframe/app/source"
	"oneframe/app/store"
)

// versionJSON is a version of a clip as the API tells it.
type versionJSON struct {
	Clip       string     `json:"clip"`
	Version    int        `json:"version"`
	Current    bool       `json:"current"`
	RenderedAt *time.Time `json:"rendered_at"`
	Filled     int        `json:"filled"` // slots that showed a picture when it was made
	State      string     `json:"state"`
	Progress   float64    `json:"progress"` // 0 to 1, of joining it again
	VideoURL   *string    `json:"video_url"`
	PosterURL  *string    `json:"poster_url"`
	PreviewURL *string    `json:"preview_url"`
	Error      *string    `json:"error"`
	Map        *string    `json:"map,omitempty"` // one letter a slot; only of a single version
}

// stateOf says what there is of a version: ready, plan (its file is gone, and can be made
// again), queued, running or failed.
func stateOf(v clip.Version) string {
	switch {
	case v.Ready():
		return "ready"
	case v.Rejoined.State == "" || v.Rejoined.State == clip.Gone:
		return "plan"
	default:
		return v.Rejoined.State
	}
}

func tellVersion(v clip.Version, base string) versionJSON {
	j := versionJSON{Clip: v.Clip, Version: v.Version, Current: v.Current, RenderedAt: stamp(v.Finished), Filled: v.SlotsFilled,
		State: stateOf(v), Progress: v.Rejoined.Progress}
	if hash := v.PlayHash(); hash != "" {
		j.Progress, j.VideoURL = 1, orNull(base+filmPath(v.Clip, hash))
	}
	if hash := v.Stills.Hash; hash != "" {
		j.PosterURL, j.PreviewURL = orNull(base+posterPath(v.Clip, hash)), orNull(base+previewPath(v.Clip, hash))
	}
	if j.State == clip.Failed {
		j.Error = orNull(v.Rejoined.Error)
	}
	return j
}

// listVersions gives a clip's versions, the newest first.
func (s *Server) listVersions(c echo.Context) error {
	limit, err := number(c, "limit", 1, 200, 50)
	if err != nil {
		return err
	}
	before, err := number(c, "cursor", 1, 1<<30, 0)
	if err != nil {
		return fault.New(fault.Invalid, "bad_cursor", "That cursor is not one of ours.")
	}
	var page []clip.Version
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		if _, err := source.Get(tx, c.Param("slug")); err != nil {
			return err
		}
		page, err = clip.Versions(tx, c.Param("slug"), before, limit+1)
		return err
	})
	if err != nil {
		return err
	}
	next := ""
	if len(page) > limit {
		page = page[:limit]
		next = strconv.Itoa(page[limit-1].Version)
	}
	var all []versionJSON
	for _, v := range page {
		all = append(all, tellVersion(v, s.base(c)))
	}
	return c.JSON(http.StatusOK, listOf(all, next))
}

// versionParam reads the number in the address; NotFound no_version where it is none.
func versionParam(c echo.Context) (int, error) {
	n, err := strconv.Atoi(c.Param("version"))
	if err != nil || n < 1 || n > 1<<30 {
		return 0, fault.New(fault.NotFound, "no_version", "The clip has no such version.")
	}
	return n, nil
}

func (s *Server) getVersion(c echo.Context) error {
	n, err := versionParam(c)
	if err != nil {
		return err
	}
	var j versionJSON
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		v, err := clip.VersionOf(tx, c.Param("slug"), n)
		if err != nil {
			return err
		}
		j = tellVersion(v, s.base(c))
		drawn, err := clip.MapOf(tx, c.Param("slug"), n)
		j.Map = &drawn
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, j)
}

// wisher is who wants something of a clip's history made: an admin by account, everybody
// else as a visitor.
func (s *Server) wisher(c echo.Context) string {
	if a, ok := s.account(c); ok && a.Can(people.Admin) {
		return string(s.judge(c))
	}
	return clip.Visitor
}

// wantVersion has a version joined again.
func (s *Server) wantVersion(c echo.Context) error {
	n, err := versionParam(c)
	if err != nil {
		return err
	}
	v, err := s.Studio.WantVersion(c.Request().Context(), c.Param("slug"), n, s.wisher(c))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, tellVersion(v, s.base(c)))
}

// growthJSON is the film of a clip's growth as the API tells it.
type growthJSON struct {
	Clip     string  `json:"clip"`
	State    string  `json:"state"`    // of what was wanted last
	Progress float64 `json:"progress"` // of it
	Version  *int    `json:"version"`  // the last that the film shows; null where there is none
	VideoURL *string `json:"video_url"`
	Error    *string `json:"error"`
}

func tellGrowth(slug string, done, last clip.Print, base string) growthJSON {
	j := growthJSON{Clip: slug, State: growthState(last), Progress: last.Progress, Version: orNull(done.Version)}
	if done.Hash != "" {
		j.VideoURL = orNull(base + growthPath(slug, done.Hash))
	}
	if j.State == clip.Failed {
		j.Error = orNull(last.Error)
	}
	return j
}

// growthState is none where no film is, or is to be.
func growthState(last clip.Print) string {
	if last.State == "" || last.State == clip.Gone {
		return "none"
	}
	return last.State
}

func growthPath(slug, hash string) string { return stillPath(slug, "growth.mp4", hash) }

// growth answers with how the film stands.
func (s *Server) growth(c echo.Context, status int) error {
	var j growthJSON
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		if _, err := source.Get(tx, c.Param("slug")); err != nil {
			return err
		}
		done, last, err := clip.GrowthOf(tx, c.Param("slug"))
		j = tellGrowth(c.Param("slug"), done, last, s.base(c))
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(status, j)
}

func (s *Server) getGrowth(c echo.Context) error { return s.growth(c, http.StatusOK) }

// wantGrowth has the film made, up to the current version.
func (s *Server) wantGrowth(c echo.Context) error {
	if _, err := s.Studio.WantGrowth(c.Request().Context(), c.Param("slug"), s.wisher(c)); err != nil {
		return err
	}
	return s.growth(c, http.StatusAccepted)
}
