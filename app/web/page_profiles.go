package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/ingest"
	"oneframe/app/metadata"
	"oneframe/app/people"
	"oneframe/app/store"
)

// profilesPage is what the template "admin_profiles" shows.
type profilesPage struct {
	adminLayout
	Profiles []profileView // the first is the config's
	New      profileView
	Accounts []assignmentView
	Error    string
}

type profileView struct {
	ingest.Profile
	Fields []metadata.Field
	Types  []string
}

// Has reports whether the profile's list has the value.
func (p profileView) Has(list, value string) bool {
	if list == "types" {
		return slices.Contains(p.Profile.Types, value)
	}
	return slices.Contains(p.Required, value)
}

// Allowed are the categories, as the form takes them.
func (p profileView) Allowed() string { return strings.Join(p.Categories, ", ") }

// Wanted are the labels of the required fields.
func (p profileView) Wanted() string {
	var labels []string
	for _, name := range p.Required {
		if f, ok := metadata.FieldOf(name); ok {
			labels = append(labels, strings.ToLower(f.Label))
		}
	}
	return strings.Join(labels, ", ")
}

type assignmentView struct {
	people.Account
	ingest.Assignment
}

func viewProfile(p ingest.Profile) profileView {
	fields := slices.DeleteFunc(metadata.Fields(), func(f metadata.Field) bool { return f.Name == "digest" })
	return profileView{p, fields, ingest.Types()}
}

func (s *Server) profiles(c echo.Context) error {
	return s.profilesWith(c, http.StatusOK, ingest.Profile{}, "")
}

// profilesWith shows the profiles, with what was entered and refused.
func (s *Server) profilesWith(c echo.Context, status int, entered ingest.Profile, wrong string) error {
	p := profilesPage{adminLayout: s.adminLayout(c, "Profiles"), New: viewProfile(entered), Error: wrong}
	accounts, err := s.People.List(c.Request().Context())
	if err != nil {
		return err
	}
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		all, err := s.Door.Profiles(tx)
		if err != nil {
			return err
		}
		for _, one := range all {
			p.Profiles = append(p.Profiles, viewProfile(one))
		}
		for _, a := range accounts {
			if !a.Can(people.Photographer) && !a.Can(people.Admin) {
				continue
			}
			assigned, err := s.Door.Assigned(tx, a.ID)
			if err != nil {
				return err
			}
			p.Accounts = append(p.Accounts, assignmentView{a, assigned})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.page(c, status, "admin_profiles", p)
}

// saveProfile makes a profile, or changes the one in the address.
func (s *Server) saveProfile(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "bad_form", "The form could not be read.")
	}
	p, err := readProfile(form)
	p.ID = c.Param("id")
	if err == nil {
		p, err = s.Door.SaveProfile(c.Request().Context(), p)
	}
	if p.ID == "" && (fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict)) {
		return s.profilesWith(c, http.StatusUnprocessableEntity, p, fault.Of(err).Message)
	}
	return s.goBack(c, "/admin/profiles", err, "The profile "+p.Name+" is saved.")
}

// readProfile reads a form; the sizes come in the units that stand beside them.
func readProfile(form url.Values) (p ingest.Profile, err error) {
	number := func(name string, unit float64) (n int64) {
		text := strings.Replace(strings.TrimSpace(form.Get(name)), ",", ".", 1)
		if text == "" {
			return 0
		}
		f, wrong := strconv.ParseFloat(text, 64)
		if wrong != nil || !(f >= 0 && f < 1e6) {
			err = fault.New(fault.Invalid, "bad_profile", "%q is no number that fits here.", text)
			return 0
		}
		return int64(f * unit)
	}
	p.Name = form.Get("name")
	p.Rules = ingest.Rules{Types: form["types"], Required: form["required"],
		MinBytes: number("min_bytes", 1e6), MaxBytes: number("max_bytes", 1e6), MinPixels: number("min_pixels", 1e6), MaxPixels: number("max_pixels", 1e6),
		MinSide: int(number("min_side", 1)), MaxSide: int(number("max_side", 1)), MaxAgeDays: int(number("max_age_days", 1)), RefuseAlike: form.Get("alike") == "refuse"}
	for piece := range strings.SplitSeq(form.Get("categories"), ",") {
		if piece = strings.TrimSpace(piece); piece != "" {
			p.Categories = append(p.Categories, piece)
		}
	}
	return p, err
}

func (s *Server) removeProfile(c echo.Context) error {
	err := s.Door.RemoveProfile(c.Request().Context(), c.Param("id"))
	return s.goBack(c, "/admin/profiles", err, "Removed. Its accounts have the default profile now.")
}

// assignProfile sets how an account's photographs are held.
func (s *Server) assignProfile(c echo.Context) error {
	a, err := s.People.Get(c.Request().Context(), c.Param("account"))
	if err != nil {
		return err
	}
	err = s.Door.Assign(c.Request().Context(), ingest.Assignment{Account: a.ID, Profile: c.FormValue("profile"), Trusted: c.FormValue("trusted") == "true"})
	return s.goBack(c, "/admin/profiles", err, "Set for "+a.Name+".")
}
