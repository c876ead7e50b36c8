package web

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/clip"
	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/source"
	"oneframe/app/store"
)

// clipJSON is a clip as the API tells it.
type clipJSON struct {
	Slug       string     `json:"slug"`
	Title      string     `json:"title"`
	FPS        float64    `json:"fps"`
	Frames     int        `json:"frames"`
	Slots      int        `json:"slots"`
	Filled     int        `json:"filled"`
	Duration   float64    `json:"duration"`  // seconds
	VideoURL   *string    `json:"video_url"` // null before the first render
	PosterURL  string     `json:"poster_url"`
	PreviewURL *string    `json:"preview_url"` // null before the first
	RenderedAt *time.Time `json:"rendered_at"`
	Version    *int       `json:"version"` // null before the first render
}

// videoPath is where a render is served; the version lets browsers keep the file.
func videoPath(r clip.Render) string { return filmPath(r.Clip, r.Hash) }

// filmPath is where the version with the hash is served.
func filmPath(slug, hash string) string { return stillPath(slug, "clip.mp4", hash) }

// posterPath and previewPath are where the stills of a version are served; hash names it,
// and "" means the newest.
func posterPath(slug, hash string) string  { return stillPath(slug, "poster.jpg", hash) }
func previewPath(slug, hash string) string { return stillPath(slug, "preview.webp", hash) }

func stillPath(slug, file, hash string) string {
	path := "/clips/" + url.PathEscape(slug) + "/" + file
	if hash == "" {
		return path
	}
	return path + "?v=" + url.QueryEscape(hash)
}

// posePath is where a slot's reference picture is served.
func posePath(id slot.ID) string {
	return "/clips/" + url.PathEscape(id.Clip) + "/poses/" + strconv.Itoa(id.Number) + ".jpg"
}

// tellClip reads what the API tells of a video.
func tellClip(tx *store.Tx, v source.Video, base string) (clipJSON, error) {
	slots, filled, err := slot.Counts(tx, v.Slug)
	if err != nil {
		return clipJSON{}, err
	}
	r, err := current(tx, v.Slug)
	if err != nil {
		return clipJSON{}, err
	}
	st, err := clip.StillsOf(tx, v.Slug, "")
	j := clipJSON{Slug: v.Slug, Title: v.Title, FPS: v.FPS.Float(), Frames: v.Frames, Slots: slots, Filled: filled,
		Duration: seconds(v.Duration()), PosterURL: base + posterPath(v.Slug, st.Hash)}
	if r.ID != "" {
		j.VideoURL, j.RenderedAt, j.Version = orNull(base+videoPath(r)), stamp(r.Finished), orNull(r.Version)
	}
	if st.Hash != "" {
		j.PreviewURL = orNull(base + previewPath(v.Slug, st.Hash))
	}
	return j, err
}

func (s *Server) listClips(c echo.Context) error {
	var all []clipJSON
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		videos, err := source.List(tx)
		for _, v := range videos {
			j, err := tellClip(tx, v, s.base(c))
			if err != nil {
				return err
			}
			all = append(all, j)
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(all, ""))
}

func (s *Server) getClip(c echo.Context) error {
	var j clipJSON
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		v, err := source.Get(tx, c.Param("slug"))
		if err != nil {
			return err
		}
		j, err = tellClip(tx, v, s.base(c))
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, j)
}

// placeJSON is one slot of the timeline.
type placeJSON struct {
	Number int         `json:"number"`
	Start  float64     `json:"start"` // seconds
	Frame  *picture.ID `json:"frame"` // the frame that the slot shows; null where it is empty
	Thumb  *string     `json:"thumb_url"`
}

// timeline gives every slot with the frame that it shows. Without a limit it is one page.
func (s *Server) timeline(c echo.Context) error {
	limit, err := number(c, "limit", 1, 100_000, 100_000)
	if err != nil {
		return err
	}
	after, err := number(c, "cursor", 0, 1<<30, 0)
	if err != nil {
		return fault.New(fault.Invalid, "bad_cursor", "That cursor is not one of ours.")
	}
	var page []placeJSON
	next := ""
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		page, next, err = s.places(tx, c.Param("slug"), s.base(c), after, limit)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(page, next))
}

// places gives the slots after the one with the number, and the cursor of what follows.
func (s *Server) places(tx *store.Tx, slug, base string, after, limit int) (page []placeJSON, next string, err error) {
	if _, err := source.Get(tx, slug); err != nil {
		return nil, "", err
	}
	slots, err := slot.List(tx, slug)
	if err != nil {
		return nil, "", err
	}
	choices, err := picture.Choose(tx, slug, s.Pick)
	if err != nil {
		return nil, "", err
	}
	chosen := map[int]picture.Choice{}
	for _, ch := range choices {
		chosen[ch.Slot.Number] = ch
	}
	for _, sl := range slots {
		if sl.Number <= after {
			continue
		}
		if len(page) == limit {
			return page, strconv.Itoa(page[limit-1].Number), nil
		}
		place := placeJSON{Number: sl.Number, Start: seconds(sl.Start)}
		if ch, ok := chosen[sl.Number]; ok {
			place.Frame, place.Thumb = orNull(ch.Picture), orNull(base+mediaPath(ch.Thumb))
		}
		page = append(page, place)
	}
	return page, "", nil
}
