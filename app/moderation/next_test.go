package moderation_test

import (
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/moderation"
)

func (s *site) wantPage(judge string, n int, want string) {
	s.Helper()
	if got := s.page(judge, n); got != want {
		s.Errorf("%s gets %q, want %q", judge, got, want)
	}
}

func TestOldestFirst(t *testing.T) {
	s := newSite(t, 3)
	s.wantPage("a", 5, "")
	s.frame(20, "")
	s.record(1, "") // not ready
	s.wantPage("a", 3, "0 1 2")
	for _, n := range []int{0, -1, 18, 19, 1000} {
		s.wantPage("a", n, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17")
	}
}

func TestWhatIsBegunComesFirst(t *testing.T) {
	s := newSite(t, 3)
	s.frame(8, "")
	s.judged(6, "F")
	s.judged(3, "FF")
	s.judged(5, "F")
	s.judged(2, "FN")
	s.wantPage("z", 6, "2 3 5 6 0 1")
	s.wantPage("a", 6, "4 7 0 1") // a has judged the others, and 0 and 1 lie open before z
	s.wantPage("b", 6, "5 6 0 1 4 7")
}

func TestWhatIsSettledIsNotHandedOut(t *testing.T) {
	s := newSite(t, 3)
	s.frame(7, "")
	s.judged(0, "FFF")
	s.judged(1, "NN")
	s.judged(2, "FNP")
	s.judged(3, "F")
	s.judged(4, "FF")
	s.withdraw(3)
	s.withdraw(4)
	s.withdraw(5)
	s.wantPage("z", 1, "6")
	s.wantPage("z", 9, "6")
}

func TestNobodyJudgesTheirOwn(t *testing.T) {
	s := newSite(t, 3)
	s.frame(2, "ann")
	s.frame(2, "bob")
	s.judged(1, "F")
	s.judged(3, "F")
	s.wantPage("ann", 9, "3 2")
	s.wantPage("bob", 9, "1 0")
	if code := s.judge("ann", 0, 'F'); code != "own_frame" {
		t.Errorf("code %q", code)
	}
}

// A frame that lies open before another goes to whoever finds nothing else; and of
// those, last the ones that get all their judgments from whom they lie open before.
func TestOpenFramesAreSpread(t *testing.T) {
	s := newSite(t, 2)
	s.frame(6, "")
	s.wantPage("a", 2, "0 1")
	s.wantPage("b", 2, "2 3")
	s.wantPage("b", 2, "2 3") // again: its own page is no hindrance
	s.wantPage("c", 4, "4 5 0 1")
	s.wantPage("d", 3, "2 3 4") // one other has each of them open
	s.wantPage("e", 2, "5 0")   // 5 wants one more; the rest lie open before two
}

func TestBegunFramesAreSpread(t *testing.T) {
	s := newSite(t, 3)
	s.frame(3, "")
	s.judged(1, "FF")
	s.wantPage("x", 1, "1")
	s.wantPage("y", 9, "0 2 1") // with x's judgment frame 1 has its three
	s.wantPage("x", 9, "0 2 1") // and with y's, who was given it for want of another
	if code := s.judge("x", 1, 'F'); code != "" {
		t.Error(code)
	}
	s.wantPage("z", 9, "0 2")
}

func TestAPageIsOpenForAWhile(t *testing.T) {
	s := newSite(t, 1)
	s.frame(3, "")
	s.wantPage("a", 1, "0")
	s.pass(5*time.Minute - time.Millisecond)
	s.wantPage("b", 1, "1")
	s.pass(time.Millisecond)
	s.wantPage("c", 1, "0")
	s.Lease = time.Minute
	s.wantPage("d", 1, "2")
	s.wantPage("e", 3, "0 1 2")
	s.pass(time.Minute)
	s.wantPage("f", 3, "2 0 1") // 0 lies open before c still, and 1 before b
}

// A new page replaces the one before: what was left unjudged is free for others.
func TestANewPageReplacesTheOld(t *testing.T) {
	s := newSite(t, 1)
	s.frame(3, "")
	s.wantPage("a", 3, "0 1 2")
	s.wantPage("a", 1, "0")
	s.wantPage("b", 9, "1 2 0")
}

func TestManyFramesBegunByOthers(t *testing.T) {
	s := newSite(t, 9)
	s.frame(230, "") // more than a page of the register, judged by a throughout
	var all []moderation.Judgment
	for i := range 229 {
		all = append(all, s.judgment(i, 'F'))
	}
	for _, part := range [][]moderation.Judgment{all[:100], all[100:200], all[200:]} {
		if r, err := s.Judge(t.Context(), moderation.ByAccount("a"), part); r.Accepted != len(part) || err != nil {
			t.Fatal(r, err)
		}
	}
	s.wantPage("a", 18, "229")
}

func TestWhoJudges(t *testing.T) {
	s := newSite(t, 3)
	s.frame(1, "")
	for _, j := range []moderation.Judge{"", moderation.Everybody} {
		_, err := s.Next(t.Context(), j, 1)
		wantCode(t, err, fault.Denied, "no_judge")
		_, err = s.Judge(t.Context(), j, []moderation.Judgment{s.judgment(0, 'F')})
		wantCode(t, err, fault.Denied, "no_judge")
		_, err = s.Settle(t.Context(), j, s.frames[0], "accepted", "")
		wantCode(t, err, fault.Denied, "no_judge")
		_, err = s.Undo(t.Context(), j, s.frames[0])
		wantCode(t, err, fault.Denied, "no_judge")
	}
	if got := moderation.ByAccount("x").Account() + moderation.Judge("link:y").Account(); got != "x" {
		t.Errorf("accounts %q", got)
	}
}
