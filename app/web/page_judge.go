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
	Frames  []frameView
	Shapes  map[string]clipView // of the clips that the frames are for, by slug
	Answers []answer
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
	var pics []picture.Picture
	for _, t := range tasks {
		pics = append(pics, t.Picture)
	}
	p := judgePage{Layout: s.layout(c, "Judge"), Shapes: map[string]clipView{}, Answers: answers()}
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
		s.setFlash(c, "Thank you: "+plural(result.Accepted, "frame", "frames")+" judged.")
	}
	return c.Redirect(http.StatusSeeOther, "/judge")
}
