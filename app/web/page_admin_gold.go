package web

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// goldPage is what the template "admin_gold" shows.
type goldPage struct {
	adminLayout
	Golds  []goldView
	Shapes map[string]clipView
	Name   func(by string) string
}

// goldView is gold with its frame.
type goldView struct {
	moderation.Gold
	Frame frameView
	Says  string // the right answer in words
}

func (s *Server) golds(c echo.Context) error {
	p := goldPage{adminLayout: s.adminLayout(c, "Gold")}
	ctx := c.Request().Context()
	var err error
	if p.Name, err = s.namesOf(ctx); err != nil {
		return err
	}
	if err := s.DB.Read(ctx, func(tx *store.Tx) error { return s.fillGold(tx, &p) }); err != nil {
		return err
	}
	return s.page(c, http.StatusOK, "admin_gold", p)
}

func (s *Server) fillGold(tx *store.Tx, p *goldPage) error {
	all, err := moderation.Golds(tx)
	if err != nil {
		return err
	}
	var frames []frameView
	for _, g := range all {
		f, err := s.frameOf(tx, g.Right.Frame)
		if err != nil {
			return err
		}
		frames = append(frames, f)
		p.Golds = append(p.Golds, goldView{g, f, inWords(g.Right)})
	}
	p.Shapes, err = s.shapes(tx, frames)
	return err
}

func (s *Server) frameOf(tx *store.Tx, id picture.ID) (frameView, error) {
	pic, err := picture.Get(tx, id)
	if err != nil {
		return frameView{}, err
	}
	return viewFrame(tx, pic)
}

// markGold takes the right answer about a frame, and why.
func (s *Server) markGold(c echo.Context) error {
	id, answer := picture.ID(c.Param("id")), c.FormValue("answer")
	right := moderation.Judgment{Frame: id, Trying: true} // any likeness
	if answer != "posing" {
		var err error
		if right, err = judgment(id, answer); err != nil {
			return s.framesAgain(c, fault.New(fault.Invalid, "bad_judgment", "Please choose the right answer."), "")
		}
	}
	p, err := s.Desk.MarkGold(c.Request().Context(), s.judge(c), right, c.FormValue("why"))
	return s.framesAgain(c, err, "Frame "+strconv.Itoa(p.Slot.Number)+" is gold now: judges are measured on it.")
}

func (s *Server) retireGold(c echo.Context) error {
	err := s.Desk.RetireGold(c.Request().Context(), s.judge(c), picture.ID(c.Param("id")))
	return s.framesAgain(c, err, "It is handed out no more.")
}

// doubtsPage is what the template "admin_doubts" shows.
type doubtsPage struct {
	adminLayout
	Doubts []doubtView
	Shapes map[string]clipView
}

// doubtView is a verdict that the last re-estimate would not have given.
type doubtView struct {
	moderation.Doubt
	Frame frameView
}

// doubts lists what the nightly re-estimate would decide otherwise; a moderator keeps
// or changes each verdict.
func (s *Server) doubts(c echo.Context) error {
	p := doubtsPage{adminLayout: s.adminLayout(c, "Doubts")}
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		all, err := moderation.Doubts(tx, doubtsMax)
		if err != nil {
			return err
		}
		var frames []frameView
		for _, d := range all {
			f, err := s.frameOf(tx, d.Frame)
			if err != nil {
				return err
			}
			frames = append(frames, f)
			p.Doubts = append(p.Doubts, doubtView{d, f})
		}
		p.Shapes, err = s.shapes(tx, frames)
		return err
	})
	if err != nil {
		return err
	}
	return s.page(c, http.StatusOK, "admin_doubts", p)
}
