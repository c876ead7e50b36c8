package web

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/deliver"
	"oneframe/app/feed"
	"oneframe/app/store"
)

// subscriberJSON is a subscriber as the API tells it. What is about the destination is
// null, false or none where there is no destination yet.
type subscriberJSON struct {
	ID               string          `json:"id"`
	Name             string          `json:"name"`
	Contact          string          `json:"contact"`
	State            string          `json:"state"`
	Rules            int             `json:"rules"`
	Destination      *string         `json:"destination"`
	HasSecret        bool            `json:"has_secret"`
	HostKey          *string         `json:"host_key"`
	Style            *string         `json:"style"`
	MayDelete        bool            `json:"may_delete"`
	Rendition        json.RawMessage `json:"rendition"`
	Limits           *limitsJSON     `json:"limits"`
	DestinationState string          `json:"destination_state"` // none, open or failed
	Reason           *string         `json:"reason"`
	FailedAt         *time.Time      `json:"failed_at"`
	CreatedAt        *time.Time      `json:"created_at"`
	ChangedAt        *time.Time      `json:"changed_at"`
}

// limitsJSON are the limits, each of them said.
type limitsJSON struct {
	PerMinute      int             `json:"per_minute"`
	Connections    int             `json:"connections"`
	BytesPerSecond int64           `json:"bytes_per_second"`
	PerDay         int             `json:"per_day"`
	Hours          []deliver.Hours `json:"hours"`
	Zone           string          `json:"zone"`
}

func tellLimits(l deliver.Limits) *limitsJSON {
	j := limitsJSON(l)
	if j.Hours == nil {
		j.Hours = []deliver.Hours{}
	}
	return &j
}

func tellSubscriber(x feed.Subscriber, d deliver.Destination) subscriberJSON {
	j := subscriberJSON{ID: x.ID, Name: x.Name, Contact: x.Contact, State: string(x.State), Rules: x.Rules, DestinationState: "none",
		CreatedAt: stamp(x.Created), ChangedAt: stamp(x.Changed)}
	if d.URL == "" {
		return j
	}
	j.Destination, j.HasSecret, j.HostKey, j.Style, j.MayDelete = &d.URL, d.HasSecret, orNull(d.HostKey), &d.Style, d.MayDelete
	j.Rendition, j.Limits, j.Reason, j.FailedAt = d.Made, tellLimits(d.Limits), orNull(d.Reason), stamp(d.FailedAt)
	j.DestinationState = "open"
	if d.Failed {
		j.DestinationState = "failed"
	}
	return j
}

// subscriberBody is what a client says of a subscriber; what it leaves out stays as it
// is. A secret goes one way only.
type subscriberBody struct {
	Name          *string               `json:"name"`
	Contact       *string               `json:"contact"`
	State         *feed.SubscriberState `json:"state"`
	Destination   *string               `json:"destination"`
	Secret        string                `json:"secret"`
	ForgetSecret  bool                  `json:"forget_secret"`
	ForgetHostKey bool                  `json:"forget_host_key"`
	Style         *string               `json:"style"`
	MayDelete     *bool                 `json:"may_delete"`
	Rendition     json.RawMessage       `json:"rendition"`
	Limits        *deliver.Limits       `json:"limits"`
}

func (b subscriberBody) destination() deliver.NewDestination {
	return deliver.NewDestination{URL: b.Destination, Secret: b.Secret, NoSecret: b.ForgetSecret, NoHostKey: b.ForgetHostKey,
		Style: b.Style, MayDelete: b.MayDelete, Made: b.made(), Limits: b.Limits}
}

// made is the order for the pictures; the names of the site's own renditions are short
// for as large as these are.
func (b subscriberBody) made() json.RawMessage {
	switch string(b.Rendition) {
	case "null":
		return nil
	case `"original"`:
		return json.RawMessage(`{}`)
	case `"large"`:
		return json.RawMessage(`{"longest":1280}`)
	case `"medium"`:
		return json.RawMessage(`{"longest":640}`)
	case `"thumb"`:
		return json.RawMessage(`{"longest":160}`)
	}
	return b.Rendition
}

// whole fills what a new subscriber, or one that is put, must say.
func (b subscriberBody) whole() (n feed.NewSubscriber) {
	if b.Name != nil {
		n.Name = *b.Name
	}
	if b.Contact != nil {
		n.Contact = *b.Contact
	}
	if b.State != nil {
		n.State = *b.State
	}
	return n
}

func (s *Server) listSubscribers(c echo.Context) error {
	told := []subscriberJSON{}
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		all, err := feed.Subscribers(tx)
		if err != nil {
			return err
		}
		places, err := deliver.Destinations(tx)
		for _, x := range all {
			told = append(told, tellSubscriber(x, places[x.ID]))
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(told, ""))
}

func (s *Server) addSubscriber(c echo.Context) error {
	var b subscriberBody
	if err := decode(c, &b, false); err != nil {
		return err
	}
	x, err := s.Book.Subscribe(c.Request().Context(), string(s.judge(c)), b.whole(), b.destination())
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", s.base(c)+"/api/v1/subscribers/"+x.ID)
	return s.answerSubscriber(c, http.StatusCreated, x.ID)
}

func (s *Server) getSubscriber(c echo.Context) error {
	return s.answerSubscriber(c, http.StatusOK, c.Param("id"))
}

func (s *Server) answerSubscriber(c echo.Context, status int, id string) error {
	var told subscriberJSON
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		x, err := feed.GetSubscriber(tx, id)
		if err != nil {
			return err
		}
		d, _, err := deliver.GetDestination(tx, id)
		told = tellSubscriber(x, d)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(status, told)
}

// changeSubscriber sets a subscriber's name, contact and state; what is left out of its
// destination stays.
func (s *Server) changeSubscriber(c echo.Context) error {
	var b subscriberBody
	if err := decode(c, &b, false); err != nil {
		return err
	}
	n := b.whole()
	return s.revised(c, feed.Revision{Name: &n.Name, Contact: &n.Contact, State: &n.State, Destination: b.destination()})
}

// patchSubscriber changes what it is told, and nothing else.
func (s *Server) patchSubscriber(c echo.Context) error {
	var b subscriberBody
	if err := decode(c, &b, false); err != nil {
		return err
	}
	return s.revised(c, feed.Revision{Name: b.Name, Contact: b.Contact, State: b.State, Destination: b.destination()})
}

func (s *Server) revised(c echo.Context, r feed.Revision) error {
	if _, err := s.Book.Revise(c.Request().Context(), string(s.judge(c)), c.Param("id"), r); err != nil {
		return err
	}
	return s.answerSubscriber(c, http.StatusOK, c.Param("id"))
}
