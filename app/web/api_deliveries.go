package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/deliver"
	"oneframe/app/deliver/send"
	"oneframe/app/feed"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// deliveryJSON is a delivery as the API tells it.
type deliveryJSON struct {
	ID         string     `json:"id"`
	Picture    string     `json:"picture"`
	Subscriber string     `json:"subscriber"`
	Kind       string     `json:"kind"`
	Version    int        `json:"version"`
	State      string     `json:"state"`
	Priority   int        `json:"priority"`
	Attempts   int        `json:"attempts"`
	QueuedAt   *time.Time `json:"queued_at"`
	NextAt     *time.Time `json:"next_at"`
	ReleaseAt  *time.Time `json:"release_at"`
	SentAt     *time.Time `json:"sent_at"`
	Bytes      int64      `json:"bytes"`
	Remote     *string    `json:"remote"`
	Error      *string    `json:"error"`
	Failed     *string    `json:"failed"`
	Rules      []string   `json:"rules"`
}

func tellDelivery(d deliver.Delivery) deliveryJSON {
	return deliveryJSON{d.ID, string(d.Picture), d.Subscriber, string(d.Kind), d.Version, string(d.State), d.Priority, d.Attempts,
		stamp(d.QueuedAt), stamp(d.NextAt), stamp(d.ReleaseAt), stamp(d.SentAt), d.Bytes, orNull(d.Remote), orNull(d.Error), orNull(d.Failed), d.Rules}
}

func (s *Server) listDeliveries(c echo.Context) error {
	limit, err := number(c, "limit", 1, 500, 50)
	if err != nil {
		return err
	}
	var all []deliver.Delivery
	next := ""
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		all, next, err = deliver.List(tx, deliver.Query{Subscriber: c.QueryParam("subscriber"), Picture: picture.ID(c.QueryParam("picture")),
			State: deliver.State(c.QueryParam("state")), Cursor: c.QueryParam("cursor"), Limit: limit})
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(tellAll(all, tellDelivery), next))
}

// demandBody asks for pictures to go to subscribers now: one picture, or several.
type demandBody struct {
	Picture     picture.ID   `json:"picture"`
	Pictures    []picture.ID `json:"pictures"`
	Subscribers []string     `json:"subscribers"`
}

func (s *Server) demandDeliveries(c echo.Context) error {
	var b demandBody
	if err := decode(c, &b, false); err != nil {
		return err
	}
	if b.Picture != "" {
		b.Pictures = append(b.Pictures, b.Picture)
	}
	all, err := s.Book.Demand(c.Request().Context(), string(s.judge(c)), b.Pictures, b.Subscribers)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, listOf(tellAll(all, tellDelivery), ""))
}

// tryJSON is one attempt to send a delivery, or to take it back.
type tryJSON struct {
	At      *time.Time `json:"at"`
	What    string     `json:"what"` // picture or recall
	Kind    string     `json:"kind"` // done, or how it failed
	Seconds float64    `json:"seconds"`
	Bytes   int64      `json:"bytes"`
	Message *string    `json:"message"`
	Answer  *string    `json:"answer"`
}

// recallJSON is a message that takes a delivery back.
type recallJSON struct {
	ID      string     `json:"id"`
	State   string     `json:"state"`
	Reason  string     `json:"reason"`
	Answer  *string    `json:"answer"`
	Error   *string    `json:"error"`
	AskedAt *time.Time `json:"asked_at"`
	DoneAt  *time.Time `json:"done_at"`
}

// wholeDeliveryJSON is a delivery with everything that happened to it.
type wholeDeliveryJSON struct {
	deliveryJSON
	Tries   []tryJSON    `json:"tries"`
	Recalls []recallJSON `json:"recalls"`
}

func tellTry(t deliver.Try) tryJSON {
	what := "picture"
	if t.Recall {
		what = "recall"
	}
	return tryJSON{stamp(t.At), what, t.Kind, seconds(t.Took), t.Bytes, orNull(t.Message), orNull(t.Answer)}
}

func (s *Server) getDelivery(c echo.Context) error {
	var told wholeDeliveryJSON
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		d, tries, recalls, err := deliver.Story(tx, c.Param("id"))
		told.deliveryJSON, told.Tries = tellDelivery(d), tellAll(tries, tellTry)
		told.Recalls = tellAll(recalls, func(r deliver.Recalling) recallJSON {
			return recallJSON{r.ID, r.State, r.Reason, orNull(r.Answer), orNull(r.Error), stamp(r.AskedAt), stamp(r.DoneAt)}
		})
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, told)
}

func (s *Server) retryDelivery(c echo.Context) error {
	var d deliver.Delivery
	err := s.DB.Write(c.Request().Context(), func(tx *store.Tx) (err error) {
		if err = deliver.Retry(tx, c.Param("id")); err == nil {
			d, err = deliver.Get(tx, c.Param("id"))
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, tellDelivery(d))
}

// retriedJSON says how many deliveries go again.
type retriedJSON struct {
	Retried int64 `json:"retried"`
}

func (s *Server) retrySubscriber(c echo.Context) error {
	n, err := s.Book.RetryDead(c.Request().Context(), string(s.judge(c)), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, retriedJSON{n})
}

func (s *Server) resumeSubscriber(c echo.Context) error {
	if err := s.Book.Resume(c.Request().Context(), string(s.judge(c)), c.Param("id")); err != nil {
		return err
	}
	return s.answerSubscriber(c, http.StatusOK, c.Param("id"))
}

// probeJSON is what came of a test.
type probeJSON struct {
	OK      bool    `json:"ok"`
	Seconds float64 `json:"seconds"`
	Bytes   int64   `json:"bytes"`
	Remote  *string `json:"remote"`
	Removed bool    `json:"removed"`
	Answer  *string `json:"answer"`
	Failed  *string `json:"failed"`
	Error   *string `json:"error"`
}

func (s *Server) probeSubscriber(c echo.Context) error {
	p, err := s.Sending.Probe(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	told := probeJSON{OK: p.Failure == nil, Seconds: seconds(p.Took), Bytes: p.Receipt.Bytes, Remote: orNull(p.Receipt.Remote), Removed: p.Removed, Answer: orNull(p.Receipt.Answer)}
	if f := p.Failure; f != nil {
		told.Answer, told.Failed, told.Error = orNull(f.Answer), orNull(string(f.Kind)), orNull(f.Message)
	}
	return c.JSON(http.StatusOK, told)
}

// insightJSON is how a subscriber's queue goes.
type insightJSON struct {
	Subscriber  string      `json:"subscriber"`
	Trouble     string      `json:"trouble"`
	Waiting     int         `json:"waiting"` // this and the next three count no further than 10,000
	Claimed     int         `json:"claimed"`
	Due         int         `json:"due"`
	Dead        int         `json:"dead"`
	OldestAt    *time.Time  `json:"oldest_at"`
	Behind      float64     `json:"behind"` // seconds
	LastError   *string     `json:"last_error"`
	BreakerOpen bool        `json:"breaker_open"`
	Sending     int         `json:"sending"`
	HeldBy      *string     `json:"held_by"` // why nothing is sent at the moment though something waits
	NextAt      *time.Time  `json:"next_at"` // when that is over, or is tried again
	Today       totalsJSON  `json:"today"`
	Latency     latencyJSON `json:"latency"` // of the last 24 hours
	Hours       []hourJSON  `json:"hours"`
}

// totalsJSON is what was counted in a stretch of time.
type totalsJSON struct {
	Sent     int64      `json:"sent"`
	Bytes    int64      `json:"bytes"`
	Recalled int64      `json:"recalled"`
	Failed   failedJSON `json:"failed"`
}

// failedJSON counts tries that failed, by how.
type failedJSON struct {
	Down     int64 `json:"down"`
	Busy     int64 `json:"busy"`
	Refused  int64 `json:"refused"`
	Hopeless int64 `json:"hopeless"`
	Ours     int64 `json:"ours"`
}

// latencyJSON is how long it took from a picture's arrival until it was sent, in seconds.
type latencyJSON struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
}

// hourJSON is one of the last 48 hours.
type hourJSON struct {
	Begin *time.Time `json:"begin"`
	totalsJSON
	Latency latencyJSON `json:"latency"`
}

func tellTotals(t deliver.Totals) totalsJSON {
	return totalsJSON{t.Sent, t.Bytes, t.Recalled, failedJSON{t.Failed[send.Down], t.Failed[send.Busy], t.Failed[send.Refused], t.Failed[send.Hopeless], t.Failed[send.Ours]}}
}

func tellLatency(t deliver.Totals) latencyJSON {
	return latencyJSON{seconds(t.Latency.Quantile(.5)), seconds(t.Latency.Quantile(.95))}
}

func (s *Server) getInsight(c echo.Context) error {
	var told insightJSON
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		x, err := feed.GetSubscriber(tx, c.Param("id"))
		if err != nil {
			return err
		}
		g, err := deliver.GlanceAt(tx, c.Param("id"))
		if err != nil {
			return err
		}
		hours, err := deliver.History(tx, g.Subscriber, 48)
		if err != nil {
			return err
		}
		live := s.Sending.Status(g.Subscriber)
		told = insightJSON{Subscriber: g.Subscriber, Trouble: string(s.viewSubscriber(x, g, tx.Now).Trouble), BreakerOpen: live.Down, Sending: live.Flying, HeldBy: orNull(live.Why), NextAt: stamp(live.Next),
			Waiting: g.Waiting, Claimed: g.Claimed, Due: g.Due, Dead: g.Dead,
			OldestAt: stamp(g.Oldest), Behind: seconds(g.Behind(tx.Now)), LastError: orNull(g.LastError), Today: tellTotals(g.Today), Latency: tellLatency(deliver.Sum(hours[24:]))}
		told.Hours = tellAll(hours, func(h deliver.Hour) hourJSON {
			return hourJSON{stamp(h.Begin), tellTotals(h.Totals), tellLatency(h.Totals)}
		})
		return nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, told)
}
