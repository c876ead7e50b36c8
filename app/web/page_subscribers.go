package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/deliver"
	"oneframe/app/fault"
	"oneframe/app/feed"
	"oneframe/app/store"
)

// subscribersPage is what the template "admin_subscribers" shows: those who need somebody
// first.
type subscribersPage struct {
	adminLayout
	Subscribers   []subscriberView
	Waiting       int    // over all of them
	More          bool   // of some not all were counted
	Sent          int64  // today
	Hour          int64  // sent in the last whole hour and this one
	Trouble, Dead int    // how many subscribers, how many deliveries
	Name, Contact string // what was entered, where it was refused
	Error         string
}

// subscriberView is a subscriber with how its queue stands.
type subscriberView struct {
	feed.Subscriber
	G       deliver.Glance
	Trouble deliver.Trouble
	Now     time.Time
	Live    deliver.Status
}

// Page is the subscriber's own address.
func (v subscriberView) Page() string { return "/admin/subscribers/" + v.ID }

// Queue is the address of its deliveries in a state.
func (v subscriberView) Queue(state string) string {
	return "/admin/deliveries?" + url.Values{"subscriber": {v.ID}, "state": {state}}.Encode()
}

// Behind is for how long the oldest picture has been on its way.
func (v subscriberView) Behind() time.Duration { return v.G.Behind(v.Now) }

// Where is the kind of its destination and the host, "" where it has none.
func (v subscriberView) Where() string {
	u, err := url.Parse(v.G.Destination.URL)
	if err != nil || v.G.Destination.URL == "" {
		return ""
	}
	if u.Scheme == "file" {
		return "folder " + u.Path
	}
	return kindOfScheme(u.Scheme) + " " + u.Host
}

// P95 is within how long 95 of 100 pictures of today were sent.
func (v subscriberView) P95() time.Duration { return v.G.Today.Latency.Quantile(.95) }

// Chip is how it goes in a word or two.
func (v subscriberView) Chip() string {
	switch v.Trouble {
	case deliver.Failed:
		return "stopped"
	case deliver.Nowhere:
		return "no destination"
	case deliver.Down:
		return "out of reach"
	case deliver.GaveUp:
		return "gave up"
	case deliver.Behind:
		return "behind"
	}
	switch {
	case v.State != feed.Active:
		return string(v.State)
	case !v.G.Directed:
		return "not set up"
	case v.Live.Why == deliver.WhyHours || v.Live.Why == deliver.WhyDay || v.Live.Why == deliver.WhyBusy:
		return "waits"
	case v.G.Queued() > 0:
		return "sending"
	}
	return "up to date"
}

// Tone is the chip's class.
func (v subscriberView) Tone() string {
	switch {
	case v.Trouble != deliver.Fine:
		return string(v.Trouble)
	case v.State != feed.Active:
		return string(v.State)
	}
	return "fine"
}

// Why says what the trouble is; text from the other side is shown as it came.
func (v subscriberView) Why() string {
	switch v.Trouble {
	case deliver.Failed:
		return v.G.Destination.Reason
	case deliver.Nowhere:
		return "Pictures wait, and there is nowhere to send them to."
	case deliver.Fine:
		return v.waits()
	case deliver.Behind:
		return cmp.Or(v.G.LastError, v.waits(), "More comes than it takes.")
	}
	return v.G.LastError
}

// waits says what holds a queue that is in no trouble, "" for nothing.
func (v subscriberView) waits() string {
	if v.State != feed.Active || v.G.Queued() == 0 {
		return ""
	}
	switch v.Live.Why {
	case deliver.WhyHours:
		return "Outside of its hours."
	case deliver.WhyDay:
		return "It got its pictures of the day."
	case deliver.WhyMinute:
		return "It gets no more pictures a minute."
	case deliver.WhyBusy:
		return cmp.Or(v.G.LastError, "It asked for patience.")
	}
	return ""
}

// rank is where it stands on the board.
func (v subscriberView) rank() int {
	at := slices.Index([]deliver.Trouble{deliver.Failed, deliver.Nowhere, deliver.Down, deliver.GaveUp, deliver.Behind}, v.Trouble)
	switch {
	case v.State == feed.Ended:
		return 9
	case at >= 0:
		return at
	case v.State == feed.Paused:
		return 7
	case v.G.Queued() > 0:
		return 5
	}
	return 6
}

// viewSubscriber puts together what is known. Who is paused, or wants no pictures at this
// hour, is in no trouble by waiting.
func (s *Server) viewSubscriber(x feed.Subscriber, g deliver.Glance, now time.Time) subscriberView {
	v := subscriberView{Subscriber: x, G: g, Now: now, Live: s.Sending.Status(x.ID)}
	v.Trouble = g.Trouble(now, v.Live.Down)
	held := x.State != feed.Active || v.Live.Why == deliver.WhyHours || v.Live.Why == deliver.WhyDay
	if held && v.Trouble != deliver.Failed && v.Trouble != deliver.GaveUp {
		v.Trouble = deliver.Fine
	}
	return v
}

func (s *Server) subscribers(c echo.Context) error {
	return s.subscribersWith(c, http.StatusOK, subscribersPage{})
}

func (s *Server) subscribersWith(c echo.Context, status int, p subscribersPage) error {
	p.adminLayout = s.adminLayout(c, "Subscribers")
	p.Tabs = here(p.Tabs, "/admin/subscribers")
	if err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error { return s.fillBoard(tx, &p) }); err != nil {
		return err
	}
	return s.page(c, status, "admin_subscribers", p)
}

func (s *Server) fillBoard(tx *store.Tx, p *subscribersPage) error {
	all, err := feed.Subscribers(tx)
	if err != nil {
		return err
	}
	ids := make([]string, len(all))
	for i, x := range all {
		ids[i] = x.ID
	}
	glances, err := deliver.Glances(tx, ids, deliver.GlancesMost)
	if err != nil {
		return err
	}
	for i, x := range all {
		v := s.viewSubscriber(x, glances[i], tx.Now)
		p.Subscribers = append(p.Subscribers, v)
		p.Waiting, p.Sent, p.Dead = p.Waiting+v.G.Queued(), p.Sent+v.G.Today.Sent, p.Dead+v.G.Dead
		p.More = p.More || v.G.Waiting >= deliver.GlancesMost || v.G.Due >= deliver.GlancesMost
		if v.Trouble != deliver.Fine {
			p.Trouble++
		}
	}
	slices.SortStableFunc(p.Subscribers, func(a, b subscriberView) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(b.Behind(), a.Behind()), cmp.Compare(b.G.Queued(), a.G.Queued()),
			strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
	})
	hours, err := deliver.History(tx, "", 2)
	p.Hour = deliver.Sum(hours).Sent
	return err
}

func (s *Server) enterSubscriber(c echo.Context) error {
	n := feed.NewSubscriber{Name: c.FormValue("name"), Contact: c.FormValue("contact")}
	x, err := s.Book.AddSubscriber(c.Request().Context(), string(s.judge(c)), n)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return s.subscribersWith(c, http.StatusUnprocessableEntity, subscribersPage{Name: n.Name, Contact: n.Contact, Error: fault.Of(err).Message})
	}
	return s.goBack(c, "/admin/subscribers/"+x.ID, err, x.Name+" is a subscriber now. Say where its pictures go, and give it a rule.")
}
