package web

import (
	"math"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// recentFrames is how many frames the home page shows at once.
const recentFrames = 24

// homePage is what the template "home" shows.
type homePage struct {
	Layout
	Clip    *clipView // nil on a site without any
	At      float64   // seconds: where the clip is to stand; 0 for its beginning
	Map     string    // see holes
	Recent  []frameView
	Older   string // cursor of the frames before Recent; "" at the end
	Later   bool   // Recent is not the newest
	All     bool   // frames are shown before their verdict
	Others  []clipView
	Judging bool // visitors may judge others' frames
}

// home shows a clip, its newest frames and its holes. ?clip= names the clip, ?t= the
// second at which it is to stand, ?older= a page of frames.
func (s *Server) home(c echo.Context) error {
	p := homePage{Layout: s.layout(c, ""), All: s.HomeShow == "all", Later: c.QueryParam("older") != "", Judging: s.Desk.Open}
	p.Nav = "home"
	var err error
	if p.At, err = moment(c.QueryParam("t")); err != nil {
		return err
	}
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		return s.fillHome(tx, &p, c.QueryParam("clip"), c.QueryParam("older"))
	})
	if err != nil {
		return err
	}
	p.Description = "Everybody shoots one frame, and together they are the clip. Shoot yours: it takes a webcam and a minute."
	if p.Clip != nil {
		p.Image = p.Base + p.Clip.Poster()
	}
	return s.page(c, http.StatusOK, "home", p)
}

func (s *Server) fillHome(tx *store.Tx, p *homePage, slug, older string) (err error) {
	if p.Clip, p.Others, err = s.oneClip(tx, slug); err != nil || p.Clip == nil {
		return err
	}
	if p.Map, err = s.holes(tx, p.Clip.Slug); err != nil {
		return err
	}
	recent, next, err := picture.List(tx, picture.Query{Clip: p.Clip.Slug, States: s.public(), Cursor: older, Limit: recentFrames})
	if err != nil {
		return err
	}
	p.Older = next
	p.Recent, err = viewFrames(tx, recent)
	return err
}

// moment reads a number of seconds; "" is 0.
func moment(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	t, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(t) || t < 0 || t > 86400 {
		return 0, fault.New(fault.Invalid, "bad_t", "t is a time of the clip in seconds, as 12.5.")
	}
	return t, nil
}
