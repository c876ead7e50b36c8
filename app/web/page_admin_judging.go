package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// judgingAdminPage is what the template "admin_judging" shows.
type judgingAdminPage struct {
	adminLayout
	Days      int
	Ranges    []tab
	Figures   moderation.Figures
	Hour      int           // judgments of the last 60 minutes, gold apart
	Waits     time.Duration // the oldest frame that waits for judgments; 0 for none
	Undecided time.Duration // the oldest for a moderator; 0 for none
	Doubts    int
	Waiting   lineChart
	Judgments barChart
	Shares    shareChart
}

// doubtsMax is how many doubts are listed.
const doubtsMax = 200

// judgingAdmin shows how judging goes: ?days= is how far back, 1, 7 or 30.
func (s *Server) judgingAdmin(c echo.Context) error {
	p := judgingAdminPage{adminLayout: s.adminLayout(c, "Judging"), Days: 7}
	if text := c.QueryParam("days"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n != 1 && n != 7 && n != 30 {
			return fault.New(fault.Invalid, "bad_days", "days is 1, 7 or 30.")
		}
		p.Days = n
	}
	p.Ranges = here([]tab{{Name: "A day", URL: "?days=1"}, {Name: "A week", URL: "?days=7"}, {Name: "A month", URL: "?days=30"}}, "?days="+strconv.Itoa(p.Days))
	if err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error { return fillJudging(tx, &p) }); err != nil {
		return err
	}
	return s.page(c, http.StatusOK, "admin_judging", p)
}

func fillJudging(tx *store.Tx, p *judgingAdminPage) (err error) {
	if p.Figures, err = moderation.Stats(tx); err != nil {
		return err
	}
	if p.Waits, err = longest(tx, picture.Waiting); err != nil {
		return err
	}
	if p.Undecided, err = longest(tx, picture.Undecided); err != nil {
		return err
	}
	doubts, err := moderation.Doubts(tx, doubtsMax)
	if err != nil {
		return err
	}
	p.Doubts = len(doubts)
	from := tx.Now.Add(-time.Duration(p.Days) * 24 * time.Hour)
	hours, err := moderation.Hours(tx, from.Truncate(time.Hour), tx.Now.Add(time.Millisecond))
	if err != nil {
		return err
	}
	recent, err := moderation.Hours(tx, tx.Now.Add(-time.Hour), tx.Now.Add(time.Millisecond))
	if err != nil {
		return err
	}
	for _, h := range recent {
		p.Hour += h.Judgments
	}
	p.Judgments = hourly(hours, from, tx.Now, p.Days)
	depths, err := moderation.Depths(tx, from, tx.Now.Add(time.Millisecond))
	if err != nil {
		return err
	}
	depths = append(depths, moderation.Depth{At: tx.Now, Waiting: p.Figures.Waiting, Undecided: p.Figures.Undecided})
	p.Waiting = overTime(depths, from, tx.Now)
	shares, err := moderation.Shares(tx)
	p.Shares = shareOut(shares)
	return err
}

// longest is how long the oldest frame in the state has waited; 0 where there is none.
func longest(tx *store.Tx, state picture.State) (time.Duration, error) {
	all, _, err := picture.List(tx, picture.Query{Kind: picture.Frames, States: []picture.State{state}, Sort: "oldest", Limit: 1})
	if err != nil || len(all) == 0 {
		return 0, err
	}
	return tx.Now.Sub(all[0].ReceivedAt), nil
}

// judgesPage is what the template "admin_judges" shows.
type judgesPage struct {
	adminLayout
	Judges []moderation.Profile
	Name   func(by string) string
	Next   string
}

func (s *Server) judgesList(c echo.Context) error {
	p := judgesPage{adminLayout: s.adminLayout(c, "Judges")}
	ctx := c.Request().Context()
	var err error
	if p.Name, err = s.namesOf(ctx); err != nil {
		return err
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		p.Judges, p.Next, err = s.Desk.Judges(tx, c.QueryParam("cursor"), 50)
		return err
	})
	if err != nil {
		return err
	}
	return s.page(c, http.StatusOK, "admin_judges", p)
}

// auditPage is what the template "admin_audit" shows.
type auditPage struct {
	adminLayout
	Acts []moderation.Act
	Name func(by string) string
	By   string
	Next int64 // the line before which the next page begins; 0 at the end
}

const actsAtOnce = 100

func (s *Server) audit(c echo.Context) error {
	p := auditPage{adminLayout: s.adminLayout(c, "Audit"), By: c.QueryParam("by")}
	before, err := strconv.ParseInt("0"+c.QueryParam("before"), 10, 64)
	if err != nil {
		return fault.New(fault.Invalid, "bad_cursor", "That page of the audit is not one of ours.")
	}
	ctx := c.Request().Context()
	if p.Name, err = s.namesOf(ctx); err != nil {
		return err
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		p.Acts, err = moderation.Audit(tx, moderation.Judge(p.By), before, actsAtOnce)
		return err
	})
	if err != nil {
		return err
	}
	if n := len(p.Acts); n == actsAtOnce {
		p.Next = p.Acts[n-1].Seq
	}
	return s.page(c, http.StatusOK, "admin_audit", p)
}
