package moderation_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/picture"
	"oneframe/app/store"
)

func (s *site) doubts() string {
	s.Helper()
	var all []string
	s.read(func(tx *store.Tx) error {
		ds, err := moderation.Doubts(tx, 100)
		for _, d := range ds {
			all = append(all, fmt.Sprint(slices.Index(s.frames, d.Frame), " ", d.Verdict, " not ", d.Would, " ", d.Reason))
		}
		return err
	})
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// Three judges who always say fine decided frame 0; many frames show that they don't look.
func TestReestimateListsVerdictsThatWouldChange(t *testing.T) {
	s := newSite(t, 3)
	s.slots(60)
	s.frame(40, "")
	for frame := 2; frame < 40; frame++ {
		letter := byte('P')
		if frame%3 == 0 {
			letter = 'F'
		}
		for _, judge := range []string{"g", "h", "i"} {
			s.judge(judge, frame, letter)
			if letter == 'P' && judge == "h" {
				break // two reject it
			}
		}
	}
	s.Desk.Most = 25
	for _, frame := range []int{0, 1} {
		for _, judge := range []string{"x", "y", "z"} {
			s.judge(judge, frame, 'F')
		}
	}
	s.addVotes(0, "gh", 'P') // as an outside crowd's, which came too late to be taken
	s.addVotes(1, "gh", 'F')
	for frame := 2; frame < 40; frame++ {
		s.addVotes(frame, "xyz", 'F')
	}
	before := s.history(0)
	s.pass(time.Hour)
	s.frame(4, "")
	s.gold('P', 40, 41, 42, 43)
	for gold := 40; gold < 44; gold++ {
		for _, judge := range "ghxyz" {
			s.judge(string(judge), gold, map[bool]byte{true: 'P', false: 'F'}[judge < 'x'])
		}
	}
	e, err := s.Reestimate(t.Context())
	if err != nil || e.Judges != 6 || e.Frames != 40 || e.Doubts != 1 || !e.At.Equal(s.DB.Now()) {
		t.Fatalf("%+v, %v", e, err)
	}
	if got := s.doubts(); got != "0 accepted not rejected no pose" {
		t.Errorf("doubts: %s", got)
	}
	if s.get(0).State != picture.Accepted || s.history(0) != before {
		t.Error("a verdict was changed silently")
	}
	if g, x := s.profile("g"), s.profile("x"); g.Estimate < 0.9 || x.Estimate > 0.6 || x.Estimate <= 0 || !x.Estimated.Equal(e.At) {
		t.Errorf("g is right %.2f, x %.2f", g.Estimate, x.Estimate)
	}
	// A moderator settles it, either way, and it is off the list, for good.
	s.settle("mia", 0, picture.Accepted, "")
	if got := s.doubts(); got != "" {
		t.Errorf("doubts: %s", got)
	}
	if e, err := s.Reestimate(t.Context()); err != nil || e.Doubts != 0 || s.doubts() != "" {
		t.Errorf("%+v, %v: %s", e, err, s.doubts())
	}
}

// addVotes adds judgments beside the desk.
func (s *site) addVotes(frame int, judges string, letter byte) {
	s.Helper()
	j := s.judgment(frame, letter)
	s.write(func(tx *store.Tx) error {
		for _, judge := range judges {
			if _, err := tx.Exec(`INSERT INTO moderation_judgment (frame, judge, nudity, trying, likeness, at) VALUES ($1, $2, $3, $4, 4, 1) ON CONFLICT DO NOTHING`,
				j.Frame, moderation.ByAccount(string(judge)), j.Nudity, j.Trying); err != nil {
				return err
			}
		}
		return nil
	})
}

// The judgments are read a portion at a time; none is lost or counted twice.
func TestReestimateReadsEverything(t *testing.T) {
	s := newSite(t, 3)
	rng := rand.New(rand.NewPCG(9, 9))
	for part := range 60 {
		s.write(func(tx *store.Tx) error { return moderation.FakeJudgments(tx, rng, part*100, 100, 37) })
	}
	e, err := s.Reestimate(t.Context())
	if err != nil || e.Judges != 37 || e.Frames != 6000 || e.Judgments != 24_000 {
		t.Fatalf("%+v, %v", e, err)
	}
	if e.Doubts < 3000 || e.Doubts > 5000 { // all are accepted, and two of three are something else
		t.Errorf("%d doubts", e.Doubts)
	}
	if e, err := s.Reestimate(t.Context()); err != nil || e.Judgments != 24_000 {
		t.Errorf("%+v, %v", e, err)
	}
}

// Another desk on the same database, as after a crash, hands out the same.
func TestTheQueueIsMadeAgain(t *testing.T) {
	s := newSite(t, 3)
	s.frame(6, "ann")
	s.record(1, "")
	s.frame(2, "")
	s.judged(3, "FFP")
	s.judged(2, "N")
	s.judged(0, "FFF")
	s.gold('F', 8)
	s.withdraw(5)
	want := s.pageOf("account:z", 18)
	again := &site{T: t, Desk: moderation.Desk{DB: s.DB, Judgments: 3}, frames: s.frames}
	if found, _ := s.goldIn(want, 8); len(found) != 1 {
		t.Errorf("page %q", want)
	}
	without := func(page string) string { return strings.TrimSpace(strings.ReplaceAll(" "+page+" ", " 8 ", " ")) }
	if got := again.pageOf("account:y", 18); without(got) != without(want) || without(want) != "3 2 1 4 7" {
		t.Errorf("%q, then %q", want, got)
	}
	if got := again.pageOf("account:ann", 18); without(got) != "7" {
		t.Errorf("ann gets %q", got)
	}
}

func (s *site) desk(f moderation.Filter) (string, string) {
	s.Helper()
	var places []string
	next := ""
	s.read(func(tx *store.Tx) error {
		page, n, err := s.Frames(tx, f)
		next = n
		for _, it := range page {
			places = append(places, fmt.Sprint(slices.Index(s.frames, it.ID)))
		}
		return err
	})
	return strings.Join(places, " "), next
}

func TestTheDesk(t *testing.T) {
	s := newSite(t, 3)
	s.frame(7, "")
	s.judged(1, "FNP")
	s.judged(4, "FNP")
	s.judged(2, "FFF")
	s.judged(3, "PP")
	s.judged(5, "F")
	for _, c := range []struct {
		f    moderation.Filter
		want string
	}{
		{moderation.Filter{}, "1 4 0 5 6"},
		{moderation.Filter{States: []picture.State{picture.Accepted, picture.Rejected}}, "3 2"},
		{moderation.Filter{Slot: 5}, "4"},
		{moderation.Filter{Clip: "d"}, ""},
		{moderation.Filter{Judge: "account:b"}, "4 3 2 1"},
		{moderation.Filter{Judge: "account:b", States: []picture.State{picture.Undecided}}, "4 1"},
		{moderation.Filter{States: []picture.State{picture.Accepted}, MinScore: 3.5, MaxScore: 4.5}, "2"},
		{moderation.Filter{States: []picture.State{picture.Accepted}, MinScore: 4.5}, ""},
	} {
		if got, _ := s.desk(c.f); got != c.want {
			t.Errorf("%+v: %q, want %q", c.f, got, c.want)
		}
		var pages []string
		f := c.f
		for f.Limit = 1; ; {
			page, next := s.desk(f)
			if page != "" {
				pages = append(pages, page)
			}
			if f.Cursor = next; next == "" || len(pages) > 9 {
				break
			}
		}
		if got := strings.Join(pages, " "); got != c.want {
			t.Errorf("%+v one by one: %q, want %q", c.f, got, c.want)
		}
	}
	s.pass(time.Hour)
	s.read(func(tx *store.Tx) error {
		page, _, err := s.Frames(tx, moderation.Filter{})
		if err != nil || page[0].Waits != time.Hour || page[0].Given != 3 || !page[0].Blurred || page[3].Given != 1 || page[3].Wanted != 3 {
			t.Errorf("%+v, %v", page, err)
		}
		_, _, err = s.Frames(tx, moderation.Filter{Cursor: "nonsense"})
		wantCode(t, err, fault.Invalid, "bad_cursor")
		return nil
	})
}

func TestSettlingMany(t *testing.T) {
	s := newSite(t, 3)
	s.frame(4, "")
	s.withdraw(2)
	all := append(slices.Clone(s.frames), "nothing")
	n, refused, err := s.SettleAll(t.Context(), "account:mia", all, picture.Rejected, "an advertisement")
	if want := []moderation.Refusal{{Frame: s.frames[2], Code: "not_judged"}, {Frame: "nothing", Code: "no_frame"}}; n != 3 || err != nil || !slices.Equal(refused, want) {
		t.Errorf("%d, %v, %v", n, refused, err)
	}
	n, refused, err = s.UndoAll(t.Context(), "account:noor", s.frames)
	if n != 3 || err != nil || len(refused) != 1 || s.get(0).State != picture.Waiting {
		t.Errorf("%d, %v, %v", n, refused, err)
	}
	_, _, err = s.SettleAll(t.Context(), "account:mia", s.frames, picture.Rejected, "")
	wantCode(t, err, fault.Invalid, "no_reason")
	s.read(func(tx *store.Tx) error {
		acts, err := moderation.Audit(tx, "", 0, 100)
		if err != nil || len(acts) != 6 || acts[0].Action != "taken back" || acts[0].By != "account:noor" || acts[5].Action != "rejected" ||
			acts[5].Detail != "an advertisement" || acts[5].Subject != string(s.frames[0]) {
			t.Errorf("%+v, %v", acts, err)
		}
		mias, err := moderation.Audit(tx, "account:mia", acts[4].Seq, 100)
		if err != nil || len(mias) != 1 || mias[0] != acts[5] {
			t.Errorf("%+v, %v", mias, err)
		}
		return nil
	})
}

func TestJudgesWithTrustPaceAndAgreement(t *testing.T) {
	s := newSite(t, 3)
	s.frame(4, "")
	s.page("a", 18)
	s.pass(30 * time.Second)
	r, err := s.Judge(t.Context(), "account:a", []moderation.Judgment{s.judgment(0, 'F'), s.judgment(1, 'P'), s.judgment(2, 'F')})
	if err != nil || r.Accepted != 3 {
		t.Fatal(r, err)
	}
	for _, judge := range []string{"b", "c", "d"} {
		s.pass(time.Second)
		s.judge(judge, 0, 'F')
		s.judge(judge, 1, 'F')
	}
	p := s.profile("a")
	if p.Pace != 10*time.Second || p.Judgments != 3 || p.Settled != 2 || p.Agreed != 1 || p.Likeness != 4 || p.Trust != 2.0/3 {
		t.Errorf("%+v", p)
	}
	s.read(func(tx *store.Tx) error {
		var all []string
		for cursor := ""; ; {
			page, next, err := s.Judges(tx, cursor, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range page {
				all = append(all, string(p.Judge))
			}
			if cursor = next; next == "" {
				break
			}
		}
		if got := strings.Join(all, " "); got != "account:d account:c account:b account:a" {
			t.Error(got)
		}
		_, _, err := s.Judges(tx, "nonsense", 2)
		wantCode(t, err, fault.Invalid, "bad_cursor")
		return nil
	})
}

func TestChartsOfTheDesk(t *testing.T) {
	s := newSite(t, 3)
	s.frame(4, "")
	from := s.DB.Now()
	s.step()
	s.judged(0, "FFF")
	s.judged(1, "FNP")
	s.pass(14 * time.Minute)
	s.step()
	s.pass(time.Minute)
	s.step()
	s.pass(time.Hour)
	s.judged(2, "F")
	s.settle("mia", 3, picture.Rejected, "no")
	s.read(func(tx *store.Tx) error {
		to := tx.Now.Add(time.Second)
		depths, err := moderation.Depths(tx, from, to)
		if err != nil || fmt.Sprint(len(depths), depths[0].Waiting, depths[1].Waiting, depths[1].Undecided) != "2 4 2 1" {
			t.Errorf("%+v, %v", depths, err)
		}
		hours, err := moderation.Hours(tx, from, to)
		if err != nil || len(hours) != 2 || hours[0].Judgments != 6 || !hours[0].Start.Equal(from) || hours[1].Judgments != 1 {
			t.Errorf("%+v, %v", hours, err)
		}
		shares, err := moderation.Shares(tx)
		want := []moderation.Share{{Verdict: picture.Accepted, Crowd: true, Frames: 1}, {Verdict: picture.Rejected, Frames: 1}, {Verdict: picture.Undecided, Crowd: true, Frames: 1}}
		if err != nil || !slices.Equal(shares, want) {
			t.Errorf("%+v, %v", shares, err)
		}
		return nil
	})
}

// The desk's own queue follows what others do in the register.
func TestTheQueueFollowsTheRegister(t *testing.T) {
	s := newSite(t, 3)
	s.wantPage("a", 9, "")
	s.frame(3, "")
	s.wantPage("a", 9, "0 1 2")
	s.withdraw(1)
	s.write(func(tx *store.Tx) error {
		_, err := picture.Settle(tx, s.frames[0], picture.Verdict{State: picture.Accepted, By: "another"})
		return err
	})
	s.wantPage("a", 9, "2")
	s.write(func(tx *store.Tx) error {
		_, err := picture.Settle(tx, s.frames[0], picture.Verdict{State: picture.Waiting, By: "another"})
		return err
	})
	s.wantPage("a", 9, "0 2")
}
