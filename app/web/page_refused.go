package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/ingest"
	"oneframe/app/metadata"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// heldView is a photograph in quarantine as its pages show it.
type heldView struct {
	ingest.Held
	From string // the account's name
}

// Page is its own address.
func (h heldView) Page() string { return "/pictures/refused/" + h.ID }

// PicturePage is where it is once it was accepted.
func (h heldView) PicturePage() string { return photoPath(h.Picture) }

// Missing names the fields that are missing, with commas.
func (h heldView) Missing() string {
	var all []string
	for _, r := range h.Reasons {
		if f, known := metadata.FieldOf(r.Field); known && r.Code == "missing" {
			all = append(all, strings.ToLower(f.Label))
		}
	}
	return strings.Join(all, ", ")
}

// Others are the reasons that are no missing field.
func (h heldView) Others() (all []ingest.Reason) {
	for _, r := range h.Reasons {
		if r.Code != "missing" {
			all = append(all, r)
		}
	}
	return all
}

// refusedPage is what the template "refused" shows.
type refusedPage struct {
	adminLayout
	State  string
	Held   []heldView
	Next   string
	Admin  bool
	States []string
}

// refused lists the quarantine: for admins all of it, for photographers the own.
func (s *Server) refused(c echo.Context) error {
	a, _ := s.account(c)
	p := refusedPage{adminLayout: s.registerLayout(c, "Refused pictures"), State: c.QueryParam("state"), Admin: a.Can(people.Admin), States: []string{"held", "accepted", "refused"}}
	if p.State == "" {
		p.State = "held"
	}
	names, err := s.accountNames(c.Request().Context())
	if err != nil {
		return err
	}
	whose := a.ID
	if a.Can(people.Moderator) {
		whose = ""
	}
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		page, next, err := ingest.HeldList(tx, p.State, whose, c.QueryParam("cursor"), recentFrames)
		for _, h := range page {
			p.Held = append(p.Held, heldView{h, names[h.Account]})
		}
		if next != "" {
			p.Next = c.Request().URL.Path + "?state=" + p.State + "&cursor=" + next
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.page(c, http.StatusOK, "refused", p)
}

// oneRefusedPage is what the template "refused_one" shows.
type oneRefusedPage struct {
	adminLayout
	Held   heldView
	Fields []correction
	Admin  bool
	Name   func(by string) string
	Still  []ingest.Reason // what is wrong after a correction
}

// correction is a field of the form in which an admin corrects the metadata.
type correction struct {
	metadata.Field
	Text  string
	Long  bool // deserves several lines
	Lacks bool // a reason speaks of it
	Error string
}

// First reports whether the field stands before the others: it is why the form is there.
func (c correction) First() bool { return c.Lacks || c.Error != "" }

// heldFor gives what lies in quarantine, to whoever may see it.
func (s *Server) heldFor(c echo.Context) (h ingest.Held, err error) {
	a, _ := s.account(c)
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		h, err = ingest.HeldOne(tx, c.Param("id"))
		if err == nil && !a.Can(people.Moderator) && h.Account != a.ID {
			return noPicture(nil)
		}
		return err
	})
	return h, err
}

func (s *Server) oneRefused(c echo.Context) error {
	h, err := s.heldFor(c)
	if err != nil {
		return err
	}
	return s.oneRefusedWith(c, http.StatusOK, h, h.Reasons, nil)
}

// oneRefusedWith shows one with the reasons that stand against it now.
func (s *Server) oneRefusedWith(c echo.Context, status int, h ingest.Held, reasons []ingest.Reason, wrong map[string]string) error {
	a, _ := s.account(c)
	p := oneRefusedPage{adminLayout: s.registerLayout(c, "Refused picture"), Admin: a.Can(people.Admin)}
	names, err := s.accountNames(c.Request().Context())
	if err != nil {
		return err
	}
	if p.Name, err = s.namesOf(c.Request().Context()); err != nil {
		return err
	}
	p.Held = heldView{h, names[h.Account]}
	if status != http.StatusOK {
		p.Still = reasons
	}
	for _, f := range metadata.Fields() {
		if f.Name == "digest" {
			continue
		}
		one := correction{Field: f, Text: strings.Join(f.Values(h.Record), "; "), Long: f.Name == "caption" || f.Name == "instructions" || f.Name == "contact" || f.Name == "keywords", Error: wrong[f.Name]}
		for _, r := range reasons {
			one.Lacks = one.Lacks || r.Field == f.Name
		}
		p.Fields = append(p.Fields, one)
	}
	return s.page(c, status, "refused_one", p)
}

// heldFile shows an admin the picture that was refused, or lets its sender have it back.
func (s *Server) heldFile(c echo.Context) error {
	h, err := s.heldFor(c)
	if err != nil {
		return err
	}
	if h.State != "held" {
		return noPicture(nil)
	}
	if !h.Readable() {
		return s.download(c, h.Original, "application/octet-stream", h.FileName)
	}
	c.Response().Header().Set("Cache-Control", "private, no-cache")
	c.Response().Header().Set("Content-Security-Policy", "sandbox; default-src 'none'")
	return serveFile(c, s.Originals.Path(h.Original), string(h.Original), h.Type)
}

// acceptRefused takes a refused photograph in with the metadata of the form.
func (s *Server) acceptRefused(c echo.Context) error {
	h, err := s.heldFor(c)
	if err != nil {
		return err
	}
	record, wrong := corrected(c, h.Record, s.judgeName(c))
	if len(wrong) > 0 {
		h.Record = record
		return s.oneRefusedWith(c, http.StatusUnprocessableEntity, h, h.Reasons, wrong)
	}
	receipt, err := s.Door.Release(c.Request().Context(), h.ID, record, string(s.judge(c)), c.FormValue("anyway") == "true")
	var still *ingest.Refusal
	if errors.As(err, &still) {
		h.Record = record
		return s.oneRefusedWith(c, http.StatusUnprocessableEntity, h, still.Reasons, nil)
	}
	if fault.Is(err, fault.Conflict) {
		return s.goBack(c, "/admin/refused", err, "")
	}
	return s.goBack(c, photoPath(receipt.ID), err, "Accepted. It is being scaled, and goes where the rules send it.")
}

// judgeName is the name of whoever is logged in.
func (s *Server) judgeName(c echo.Context) string {
	a, _ := s.account(c)
	return a.Name
}

// corrected gives the record as the form says it. What was changed is told in Found as
// found by whoever changed it. wrong says of fields what they take.
func corrected(c echo.Context, r metadata.Record, by string) (_ metadata.Record, wrong map[string]string) {
	wrong = map[string]string{}
	found := append([]metadata.Found(nil), r.Found...)
	for _, f := range metadata.Fields() {
		if f.Name == "digest" {
			continue
		}
		text := strings.ReplaceAll(strings.TrimSpace(c.FormValue(f.Name)), "\r\n", "\n")
		if text == strings.Join(f.Values(r), "; ") {
			continue
		}
		if err := f.Set(&r, text); err != nil {
			wrong[f.Name] = err.Error() + "."
			continue
		}
		for i := range found {
			found[i].Used = found[i].Used && found[i].Field != f.Name
		}
		found = append(found, metadata.Found{Field: f.Name, From: "corrected by " + by, Value: text, Used: true})
	}
	r.Found = found
	return r, wrong
}

// dismissRefused refuses a photograph for good.
func (s *Server) dismissRefused(c echo.Context) error {
	err := s.Door.Dismiss(c.Request().Context(), c.Param("id"), string(s.judge(c)))
	return s.goBack(c, "/admin/refused", err, "Refused for good: its file is deleted.")
}

// photoStateWord writes a photograph's state.
func photoStateWord(state picture.State) string {
	switch state {
	case picture.Received:
		return "being scaled"
	case picture.Waiting:
		return "for a moderator"
	}
	return stateWord(state)
}
