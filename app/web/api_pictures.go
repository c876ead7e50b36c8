package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/ingest"
	"oneframe/app/metadata"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// pictureJSON is a picture of the register as the API tells it.
type pictureJSON struct {
	ID         string          `json:"id"`
	Origin     string          `json:"origin"`
	Account    string          `json:"account"` // its name
	State      string          `json:"state"`   // a picture's, or refused: it lies in quarantine
	SHA256     string          `json:"sha256"`
	FileName   string          `json:"file_name"`
	Type       string          `json:"type"`
	Width      int             `json:"width"`
	Height     int             `json:"height"`
	Bytes      int64           `json:"bytes"`
	Version    int             `json:"version"`
	Duplicate  bool            `json:"duplicate"` // of an answer: the file was here already
	ReceivedAt *time.Time      `json:"received_at"`
	Metadata   metadata.Record `json:"metadata"`
	Reasons    []ingest.Reason `json:"reasons"`
	LooksLike  *picture.ID     `json:"looks_like"` // the first picture that looks the same
	PageURL    string          `json:"page_url"`
	LargeURL   *string         `json:"large_url"`
	ThumbURL   *string         `json:"thumb_url"`
}

// photographer reports whether the account may send photographs and look at its own.
func photographer(a people.Account) bool { return a.Can(people.Photographer) || a.Can(people.Admin) }

// needPhotographer lets photographers, moderators and admins through.
func (s *Server) needPhotographer(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if a, _ := s.account(c); a.Can(people.Photographer) || a.Can(people.Moderator) {
			return next(c)
		}
		return s.need(people.Photographer)(next)(c)
	}
}

// sendPicture takes a photograph in. What was here already is answered with 200.
func (s *Server) sendPicture(c echo.Context) error {
	a, _ := s.account(c)
	if !photographer(a) {
		return fault.New(fault.Denied, "denied", "Only photographers and admins send pictures.")
	}
	f, err := readForm(c, "photo", s.Importer.Incoming)
	if err != nil {
		return err
	}
	defer f.discard()
	if f.file == nil {
		return missing("photo")
	}
	up := ingest.Upload{Origin: "api", Account: a.ID, FileName: f.name}
	if name := strings.TrimSpace(f.fields["file_name"]); name != "" {
		up.FileName = name
	}
	receipt, err := s.accept(c.Request().Context(), f, up)
	if err != nil {
		return err
	}
	j, err := s.readPicture(c, string(receipt.ID))
	if err != nil {
		return err
	}
	j.Duplicate, j.Version = receipt.Duplicate, receipt.Version
	if receipt.Duplicate {
		return c.JSON(http.StatusOK, j)
	}
	return c.JSON(http.StatusCreated, j)
}

func (s *Server) getPicture(c echo.Context) error {
	j, err := s.readPicture(c, c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, j)
}

// readPicture gives a picture, or what lies in quarantine, that the asker may see.
func (s *Server) readPicture(c echo.Context, id string) (j pictureJSON, err error) {
	names, err := s.accountNames(c.Request().Context())
	if err != nil {
		return j, err
	}
	a, _ := s.account(c)
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		p, err := picture.Get(tx, picture.ID(id))
		if notFound(err) {
			h, err := ingest.HeldOne(tx, id)
			if err != nil || !a.Can(people.Moderator) && h.Account != a.ID {
				return noPicture(err)
			}
			j = tellHeld(h, names[h.Account], s.base(c))
			return nil
		}
		if err != nil || !ownOrModerated(p, a) {
			return noPicture(err)
		}
		j, err = tellPicture(tx, p, names[p.Account], s.base(c))
		return err
	})
	return j, err
}

// noPicture says that there is none, to whoever may not see it too.
func noPicture(err error) error {
	if err != nil && !notFound(err) {
		return err
	}
	return fault.New(fault.NotFound, "no_picture", "There is no such picture.")
}

func tellPicture(tx *store.Tx, p picture.Picture, account, base string) (pictureJSON, error) {
	j := pictureJSON{ID: string(p.ID), Origin: p.Origin, Account: account, State: string(p.State), SHA256: string(p.Original), FileName: p.FileName, Type: p.Type,
		Width: p.Width, Height: p.Height, Bytes: p.Bytes, Version: p.Version, ReceivedAt: stamp(p.ReceivedAt), Reasons: []ingest.Reason{}, PageURL: base + photoPath(p.ID)}
	if p.State == picture.Rejected {
		j.Reasons = append(j.Reasons, ingest.Reason{Code: "rejected", Message: p.Reason})
	}
	if p.State == picture.Failed {
		j.Reasons = append(j.Reasons, ingest.Reason{Field: "file", Code: "failed", Message: "The picture could not be scaled."})
	}
	for k, to := range map[vault.Key]**string{p.Large: &j.LargeURL, p.Thumb: &j.ThumbURL} {
		if k != "" && p.State != picture.Withdrawn {
			*to = orNull(base + mediaPath(k))
		}
	}
	first, _, err := picture.LooksLike(tx, p.ID)
	if err != nil {
		return j, err
	}
	j.LooksLike = orNull(first)
	j.Metadata, err = picture.Metadata(tx, p.ID)
	return j, err
}

func tellHeld(h ingest.Held, account, base string) pictureJSON {
	return pictureJSON{ID: h.ID, Origin: h.Origin, Account: account, State: "refused", SHA256: string(h.Original), FileName: h.FileName, Type: h.Type, Width: h.Width, Height: h.Height,
		Bytes: h.Bytes, Version: 1, ReceivedAt: stamp(h.ReceivedAt), Metadata: h.Record, Reasons: h.Reasons, PageURL: base + "/pictures/refused/" + h.ID}
}

// photoPath is the page of a picture of the register.
func photoPath(id picture.ID) string { return "/pictures/" + string(id) }

// accountNames gives the accounts' names by their ids.
func (s *Server) accountNames(ctx context.Context) (map[string]string, error) {
	all, err := s.People.List(ctx)
	names := map[string]string{}
	for _, a := range all {
		names[a.ID] = a.Name
	}
	return names, err
}

// findPictures searches the register; a photographer's own pictures only.
func (s *Server) findPictures(c echo.Context) error {
	ctx := c.Request().Context()
	names, err := s.accountNames(ctx)
	if err != nil {
		return err
	}
	q, err := s.search(c, names)
	if err != nil {
		return err
	}
	if q.Limit, err = number(c, "limit", 1, 200, 50); err != nil {
		return err
	}
	var all []pictureJSON
	next := ""
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		page, n, err := picture.Find(tx, q)
		next = n
		for _, p := range page {
			j, err := tellPicture(tx, p, names[p.Account], s.base(c))
			if err != nil {
				return err
			}
			all = append(all, j)
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(all, next))
}

// search reads what a request looks for: q, the metadata's fields by their names, and
// kind, state, account, origin, from, to, taken_from, taken_to and cursor.
func (s *Server) search(c echo.Context, names map[string]string) (q picture.Search, err error) {
	p := c.QueryParams()
	q = picture.Search{Text: p.Get("q"), Kind: picture.Photos, State: picture.State(p.Get("state")), Origin: p.Get("origin"), Cursor: p.Get("cursor")}
	switch kind := p.Get("kind"); kind {
	case "", string(picture.Photos):
	case "all":
		q.Kind = ""
	case string(picture.Frames):
		q.Kind = picture.Frames
	default:
		return q, fault.New(fault.Invalid, "bad_kind", "kind must be photos, frames or all, not %q.", kind)
	}
	if q.State != "" && !slices.Contains(stateOrder(), q.State) {
		return q, fault.New(fault.Invalid, "bad_state", "There is no state %q.", q.State)
	}
	for _, f := range metadata.Fields() {
		if v := strings.ReplaceAll(strings.TrimSpace(p.Get(f.Name)), `"`, " "); v != "" && f.Name != "state" { // that is the picture's; the province is q=state:…
			q.Text += " " + f.Name + `:"` + v + `"`
		}
	}
	if q.Account, err = s.searchedAccount(c, p.Get("account"), names); err != nil {
		return q, err
	}
	return q, readDates(p, &q)
}

// searchedAccount is whose pictures are looked for: of a photographer always the own.
func (s *Server) searchedAccount(c echo.Context, asked string, names map[string]string) (string, error) {
	a, _ := s.account(c)
	if !a.Can(people.Moderator) {
		return a.ID, nil
	}
	if asked == "" || names[asked] != "" {
		return asked, nil
	}
	for id, name := range names {
		if strings.EqualFold(name, asked) {
			return id, nil
		}
	}
	return "", fault.New(fault.Invalid, "bad_account", "There is no account %q.", asked)
}

// readDates reads the bounds of arrival and capture: days, the last of which counts
// wholly, or moments.
func readDates(p url.Values, q *picture.Search) error {
	for name, to := range map[string]*time.Time{"from": &q.From, "to": &q.To, "taken_from": &q.TakenFrom, "taken_to": &q.TakenTo} {
		text := p.Get(name)
		if text == "" {
			continue
		}
		day, err := time.Parse(time.DateOnly, text)
		if err == nil && strings.HasSuffix(name, "to") {
			day = day.AddDate(0, 0, 1)
		}
		if err != nil {
			day, err = time.Parse(time.RFC3339, text)
		}
		if err != nil {
			return fault.New(fault.Invalid, "bad_date", "%s must be a day, as 2026-05-31, or a moment, as 2026-05-31T18:00:00Z.", name)
		}
		*to = day
	}
	return nil
}

// original sends the file as it came in, as a download.
func (s *Server) original(c echo.Context) error {
	a, _ := s.account(c)
	var key vault.Key
	var kind, name string
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		p, err := picture.Get(tx, picture.ID(c.Param("id")))
		if err != nil || !ownOrModerated(p, a) || p.State == picture.Withdrawn {
			return noPicture(err)
		}
		versions, err := picture.Versions(tx, p.ID)
		if err != nil {
			return err
		}
		key, kind, name = p.Original, p.Type, p.FileName
		for _, v := range versions {
			if c.QueryParam("version") == count(v.Number) {
				key, kind, name = v.Original, v.Type, v.FileName
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.download(c, key, kind, name)
}

// download sends a stranger's file so that no browser shows it in our name.
func (s *Server) download(c echo.Context, key vault.Key, kind, name string) error {
	f, err := s.Originals.Open(key)
	if err != nil {
		return err
	}
	defer f.Close()
	h := c.Response().Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(name[strings.LastIndex(name, "/")+1:]))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, f)
	return nil
}
