package web

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/feed"
	"oneframe/app/feed/condition"
	"oneframe/app/store"
)

// rulePage is what the template "admin_rule" shows: one rule, new or not, as it is written.
type rulePage struct {
	adminLayout
	Subscriber feed.Subscriber
	ID         string // "" of a new one
	Draft      feed.Draft
	Rule       feed.Rule // zero of a new one
	Changes    []feed.Change
	By         func(by string) string
	Error      string
}

// Action is where the form goes.
func (p rulePage) Action() string {
	if p.ID == "" {
		return "/admin/subscribers/" + p.Subscriber.ID + "/rules"
	}
	return "/admin/subscribers/" + p.Subscriber.ID + "/rules/" + p.ID
}

func (s *Server) newRule(c echo.Context) error {
	return s.ruleWith(c, http.StatusOK, rulePage{Draft: feed.Draft{Active: true}})
}

func (s *Server) oneRule(c echo.Context) error {
	r, err := s.rule(c)
	if err != nil {
		return err
	}
	return s.ruleWith(c, http.StatusOK, rulePage{ID: r.ID, Draft: feed.Draft{Name: r.Name, Text: r.Text, Active: r.Active, Priority: r.Priority}})
}

// ruleWith shows the editor, with what p has to say.
func (s *Server) ruleWith(c echo.Context, status int, p rulePage) (err error) {
	p.adminLayout = s.adminLayout(c, "Rule")
	if p.By, err = s.namesOf(c.Request().Context()); err != nil {
		return err
	}
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		if p.Subscriber, err = feed.GetSubscriber(tx, c.Param("id")); err != nil || p.ID == "" {
			return err
		}
		if p.Rule, err = feed.GetRule(tx, p.ID); err != nil {
			return err
		}
		p.Changes, err = feed.RuleChanges(tx, p.ID, 50)
		return err
	})
	if err != nil {
		return err
	}
	return s.page(c, status, "admin_rule", p)
}

// writtenRule reads the editor's form.
func writtenRule(c echo.Context) feed.Draft {
	n, err := strconv.Atoi(c.FormValue("priority"))
	if err != nil && c.FormValue("priority") != "" {
		n = -1 // which the room refuses, in words
	}
	return feed.Draft{Name: c.FormValue("name"), Text: c.FormValue("text"), Active: c.FormValue("active") == "true", Priority: n}
}

func (s *Server) saveRule(c echo.Context) error {
	d, by, id := writtenRule(c), string(s.judge(c)), c.Param("rule")
	var err error
	if id == "" {
		_, err = s.Book.AddRule(c.Request().Context(), by, c.Param("id"), d)
	} else if _, err = s.rule(c); err == nil {
		_, err = s.Book.ChangeRule(c.Request().Context(), by, id, d)
	}
	if fault.Is(err, fault.Invalid) {
		return s.ruleWith(c, http.StatusUnprocessableEntity, rulePage{ID: id, Draft: d, Error: fault.Of(err).Message})
	}
	return s.goBack(c, "/admin/subscribers/"+c.Param("id"), err, "The rule is saved. It counts from the next picture on.")
}

func (s *Server) dropRule(c echo.Context) error {
	r, err := s.rule(c)
	if err == nil {
		err = s.Book.RemoveRule(c.Request().Context(), string(s.judge(c)), r.ID)
	}
	return s.goBack(c, "/admin/subscribers/"+c.Param("id"), err, "The rule is removed.")
}

// rulesPage is what the template "admin_rules" shows.
type rulesPage struct {
	adminLayout
	Search      feed.Search
	Since       string // of the search, as it was entered
	Fields      []condition.Info
	Ops         []condition.Op
	Subscribers []feed.Subscriber
	Names       map[string]string // of subscribers, by id
	Rules       []feed.Rule
	Next        string // address of the next page; "" at the end
	Rename      renameForm
	Findings    *feed.Findings // where they were asked for
	Error       string
}

// Asked reports whether some rules are looked for, and not all.
func (p rulesPage) Asked() bool { return p.Search != feed.Search{} }

// renameForm is what is to be renamed, and in which rules.
type renameForm struct {
	Field    condition.Field
	From, To string
	Asked    bool
	Rules    []feed.Renamed
}

// allOps lists every operator once.
func allOps() []condition.Op {
	return []condition.Op{condition.Is, condition.In, condition.Has, condition.HasAny, condition.HasAll, condition.Starts, condition.Contains, condition.Less,
		condition.AtMost, condition.More, condition.AtLeast, condition.Between, condition.Newer, condition.Within, condition.Present, condition.Missing}
}

// rules searches the rules of all subscribers.
func (s *Server) rules(c echo.Context) error {
	p := rulesPage{Since: c.QueryParam("unmatched_since")}
	q, err := search(c)
	p.Search = q
	if fault.Is(err, fault.Invalid) {
		p.Error, err = fault.Of(err).Message, nil
	}
	if err != nil {
		return err
	}
	if c.QueryParam("look") == "findings" {
		f, err := s.Feed.Find(c.Request().Context())
		if err != nil {
			return err
		}
		p.Findings = &f
	}
	return s.rulesWith(c, http.StatusOK, p)
}

func (s *Server) rulesWith(c echo.Context, status int, p rulesPage) error {
	p.adminLayout = s.adminLayout(c, "Rules")
	p.Fields, p.Ops, p.Names = condition.Fields(), allOps(), map[string]string{}
	next := ""
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		if p.Subscribers, err = feed.Subscribers(tx); err != nil {
			return err
		}
		for _, x := range p.Subscribers {
			p.Names[x.ID] = x.Name
		}
		p.Rules, next, err = feed.Rules(tx, p.Search)
		return err
	})
	if err != nil {
		return err
	}
	if next != "" {
		q := c.QueryParams()
		q.Set("cursor", next)
		p.Next = "/admin/rules?" + url.Values(q).Encode()
	}
	return s.page(c, status, "admin_rules", p)
}

// renameEverywhere shows what renaming a value would change, and with do=true changes it.
func (s *Server) renameEverywhere(c echo.Context) error {
	f := renameForm{Field: condition.Field(c.FormValue("field")), From: c.FormValue("from"), To: c.FormValue("to"), Asked: true}
	do := c.FormValue("do") == "true"
	all, err := s.Book.Rename(c.Request().Context(), string(s.judge(c)), f.Field, f.From, f.To, !do)
	if fault.Is(err, fault.Invalid) {
		f.Asked = false
		return s.rulesWith(c, http.StatusUnprocessableEntity, rulesPage{Rename: f, Error: fault.Of(err).Message})
	}
	if do || err != nil {
		return s.goBack(c, "/admin/rules", err, plural(len(all), "rule", "rules")+" changed.")
	}
	f.Rules = all
	return s.rulesWith(c, http.StatusOK, rulesPage{Rename: f})
}
