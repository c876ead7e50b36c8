package web

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"oneframe/app/deliver"
	"oneframe/app/fault"
	"oneframe/app/feed"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// subscribersPage is what the template "admin_subscribers" shows.
type subscribersPage struct {
	adminLayout
	Subscribers   []subscriberView
	Name, Contact string // what was entered, where it was refused
	Error         string
}

// subscriberView is a subscriber with how full its queue is.
type subscriberView struct {
	feed.Subscriber
	Waiting, Sent, Dead int // no further than deliver.CountMost
}

// Page is the subscriber's own address.
func (v subscriberView) Page() string { return "/admin/subscribers/" + v.ID }

func (s *Server) subscribers(c echo.Context) error {
	return s.subscribersWith(c, http.StatusOK, subscribersPage{})
}

func (s *Server) subscribersWith(c echo.Context, status int, p subscribersPage) error {
	p.adminLayout = s.adminLayout(c, "Subscribers")
	p.Tabs = here(p.Tabs, "/admin/subscribers")
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		all, err := feed.Subscribers(tx)
		if err != nil {
			return err
		}
		for _, x := range all {
			v, err := viewSubscriber(tx, x)
			if err != nil {
				return err
			}
			p.Subscribers = append(p.Subscribers, v)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.page(c, status, "admin_subscribers", p)
}

func viewSubscriber(tx *store.Tx, x feed.Subscriber) (v subscriberView, err error) {
	v.Subscriber = x
	for state, n := range map[deliver.State]*int{deliver.Waiting: &v.Waiting, deliver.Sent: &v.Sent, deliver.Dead: &v.Dead} {
		if *n, err = deliver.Count(tx, x.ID, state); err != nil {
			return v, err
		}
	}
	return v, nil
}

func (s *Server) enterSubscriber(c echo.Context) error {
	n := feed.NewSubscriber{Name: c.FormValue("name"), Contact: c.FormValue("contact")}
	x, err := s.Book.AddSubscriber(c.Request().Context(), string(s.judge(c)), n)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return s.subscribersWith(c, http.StatusUnprocessableEntity, subscribersPage{Name: n.Name, Contact: n.Contact, Error: fault.Of(err).Message})
	}
	return s.goBack(c, "/admin/subscribers/"+x.ID, err, x.Name+" is a subscriber now. Give it a rule.")
}

// subscriberPage is what the template "admin_subscriber" shows.
type subscriberPage struct {
	adminLayout
	Subscriber subscriberView
	States     []feed.SubscriberState
	Rules      []feed.Rule
	Changes    []feed.Change
	By         func(by string) string
}

func (s *Server) subscriber(c echo.Context) error {
	p := subscriberPage{adminLayout: s.adminLayout(c, "Subscriber"), States: []feed.SubscriberState{feed.Active, feed.Paused, feed.Ended}}
	p.Tabs = here(p.Tabs, "/admin/subscribers")
	var err error
	if p.By, err = s.namesOf(c.Request().Context()); err != nil {
		return err
	}
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		x, err := feed.GetSubscriber(tx, c.Param("id"))
		if err != nil {
			return err
		}
		if p.Subscriber, err = viewSubscriber(tx, x); err != nil {
			return err
		}
		if p.Rules, err = feed.RulesOf(tx, x.ID); err != nil {
			return err
		}
		p.Changes, err = feed.Changes(tx, x.ID, 50)
		return err
	})
	if err != nil {
		return err
	}
	p.Title = p.Subscriber.Name
	return s.page(c, http.StatusOK, "admin_subscriber", p)
}

// reviseSubscriber takes what a subscriber's page says.
func (s *Server) reviseSubscriber(c echo.Context) error {
	n := feed.NewSubscriber{Name: c.FormValue("name"), Contact: c.FormValue("contact"), State: feed.SubscriberState(c.FormValue("state"))}
	_, err := s.Book.ChangeSubscriber(c.Request().Context(), string(s.judge(c)), c.Param("id"), n)
	return s.goBack(c, "/admin/subscribers/"+c.Param("id"), err, "Saved.")
}

// deliveriesPage is what the template "admin_deliveries" shows.
type deliveriesPage struct {
	adminLayout
	Query       deliver.Query
	States      []deliver.State
	Subscribers []feed.Subscriber
	Deliveries  []deliveryView
	Next        string // address of the next page; "" at the end
}

// deliveryView is a delivery with what it names.
type deliveryView struct {
	deliver.Delivery
	Of       picture.Picture
	To       string
	RuleName map[string]string
}

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
	p := deliveriesPage{adminLayout: s.adminLayout(c, "Deliveries"), States: deliver.States(),
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
	names := map[string]string{}
	for _, x := range p.Subscribers {
		names[x.ID] = x.Name
	}
	page, next, err := deliver.List(tx, p.Query)
	if err != nil {
		return "", err
	}
	for _, d := range page {
		v := deliveryView{Delivery: d, To: names[d.Subscriber]}
		if v.Of, err = picture.Get(tx, d.Picture); err != nil {
			return "", err
		}
		if v.RuleName, err = feed.RuleNames(tx, d.Rules); err != nil {
			return "", err
		}
		p.Deliveries = append(p.Deliveries, v)
	}
	return next, nil
}
