package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/feed"
	"oneframe/app/feed/condition"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// ruleJSON is a rule as the API tells it.
type ruleJSON struct {
	ID         string            `json:"id"`
	Subscriber string            `json:"subscriber"`
	Name       string            `json:"name"`
	Text       string            `json:"text"`
	Clauses    condition.Clauses `json:"clauses"`
	Active     bool              `json:"active"`
	Priority   int               `json:"priority"`
	Problem    *string           `json:"problem"`
	Matches    int64             `json:"matches"`
	LastMatch  *time.Time        `json:"last_match"`
	CreatedAt  *time.Time        `json:"created_at"`
	ChangedAt  *time.Time        `json:"changed_at"`
}

func tellRule(r feed.Rule) ruleJSON {
	if r.Clauses == nil {
		r.Clauses = condition.Clauses{}
	}
	return ruleJSON{r.ID, r.Subscriber, r.Name, r.Text, r.Clauses, r.Active, r.Priority, orNull(r.Problem), r.Matches, stamp(r.LastMatch), stamp(r.Created), stamp(r.Changed)}
}

// ruleBody is a rule as it is sent: its text, or else its clauses.
type ruleBody struct {
	Name     string            `json:"name"`
	Text     string            `json:"text"`
	Clauses  condition.Clauses `json:"clauses"`
	Active   *bool             `json:"active"` // true where it is left out
	Priority int               `json:"priority"`
}

func (b ruleBody) draft() feed.Draft {
	return feed.Draft{Name: b.Name, Text: b.Text, Clauses: b.Clauses, Active: b.Active == nil || *b.Active, Priority: b.Priority}
}

func (s *Server) listRules(c echo.Context) error {
	var all []feed.Rule
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		if _, err = feed.GetSubscriber(tx, c.Param("id")); err == nil {
			all, err = feed.RulesOf(tx, c.Param("id"))
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(tellAll(all, tellRule), ""))
}

func (s *Server) addRule(c echo.Context) error {
	var b ruleBody
	if err := decode(c, &b, false); err != nil {
		return err
	}
	r, err := s.Book.AddRule(c.Request().Context(), string(s.judge(c)), c.Param("id"), b.draft())
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", s.base(c)+"/api/v1/subscribers/"+r.Subscriber+"/rules/"+r.ID)
	return c.JSON(http.StatusCreated, tellRule(r))
}

// rule gives the rule that the address names, with its subscriber.
func (s *Server) rule(c echo.Context) (r feed.Rule, err error) {
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		r, err = feed.GetRule(tx, c.Param("rule"))
		return err
	})
	if id := c.Param("id"); err == nil && id != "" && r.Subscriber != id {
		err = fault.New(fault.NotFound, "no_rule", "There is no such rule.")
	}
	return r, err
}

func (s *Server) getRule(c echo.Context) error {
	r, err := s.rule(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, tellRule(r))
}

func (s *Server) changeRule(c echo.Context) error {
	var b ruleBody
	if err := decode(c, &b, false); err != nil {
		return err
	}
	r, err := s.rule(c)
	if err != nil {
		return err
	}
	if r, err = s.Book.ChangeRule(c.Request().Context(), string(s.judge(c)), r.ID, b.draft()); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, tellRule(r))
}

func (s *Server) removeRule(c echo.Context) error {
	r, err := s.rule(c)
	if err != nil {
		return err
	}
	if err := s.Book.RemoveRule(c.Request().Context(), string(s.judge(c)), r.ID); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// search reads what rules a query asks for.
func search(c echo.Context) (q feed.Search, err error) {
	q = feed.Search{Subscriber: c.QueryParam("subscriber"), Field: condition.Field(c.QueryParam("field")), Op: condition.Op(c.QueryParam("op")),
		Value: c.QueryParam("value"), Text: c.QueryParam("q"), Aside: c.QueryParam("aside") == "true", Cursor: c.QueryParam("cursor")}
	if q.Limit, err = number(c, "limit", 1, 500, 50); err != nil {
		return q, err
	}
	q.Before, err = since(c.QueryParam("unmatched_since"))
	return q, err
}

func (s *Server) searchRules(c echo.Context) error {
	q, err := search(c)
	if err != nil {
		return err
	}
	var all []feed.Rule
	next := ""
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		all, next, err = feed.Rules(tx, q)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(tellAll(all, tellRule), next))
}

// readJSON is a rule in both its forms.
type readJSON struct {
	Text    string            `json:"text"`
	Clauses condition.Clauses `json:"clauses"`
}

// readRule turns text into clauses, or clauses into text.
func (s *Server) readRule(c echo.Context) error {
	var b readJSON
	if err := decode(c, &b, false); err != nil {
		return err
	}
	text, clauses, err := feed.Read(b.Text, b.Clauses)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, readJSON{text, clauses})
}

// triedJSON is what a rule would have matched.
type triedJSON struct {
	readJSON
	Since   *time.Time  `json:"since"`
	Looked  int         `json:"looked"`
	All     bool        `json:"all"`
	Matched int         `json:"matched"`
	PerDay  float64     `json:"per_day"`
	Items   []foundJSON `json:"items"`
	Others  []foundJSON `json:"others"` // a few that it does not match
}

type foundJSON struct {
	Picture    string             `json:"picture"`
	Caption    string             `json:"caption"`
	ThumbURL   *string            `json:"thumb_url"`
	ReceivedAt *time.Time         `json:"received_at"`
	Why        string             `json:"why"`
	Reasons    []condition.Reason `json:"reasons"`
}

// trySpan is how far back a trial looks where nothing is said.
const trySpan = 7 * 24 * time.Hour

func (s *Server) tryRule(c echo.Context) error {
	var b struct {
		Rule    string            `json:"rule"`
		Clauses condition.Clauses `json:"clauses"`
		Since   string            `json:"since"`
	}
	if err := decode(c, &b, false); err != nil {
		return err
	}
	from, err := since(b.Since)
	if err != nil {
		return err
	}
	if from.IsZero() {
		from = s.DB.Now().Add(-trySpan)
	}
	t, err := s.Feed.Try(c.Request().Context(), b.Rule, b.Clauses, from)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, s.tellTried(c, t))
}

func (s *Server) tellTried(c echo.Context, t feed.Tried) triedJSON {
	tell := func(f feed.Found) foundJSON {
		thumb := pictureURL(f.Picture.Thumb)
		if thumb != "" {
			thumb = s.base(c) + thumb
		}
		return foundJSON{string(f.Picture.ID), captionOf(f.Picture), orNull(thumb), stamp(f.Picture.ReceivedAt), f.Why.Summary, f.Why.Reasons}
	}
	return triedJSON{readJSON{t.Text, t.Clauses}, stamp(t.Since), t.Looked, t.All, t.Matched, t.PerDay, tellAll(t.Found, tell), tellAll(t.Others, tell)}
}

// captionOf is what a picture is called in a list: its sender's file name, or who is in it.
func captionOf(p picture.Picture) string {
	switch {
	case p.FileName != "":
		return p.FileName
	case p.Name != "":
		return p.Name
	}
	return "picture " + string(p.ID[:min(8, len(p.ID))])
}

// renamedJSON is a rule before and after a renaming.
type renamedJSON struct {
	Rule       string `json:"rule"`
	Subscriber string `json:"subscriber"`
	Before     string `json:"before"`
	After      string `json:"after"`
}

func (s *Server) renameValue(c echo.Context) error {
	var b struct {
		Field   condition.Field `json:"field"`
		From    string          `json:"from"`
		To      string          `json:"to"`
		Preview bool            `json:"preview"`
	}
	if err := decode(c, &b, false); err != nil {
		return err
	}
	all, err := s.Book.Rename(c.Request().Context(), string(s.judge(c)), b.Field, b.From, b.To, b.Preview)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(tellAll(all, func(r feed.Renamed) renamedJSON {
		return renamedJSON{r.Rule.ID, r.Rule.Subscriber, r.Before, r.After}
	}), ""))
}

// findingsJSON are the rules that want looking at.
type findingsJSON struct {
	Looked  int           `json:"looked"`
	Aside   []ruleJSON    `json:"set_aside"`
	Never   []ruleJSON    `json:"never_matched"`
	All     []ruleJSON    `json:"match_everything"`
	Covered []coveredJSON `json:"covered"`
}

type coveredJSON struct {
	Rule ruleJSON `json:"rule"`
	By   ruleJSON `json:"by"`
}

func (s *Server) findRules(c echo.Context) error {
	f, err := s.Feed.Find(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, findingsJSON{f.Looked, tellAll(f.Aside, tellRule), tellAll(f.Never, tellRule), tellAll(f.All, tellRule),
		tellAll(f.Covered, func(x feed.Covered) coveredJSON { return coveredJSON{tellRule(x.Rule), tellRule(x.By)} })})
}

// explainRule says why a rule matches a picture, or why not.
func (s *Server) explainRule(c echo.Context) error {
	x, err := s.Feed.Explain(c.Request().Context(), c.Param("rule"), picture.ID(c.QueryParam("picture")))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, x)
}
