package moderation_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/store"
)

func (s *site) settle(by string, frame int, verdict picture.State, reason string) {
	s.Helper()
	p, err := s.Settle(s.Context(), moderation.ByAccount(by), s.frames[frame], verdict, reason)
	if err != nil || p != s.get(frame) || p.State != verdict || p.Reason != strings.TrimSpace(reason) {
		s.Errorf("settled: %+v, %v", p, err)
	}
}

func (s *site) undo(by string, frame int) picture.Picture {
	s.Helper()
	p, err := s.Undo(s.Context(), moderation.ByAccount(by), s.frames[frame])
	if err != nil || p != s.get(frame) {
		s.Errorf("undone: %+v, %v", p, err)
	}
	return p
}

func (s *site) filled(number int) (n int) {
	s.Helper()
	s.read(func(tx *store.Tx) error {
		x, err := slot.Get(tx, slot.ID{Clip: "c", Number: number})
		n = x.Filled
		return err
	})
	return n
}

func TestAModeratorSettlesAtOnce(t *testing.T) {
	s := newSite(t, 3)
	s.frame(4, "")
	s.judged(0, "F")
	s.judged(1, "FNP")
	s.judged(2, "FFF")
	s.judged(3, "NN")
	for frame, was := range []picture.State{picture.Waiting, picture.Undecided, picture.Accepted, picture.Rejected} {
		if got := s.get(frame).State; got != was {
			t.Fatalf("frame %d is %s", frame, got)
		}
		s.settle("m", frame, picture.Rejected, " an advertisement ")
		s.settle("m", frame, picture.Accepted, "")
	}
	s.wantPage("z", 9, "")
	if p := s.get(0); p.Score != 4 || p.Judgments != 1 {
		t.Errorf("its score is of the judgments that there are: %+v", p)
	}
	if got := s.history(1); got != "crowd undecided, account:m rejected, account:m accepted" {
		t.Errorf("decided %q", got)
	}
	if code := s.judge("z", 0, 'N'); code != "already_settled" {
		t.Errorf("code %q", code)
	}
}

func TestSettleRefuses(t *testing.T) {
	s := newSite(t, 3)
	s.frame(2, "")
	s.record(1, "")
	s.withdraw(1)
	s.frames = append(s.frames, "nothing")
	for _, c := range []struct {
		frame   int
		verdict picture.State
		reason  string
		kind    fault.Kind
		code    string
	}{
		{0, picture.Rejected, "", fault.Invalid, "no_reason"},
		{0, picture.Rejected, " \n", fault.Invalid, "no_reason"},
		{0, picture.Rejected, strings.Repeat("x", 501), fault.Invalid, "long_reason"},
		{0, picture.Rejected, "\xff", fault.Invalid, "long_reason"},
		{0, picture.Undecided, "x", fault.Invalid, "bad_verdict"},
		{0, picture.Waiting, "x", fault.Invalid, "bad_verdict"},
		{0, "", "x", fault.Invalid, "bad_verdict"},
		{1, picture.Accepted, "", fault.Conflict, "not_judged"},
		{2, picture.Accepted, "", fault.Conflict, "not_judged"},
	} {
		p, err := s.Settle(t.Context(), "account:m", s.frames[c.frame], c.verdict, c.reason)
		wantCode(t, err, c.kind, c.code)
		if p != (picture.Picture{}) || len(s.decisions(c.frame)) != 0 {
			t.Errorf("%+v: refused, and %+v, %v", c, p, s.decisions(c.frame))
		}
	}
	_, err := s.Settle(t.Context(), "account:m", "nothing", picture.Accepted, "")
	if !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

// A second click, or a reloaded page, decides nothing new; another moderator does.
func TestSettlingTheSameAgain(t *testing.T) {
	s := newSite(t, 3)
	s.frame(1, "")
	for range 3 {
		s.settle("m", 0, picture.Rejected, "blurred")
	}
	s.settle("n", 0, picture.Rejected, "blurred")
	if got := s.history(0); got != "account:m rejected, account:n rejected" {
		t.Errorf("decided %q", got)
	}
	s.undo("n", 0)
	s.settle("n", 0, picture.Rejected, "blurred")
	if got := s.history(0); got != "account:m rejected, account:n rejected (undone by account:n), account:n rejected" {
		t.Errorf("decided %q", got)
	}
}

func TestUndoGoesBackToTheJudgments(t *testing.T) {
	for letters, want := range map[string]string{
		"":    "waiting  0 0 | account:m V (undone by account:n)",
		"FN":  "waiting  0 0 | account:m V (undone by account:n)",
		"FFF": "accepted  4 3 | crowd accepted, account:m V (undone by account:n), crowd accepted",
		"FNN": "rejected nudity 0 3 | crowd rejected, account:m V (undone by account:n), crowd rejected",
		"PP":  "rejected no pose 0 2 | crowd rejected, account:m V (undone by account:n), crowd rejected",
		"FNP": "undecided no majority 0 3 | crowd undecided, account:m V (undone by account:n), crowd undecided",
	} {
		for _, verdict := range []picture.State{picture.Accepted, picture.Rejected} {
			t.Run(letters+string(verdict), func(t *testing.T) {
				s := newSite(t, 3)
				s.frame(1, "")
				s.judged(0, letters)
				s.settle("m", 0, verdict, "because")
				p := s.undo("n", 0)
				got := fmt.Sprint(p.State, " ", p.Reason, " ", p.Score, p.Judgments, " | ", s.history(0))
				if want := strings.ReplaceAll(want, "V", string(verdict)); got != want {
					t.Errorf("%s, want %s", got, want)
				}
				_, err := s.Undo(t.Context(), "account:m", s.frames[0])
				wantCode(t, err, fault.Conflict, "nothing_to_undo")
			})
		}
	}
}

func TestWhatWaitsAgainIsJudgedOn(t *testing.T) {
	s := newSite(t, 3)
	s.frame(2, "")
	s.judged(1, "FF")
	s.settle("m", 0, picture.Accepted, "")
	s.settle("m", 1, picture.Rejected, "blurred")
	s.wantPage("z", 9, "")
	s.undo("m", 0)
	s.undo("m", 1)
	s.wantPage("a", 9, "0") // it has judged the other
	s.wantPage("z", 9, "1 0")
	if code := s.judge("z", 1, 'F'); code != "" || s.get(1).State != picture.Accepted || s.get(1).Judgments != 3 {
		t.Errorf("%q, %+v", code, s.get(1))
	}
}

func TestARejectedFrameReopensItsSlot(t *testing.T) {
	s := newSite(t, 3)
	s.frame(1, "")
	s.judged(0, "PP")
	if s.filled(1) != 0 {
		t.Error("the crowd rejected it: its slot is free")
	}
	s.frame(1, "") // the slot is filled again meanwhile
	s.settle("m", 0, picture.Accepted, "")
	if s.filled(1) != 2 {
		t.Error("a moderator took it after all: two stand")
	}
	s.settle("m", 0, picture.Rejected, "no")
	s.settle("m", 0, picture.Rejected, "no, really")
	s.undo("m", 0) // rejected still, by the crowd
	if s.filled(1) != 1 || s.get(0).State != picture.Rejected {
		t.Errorf("%d fill the slot; the frame is %s", s.filled(1), s.get(0).State)
	}
}

func TestUndoRefuses(t *testing.T) {
	s := newSite(t, 3)
	s.frame(3, "")
	s.judged(1, "FFF")
	s.settle("m", 2, picture.Accepted, "")
	s.withdraw(2)
	for frame, code := range []string{"nothing_to_undo", "nothing_to_undo", "not_judged"} {
		before := s.history(frame)
		_, err := s.Undo(t.Context(), "account:m", s.frames[frame])
		wantCode(t, err, fault.Conflict, code)
		if s.history(frame) != before {
			t.Errorf("refused, and now %q", s.history(frame))
		}
	}
	_, err := s.Undo(t.Context(), "account:m", "nothing")
	if !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

// After any sequence of acts a frame is what the last moderator's decision says while
// it is in force, and what its judgments say otherwise.
func TestAnySequence(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			s := newSite(t, 3)
			s.frame(9, "")
			rng := rand.New(rand.NewPCG(seed, 3))
			for range 150 {
				s.act(rng, rng.IntN(len(s.frames)))
			}
			for frame := range s.frames {
				s.checkFrame(frame)
			}
		})
	}
}

func (s *site) act(rng *rand.Rand, frame int) {
	s.Helper()
	var err error
	judge := string(rune('a' + rng.IntN(6)))
	switch rng.IntN(8) {
	case 0:
		_, err = s.Settle(s.Context(), "account:m", s.frames[frame], picture.Accepted, "")
	case 1:
		_, err = s.Settle(s.Context(), "account:n", s.frames[frame], picture.Rejected, "no")
	case 2:
		_, err = s.Undo(s.Context(), "account:m", s.frames[frame])
	case 3:
		if rng.IntN(6) == 0 {
			s.withdraw(frame)
		}
	case 4:
		s.page(judge, 4)
	default:
		s.judge(judge, frame, "FFNP"[rng.IntN(4)])
	}
	if err != nil && !fault.Is(err, fault.Conflict) {
		s.Error(err)
	}
}

// newcomers are the rules of the test sites.
func newcomers(least int) moderation.Rules {
	return moderation.Rules{Least: least, Most: 10, Confidence: 0.8, MinTrust: 0.7, Mean: 3}
}

func (s *site) checkFrame(frame int) {
	s.Helper()
	p, ds := s.get(frame), s.decisions(frame)
	var js []moderation.Weighed
	s.read(func(tx *store.Tx) error {
		gs, err := moderation.JudgmentsOf(tx, p.ID)
		for _, g := range gs {
			js = append(js, moderation.Weighed{Judgment: g.Judgment, Trust: moderation.Trust(0, 0)})
		}
		return err
	})
	want := moderation.Tally(js, newcomers(3)).State
	if len(ds) > 0 && ds[len(ds)-1].By != moderation.Everybody && !ds[len(ds)-1].Undone() {
		want = ds[len(ds)-1].Verdict
	}
	if p.State != want && p.State != picture.Withdrawn {
		s.Errorf("frame %d is %s, want %s: %s", frame, p.State, want, s.history(frame))
	}
	handed := strings.Contains(" "+s.page("nobody yet", 18)+" ", fmt.Sprintf(" %d ", frame))
	if handed != (p.State == picture.Waiting) {
		s.Errorf("frame %d is %s; handed out: %v", frame, p.State, handed)
	}
}
