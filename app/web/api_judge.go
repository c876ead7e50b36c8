package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// toJudgeJSON is a frame that waits for this judge.
type toJudgeJSON struct {
	Frame        picture.ID `json:"frame"`
	Slot         int        `json:"slot"`
	PictureURL   string     `json:"picture_url"`
	ReferenceURL string     `json:"reference_url"`
	Blurred      bool       `json:"blurred"` // somebody saw nudity: show it on demand only
}

func (s *Server) nextToJudge(c echo.Context) error {
	n, err := number(c, "n", 1, moderation.PageMax, moderation.PageMax)
	if err != nil {
		return err
	}
	page, err := s.Desk.Next(c.Request().Context(), s.judge(c), n)
	if err != nil {
		return err
	}
	base := s.base(c)
	var all []toJudgeJSON
	for _, p := range page {
		all = append(all, toJudgeJSON{Frame: p.ID, Slot: p.Slot.Number, PictureURL: base + mediaPath(p.Medium), ReferenceURL: base + posePath(p.Slot), Blurred: p.Blurred})
	}
	return c.JSON(http.StatusOK, listOf(all, ""))
}

// judgmentJSON is one answer; what is missing is told apart from what is false.
type judgmentJSON struct {
	Frame    picture.ID `json:"frame"`
	Nudity   *bool      `json:"nudity"`
	Trying   *bool      `json:"trying"`
	Likeness int        `json:"likeness"`
}

type refusalJSON struct {
	Frame picture.ID `json:"frame"`
	Code  string     `json:"code"`
}

func (s *Server) giveJudgments(c echo.Context) error {
	var given struct {
		Judgments []judgmentJSON `json:"judgments"`
	}
	if err := decode(c, &given, false); err != nil {
		return err
	}
	js, err := readJudgments(given.Judgments)
	if err != nil {
		return err
	}
	result, err := s.Desk.Judge(c.Request().Context(), s.judge(c), js)
	if err != nil {
		return err
	}
	refusals := []refusalJSON{}
	for _, r := range result.Refused {
		refusals = append(refusals, refusalJSON{r.Frame, r.Code})
	}
	wrong := []wrongJSON{}
	for _, w := range result.Wrong {
		wrong = append(wrong, wrongJSON{w.Frame, inWords(w.Said), inWords(w.Right), w.Reason})
	}
	return c.JSON(http.StatusOK, map[string]any{"accepted": result.Accepted, "refused": refusals, "wrong": wrong})
}

// wrongJSON is a frame whose answer was known, and that was answered otherwise.
type wrongJSON struct {
	Frame  picture.ID `json:"frame"`
	Said   string     `json:"said"`
	Right  string     `json:"right"`
	Reason string     `json:"reason"`
}

func readJudgments(given []judgmentJSON) ([]moderation.Judgment, error) {
	var js []moderation.Judgment
	for _, g := range given {
		if g.Frame == "" || g.Nudity == nil || g.Trying == nil {
			return nil, fault.New(fault.Invalid, "bad_judgment", "A judgment names its frame and says nudity, trying and likeness.")
		}
		js = append(js, moderation.Judgment{Frame: g.Frame, Nudity: *g.Nudity, Trying: *g.Trying, Likeness: g.Likeness})
	}
	if len(js) == 0 {
		return nil, fault.New(fault.Invalid, "bad_judgment", "There is no judgment in the request.")
	}
	return js, nil
}

func (s *Server) giveVerdict(c echo.Context) error {
	var v struct {
		Verdict picture.State `json:"verdict"`
		Reason  string        `json:"reason"`
	}
	if err := decode(c, &v, false); err != nil {
		return err
	}
	p, err := s.Desk.Settle(c.Request().Context(), s.judge(c), picture.ID(c.Param("id")), v.Verdict, v.Reason)
	return s.settled(c, p, err)
}

func (s *Server) undoVerdict(c echo.Context) error {
	p, err := s.Desk.Undo(c.Request().Context(), s.judge(c), picture.ID(c.Param("id")))
	return s.settled(c, p, err)
}

// settled answers with the frame as a decision left it.
func (s *Server) settled(c echo.Context, p picture.Picture, err error) error {
	if err != nil {
		return err
	}
	var j frameJSON
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		j, err = s.tellFrame(c, tx, p)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, j)
}
