package moderation_test

import (
	"fmt"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/store"
)

func (s *site) link(n moderation.NewLink) (moderation.Link, string) {
	s.Helper()
	if n.Name == "" {
		n.Name = "Friday's class"
	}
	l, secret, err := s.MakeLink(s.Context(), "account:boss", n)
	if err != nil {
		s.Fatal(err)
	}
	return l, secret
}

func (s *site) opened(secret string, v moderation.Visitor) moderation.Judge {
	s.Helper()
	j, err := s.OpenLink(s.Context(), secret, v)
	if err != nil || !j.Volunteer() {
		s.Fatal(j, err)
	}
	return j
}

// judgeAs has any judge give a fine judgment, and gives the error.
func (s *site) judgeAs(j moderation.Judge, frame int) error {
	s.Helper()
	r, err := s.Judge(s.Context(), j, []moderation.Judgment{s.judgment(frame, 'F')})
	if err == nil && r.Accepted != 1 {
		s.Errorf("%s: %+v", j, r.Refused)
	}
	return err
}

func (s *site) links() []moderation.Link {
	s.Helper()
	var all []moderation.Link
	s.read(func(tx *store.Tx) (err error) { all, err = moderation.Links(tx); return err })
	return all
}

func TestWhoeverOpensALinkJudges(t *testing.T) {
	s := newSite(t, 3)
	s.frame(3, "")
	l, secret := s.link(moderation.NewLink{})
	ann, ben := moderation.NewVisitor(), moderation.NewVisitor()
	_, err := s.Next(t.Context(), ann.Judge(), 9)
	wantCode(t, err, fault.Denied, "no_judge")
	wantCode(t, s.judgeAs(ann.Judge(), 0), fault.Denied, "no_judge")
	first := s.opened(secret, ann)
	if again := s.opened(secret, ann); again != first || s.opened(secret, ben) == first {
		t.Error("a returning volunteer is the same judge, another one isn't")
	}
	if err := s.judgeAs(first, 0); err != nil {
		t.Error(err)
	}
	tasks, err := s.Next(t.Context(), first, 9)
	if err != nil || len(tasks) != 2 {
		t.Errorf("%d frames, %v", len(tasks), err)
	}
	if got := s.links()[0]; got.ID != l.ID || got.Opened != 2 || got.Given != 1 || got.By != "account:boss" {
		t.Errorf("%+v", got)
	}
	_, err = s.OpenLink(t.Context(), "no such secret", ann)
	wantCode(t, err, fault.NotFound, "no_link")
}

func TestLinksEnd(t *testing.T) {
	s := newSite(t, 3)
	s.frame(6, "")
	future := s.DB.Now().Add(time.Hour)
	two, secretTwo := s.link(moderation.NewLink{Judges: 2})
	_, secretJudgments := s.link(moderation.NewLink{Judgments: 2})
	_, secretEnds := s.link(moderation.NewLink{Ends: future})
	open := func(secret string) (moderation.Judge, error) {
		return s.OpenLink(t.Context(), secret, moderation.NewVisitor())
	}

	a := s.opened(secretTwo, moderation.NewVisitor())
	s.opened(secretTwo, moderation.NewVisitor())
	_, err := open(secretTwo)
	wantCode(t, err, fault.Gone, "link_full")
	if err := s.judgeAs(a, 0); err != nil {
		t.Error("the first two go on:", err)
	}

	b := s.opened(secretJudgments, moderation.NewVisitor())
	for frame := range 2 {
		if err := s.judgeAs(b, frame); err != nil {
			t.Error(err)
		}
	}
	wantCode(t, s.judgeAs(b, 2), fault.Gone, "link_full")

	c := s.opened(secretEnds, moderation.NewVisitor())
	s.pass(time.Hour)
	wantCode(t, s.judgeAs(c, 0), fault.Gone, "link_ended")
	_, err = s.Next(t.Context(), c, 9)
	wantCode(t, err, fault.Gone, "link_ended")

	for range 2 {
		if err := s.RevokeLink(t.Context(), "account:boss", two.ID); err != nil {
			t.Error(err)
		}
	}
	wantCode(t, s.judgeAs(a, 1), fault.Gone, "link_revoked")
	_, err = open(secretTwo)
	wantCode(t, err, fault.Gone, "link_revoked")
	wantCode(t, s.RevokeLink(t.Context(), "account:boss", "nothing"), fault.NotFound, "no_link")

	// Another link lets the same volunteer go on, under the same name.
	v := moderation.NewVisitor()
	_, err = s.OpenLink(t.Context(), secretTwo, v)
	wantCode(t, err, fault.Gone, "link_revoked")
	_, fresh := s.link(moderation.NewLink{})
	if j := s.opened(fresh, v); j != v.Judge() || s.judgeAs(j, 3) != nil {
		t.Error("a new link")
	}
}

func TestLinksAreCheckedWhenMade(t *testing.T) {
	s := newSite(t, 3)
	long := make([]byte, 101)
	for i := range long {
		long[i] = 'x'
	}
	for code, n := range map[string]moderation.NewLink{
		"no_name": {Name: " "}, "long_name": {Name: string(long)}, "bad_limit": {Name: "x", Judges: -1},
		"bad_end": {Name: "x", Ends: s.DB.Now()},
	} {
		_, secret, err := s.MakeLink(t.Context(), "account:boss", n)
		wantCode(t, err, fault.Invalid, code)
		if secret != "" {
			t.Error("a refused link has a secret")
		}
	}
	if len(s.links()) != 0 {
		t.Error("a refused link was made")
	}
}

func TestAnOpenSiteNeedsNoLink(t *testing.T) {
	s := newSite(t, 3)
	s.frame(2, "")
	v := moderation.NewVisitor()
	_, err := s.OpenJudging(t.Context(), v)
	wantCode(t, err, fault.Denied, "not_open")
	_, err = s.OpenJudging(t.Context(), "")
	wantCode(t, err, fault.Denied, "no_judge")
	s.Desk.Open = true
	j, err := s.OpenJudging(t.Context(), v)
	if err != nil || s.judgeAs(j, 0) != nil {
		t.Error(j, err)
	}
	s.Desk.Open = false
	wantCode(t, s.judgeAs(j, 1), fault.Denied, "no_judge")
}

// A frame that was sent in the browser in which somebody judges is their own, with an
// account or without.
func TestVolunteersDoNotJudgeTheirOwn(t *testing.T) {
	s := newSite(t, 3)
	s.Desk.Open = true
	s.frame(1, "")
	s.frame(1, "ann")
	s.frame(1, "")
	v := moderation.NewVisitor()
	j, err := s.OpenJudging(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.pageOf(j, 9); got != "0 1 2" { // before it is known who sent it
		t.Errorf("page %q", got)
	}
	for _, sender := range []moderation.Visitor{moderation.NewVisitor(), v} { // sent again after the reply was lost
		if err := s.Sent(t.Context(), sender, s.frames[0]); err != nil {
			t.Fatal(err)
		}
	}
	wants := func(who moderation.Judge, want string) {
		t.Helper()
		if got := s.pageOf(who, 9); got != want {
			t.Errorf("%s gets %q, want %q", who, got, want)
		}
	}
	wants(j, "1 2")
	wants("account:ann", "0 2")
	for range 2 {
		if err := s.Meet(t.Context(), "account:ann", v); err != nil {
			t.Fatal(err)
		}
	}
	wants(j, "2")
	wants("account:ann", "2")
	for who, frame := range map[moderation.Judge]int{j: 0, "account:ann": 0} {
		r, err := s.Judge(t.Context(), who, []moderation.Judgment{s.judgment(frame, 'F'), s.judgment(1, 'F')})
		if err != nil || fmt.Sprint(r.Refused) != fmt.Sprintf("[{%s own_frame} {%s own_frame}]", s.frames[0], s.frames[1]) {
			t.Errorf("%s: %+v, %v", who, r, err)
		}
	}
	wantCode(t, s.Sent(t.Context(), "", s.frames[2]), fault.Invalid, "no_visitor")
}

func TestJudgesNames(t *testing.T) {
	if c, w, ok := moderation.ByWorker("acme", "w:7").Worker(); c != "acme" || w != "w:7" || !ok {
		t.Error(c, w, ok)
	}
	if _, _, ok := moderation.ByAccount("x").Worker(); ok || moderation.ByAccount("x").Volunteer() {
		t.Error("an account is neither a worker nor a volunteer")
	}
	s := newSite(t, 3)
	s.frame(1, "")
	for _, j := range []moderation.Judge{"crowd:a:\x07", "crowd:a:\xff", moderation.ByWorker("a", string(make([]byte, 300)))} {
		wantCode(t, s.judgeAs(j, 0), fault.Invalid, "bad_judge")
	}
	if err := s.judgeAs(moderation.ByWorker("acme", "7"), 0); err != nil {
		t.Error(err)
	}
}
