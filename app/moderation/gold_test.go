package moderation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// gold makes the frames gold with the letter's answer.
func (s *site) gold(letter byte, frames ...int) {
	s.Helper()
	for _, f := range frames {
		j := s.judgment(f, letter)
		j.Likeness = 0
		if _, err := s.MarkGold(s.Context(), "account:mia", j, "look at the hands"); err != nil {
			s.Fatal(err)
		}
	}
}

// goldIn gives the places of gold on a page, and of it the page's own place.
func (s *site) goldIn(page string, gold ...int) (found, at []int) {
	s.Helper()
	for i, place := range strings.Fields(page) {
		for _, g := range gold {
			if place == fmt.Sprint(g) {
				found, at = append(found, g), append(at, i)
			}
		}
	}
	return found, at
}

// step runs the desk's rounds until there is nothing left to do.
func (s *site) step() (rounds int) {
	s.Helper()
	for {
		worked, err := s.Step(s.Context())
		if err != nil {
			s.Fatal(err)
		}
		if !worked {
			return rounds
		}
		rounds++
	}
}

func (s *site) profile(judge string) (p moderation.Profile) {
	s.Helper()
	s.read(func(tx *store.Tx) (err error) { p, err = s.ProfileOf(tx, moderation.ByAccount(judge)); return err })
	return p
}

func TestEachPageHoldsGold(t *testing.T) {
	s := newSite(t, 3)
	s.frame(3, "")
	s.gold('P', 0)
	s.gold('F', 1)
	s.gold('N', 2)
	s.frame(40, "")
	places := map[int]bool{}
	for n := range 12 {
		j := fmt.Sprint("judge", n)
		page := s.page(j, 18)
		found, at := s.goldIn(page, 0, 1, 2)
		if len(found) != 1 || len(strings.Fields(page)) != 18 {
			t.Fatalf("page %q holds gold %v", page, found)
		}
		places[at[0]] = true
	}
	if len(places) < 4 {
		t.Errorf("twelve pages have their gold in only %d places", len(places))
	}
	// A judge sees each gold once, and then none.
	seen := map[int]bool{}
	for range 3 {
		found, _ := s.goldIn(s.page("x", 18), 0, 1, 2)
		if len(found) != 1 || seen[found[0]] {
			t.Fatalf("gold %v again", found)
		}
		seen[found[0]] = true
		s.judge("x", found[0], 'F')
	}
	page := s.page("x", 18)
	if found, _ := s.goldIn(page, 0, 1, 2); len(found) != 0 || len(strings.Fields(page)) != 18 {
		t.Errorf("page %q holds gold %v", page, found)
	}
}

// Nothing on a page tells gold from the rest, but that some of either are blurred.
func TestGoldLooksLikeTheRest(t *testing.T) {
	s := newSite(t, 3)
	s.frame(2, "")
	s.judged(0, "FFF")
	s.gold('F', 0)
	s.frame(1, "")
	s.judged(2, "N")
	for _, judge := range []string{"x", "y"} {
		tasks, err := s.Next(t.Context(), moderation.ByAccount(judge), 18)
		if err != nil || len(tasks) != 3 {
			t.Fatal(tasks, err)
		}
		for _, p := range tasks {
			if p.State != picture.Waiting || p.Score != 0 || p.Judgments != 0 || p.Reason != "" {
				t.Errorf("%+v", p)
			}
			if p.Blurred != (p.ID == s.frames[2]) {
				t.Errorf("frame %d is blurred: %v", slices.Index(s.frames, p.ID), p.Blurred)
			}
		}
	}
	if got := s.pageOf("account:a", 18); got != "1" {
		t.Errorf("who judged it before it was gold gets %q", got)
	}
}

func TestAWrongAnswerIsExplained(t *testing.T) {
	s := newSite(t, 3)
	s.frame(4, "")
	s.gold('P', 0)
	s.gold('F', 1)
	s.gold('N', 2)
	js := []moderation.Judgment{s.judgment(0, 'F'), s.judgment(1, 'F'), s.judgment(2, 'N'), s.judgment(3, 'F')}
	r, err := s.Judge(t.Context(), "account:x", js)
	if err != nil || r.Accepted != 4 || len(r.Refused) != 0 || len(r.Wrong) != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	if w := r.Wrong[0]; w.Frame != s.frames[0] || w.Said != js[0] || w.Right.Trying || w.Reason != "look at the hands" {
		t.Errorf("%+v", w)
	}
	if p := s.profile("x"); p.GoldSeen != 3 || p.GoldRight != 2 || p.Judgments != 1 || p.Trust != 4.0/6 || !p.Counts {
		t.Errorf("%+v", p)
	}
	if code := s.judge("x", 0, 'P'); code != "already_judged" {
		t.Errorf("a second answer: %q", code)
	}
	s.read(func(tx *store.Tx) error {
		g, ok, err := moderation.GoldOf(tx, s.frames[0])
		if err != nil || !ok || g.Seen != 1 || g.Correct != 0 || g.By != "account:mia" {
			t.Errorf("%+v, %v, %v", g, ok, err)
		}
		js, err := moderation.JudgmentsOf(tx, s.frames[0])
		if err != nil || len(js) != 0 {
			t.Errorf("an answer about gold is no judgment: %v, %v", js, err)
		}
		return nil
	})
}

func TestWhatIsRightAboutGold(t *testing.T) {
	s := newSite(t, 3)
	s.frame(2, "")
	right := s.judgment(0, 'F')
	right.Likeness = 4
	if _, err := s.MarkGold(t.Context(), "account:mia", right, "very alike"); err != nil {
		t.Fatal(err)
	}
	for likeness := 1; likeness <= 5; likeness++ {
		g := s.judgment(0, 'F')
		g.Likeness = likeness
		r, err := s.Judge(t.Context(), moderation.ByAccount(fmt.Sprint(likeness)), []moderation.Judgment{g})
		if err != nil || (len(r.Wrong) == 0) != (likeness >= 3) {
			t.Errorf("likeness %d of 4: %+v, %v", likeness, r, err)
		}
	}
}

func TestMarkingGold(t *testing.T) {
	s := newSite(t, 3)
	s.frame(6, "")
	s.record(1, "")
	s.judged(1, "FFF")
	s.judged(2, "PP")
	s.judged(3, "FNP")
	s.gold('P', 0)
	s.gold('F', 1)
	s.gold('P', 2)
	s.gold('N', 3)
	if got := fmt.Sprint(s.get(0).State, s.get(1).State, s.get(2).State, s.get(3).State); got != "rejectedacceptedrejectedrejected" {
		t.Error(got)
	}
	if got := s.history(3); got != "crowd undecided, account:mia rejected" {
		t.Error(got)
	}
	for _, c := range []struct {
		frame  int
		letter byte
		reason string
		kind   fault.Kind
		code   string
	}{{1, 'P', "x", fault.Conflict, "gold_contradicts"}, {2, 'F', "x", fault.Conflict, "gold_contradicts"},
		{6, 'F', "x", fault.Conflict, "not_judged"}, {4, 'F', " ", fault.Invalid, "no_reason"}} {
		_, err := s.MarkGold(t.Context(), "account:mia", s.judgment(c.frame, c.letter), c.reason)
		wantCode(t, err, c.kind, c.code)
	}
	golds := func() string {
		var places []string
		s.read(func(tx *store.Tx) error {
			all, err := moderation.Golds(tx)
			for _, g := range all {
				places = append(places, fmt.Sprint(slices.Index(s.frames, g.Right.Frame)))
			}
			return err
		})
		slices.Sort(places)
		return strings.Join(places, " ")
	}
	if got := golds(); got != "0 1 2 3" {
		t.Error(got)
	}
	// What is settled otherwise, taken back or retired is gold no more.
	s.settle("mia", 0, picture.Accepted, "")
	s.undo("mia", 3)
	if err := s.RetireGold(t.Context(), "account:mia", s.frames[2]); err != nil {
		t.Error(err)
	}
	wantCode(t, s.RetireGold(t.Context(), "account:mia", s.frames[2]), fault.NotFound, "no_gold")
	s.settle("mia", 1, picture.Accepted, "") // as it is
	if got := golds(); got != "1" {
		t.Error(got)
	}
	if code := s.judge("z", 0, 'F'); code != "already_settled" {
		t.Errorf("%q", code)
	}
}

// Five gold answers, too few of them right: the judge's judgments stop counting, what
// they decided is tallied anew in batches, and counts again when they do better.
func TestAJudgeLosesTheirVoice(t *testing.T) {
	s := newSite(t, 3)
	s.slots(130)
	s.frame(17, "")
	s.gold('P', 0, 1, 2, 3, 4)
	s.gold('F', 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
	s.frame(104, "")
	for frame := 17; frame < 121; frame++ {
		s.judge("x", frame, 'F')
	}
	s.judged(17, "FF")
	s.judged(18, "FF")
	s.judged(19, "F")
	s.settle("mia", 18, picture.Accepted, "")
	if s.get(17).State != picture.Accepted || s.get(17).Judgments != 3 {
		t.Fatalf("%+v", s.get(17))
	}
	s.step()
	for gold := range 5 {
		if p := s.profile("x"); !p.Counts {
			t.Fatalf("after %d gold answers: %+v", gold, p)
		}
		s.judge("x", gold, 'F')
	}
	if p := s.profile("x"); p.Counts || p.Trust != 0.25 {
		t.Errorf("%+v", p)
	}
	if rounds := s.step(); rounds < 3 {
		t.Errorf("104 frames were tallied anew in %d rounds", rounds)
	}
	if p := s.get(17); p.State != picture.Waiting || s.history(17) != "crowd accepted" {
		t.Errorf("%+v, %s", p, s.history(17))
	}
	if p := s.get(18); p.State != picture.Accepted {
		t.Errorf("a moderator decided: %+v", p)
	}
	s.read(func(tx *store.Tx) error {
		for frame, want := range map[int]int{17: 2, 19: 1, 120: 0} {
			if given, _, err := s.Progress(tx, s.frames[frame]); given != want || err != nil {
				t.Errorf("frame %d: %d count, want %d; %v", frame, given, want, err)
			}
		}
		return nil
	})
	if code := s.judge("x", 17, 'F'); code != "already_judged" {
		t.Errorf("%q", code)
	}
	// The open page of a judge who doesn't count hides nothing from others.
	hidden := s.page("x", 18)
	if found, _ := s.goldIn(hidden, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16); hidden != "" && len(found) == 0 {
		t.Errorf("page %q", hidden)
	}
	for gold := 5; gold < 17; gold++ {
		s.judge("x", gold, 'F')
	}
	if p := s.profile("x"); !p.Counts || p.Trust != 0.7 {
		t.Errorf("%+v", p)
	}
	s.step()
	if p := s.get(17); p.State != picture.Accepted || p.Judgments != 3 {
		t.Errorf("%+v", p)
	}
}

// Gold stays settled when a judge who helped to accept it stops counting: while it waited,
// answers about it would be taken for answers about gold, and it would wait for ever.
func TestGoldIsNotTalliedAnew(t *testing.T) {
	s := newSite(t, 3)
	s.frame(5, "")
	s.gold('P', 0, 1, 2, 3, 4)
	s.frame(2, "")
	for _, frame := range []int{5, 6} {
		s.judge("x", frame, 'F')
		s.judged(frame, "FF")
	}
	s.gold('F', 5)
	for gold := range 5 {
		s.judge("x", gold, 'F')
	}
	s.step()
	if s.get(5).State != picture.Accepted || s.get(6).State != picture.Waiting {
		t.Errorf("the gold is %s, the other frame %s", s.get(5).State, s.get(6).State)
	}
	s.settle("mia", 5, picture.Rejected, "a statue") // no gold any more
	s.undo("mia", 5)
	if p := s.get(5); p.State != picture.Waiting {
		t.Errorf("once it is no gold, its judgments are too few: %+v", p)
	}
}

// What is left of a withdrawn frame says nothing about who sent it.
func TestWithdrawnFramesAreForgotten(t *testing.T) {
	s := newSite(t, 3)
	s.frame(2, "")
	v := moderation.NewVisitor()
	if err := s.Sent(t.Context(), v, s.frames[0]); err != nil {
		t.Fatal(err)
	}
	s.judged(0, "FP")
	s.settle("mia", 0, picture.Rejected, "that is my neighbour Katja Jansen")
	j := s.judgment(0, 'P')
	if _, err := s.MarkGold(t.Context(), "account:mia", j, "Katja isn't posing"); err != nil {
		t.Fatal(err)
	}
	s.withdraw(0)
	s.step()
	text := s.dump()
	for _, word := range []string{"Katja", string(v), string(v.Judge())} {
		if strings.Contains(text, word) {
			t.Errorf("%q is still kept", word)
		}
	}
	s.read(func(tx *store.Tx) error {
		js, err := moderation.JudgmentsOf(tx, s.frames[0])
		if len(js) != 2 {
			t.Errorf("the answers stay: %v", js)
		}
		return err
	})
	if got := s.pageOf("account:z", 18); got != "1" {
		t.Errorf("page %q", got)
	}
}

// After a while without a judgment a frame is a moderator's.
func TestNobodyIsLeftToAsk(t *testing.T) {
	s := newSite(t, 3)
	s.frame(3, "")
	s.judged(0, "FFP")
	s.judged(1, "FF")
	s.pass(23 * time.Hour)
	s.step()
	s.judge("d", 1, 'P')
	s.pass(2 * time.Hour)
	s.step()
	if got := fmt.Sprint(s.get(0).State, s.get(1).State, s.get(2).State); got != "undecidedwaitingwaiting" {
		t.Error(got)
	}
	s.pass(25 * time.Hour)
	s.step()
	if got := fmt.Sprint(s.get(1).State, s.get(1).Reason, s.get(2).State, s.history(1)); got != "undecidedno majoritywaitingcrowd undecided" {
		t.Error(got)
	}
}
