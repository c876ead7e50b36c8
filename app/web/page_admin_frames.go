package web

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// framesPage is what the template "admin_frames" shows.
type framesPage struct {
	adminLayout
	State   picture.State
	Filters []filter
	Frames  []frameView
	Shapes  map[string]clipView
	Reasons []string
	Here    string // this page's address, to come back to
	Next    string // address of the next page; "" at the end
}

// filter is a state with how many frames are in it.
type filter struct {
	State picture.State
	Count int
}

// stateOrder is how the moderators' page lists the states: what wants doing first.
func stateOrder() []picture.State {
	return []picture.State{picture.Undecided, picture.Waiting, picture.Failed, picture.Received, picture.Accepted, picture.Rejected, picture.Withdrawn}
}

// rejections are the reasons that a moderator is offered.
func rejections() []string {
	return []string{"nobody is trying the pose", "nudity", "hate or violence", "somebody in it did not agree", "advertising", "too dark or blurred to see"}
}

// frames lists the frames in one state. Without ?state= it is the first that has any.
func (s *Server) frames(c echo.Context) error {
	p := framesPage{adminLayout: s.adminLayout(c, "Frames"), State: picture.State(c.QueryParam("state")),
		Reasons: rejections(), Here: c.Request().URL.RequestURI()}
	if p.State != "" && !slices.Contains(stateOrder(), p.State) {
		return fault.New(fault.NotFound, "no_state", "Frames are never in that state.")
	}
	next := ""
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		next, err = s.fillFrames(tx, &p, c.QueryParam("cursor"))
		return err
	})
	if err != nil {
		return err
	}
	if next != "" {
		p.Next = "/admin/frames?" + url.Values{"state": {string(p.State)}, "cursor": {next}}.Encode()
	}
	return s.page(c, http.StatusOK, "admin_frames", p)
}

func (s *Server) fillFrames(tx *store.Tx, p *framesPage, cursor string) (next string, err error) {
	counts, err := picture.Counts(tx, "")
	if err != nil {
		return "", err
	}
	for _, state := range stateOrder() {
		p.Filters = append(p.Filters, filter{state, counts[state]})
		if p.State == "" && counts[state] > 0 {
			p.State = state
		}
	}
	if p.State == "" {
		p.State = picture.Undecided
	}
	pics, next, err := picture.List(tx, picture.Query{Kind: picture.Frames, States: []picture.State{p.State}, Cursor: cursor, Limit: recentFrames})
	if err != nil {
		return "", err
	}
	if p.Frames, err = viewFrames(tx, pics); err != nil {
		return "", err
	}
	p.Shapes, err = s.shapes(tx, p.Frames)
	return next, err
}

// oneFramePage is what the template "admin_frame" shows.
type oneFramePage struct {
	adminLayout
	Frame     frameView
	Clip      clipView
	Judgments []moderation.Given
	Decisions []moderation.Decision
	Events    []picture.Event
	Reasons   []string
	Name      func(by string) string
	Undoable  bool // a moderator's decision is in force
}

// oneFrame shows everything about one frame: who decided what, and when.
func (s *Server) oneFrame(c echo.Context) error {
	p := oneFramePage{adminLayout: s.adminLayout(c, "Frame"), Reasons: rejections()}
	var err error
	if p.Name, err = s.namesOf(c.Request().Context()); err != nil {
		return err
	}
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error { return s.fillOneFrame(tx, &p, picture.ID(c.Param("id"))) })
	if err != nil {
		return err
	}
	return s.page(c, http.StatusOK, "admin_frame", p)
}

func (s *Server) fillOneFrame(tx *store.Tx, p *oneFramePage, id picture.ID) error {
	pic, err := picture.Get(tx, id)
	if err != nil {
		return err
	}
	if p.Frame, err = viewFrame(tx, pic); err != nil {
		return err
	}
	shapes, err := s.shapes(tx, []frameView{p.Frame})
	if err != nil {
		return err
	}
	p.Clip = shapes[pic.Slot.Clip]
	if p.Judgments, err = moderation.JudgmentsOf(tx, id); err != nil {
		return err
	}
	if p.Decisions, err = moderation.Decisions(tx, id); err != nil {
		return err
	}
	if n := len(p.Decisions); n > 0 {
		last := p.Decisions[n-1]
		p.Undoable = last.By != moderation.Everybody && !last.Undone()
	}
	p.Events, err = picture.Events(tx, id)
	return err
}

// settleFrame takes a moderator's verdict from a form. A reason written by hand goes
// before one that was chosen.
func (s *Server) settleFrame(c echo.Context) error {
	verdict, reason := picture.State(c.FormValue("verdict")), c.FormValue("other")
	if reason == "" {
		reason = c.FormValue("reason")
	}
	if verdict == picture.Accepted {
		reason = ""
	}
	p, err := s.Desk.Settle(c.Request().Context(), s.judge(c), picture.ID(c.Param("id")), verdict, reason)
	return s.framesAgain(c, err, "Frame "+count(p.Slot.Number)+" is "+string(p.State)+".")
}

func (s *Server) undoFrame(c echo.Context) error {
	p, err := s.Desk.Undo(c.Request().Context(), s.judge(c), picture.ID(c.Param("id")))
	return s.framesAgain(c, err, "Taken back. The frame is "+stateWord(p.State)+" now.")
}

func (s *Server) removeFrame(c echo.Context) error {
	err := s.withdrawByID(c.Request().Context(), picture.ID(c.Param("id")), string(s.judge(c)))
	return s.framesAgain(c, err, "Withdrawn: the picture and its copies are deleted.")
}

// framesAgain goes back to where a form was sent from, with what came of it. What the
// moderator can mend is said there too.
func (s *Server) framesAgain(c echo.Context, err error, done string) error {
	back := c.FormValue("back")
	if back == "" {
		back = "/admin/frames/" + c.Param("id")
	}
	return s.goBack(c, back, err, done)
}

// goBack leads to a local page that says what was done, or what was wrong.
func (s *Server) goBack(c echo.Context, to string, err error, done string) error {
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		done, err = fault.Of(err).Message, nil
	}
	if err != nil {
		return err
	}
	s.setFlash(c, done)
	return c.Redirect(http.StatusSeeOther, safeNext(to))
}
