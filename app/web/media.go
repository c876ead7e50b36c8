package web

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/clip"
	"oneframe/app/moderation"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/source"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// forever lets browsers and proxies keep a file whose address changes with its content.
const forever = "public, max-age=31536000, immutable"

// kept lets browsers keep a frame's picture, but no proxy on the way: when its contributor
// takes it back, it is gone for whoever hasn't seen it.
const kept = "private, max-age=31536000, immutable"

// media serves a rendition, as long as a picture names it: an accepted frame's to
// everybody; a rejected one's to moderators, and to judges where it is gold; the others to whoever was told
// the address, which nobody can guess. A photograph's are for moderators and its sender.
func (s *Server) media(c echo.Context) error {
	name, ok := strings.CutSuffix(c.Param("file"), ".jpg")
	key := vault.Key(name)
	if !ok || !key.Valid() {
		return echo.ErrNotFound
	}
	var p picture.Picture
	var shown bool
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		all, err := picture.Naming(tx, key, 20)
		for i := 0; i < len(all) && err == nil && !shown; i++ {
			p = all[i]
			shown, err = s.servable(c, tx, p, key)
		}
		return err
	})
	if err != nil {
		return err
	}
	if !shown {
		return echo.ErrNotFound
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "private, max-age=3600")
	if p.State == picture.Accepted && !p.Photo() {
		h.Set("Cache-Control", kept)
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
	return serveFile(c, s.Renditions.Path(key), name, "image/jpeg")
}

// servable reports whether the key is a rendition of the picture that the account may see.
func (s *Server) servable(c echo.Context, tx *store.Tx, p picture.Picture, key vault.Key) (bool, error) {
	a, _ := s.account(c)
	if p.Photo() {
		_, renditions, err := picture.Files(tx, p)
		return ownOrModerated(p, a) && slices.Contains(renditions, key), err
	}
	if key != p.Large && key != p.Medium && key != p.Thumb {
		return false, nil
	}
	if p.State != picture.Rejected || a.Can(people.Moderator) {
		return true, nil
	}
	g, gold, err := moderation.GoldOf(tx, p.ID)
	return gold && g.Retired.IsZero() && s.mayJudge(c, tx), err
}

// clipFile serves a version of a clip: the one that ?v= names while it is on disk, so
// that who is watching sees it to its end, else the current one.
func (s *Server) clipFile(c echo.Context) error {
	slug, version := c.Param("slug"), c.QueryParam("v")
	path, tag := "", ""
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		r, err := clip.Current(tx, slug)
		path, tag = s.Studio.File(r), r.Hash
		if err != nil || version == "" || version == r.Hash {
			return err
		}
		other, err := s.Studio.ByHash(tx, slug, version)
		if err == nil {
			path, tag = other, version
		}
		if notFound(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := s.Studio.Played(path); err != nil {
		return err
	}
	return serveVersion(c, path, tag, "video/mp4")
}

// serveVersion sends a file that is kept for good where ?v= names it by its tag.
func serveVersion(c echo.Context, path, tag, mime string) error {
	h := c.Response().Header()
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "public, no-cache")
	if c.QueryParam("v") == tag {
		h.Set("Cache-Control", forever)
	}
	return serveFile(c, path, tag, mime)
}

// original, as ?v= of a poster, is the still of the original video.
const original = "original"

// poster serves a clip's still: that of the version whose hash ?v= names, else of the
// newest; the original's before the first.
func (s *Server) poster(c echo.Context) error {
	v, err := s.video(c)
	if err != nil {
		return err
	}
	st, err := s.stills(c, v.Slug)
	if err != nil {
		return err
	}
	if st.File == "" || c.QueryParam("v") == original {
		return s.still(c, s.Importer.Library.Poster(v.Slug), v)
	}
	return serveVersion(c, s.Studio.PrintFile(st), st.Hash, "image/jpeg")
}

// preview serves a clip's moving preview, as poster does its still.
func (s *Server) preview(c echo.Context) error {
	st, err := s.stills(c, c.Param("slug"))
	if err == nil && st.File == "" {
		err = echo.ErrNotFound
	}
	if err != nil {
		return err
	}
	return serveVersion(c, s.Studio.PreviewFile(st), st.Hash, "image/webp")
}

// stills gives those that ?v= names, else a clip's newest, else the zero Print.
func (s *Server) stills(c echo.Context, slug string) (st clip.Print, err error) {
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		if hash := c.QueryParam("v"); hash != "" {
			if st, err = clip.StillsOf(tx, slug, hash); err != nil || st.ID != "" {
				return err
			}
		}
		st, err = clip.StillsOf(tx, slug, "")
		return err
	})
	return st, err
}

// growthFile serves the film of a clip's growth.
func (s *Server) growthFile(c echo.Context) error {
	var done clip.Print
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		done, _, err = clip.GrowthOf(tx, c.Param("slug"))
		return err
	})
	if err == nil && done.ID == "" {
		err = echo.ErrNotFound
	}
	if err != nil {
		return err
	}
	return serveVersion(c, s.Studio.PrintFile(done), done.Hash, "video/mp4")
}

// pose serves a slot's reference picture.
func (s *Server) pose(c echo.Context) error {
	digits, _ := strings.CutSuffix(c.Param("file"), ".jpg")
	n, err := strconv.Atoi(digits)
	if err != nil || strconv.Itoa(n)+".jpg" != c.Param("file") {
		return echo.ErrNotFound
	}
	v, err := s.video(c)
	if err != nil {
		return err
	}
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		_, err := slot.Get(tx, slot.ID{Clip: v.Slug, Number: n})
		return err
	})
	if err != nil {
		return err
	}
	return s.still(c, s.Importer.Library.Pose(v.Slug, n), v)
}

// video gives the one whose slug stands in the address.
func (s *Server) video(c echo.Context) (v source.Video, err error) {
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		v, err = source.Get(tx, c.Param("slug"))
		return err
	})
	return v, err
}

// still serves a picture of an original video. It changes only if the clip is
// imported anew under the same slug.
func (s *Server) still(c echo.Context, path string, v source.Video) error {
	h := c.Response().Header()
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	return serveFile(c, path, strconv.FormatInt(v.Created.UnixMilli(), 36)+"-"+c.Param("file"), "image/jpeg")
}

// serveFile sends a file, or the part of it that was asked for, or 304 where the
// visitor has the version that the tag names.
func serveFile(c echo.Context, path, tag, mime string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return echo.ErrNotFound
	}
	if err != nil {
		return err
	}
	defer f.Close()
	h := c.Response().Header()
	h.Set("Content-Type", mime)
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, f)
	return nil
}
