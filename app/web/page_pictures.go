package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/feed"
	"oneframe/app/metadata"
	"oneframe/app/moderation"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// photoView is a picture as the register's pages show it.
type photoView struct {
	picture.Picture
	Meta metadata.Record
	From string // the account's name
}

// Page is the picture's own address.
func (p photoView) Page() string { return photoPath(p.ID) }

// MediumURL and LargeURL are the addresses of its renditions, "" where there are none.
func (p photoView) MediumURL() string { return p.shown(pictureURL(p.Medium)) }
func (p photoView) LargeURL() string  { return p.shown(pictureURL(p.Large)) }

func (p photoView) shown(address string) string {
	if p.State == picture.Withdrawn {
		return ""
	}
	return address
}

// Head is what the picture is called in a list.
func (p photoView) Head() string {
	caption, _, _ := strings.Cut(p.Meta.Caption, "\n")
	return cmp.Or(p.Meta.Headline, p.Meta.Title, shorten(caption, 90), p.FileName, p.Name, "Untitled")
}

// Where is the place in words.
func (p photoView) Where() string {
	return strings.Join(slices.DeleteFunc([]string{p.Meta.City, p.Meta.State, p.Meta.Country}, func(s string) bool { return s == "" }), ", ")
}

// shorten cuts a text to so many characters.
func shorten(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return strings.TrimSpace(string(runes[:most-1])) + "…"
	}
	return text
}

func viewPhotos(tx *store.Tx, page []picture.Picture, names map[string]string) (all []photoView, err error) {
	for _, p := range page {
		m, err := picture.Metadata(tx, p.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, photoView{p, m, names[p.Account]})
	}
	return all, nil
}

// picturesPage is what the template "pictures" shows.
type picturesPage struct {
	adminLayout
	Asked     url.Values // what is looked for
	States    []picture.State
	Accounts  []string
	Pictures  []photoView
	Error     string // what is wrong with the search
	Here      string
	Next      string // address of the next page; "" at the end
	Moderator bool
	Reasons   []string
	ToAsk     []feed.Subscriber // to whom an admin can send what is ticked
}

// Get gives what was asked for, for the form.
func (p picturesPage) Get(name string) string { return p.Asked.Get(name) }

// Narrowed reports whether more than words are asked for.
func (p picturesPage) Narrowed() bool {
	for _, name := range []string{"kind", "state", "account", "from", "to", "taken_from", "taken_to"} {
		if p.Asked.Get(name) != "" {
			return true
		}
	}
	return false
}

// pictures is the register: all pictures for the team, a photographer's own else.
func (s *Server) pictures(c echo.Context) error {
	a, _ := s.account(c)
	p := picturesPage{adminLayout: s.registerLayout(c, "Pictures"), Asked: c.QueryParams(), States: stateOrder(), Here: c.Request().URL.RequestURI(),
		Moderator: a.Can(people.Moderator), Reasons: photoRejections()}
	ctx := c.Request().Context()
	names, err := s.accountNames(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		p.Accounts = append(p.Accounts, name)
	}
	slices.Sort(p.Accounts)
	next := ""
	q, err := s.search(c, names)
	if err == nil {
		q.Limit = recentFrames
		err = s.DB.Read(ctx, func(tx *store.Tx) error {
			page, n, err := picture.Find(tx, q)
			if err != nil {
				return err
			}
			next = n
			if p.Pictures, err = viewPhotos(tx, page, names); err != nil || !a.Can(people.Admin) {
				return err
			}
			p.ToAsk, err = feed.Subscribers(tx)
			p.ToAsk = slices.DeleteFunc(p.ToAsk, func(x feed.Subscriber) bool { return x.State == feed.Ended })
			return err
		})
	}
	if fault.Is(err, fault.Invalid) {
		p.Error, err = fault.Of(err).Message, nil
	}
	if err != nil {
		return err
	}
	if next != "" {
		more := url.Values{}
		for name, values := range p.Asked {
			more[name] = values
		}
		more.Set("cursor", next)
		p.Next = c.Request().URL.Path + "?" + more.Encode()
	}
	return s.page(c, http.StatusOK, "pictures", p)
}

// photoRejections are the reasons that a moderator is offered for a photograph.
func photoRejections() []string {
	return []string{"not newsworthy", "out of focus", "the caption is wrong", "the rights are unclear", "a duplicate", "nudity", "hate or violence"}
}

// picturePage is what the template "picture" shows.
type picturePage struct {
	adminLayout
	Photo     photoView
	Fields    []fieldView
	Events    []picture.Event
	Versions  []picture.Version
	First     *photoView // the first picture that looks the same
	Alike     []photoView
	Map       string // where a map shows its place
	Moderator bool
	Undoable  bool
	Reasons   []string
	Name      func(by string) string
	outgoing
}

// fieldView is a field with everything that the file says about it.
type fieldView struct {
	metadata.Field
	Values []string
	Found  []metadata.Found
}

// onePicture shows everything about one picture.
func (s *Server) onePicture(c echo.Context) error {
	ctx := c.Request().Context()
	a, _ := s.account(c)
	p := picturePage{adminLayout: s.registerLayout(c, "Picture"), Moderator: a.Can(people.Moderator), Reasons: photoRejections(),
		outgoing: outgoing{Admin: a.Can(people.Admin)}}
	names, err := s.accountNames(ctx)
	if err != nil {
		return err
	}
	if p.Name, err = s.namesOf(ctx); err != nil {
		return err
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		pic, err := picture.Get(tx, picture.ID(c.Param("id")))
		if err != nil || !ownOrModerated(pic, a) {
			return noPicture(err)
		}
		return p.fill(tx, pic, names)
	})
	if err != nil {
		return err
	}
	if !p.Photo.Photo() {
		return c.Redirect(http.StatusSeeOther, "/admin/frames/"+c.Param("id"))
	}
	p.Title = p.Photo.Head()
	return s.page(c, http.StatusOK, "picture", p)
}

func (p *picturePage) fill(tx *store.Tx, pic picture.Picture, names map[string]string) error {
	one, err := viewPhotos(tx, []picture.Picture{pic}, names)
	if err != nil {
		return err
	}
	p.Photo = one[0]
	p.Fields, p.Map = viewFields(p.Photo.Meta), mapLink(p.Photo.Meta.Place)
	if p.Events, err = picture.Events(tx, pic.ID); err != nil {
		return err
	}
	if p.Versions, err = picture.Versions(tx, pic.ID); err != nil {
		return err
	}
	decisions, err := moderation.Decisions(tx, pic.ID)
	if err != nil {
		return err
	}
	if err := p.outgoing.fill(tx, pic); err != nil {
		return err
	}
	if n := len(decisions); n > 0 {
		p.Undoable = decisions[n-1].By != moderation.Everybody && !decisions[n-1].Undone()
	}
	return p.fillAlike(tx, pic, names)
}

// fillAlike adds those that look the same, of which a photographer sees the own.
func (p *picturePage) fillAlike(tx *store.Tx, pic picture.Picture, names map[string]string) error {
	first, others, err := picture.LooksLike(tx, pic.ID)
	if err != nil {
		return err
	}
	if first != "" {
		others = append([]picture.ID{first}, others...)
	}
	for _, id := range others {
		other, err := picture.Get(tx, id)
		if err != nil {
			return err
		}
		if !p.Moderator && other.Account != pic.Account {
			continue
		}
		views, err := viewPhotos(tx, []picture.Picture{other}, names)
		if err != nil {
			return err
		}
		if id == first {
			p.First = &views[0]
		} else {
			p.Alike = append(p.Alike, views[0])
		}
	}
	return nil
}

// viewFields gives the fields that are there, or that a part of the file speaks of.
func viewFields(r metadata.Record) (all []fieldView) {
	for _, f := range metadata.Fields() {
		v := fieldView{Field: f, Values: f.Values(r)}
		for _, found := range r.Found {
			if found.Field == f.Name {
				v.Found = append(v.Found, found)
			}
		}
		if len(v.Values) > 0 || len(v.Found) > 0 {
			all = append(all, v)
		}
	}
	return all
}

// mapLink is where OpenStreetMap shows a point. Only whoever follows it asks there.
func mapLink(p *metadata.Place) string {
	if p == nil {
		return ""
	}
	lat, long := strconv.FormatFloat(p.Latitude, 'f', 6, 64), strconv.FormatFloat(p.Longitude, 'f', 6, 64)
	return "https://www.openstreetmap.org/?mlat=" + lat + "&mlon=" + long + "#map=14/" + lat + "/" + long
}
