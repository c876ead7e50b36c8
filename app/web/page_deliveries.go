package web

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"oneframe/app/deliver"
	"oneframe/app/fault"
	"oneframe/app/feed"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// deliveriesPage is what the template "admin_deliveries" shows.
type deliveriesPage struct {
	adminLayout
	Query       deliver.Query
	States      []deliver.State
	Subscribers []feed.Subscriber
	Deliveries  []deliveryView
	Here        string
	Next        string // address of the next page; "" at the end
}

// deliveryView is a delivery with what it names.
type deliveryView struct {
	deliver.Delivery
	Of       picture.Picture
	To       string
	RuleName map[string]string
}

// Page is the delivery's own address.
func (v deliveryView) Page() string { return "/admin/deliveries/" + v.ID }

// Again reports whether it can be sent again.
func (v deliveryView) Again() bool { return v.State == deliver.Dead || v.State == deliver.Due }

// Caption is what the picture is called; Thumb the address of its rendition.
func (v deliveryView) Caption() string { return captionOf(v.Of) }

// Thumb is the address of the picture's small rendition, "" where it has none any more.
func (v deliveryView) Thumb() string {
	if v.Of.State == picture.Withdrawn {
		return ""
	}
	return pictureURL(v.Of.Thumb)
}

func (s *Server) deliveries(c echo.Context) error {
	p := deliveriesPage{adminLayout: s.adminLayout(c, "Deliveries"), States: deliver.States(), Here: c.Request().URL.RequestURI(),
		Query: deliver.Query{Subscriber: c.QueryParam("subscriber"), State: deliver.State(c.QueryParam("state")), Cursor: c.QueryParam("cursor")}}
	next := ""
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		next, err = fillDeliveries(tx, &p)
		return err
	})
	if err != nil {
		return err
	}
	if next != "" {
		p.Next = "/admin/deliveries?" + url.Values{"subscriber": {p.Query.Subscriber}, "state": {string(p.Query.State)}, "cursor": {next}}.Encode()
	}
	return s.page(c, http.StatusOK, "admin_deliveries", p)
}

func fillDeliveries(tx *store.Tx, p *deliveriesPage) (next string, err error) {
	if p.Subscribers, err = feed.Subscribers(tx); err != nil {
		return "", err
	}
	page, next, err := deliver.List(tx, p.Query)
	if err != nil {
		return "", err
	}
	p.Deliveries, err = viewDeliveries(tx, page, p.Subscribers)
	return next, err
}

// viewDeliveries adds what the deliveries name.
func viewDeliveries(tx *store.Tx, all []deliver.Delivery, subscribers []feed.Subscriber) (views []deliveryView, err error) {
	names := map[string]string{}
	for _, x := range subscribers {
		names[x.ID] = x.Name
	}
	for _, d := range all {
		v := deliveryView{Delivery: d, To: names[d.Subscriber]}
		if v.Of, err = picture.Get(tx, d.Picture); err != nil {
			return nil, err
		}
		if v.RuleName, err = feed.RuleNames(tx, d.Rules); err != nil {
			return nil, err
		}
		views = append(views, v)
	}
	return views, nil
}

// deliveryPage is what the template "admin_delivery" shows.
type deliveryPage struct {
	adminLayout
	D       deliveryView
	Tries   []deliver.Try
	Recalls []deliver.Recalling
	By      func(by string) string
}

func (s *Server) oneDelivery(c echo.Context) error {
	p := deliveryPage{adminLayout: s.adminLayout(c, "Delivery")}
	p.Tabs = here(p.Tabs, "/admin/deliveries")
	var err error
	if p.By, err = s.namesOf(c.Request().Context()); err != nil {
		return err
	}
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		d, tries, recalls, err := deliver.Story(tx, c.Param("id"))
		if err != nil {
			return err
		}
		p.Tries, p.Recalls = tries, recalls
		x, err := feed.GetSubscriber(tx, d.Subscriber)
		if err != nil && !notFound(err) {
			return err
		}
		views, err := viewDeliveries(tx, []deliver.Delivery{d}, []feed.Subscriber{x})
		if err == nil {
			p.D = views[0]
		}
		return err
	})
	if err != nil {
		return err
	}
	p.Title = p.D.Caption()
	return s.page(c, http.StatusOK, "admin_delivery", p)
}

// retryOne has one delivery go again.
func (s *Server) retryOne(c echo.Context) error {
	err := s.DB.Write(c.Request().Context(), func(tx *store.Tx) error { return deliver.Retry(tx, c.Param("id")) })
	back := c.FormValue("back")
	if back == "" {
		back = "/admin/deliveries/" + c.Param("id")
	}
	return s.goBack(c, back, err, "It goes again.")
}

// outgoing is, for an admin, to whom a picture went, and to whom it can go.
type outgoing struct {
	Admin      bool
	Of         picture.ID
	Deliveries []deliveryView
	Recalls    map[string]deliver.Recalling // the last one of each delivery
	ToAsk      []feed.Subscriber            // who can be sent it on demand
}

func (o *outgoing) fill(tx *store.Tx, p picture.Picture) error {
	if !o.Admin {
		return nil
	}
	o.Of = p.ID
	subscribers, err := feed.Subscribers(tx)
	if err != nil {
		return err
	}
	all, _, err := deliver.List(tx, deliver.Query{Picture: p.ID, Limit: 500})
	if err != nil {
		return err
	}
	if o.Deliveries, err = viewDeliveries(tx, all, subscribers); err != nil {
		return err
	}
	recalls, err := deliver.Recalls(tx, p.ID)
	o.Recalls = map[string]deliver.Recalling{}
	for _, r := range recalls {
		o.Recalls[r.Delivery] = r
	}
	if p.Approved() {
		o.ToAsk = slices.DeleteFunc(subscribers, func(x feed.Subscriber) bool { return x.State == feed.Ended })
	}
	return err
}

// demand has the pictures that were ticked go to the subscribers that were ticked.
func (s *Server) demand(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "bad_form", "The form could not be read.")
	}
	var pictures []picture.ID
	for _, id := range form["picture"] {
		pictures = append(pictures, picture.ID(id))
	}
	all, err := s.Book.Demand(c.Request().Context(), string(s.judge(c)), pictures, form["subscriber"])
	return s.goBack(c, form.Get("back"), err, plural(len(all), "delivery is", "deliveries are")+" on the way.")
}
