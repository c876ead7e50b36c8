package web

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// judgePage is what the template "judge" shows.
type judgePage struct {
	Layout
	Frames    []frameView
	Blurred   map[picture.ID]bool // somebody saw nudity: it is shown on demand
	Volunteer bool
	Shapes    map[string]clipView // of the clips that the frames are for, by slug
	Answers   []answer
}

// answer is one of the answers that a judge can give, and the key that gives it.
type answer struct {
	Value, Key, Words string
	Against           bool // it speaks against the frame
}

// answers are all there are; each frame gets one. Nudity says nothing about the pose,
// so that two reasons to reject a frame are never counted as one.
func answers() []answer {
	return []answer{
		{"nudity", "N", "nudity", true}, {"nobody", "P", "nobody posing", true},
		{"1", "1", "barely alike", false}, {"2", "2", "a bit", false}, {"3", "3", "fairly", false},
		{"4", "4", "very", false}, {"5", "5", "spot on", false},
	}
}

// judgment reads an answer about a frame; Invalid bad_judgment.
func judgment(frame picture.ID, value string) (moderation.Judgment, error) {
	switch value {
	case "nudity":
		return moderation.Judgment{Frame: frame, Nudity: true, Trying: true}, nil
	case "nobody":
		return moderation.Judgment{Frame: frame}, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > 5 {
		return moderation.Judgment{}, fault.New(fault.Invalid, "bad_judgment", "An answer is nudity, nobody, or a likeness from 1 to 5.")
	}
	return moderation.Judgment{Frame: frame, Trying: true, Likeness: n}, nil
}

// judging shows the frames that wait for this judge.
func (s *Server) judging(c echo.Context) error {
	ctx := c.Request().Context()
	tasks, err := s.Desk.Next(ctx, s.judge(c), moderation.PageMax)
	if err != nil {
		return err
	}
	pics, blurred := []picture.Picture{}, map[picture.ID]bool{}
	for _, t := range tasks {
		pics, blurred[t.ID] = append(pics, t.Picture), t.Blurred
	}
	p := judgePage{Layout: s.layout(c, "Judge"), Blurred: blurred, Volunteer: s.judge(c).Volunteer(), Shapes: map[string]clipView{}, Answers: answers()}
	p.Nav = "judge"
	err = s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if p.Frames, err = viewFrames(tx, pics); err != nil {
			return err
		}
		p.Shapes, err = s.shapes(tx, p.Frames)
		return err
	})
	if err != nil {
		return err
	}
	return s.page(c, http.StatusOK, "judge", p)
}

// judged takes the answers of a page without JavaScript: fields named v-<frame>.
func (s *Server) judged(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "bad_form", "The answers could not be read.")
	}
	var js []moderation.Judgment
	for name, values := range form {
		frame, ok := strings.CutPrefix(name, "v-")
		if !ok || len(values) == 0 {
			continue
		}
		j, err := judgment(picture.ID(frame), values[0])
		if err != nil {
			return err
		}
		js = append(js, j)
	}
	if len(js) > 0 {
		result, err := s.Desk.Judge(c.Request().Context(), s.judge(c), js)
		if err != nil {
			return err
		}
		if len(result.Wrong) > 0 {
			return s.explain(c, result)
		}
		s.setFlash(c, "Thank you: "+plural(result.Accepted, "frame", "frames")+" judged.")
	}
	return c.Redirect(http.StatusSeeOther, "/judge")
}

// judgedPage is what the template "judged" shows.
type judgedPage struct {
	Layout
	Accepted int
	Wrong    []wrongView
	Shapes   map[string]clipView
}

// wrongView is gold that was answered wrong.
type wrongView struct {
	Frame               frameView
	Said, Right, Reason string
}

// explain shows what a judge answered wrong of what we knew.
func (s *Server) explain(c echo.Context, r moderation.Result) error {
	p := judgedPage{Layout: s.layout(c, "Have another look"), Accepted: r.Accepted}
	p.Nav = "judge"
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		var frames []frameView
		for _, w := range r.Wrong {
			pic, err := picture.Get(tx, w.Frame)
			if err != nil {
				return err
			}
			f, err := viewFrame(tx, pic)
			if err != nil {
				return err
			}
			frames = append(frames, f)
			p.Wrong = append(p.Wrong, wrongView{f, inWords(w.Said), inWords(w.Right), w.Reason})
		}
		var err error
		p.Shapes, err = s.shapes(tx, frames)
		return err
	})
	if err != nil {
		return err
	}
	return s.page(c, http.StatusOK, "judged", p)
}

// inWords says a judgment as the buttons do; a likeness of 0 is any.
func inWords(j moderation.Judgment) string {
	switch {
	case j.Nudity:
		return "nudity"
	case !j.Trying:
		return "nobody posing"
	case j.Likeness == 0:
		return "somebody posing"
	}
	for _, a := range answers() {
		if a.Value == strconv.Itoa(j.Likeness) {
			return a.Value + ", " + a.Words
		}
	}
	return strconv.Itoa(j.Likeness)
}
