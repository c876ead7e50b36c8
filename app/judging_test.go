package app

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// judgingVerbs are the words of the stories about judges.
func judgingVerbs() []verb {
	return []verb{
		says(`a judging link is made`, func(s *stage, _ []string) string { return s.makeLink(moderation.NewLink{}) }),
		says(`a judging link is made for (\d+) judges`, func(s *stage, w []string) string { return s.makeLink(moderation.NewLink{Judges: s.int(w[0])}) }),
		says(`a judging link is made for (\d+) judgments`, func(s *stage, w []string) string { return s.makeLink(moderation.NewLink{Judgments: s.int(w[0])}) }),
		says(`a judging link is made for (\d+) minutes`, func(s *stage, w []string) string {
			return s.makeLink(moderation.NewLink{Ends: s.clock.Now().Add(time.Duration(s.int(w[0])) * time.Minute)})
		}),
		says(`the judging link is revoked`, (*stage).revokeLink),
		says(`(\w+) opens the link`, (*stage).openLink),
		says(`(\w+)'s browser is known`, (*stage).browse),
		says(`volunteer (\w+) judges (\w+)'s frame: (nudity|nobody|trying)`, (*stage).volunteer),
		says(`(\w+)'s page holds (\w+)'s frame`, func(s *stage, w []string) string { return s.pageHolds(w[0], w[1]) }),
		says(`(\w+)'s page is empty`, func(s *stage, w []string) string { return s.pageHolds(w[0], "") }),
		says(`(\w+)'s pages of 18 hold one gold each`, (*stage).pagesHoldGold),
		says(`frames come from (\w+) to (\w+)`, (*stage).framesCome),
		says(`mia marks (\w+)'s frame as gold: (nudity|nobody|trying), since (.*)`, (*stage).markGold),
		says(`(\w+) is explained (\w+)'s frame`, (*stage).explained),
		says(`the desk does its work`, func(s *stage, _ []string) string { s.until(s.App.Desk.Step); return "" }),
		says(`(\w+)'s judgments (count|don't count)`, (*stage).counts),
		says(`(\w+)'s frame has (\d+) judgments of (\d+)`, (*stage).progress),
		says(`(\w+)'s frame is blurred for (\w+)`, (*stage).blurred),
		says(`the night passes`, (*stage).night),
		says(`the verdict on (\w+)'s frame is doubted`, (*stage).doubted),
		says(`no verdict is doubted`, func(s *stage, _ []string) string { return s.doubted([]string{""}) }),
		says(`mia (accept|reject)s all that waits(?:: (.*))?`, (*stage).settleAll),
		says(`the desk lists (.*)`, (*stage).deskLists),
		says(`the audit's last line is (.*)`, (*stage).audit),
		says(`(\w+)'s pictures can't be reached`, (*stage).unreachable),
		says(`(\w+)'s files are swept`, (*stage).swept),
		says(`nothing that is kept tells who sent (\w+)'s frame`, (*stage).nothingTells),
	}
}

func (s *stage) int(text string) int {
	s.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		s.Fatal(err)
	}
	return n
}

// code gives a fault's code, "" for none.
func (s *stage) code(err error) string {
	s.Helper()
	if err == nil {
		return ""
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		s.Fatal(err)
	}
	return f.Code
}

func (s *stage) read(f func(*store.Tx) error) {
	s.Helper()
	if err := s.App.DB.Read(s.Context(), f); err != nil {
		s.Fatal(err)
	}
}

// judgeOf is the judge that a person is: a volunteer, or their account.
func (s *stage) judgeOf(name string) moderation.Judge {
	s.Helper()
	p := s.who(name)
	if p.token == "" && p.visitor == "" {
		p.visitor = moderation.NewVisitor()
	}
	if p.visitor != "" {
		return p.visitor.Judge()
	}
	a, err := s.App.People.ByToken(s.Context(), s.who(name).token)
	if err != nil {
		s.Fatal(err)
	}
	return moderation.ByAccount(a.ID)
}

func (s *stage) frameOf(name string) picture.ID { return picture.ID(s.who(name).frame) }

func (s *stage) makeLink(n moderation.NewLink) string {
	s.Helper()
	n.Name = "class 3B"
	l, secret, err := s.App.Desk.MakeLink(s.Context(), s.judgeOf("mia"), n)
	s.link, s.linkSecret = l.ID, secret
	return s.code(err)
}

func (s *stage) revokeLink([]string) string {
	return s.code(s.App.Desk.RevokeLink(s.Context(), s.judgeOf("mia"), s.link))
}

// openLink is what the page does: a browser that has no secret of its own gets one.
func (s *stage) openLink(w []string) string {
	p := s.who(w[0])
	if p.visitor == "" {
		p.visitor = moderation.NewVisitor()
	}
	_, err := s.App.Desk.OpenLink(s.Context(), s.linkSecret, p.visitor)
	return s.code(err)
}

// browse gives the person's browser the secret that the site gives it at the first visit
// that matters; send sends it along.
func (s *stage) browse(w []string) string {
	s.who(w[0]).visitor = moderation.NewVisitor()
	return ""
}

func (s *stage) volunteer(w []string) string {
	s.Helper()
	j := moderation.Judgment{Frame: s.frameOf(w[1]), Nudity: w[2] == "nudity", Trying: w[2] != "nobody", Likeness: 3}
	r, err := s.App.Desk.Judge(s.Context(), s.judgeOf(w[0]), []moderation.Judgment{j})
	s.who(w[0]).told = append(s.who(w[0]).told, r.Wrong...)
	if err == nil && len(r.Refused) > 0 {
		return r.Refused[0].Code
	}
	return s.code(err)
}

func (s *stage) page(name string) ([]moderation.Task, string) {
	tasks, err := s.App.Desk.Next(s.Context(), s.judgeOf(name), moderation.PageMax)
	return tasks, s.code(err)
}

// pageHolds looks whether a judge is given a person's frame, or for "" nothing.
func (s *stage) pageHolds(judge, name string) string {
	s.Helper()
	tasks, code := s.page(judge)
	holds := slices.ContainsFunc(tasks, func(t moderation.Task) bool { return t.ID == s.frameOf(name) })
	switch {
	case code != "":
		return code
	case name == "" && len(tasks) > 0:
		return fmt.Sprintf("it holds %d frames", len(tasks))
	case name != "" && !holds:
		return "it doesn't"
	}
	return ""
}

// pagesHoldGold asks for pages until the judge has seen all gold, and answers it.
func (s *stage) pagesHoldGold(w []string) string {
	s.Helper()
	golds := map[picture.ID]bool{}
	s.read(func(tx *store.Tx) error {
		all, err := moderation.Golds(tx)
		for _, g := range all {
			golds[g.Right.Frame] = true
		}
		return err
	})
	for range len(golds) {
		tasks, code := s.page(w[0])
		tasks = slices.DeleteFunc(tasks, func(t moderation.Task) bool { return !golds[t.ID] })
		if code != "" || len(tasks) != 1 {
			return fmt.Sprintf("a page holds %d, %s", len(tasks), code)
		}
		if _, err := s.App.Desk.Judge(s.Context(), s.judgeOf(w[0]), []moderation.Judgment{{Frame: tasks[0].ID, Nudity: true}}); err != nil {
			return s.code(err)
		}
		delete(golds, tasks[0].ID)
	}
	return ""
}

// framesCome has people send a frame each, p1 to p9 as an example, and scales them.
func (s *stage) framesCome(w []string) string {
	s.Helper()
	name := strings.TrimRight(w[0], "0123456789")
	for n := s.int(w[0][len(name):]); n <= s.int(w[1][len(name):]); n++ {
		who := fmt.Sprint(name, n)
		if code := s.take(who, "0"); !strings.HasPrefix(code, "slot") {
			return code
		}
		if code := s.send(who, "webcam-bird-0.jpg", "true"); code != "" {
			return code
		}
	}
	return s.scale(nil)
}

func (s *stage) markGold(w []string) string {
	right := moderation.Judgment{Frame: s.frameOf(w[0]), Nudity: w[1] == "nudity", Trying: w[1] != "nobody"}
	_, err := s.App.Desk.MarkGold(s.Context(), s.judgeOf("mia"), right, w[2])
	return s.code(err)
}

func (s *stage) explained(w []string) string {
	for _, e := range s.who(w[0]).told {
		if e.Frame == s.frameOf(w[1]) {
			return e.Reason
		}
	}
	return "nothing"
}

func (s *stage) counts(w []string) string {
	s.Helper()
	var p moderation.Profile
	s.read(func(tx *store.Tx) (err error) { p, err = s.App.Desk.ProfileOf(tx, s.judgeOf(w[0])); return err })
	if p.Counts != (w[1] == "count") {
		return fmt.Sprintf("trust %.2f", p.Trust)
	}
	return ""
}

func (s *stage) progress(w []string) string {
	s.Helper()
	var got string
	s.read(func(tx *store.Tx) error {
		given, wanted, err := s.App.Desk.Progress(tx, s.frameOf(w[0]))
		got = fmt.Sprint(given, " ", wanted)
		return err
	})
	if got != w[1]+" "+w[2] {
		return got
	}
	return ""
}

func (s *stage) blurred(w []string) string {
	s.Helper()
	tasks, code := s.page(w[1])
	for _, t := range tasks {
		if t.ID == s.frameOf(w[0]) && t.Blurred {
			return ""
		}
	}
	return "it isn't " + code
}

func (s *stage) night([]string) string {
	s.clock.pass(12 * time.Hour)
	_, err := s.App.Desk.Reestimate(s.Context())
	return s.code(err)
}

// doubted looks whether the re-estimate doubts a person's verdict, or for "" any.
func (s *stage) doubted(w []string) string {
	s.Helper()
	var ds []moderation.Doubt
	s.read(func(tx *store.Tx) (err error) { ds, err = moderation.Doubts(tx, 100); return err })
	for _, d := range ds {
		if w[0] == "" || d.Frame == s.frameOf(w[0]) {
			return strings.TrimSpace(fmt.Sprint(d.Verdict, ", not ", d.Would, " ", d.Reason))
		}
	}
	if w[0] != "" {
		return "it isn't"
	}
	return ""
}

func (s *stage) settleAll(w []string) string {
	s.Helper()
	var ids []picture.ID
	s.read(func(tx *store.Tx) error {
		page, _, err := s.App.Desk.Frames(tx, moderation.Filter{})
		for _, it := range page {
			ids = append(ids, it.ID)
		}
		return err
	})
	n, _, err := s.App.Desk.SettleAll(s.Context(), s.judgeOf("mia"), ids, picture.State(w[0]+"ed"), w[1])
	if err != nil {
		return s.code(err)
	}
	return fmt.Sprint(n)
}

// deskLists looks whether the desk lists the persons' frames, in this order.
func (s *stage) deskLists(w []string) string {
	s.Helper()
	var got []string
	s.read(func(tx *store.Tx) error {
		page, _, err := s.App.Desk.Frames(tx, moderation.Filter{})
		for _, it := range page {
			for name := range s.people {
				if s.frameOf(name) == it.ID {
					got = append(got, name)
				}
			}
		}
		return err
	})
	if list := strings.Join(got, ", "); list != w[0] {
		return list
	}
	return ""
}

func (s *stage) audit(w []string) string {
	s.Helper()
	var acts []moderation.Act
	s.read(func(tx *store.Tx) (err error) { acts, err = moderation.Audit(tx, s.judgeOf("mia"), 0, 1); return err })
	if len(acts) == 0 {
		return "missing"
	}
	if got := strings.TrimSpace(acts[0].Action + " " + acts[0].Detail); got != w[0] {
		return got
	}
	return ""
}

// unreachable asks for every address under which the person's pictures were served.
func (s *stage) unreachable(w []string) string {
	s.Helper()
	p := s.pictureOf(w[0])
	paths := []string{"/m/" + s.who(w[0]).secret + "/picture.jpg"}
	for _, k := range []string{string(p.Large), string(p.Medium), string(p.Thumb), string(p.Original)} {
		paths = append(paths, "/media/"+k+".jpg", "/media/"+k)
	}
	for _, path := range paths {
		resp, err := s.server.Client().Get(s.server.URL + path)
		if err != nil {
			s.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			s.Error(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound && resp.StatusCode != http.StatusGone {
			return fmt.Sprint(path, " answers ", resp.StatusCode)
		}
	}
	return ""
}

// swept looks that no file of the person's is left on the disk, after the nightly sweep.
func (s *stage) swept(w []string) string {
	s.Helper()
	if err := s.App.Sweep(s.Context()); err != nil {
		s.Fatal(err)
	}
	p := s.pictureOf(w[0])
	for _, path := range []string{s.App.Originals.Path(p.Original), s.App.Renditions.Path(p.Large), s.App.Renditions.Path(p.Medium), s.App.Renditions.Path(p.Thumb)} {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			return filepath.Base(path) + " is there"
		}
	}
	return ""
}

// nothingTells looks through every row of every table for what would tell who sent a
// person's frame: their name, the browser, or a moderator's words.
func (s *stage) nothingTells(w []string) string {
	s.Helper()
	words := []string{w[0], "neighbour"}
	if v := s.who(w[0]).visitor; v != "" {
		words = append(words, string(v), string(v.Judge()))
	}
	found := ""
	s.read(func(tx *store.Tx) error {
		tables, err := store.Each(tx, func(r *sql.Rows, v *string) error { return r.Scan(v) },
			`SELECT name FROM sqlite_master WHERE type = 'table'`)
		for _, t := range tables {
			text, err := textOf(tx, t)
			if err != nil {
				return err
			}
			for _, word := range words {
				if strings.Contains(text, word) {
					found = fmt.Sprintf("%s tells %q", t, word)
				}
			}
		}
		return err
	})
	return found
}

// textOf is everything in a table.
func textOf(tx *store.Tx, table string) (string, error) {
	rows, err := tx.Query(`SELECT * FROM ` + table)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return "", err
	}
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	var all strings.Builder
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return "", err
		}
		fmt.Fprintln(&all, values...)
	}
	return all.String(), rows.Err()
}
