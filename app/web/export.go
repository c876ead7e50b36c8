package web

import (
	"encoding/csv"
	"errors"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// inert makes a cell that no spreadsheet takes for a formula: a leading apostrophe
// before =, +, -, @, tab and carriage return (OWASP, "CSV Injection").
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n|", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// table is a CSV file that is being sent.
type table struct {
	w   *csv.Writer
	err error
}

func (t *table) row(cells ...string) {
	for i := range cells {
		cells[i] = inert(cells[i])
	}
	if t.err == nil {
		t.err = t.w.Write(cells)
	}
}

// export sends a CSV file (RFC 4180, UTF-8). It is written to the disk first: a slow
// receiver holds no transaction open, and what fails half way is an error, not a file
// that looks whole.
func (s *Server) export(c echo.Context, name string, fill func(t *table, tx *store.Tx, who func(string) string) error) error {
	ctx := c.Request().Context()
	who, err := s.namesOf(ctx)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(s.Importer.Incoming, "export-*.part")
	if err != nil {
		return fault.Disk(err)
	}
	defer func() {
		_ = f.Close() // nothing of it is needed any more
		_ = os.Remove(f.Name())
	}()
	t := &table{w: csv.NewWriter(f)}
	t.w.UseCRLF = true
	if err := s.DB.Read(ctx, func(tx *store.Tx) error { return fill(t, tx, who) }); err != nil {
		return fault.Disk(err)
	}
	t.w.Flush()
	if err := errors.Join(t.err, t.w.Error()); err != nil {
		return fault.Disk(err)
	}
	h := c.Response().Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, f)
	return nil
}

func (s *Server) exportFrames(c echo.Context) error {
	f, _, err := readFilter(c)
	if err != nil {
		return err
	}
	return s.export(c, "frames", func(t *table, tx *store.Tx, _ func(string) string) error {
		t.row("frame", "clip", "slot", "name", "state", "reason", "score", "judgments", "wanted", "confidence", "gold", "received", "settled")
		return s.eachItem(tx, f, func(i moderation.Item) error {
			t.row(string(i.ID), i.Slot.Clip, strconv.Itoa(i.Slot.Number), i.Name, string(i.State), i.Reason, decimal(i.Score), strconv.Itoa(i.Given),
				strconv.Itoa(i.Wanted), decimal(i.Confidence), strconv.FormatBool(i.Gold), rfc(i.ReceivedAt), rfc(i.SettledAt))
			return t.err
		})
	})
}

func (s *Server) exportJudgments(c echo.Context) error {
	f, _, err := readFilter(c)
	if err != nil {
		return err
	}
	return s.export(c, "judgments", func(t *table, tx *store.Tx, who func(string) string) error {
		t.row("frame", "judge", "name", "nudity", "trying", "likeness", "at")
		return s.eachItem(tx, f, func(i moderation.Item) error {
			all, err := moderation.JudgmentsOf(tx, i.ID)
			for _, g := range all {
				t.row(string(g.Frame), string(g.Judge), who(string(g.Judge)), strconv.FormatBool(g.Nudity), strconv.FormatBool(g.Trying), strconv.Itoa(g.Likeness), rfc(g.At))
			}
			if err != nil {
				return err
			}
			return t.err
		})
	})
}

// eachItem goes through all pages of the desk.
func (s *Server) eachItem(tx *store.Tx, f moderation.Filter, do func(moderation.Item) error) error {
	f.Limit, f.Cursor = 500, ""
	if len(f.States) == 0 {
		f.States = []picture.State{picture.Waiting, picture.Accepted, picture.Rejected, picture.Undecided}
	}
	for {
		page, next, err := s.Desk.Frames(tx, f)
		if err != nil {
			return err
		}
		for _, i := range page {
			if err := do(i); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		f.Cursor = next
	}
}

func (s *Server) exportJudges(c echo.Context) error {
	return s.export(c, "judges", func(t *table, tx *store.Tx, who func(string) string) error {
		t.row("judge", "name", "judgments", "gold_seen", "gold_right", "trust", "counts", "seconds_per_answer", "agreed", "settled", "likeness", "estimate", "first", "last")
		for cursor := ""; ; {
			page, next, err := s.Desk.Judges(tx, cursor, 500)
			if err != nil {
				return err
			}
			for _, p := range page {
				t.row(string(p.Judge), who(string(p.Judge)), strconv.Itoa(p.Judgments), strconv.Itoa(p.GoldSeen), strconv.Itoa(p.GoldRight), decimal(p.Trust),
					strconv.FormatBool(p.Counts), decimal(p.Pace.Seconds()), strconv.Itoa(p.Agreed), strconv.Itoa(p.Settled), decimal(p.Likeness), decimal(p.Estimate), rfc(p.First), rfc(p.Last))
			}
			if next == "" || t.err != nil {
				return t.err
			}
			cursor = next
		}
	})
}

func (s *Server) exportAudit(c echo.Context) error {
	return s.export(c, "audit", func(t *table, tx *store.Tx, who func(string) string) error {
		t.row("line", "at", "who", "name", "what", "subject", "detail")
		for before := int64(0); ; {
			page, err := moderation.Audit(tx, "", before, 500)
			if err != nil || len(page) == 0 {
				return err
			}
			for _, a := range page {
				t.row(strconv.FormatInt(a.Seq, 10), rfc(a.At), string(a.By), who(string(a.By)), a.Action, a.Subject, a.Detail)
				before = a.Seq
			}
			if t.err != nil {
				return t.err
			}
		}
	})
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', 3, 64) }

// rfc writes a time as RFC 3339, "" for none.
func rfc(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
