package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/source"
	"oneframe/app/store"
)

// framesPage is what the template "admin_frames" shows.
type framesPage struct {
	adminLayout
	State   picture.State // "" is what waits for somebody
	Waits   int           // frames that wait for somebody
	Filters []filter
	Fields  map[string]string // clip, slot, judge, min and max, as they were asked for
	Clips   []source.Video
	Judge   string // the name of the judge that is asked for
	Frames  []deskView
	Shapes  map[string]clipView
	Reasons []string
	Here    string // this page's address, to come back to
	Next    string // address of the next page; "" at the end
	Export  string // what stands after export/….csv, to get the same frames
}

// Any reports whether something is asked for beside the state.
func (p framesPage) Any() bool {
	for _, v := range p.Fields {
		if v != "" {
			return true
		}
	}
	return false
}

// Other is the address of the page with another state, else the same.
func (p framesPage) Other(state picture.State) string {
	return "/admin/frames?" + asked(p.Fields, string(state)).Encode()
}

// deskView is a frame with how its judging stands.
type deskView struct {
	frameView
	How moderation.Item
}

// Percent is how sure its verdict is.
func (v deskView) Percent() int { return int(100*v.How.Confidence + 0.5) }

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

// frames is the moderators' desk. Without ?state= it is what waits for somebody, the
// undecided first and the oldest before others; where nothing waits, the first state
// that has any.
func (s *Server) frames(c echo.Context) error {
	f, fields, err := readFilter(c)
	if err != nil {
		return err
	}
	p := framesPage{adminLayout: s.adminLayout(c, "Frames"), State: picture.State(c.QueryParam("state")), Fields: fields,
		Reasons: rejections(), Here: c.Request().URL.RequestURI()}
	name, err := s.namesOf(c.Request().Context())
	if err != nil {
		return err
	}
	if f.Judge != "" {
		p.Judge = name(string(f.Judge))
	}
	f.Cursor, f.Limit = c.QueryParam("cursor"), recentFrames
	next := ""
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		next, err = s.fillFrames(tx, &p, f)
		return err
	})
	if err != nil {
		return err
	}
	q := asked(p.Fields, string(p.State))
	p.Export = q.Encode()
	if next != "" {
		q.Set("cursor", next)
		p.Next = "/admin/frames?" + q.Encode()
	}
	return s.page(c, http.StatusOK, "admin_frames", p)
}

// asked is a query for the desk.
func asked(fields map[string]string, state string) url.Values {
	q := url.Values{}
	for k, v := range fields {
		if v != "" {
			q.Set(k, v)
		}
	}
	if state != "" {
		q.Set("state", state)
	}
	return q
}

// readFilter reads what the desk is asked for, and gives the fields but the state as
// they were written. Its errors: NotFound no_state; Invalid bad_filter.
func readFilter(c echo.Context) (f moderation.Filter, fields map[string]string, err error) {
	f.Kind = picture.Frames
	if state := picture.State(c.QueryParam("state")); state != "" {
		if !slices.Contains(stateOrder(), state) {
			return f, nil, fault.New(fault.NotFound, "no_state", "Frames are never in that state.")
		}
		f.States = []picture.State{state}
	}
	fields = map[string]string{}
	for _, name := range []string{"clip", "slot", "judge", "min", "max"} {
		fields[name] = strings.TrimSpace(c.QueryParam(name))
	}
	f.Clip, f.Judge = fields["clip"], moderation.Judge(fields["judge"])
	if text := fields["slot"]; text != "" {
		if f.Slot, err = strconv.Atoi(text); err != nil || f.Slot < 1 {
			return f, nil, fault.New(fault.Invalid, "bad_filter", "A slot is a whole number from 1 on.")
		}
	}
	for name, to := range map[string]*float64{"min": &f.MinScore, "max": &f.MaxScore} {
		if text := fields[name]; text != "" {
			if *to, err = strconv.ParseFloat(text, 64); err != nil || !(*to >= 1 && *to <= 5) {
				return f, nil, fault.New(fault.Invalid, "bad_filter", "A likeness is a number from 1 to 5.")
			}
		}
	}
	return f, fields, nil
}

func (s *Server) fillFrames(tx *store.Tx, p *framesPage, f moderation.Filter) (next string, err error) {
	counts, err := picture.Counts(tx, "")
	if err != nil {
		return "", err
	}
	p.Waits = counts[picture.Undecided] + counts[picture.Waiting]
	for _, state := range stateOrder() {
		p.Filters = append(p.Filters, filter{state, counts[state]})
		if p.State == "" && p.Waits == 0 && !p.Any() && counts[state] > 0 {
			p.State = state
			f.States = []picture.State{state}
		}
	}
	if p.State == "" && p.Any() && (f.MinScore > 0 || f.MaxScore > 0 || f.Judge != "") {
		f.States = []picture.State{picture.Waiting, picture.Undecided, picture.Accepted, picture.Rejected} // what waits has no score
	}
	if p.Clips, err = source.List(tx); err != nil {
		return "", err
	}
	items, next, err := s.Desk.Frames(tx, f)
	if err != nil {
		return "", err
	}
	var frames []frameView
	for _, i := range items {
		v, err := viewFrame(tx, i.Picture)
		if err != nil {
			return "", err
		}
		frames = append(frames, v)
		p.Frames = append(p.Frames, deskView{v, i})
	}
	p.Shapes, err = s.shapes(tx, frames)
	return next, err
}

// settleFrames settles the frames that were ticked, or takes their decisions back.
func (s *Server) settleFrames(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "bad_form", "The form could not be read.")
	}
	var ids []picture.ID
	for _, id := range form["frame"] {
		ids = append(ids, picture.ID(id))
	}
	if len(ids) == 0 || len(ids) > 500 {
		return s.goBack(c, c.FormValue("back"), fault.New(fault.Invalid, "no_frames", "Please tick some frames first."), "")
	}
	ctx, verdict := c.Request().Context(), picture.State(form.Get("verdict"))
	var n int
	var refused []moderation.Refusal
	words := "settled"
	if form.Get("verdict") == "undo" {
		words = "taken back"
		n, refused, err = s.Desk.UndoAll(ctx, s.judge(c), ids)
	} else {
		reason := form.Get("reason")
		if verdict == picture.Accepted {
			reason = ""
		}
		n, refused, err = s.Desk.SettleAll(ctx, s.judge(c), ids, verdict, reason)
	}
	done := plural(n, "frame", "frames") + " " + words + "."
	if len(refused) > 0 {
		done += " " + plural(len(refused), "frame", "frames") + " could not be: " + whyNot(refused[0].Code) + "."
	}
	return s.goBack(c, form.Get("back"), err, done)
}

// whyNot words the code of a frame's refusal to be settled.
func whyNot(code string) string {
	switch code {
	case "nothing_to_undo":
		return "no moderator’s decision is in force"
	case "not_judged":
		return "it isn’t ready yet, or was withdrawn"
	}
	return "it isn’t there"
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
	Judges    map[moderation.Judge]moderation.Profile
	Gold      *moderation.Gold // nil where it isn't, or isn't any more
	Tested    []moderation.GoldAnswer
	Untold    int // answers as gold that came before those
	Answers   []answer
	outgoing
}

// goldAnswersMax is how many answers to a gold frame its page tells.
const goldAnswersMax = 200

// Right is the answer of gold in words.
func (p oneFramePage) Right() string {
	if p.Gold == nil {
		return ""
	}
	return inWords(p.Gold.Right)
}

// oneFrame shows everything about one frame: who decided what, and when.
func (s *Server) oneFrame(c echo.Context) error {
	a, _ := s.account(c)
	p := oneFramePage{adminLayout: s.adminLayout(c, "Frame"), Reasons: rejections(), outgoing: outgoing{Admin: a.Can(people.Admin)}}
	var err error
	if p.Name, err = s.namesOf(c.Request().Context()); err != nil {
		return err
	}
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error { return s.fillOneFrame(tx, &p, picture.ID(c.Param("id"))) })
	if err != nil {
		return err
	}
	if p.Frame.Photo() {
		return c.Redirect(http.StatusSeeOther, photoPath(p.Frame.ID))
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
	p.Answers, p.Judges = answers(), map[moderation.Judge]moderation.Profile{}
	for _, g := range p.Judgments {
		if p.Judges[g.Judge], err = s.Desk.ProfileOf(tx, g.Judge); err != nil {
			return err
		}
	}
	g, ok, err := moderation.GoldOf(tx, id)
	if err != nil {
		return err
	}
	if ok && g.Retired.IsZero() {
		p.Gold = &g
	}
	if p.Tested, err = moderation.GoldAnswers(tx, id, goldAnswersMax); err != nil {
		return err
	}
	p.Untold = g.Seen - len(p.Tested)
	if p.Decisions, err = moderation.Decisions(tx, id); err != nil {
		return err
	}
	if n := len(p.Decisions); n > 0 {
		last := p.Decisions[n-1]
		p.Undoable = last.By != moderation.Everybody && !last.Undone()
	}
	if err := p.outgoing.fill(tx, pic); err != nil {
		return err
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
