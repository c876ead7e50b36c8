package web

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"oneframe/app/deliver"
	"oneframe/app/deliver/order"
	"oneframe/app/deliver/send"
	"oneframe/app/fault"
	"oneframe/app/feed"
	"oneframe/app/metadata"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// markMost bounds the upload of a watermark, in bytes.
const markMost = 1 << 20

// orderPage is what the template "admin_order" shows.
type orderPage struct {
	adminLayout
	Subscriber feed.Subscriber
	HasTarget  bool // it has a destination, to whose pictures the order can belong
	Form       orderForm
	Places     []order.Place
	Fields     []order.NameField
	Samples    []sampleView
	Preview    *previewJSON // of the chosen sample; nil where there is none
	Error      string
}

// sampleView is a recent picture that the order is shown on.
type sampleView struct {
	picture.Picture
	Chosen bool
}

// Thumb is the address of its small rendition, and Caption what it is called.
func (v sampleView) Thumb() string   { return pictureURL(v.Picture.Thumb) }
func (v sampleView) Caption() string { return captionOf(v.Picture) }

// previewJSON is what an order makes of a picture; Error says why it can't.
type previewJSON struct {
	Name      string `json:"name"`
	Sidecar   string `json:"sidecar"`
	Source    string `json:"source"` // address of the picture
	Bytes     int64  `json:"bytes"`
	Width     int    `json:"width"`
	Height    int    `json:"height"`
	Untouched bool   `json:"untouched"`
	Error     string `json:"error,omitempty"`
}

// tryOn gives up to six pictures: what went to the subscriber last, else the newest
// accepted photographs, else frames. The asked one, or the first, is chosen.
func tryOn(tx *store.Tx, subscriber, asked string) (all []sampleView, err error) {
	page, _, err := deliver.List(tx, deliver.Query{Subscriber: subscriber, Limit: 20})
	var ids []picture.ID
	for _, d := range page {
		if !slices.Contains(ids, d.Picture) {
			ids = append(ids, d.Picture)
		}
	}
	for _, id := range ids {
		p, err := picture.Get(tx, id)
		if err != nil {
			return nil, err
		}
		all = append(all, sampleView{Picture: p})
	}
	for _, kind := range []picture.Kind{picture.Photos, picture.Frames} {
		var recent []picture.Picture
		if err == nil && len(all) == 0 {
			recent, _, err = picture.List(tx, picture.Query{Kind: kind, States: []picture.State{picture.Accepted}, Limit: 6})
		}
		for _, p := range recent {
			all = append(all, sampleView{Picture: p})
		}
	}
	all = slices.DeleteFunc(all, func(v sampleView) bool { return !v.Approved() || v.Picture.Thumb == "" })
	all = all[:min(6, len(all))]
	if i := slices.IndexFunc(all, func(v sampleView) bool { return string(v.ID) == asked }); len(all) > 0 {
		all[max(0, i)].Chosen = true
	}
	return all, err
}

func (s *Server) order(c echo.Context) error {
	p := orderPage{}
	if q := c.QueryParams(); q.Has("kind") { // a preview without a script
		p.Form = orderOf(q)
		return s.orderWith(c, http.StatusOK, p)
	}
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		d, found, err := deliver.GetDestination(tx, c.Param("id"))
		if err != nil || !found {
			p.Form = enterOrder(order.Spec{})
			return err
		}
		spec, err := order.ParseSpec(d.Made)
		if fault.Is(err, fault.Invalid) {
			p.Error, err = fault.Of(err).Message, nil
		}
		p.Form = enterOrder(spec)
		return err
	})
	if err != nil {
		return err
	}
	return s.orderWith(c, http.StatusOK, p)
}

// orderWith shows the page with what p has entered.
func (s *Server) orderWith(c echo.Context, status int, p orderPage) error {
	p.adminLayout = s.adminLayout(c, "How pictures are made")
	p.Tabs = here(p.Tabs, "/admin/subscribers")
	p.Places, p.Fields = order.Places(), order.NameFields()
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		if p.Subscriber, err = feed.GetSubscriber(tx, c.Param("id")); err != nil {
			return err
		}
		if _, p.HasTarget, err = deliver.GetDestination(tx, p.Subscriber.ID); err != nil {
			return err
		}
		p.Samples, err = tryOn(tx, p.Subscriber.ID, c.FormValue("picture"))
		return err
	})
	if err != nil {
		return err
	}
	for _, one := range p.Samples {
		if one.Chosen {
			p.Preview, err = s.previewOf(c, one.Picture, p.Form)
		}
	}
	if err != nil {
		return err
	}
	return s.page(c, status, "admin_order", p)
}

// Query is what the preview's address carries.
func (f orderForm) query() url.Values {
	v := url.Values{}
	for name, text := range map[string]string{"kind": f.Kind, "longest": f.Longest, "width": f.Width, "height": f.Height, "quality": f.Quality, "max_kb": f.MaxKB, "mark": f.Mark, "mark_text": f.MarkText,
		"mark_image": f.MarkImage, "place": string(f.Place), "mark_size": f.MarkSize, "opacity": f.Opacity, "credit": f.Set.Credit, "usage_terms": f.Set.UsageTerms, "copyright": f.Set.Copyright,
		"instructions": f.Set.Instructions, "name": f.Name, "sidecar": f.Sidecar, "trim": strconv.FormatBool(f.Trim)} {
		if text != "" {
			v.Set(name, text)
		}
	}
	return v
}

// job is a picture under an order that was entered.
func (s *Server) job(c echo.Context, p picture.Picture, f orderForm) (j order.Job, err error) {
	j = order.Job{Subscriber: c.Param("id"), Kind: string(deliver.First), Picture: p, Version: p.Version}
	if j.Spec, err = f.spec(); err != nil {
		return j, err
	}
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		var r metadata.Record
		r, err := picture.Metadata(tx, p.ID)
		j.Record = r
		return err
	})
	return j, err
}

// previewOf makes the picture to the order and says what came of it.
func (s *Server) previewOf(c echo.Context, p picture.Picture, f orderForm) (*previewJSON, error) {
	j, err := s.job(c, p, f)
	if fault.Is(err, fault.Invalid) {
		return &previewJSON{Error: fault.Of(err).Message}, nil
	}
	if err != nil {
		return nil, err
	}
	made, err := s.Maker.Preview(c.Request().Context(), j)
	if e, ok := errors.AsType[*send.Error](err); ok {
		if c.Request().Context().Err() == nil && e.Kind == send.Ours {
			s.log.Warn("a preview could not be made", "picture", p.ID, "error", err)
		}
		return &previewJSON{Error: e.Message}, nil
	}
	v := previewJSON{Name: made.Name, Sidecar: made.Sidecar, Bytes: made.Size, Width: made.Width, Height: made.Height, Untouched: made.Untouched, Source: pictureURL(p.Large)}
	if !made.Untouched {
		q := f.query()
		q.Set("picture", string(p.ID))
		v.Source = "/admin/subscribers/" + c.Param("id") + "/order/preview.jpg?" + q.Encode()
	}
	return &v, err
}

// sample is the picture that a preview is asked of.
func (s *Server) sample(c echo.Context) (p picture.Picture, err error) {
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		if p, err = picture.Get(tx, picture.ID(c.QueryParam("picture"))); err == nil && !p.Approved() {
			return fault.New(fault.NotFound, "no_frame", "There is no such frame.")
		}
		return err
	})
	return p, err
}

// previewOrder tells the page's script what the order makes of a picture.
func (s *Server) previewOrder(c echo.Context) error {
	p, err := s.sample(c)
	if err != nil {
		return err
	}
	v, err := s.previewOf(c, p, orderOf(c.QueryParams()))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// previewPicture gives the picture itself.
func (s *Server) previewPicture(c echo.Context) error {
	p, err := s.sample(c)
	if err != nil {
		return err
	}
	j, err := s.job(c, p, orderOf(c.QueryParams()))
	if err != nil {
		return err
	}
	made, err := s.Maker.Preview(c.Request().Context(), j)
	if e, ok := errors.AsType[*send.Error](err); ok {
		return fault.Wrap(err, fault.Invalid, "order_impossible", "%s", e.Message)
	}
	if err != nil {
		return err
	}
	file, err := made.Open()
	if err != nil {
		return err
	}
	defer file.Close()
	h := c.Response().Header()
	h.Set("Cache-Control", "private, max-age=300")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	return c.Stream(http.StatusOK, made.ContentType, file)
}

// uploadMark keeps a watermark that the page's script sends, for the preview.
func (s *Server) uploadMark(c echo.Context) error {
	key, err := s.takeMark(c)
	if err == nil && key == "" {
		err = fault.New(fault.Invalid, "bad_mark", "The watermark must be a PNG picture.")
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, map[string]string{"image": key})
}

// takeMark keeps the form's PNG; "" where it has none.
func (s *Server) takeMark(c echo.Context) (key string, err error) {
	header, err := c.FormFile("png")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) || err == nil && header.Size == 0 {
		return "", nil
	}
	if err != nil {
		return "", badForm(err)
	}
	file, err := header.Open()
	if err != nil {
		return "", err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, markMost+1))
	if err != nil {
		return "", badForm(err)
	}
	k, err := s.Maker.KeepMark(c.Request().Context(), data)
	return string(k), err
}

// saveOrder has the subscriber's pictures made so from the next one on.
func (s *Server) saveOrder(c echo.Context) error {
	if _, err := c.FormParams(); err != nil {
		return badForm(err)
	}
	f := orderOf(c.Request().Form)
	key, err := s.takeMark(c)
	if key != "" {
		f.Mark, f.MarkImage = "image", key
	}
	var spec order.Spec
	if err == nil {
		spec, err = f.spec()
	}
	if err == nil {
		var made json.RawMessage
		if made, err = json.Marshal(spec); err != nil {
			return err
		}
		_, err = s.Book.Revise(c.Request().Context(), string(s.judge(c)), c.Param("id"), feed.Revision{Destination: deliver.NewDestination{Made: made}})
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.TooLarge) {
		message := fault.Of(err).Message
		if fault.Has(err, "no_destination") {
			message = "First say where its pictures go."
		}
		return s.orderWith(c, http.StatusUnprocessableEntity, orderPage{Form: f, Error: message})
	}
	return s.goBack(c, "/admin/subscribers/"+c.Param("id")+"/order", err, "Saved. The next picture is made so.")
}
