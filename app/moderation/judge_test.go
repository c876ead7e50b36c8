package moderation_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/picture"
	"oneframe/app/store"
)

func TestVerdicts(t *testing.T) {
	s := newSite(t, 3)
	s.frame(6, "")
	for i, letters := range []string{"FFF", "NN", "PP", "FNP", "FF", "NP"} {
		s.judged(i, letters)
	}
	for i, want := range []string{"accepted  4 3", "rejected nudity 0 2", "rejected no pose 0 2",
		"undecided no majority 0 3", "waiting  0 0", "waiting  0 0"} {
		p := s.get(i)
		if got := fmt.Sprint(p.State, " ", p.Reason, " ", p.Score, p.Judgments); got != want {
			t.Errorf("frame %d: %s, want %s", i, got, want)
		}
	}
	for i, want := range []string{"crowd accepted", "crowd rejected", "crowd rejected", "crowd undecided", "", ""} {
		if got := s.history(i); got != want {
			t.Errorf("frame %d: decided %q, want %q", i, got, want)
		}
	}
	d := s.decisions(1)[0]
	if got := fmt.Sprint(d.Reason, d.Judgments, d.Nudity, d.NoPose, d.Fine, d.At.Equal(s.DB.Now())); got != "nudity2 2 0 0 true" {
		t.Errorf("the decision's figures: %s", got)
	}
}

func TestThreeJudgmentsUnlessToldOtherwise(t *testing.T) {
	s := newSite(t, 0)
	s.frame(1, "")
	s.judged(0, "FF")
	if got := s.get(0).State; got != picture.Waiting {
		t.Errorf("%s after two", got)
	}
	if code := s.judge("c", 0, 'F'); code != "" || s.get(0).State != picture.Accepted {
		t.Errorf("%q, and %s after three", code, s.get(0).State)
	}
}

func TestRefusals(t *testing.T) {
	s := newSite(t, 3)
	s.frame(6, "")
	s.record(1, "")
	s.judged(0, "FFF")
	s.judged(1, "NN")
	s.judged(2, "FNP")
	s.judged(3, "F")
	s.withdraw(4)
	s.frames = append(s.frames, "nothing")
	for _, c := range []struct {
		judge    string
		frame    int
		likeness int
		want     string
	}{
		{"z", 0, 4, "already_settled"}, {"z", 1, 4, "already_settled"}, {"z", 2, 4, "already_settled"},
		{"a", 0, 4, "already_judged"}, {"a", 3, 4, "already_judged"},
		{"z", 4, 4, "not_waiting"}, {"z", 6, 4, "not_waiting"}, {"z", 7, 4, "unknown_frame"}, {"z", 7, 9, "unknown_frame"},
		{"z", 5, 0, "bad_likeness"}, {"z", 5, -1, "bad_likeness"}, {"z", 5, 6, "bad_likeness"},
	} {
		g := s.judgment(c.frame, 'F')
		g.Likeness = c.likeness
		r, err := s.Judge(t.Context(), moderation.ByAccount(c.judge), []moderation.Judgment{g})
		want := []moderation.Refusal{{Frame: g.Frame, Code: c.want}}
		if r.Accepted != 0 || err != nil || !slices.Equal(r.Refused, want) {
			t.Errorf("%+v: %+v, %v", c, r, err)
		}
	}
	s.read(func(tx *store.Tx) error {
		for i, want := range []int{3, 2, 3, 1, 0, 0, 0, 0} {
			if given, needed, err := s.Progress(tx, s.frames[i]); given != want || needed != 3 || err != nil {
				t.Errorf("frame %d has %d judgments of %d, want %d; %v", i, given, needed, want, err)
			}
		}
		return nil
	})
}

// Likeness may be left out where there is nothing to compare.
func TestLikeness(t *testing.T) {
	for _, letter := range "FNPB" {
		for likeness := -1; likeness <= 6; likeness++ {
			t.Run(fmt.Sprintf("%c%d", letter, likeness), func(t *testing.T) {
				s := newSite(t, 3)
				s.frame(1, "")
				g := s.judgment(0, byte(letter))
				g.Likeness = likeness
				r, err := s.Judge(t.Context(), "x", []moderation.Judgment{g})
				want := likeness >= 1 && likeness <= 5 || likeness == 0 && letter != 'F'
				if (r.Accepted == 1) != want || err != nil {
					t.Errorf("taken %v, want %v; %v", r.Accepted == 1, want, err)
				}
			})
		}
	}
}

// What is refused doesn't hold up the rest of a page.
func TestAPageOfJudgments(t *testing.T) {
	s := newSite(t, 1)
	s.frame(3, "")
	page := []moderation.Judgment{s.judgment(0, 'F'), {Frame: "nothing"}, s.judgment(1, 'N'), s.judgment(0, 'F'), s.judgment(2, 'F')}
	page[4].Likeness = 7
	r, err := s.Judge(t.Context(), "x", page)
	want := []moderation.Refusal{{Frame: "nothing", Code: "unknown_frame"}, {Frame: s.frames[0], Code: "already_judged"}, {Frame: s.frames[2], Code: "bad_likeness"}}
	if r.Accepted != 2 || err != nil || !slices.Equal(r.Refused, want) {
		t.Errorf("%+v, %v", r, err)
	}
	if got := fmt.Sprint(s.get(0).State, s.get(1).State, s.get(2).State); got != "acceptedrejectedwaiting" {
		t.Errorf("states %s", got)
	}
	if r, err := s.Judge(t.Context(), "x", nil); r.Accepted != 0 || r.Refused != nil || err != nil {
		t.Errorf("no judgments: %+v, %v", r, err)
	}
	_, err = s.Judge(t.Context(), "x", make([]moderation.Judgment, 101))
	wantCode(t, err, fault.Invalid, "too_many")
}

func TestJudgmentsOf(t *testing.T) {
	s := newSite(t, 3)
	s.frame(1, "")
	s.judge("b", 0, 'N')
	s.pass(time.Second)
	s.judge("a", 0, 'P')
	s.read(func(tx *store.Tx) error {
		gs, err := moderation.JudgmentsOf(tx, s.frames[0])
		if err != nil || len(gs) != 2 {
			t.Fatal(gs, err)
		}
		if gs[0].Judge != "account:b" || gs[0].Judgment != s.judgment(0, 'N') || gs[1].Judge != "account:a" ||
			gs[1].Judgment != s.judgment(0, 'P') || !gs[1].At.Equal(s.DB.Now()) || gs[1].At.Sub(gs[0].At) != time.Second {
			t.Errorf("%+v", gs)
		}
		return nil
	})
}

func TestStats(t *testing.T) {
	s := newSite(t, 3)
	s.frame(4, "")
	s.judged(0, "FFF")
	s.pass(12 * time.Hour) // midnight
	s.judged(1, "FNP")
	s.judged(2, "F")
	s.read(func(tx *store.Tx) error {
		got, err := moderation.Stats(tx)
		if want := (moderation.Figures{Today: 4, Waiting: 2, Undecided: 1}); got != want || err != nil {
			t.Errorf("%+v, want %+v; %v", got, want, err)
		}
		return nil
	})
}

// crowd has every judge take pages and judge them, all at once, until nothing is left.
func (s *site) crowd(judges int) (shown []map[picture.ID]int) {
	shown = make([]map[picture.ID]int, judges)
	var wg sync.WaitGroup
	for n := range judges {
		shown[n] = map[picture.ID]int{}
		j := moderation.ByAccount(fmt.Sprint(n))
		rng := rand.New(rand.NewPCG(uint64(n), 7))
		wg.Go(func() {
			for {
				page, err := s.Next(context.Background(), j, 1+rng.IntN(5))
				if err != nil || len(page) == 0 {
					s.check(err)
					return
				}
				var js []moderation.Judgment
				for _, p := range page {
					shown[n][p.ID]++
					js = append(js, moderation.Judgment{Frame: p.ID, Nudity: rng.IntN(4) == 0, Trying: rng.IntN(4) > 0, Likeness: 1 + rng.IntN(5)})
				}
				result, err := s.Judge(context.Background(), j, js)
				s.check(err)
				for _, r := range result.Refused {
					if r.Code != "already_settled" { // while it lay open here, others finished it
						s.Errorf("refused: %s", r.Code)
					}
				}
			}
		})
	}
	wg.Wait()
	return shown
}

func (s *site) check(err error) {
	if err != nil {
		s.Error(err)
	}
}

func TestManyJudgesAtOnce(t *testing.T) {
	for needed := 1; needed <= 4; needed++ {
		t.Run(fmt.Sprint(needed), func(t *testing.T) {
			s := newSite(t, needed)
			s.Most = 7 // of nine judges
			s.frame(40, "")
			for n, shown := range s.crowd(9) {
				for id, times := range shown {
					if times > 1 {
						t.Errorf("judge %d was given frame %s %d times", n, id, times)
					}
				}
			}
			s.read(func(tx *store.Tx) error {
				for _, id := range s.frames {
					s.checkVerdict(tx, id, needed)
				}
				return nil
			})
		})
	}
}

// checkVerdict asserts that the frame's verdict came with the judgment that made it
// due, once, and is what the judgments say.
func (s *site) checkVerdict(tx *store.Tx, id picture.ID, needed int) {
	gs, err := moderation.JudgmentsOf(tx, id)
	s.check(err)
	ds, err := moderation.Decisions(tx, id)
	s.check(err)
	p, err := picture.Get(tx, id)
	s.check(err)
	var js []moderation.Weighed
	judges := map[moderation.Judge]bool{}
	for _, g := range gs {
		js = append(js, moderation.Weighed{Judgment: g.Judgment, Trust: moderation.Trust(0, 0), Mean: 3})
		judges[g.Judge] = true
	}
	r := newcomers(needed)
	r.Most = s.Most
	want := moderation.Tally(js, r)
	if len(judges) != len(js) || len(ds) != 1 || ds[0].Judgments != len(js) {
		s.Errorf("frame %s: %d judgments by %d judges, decisions %+v", id, len(js), len(judges), ds)
	}
	if p.State != want.State || p.State == picture.Waiting || (p.Score == 0) != (want.Score == 0) || p.Judgments != len(js) {
		s.Errorf("frame %s: %+v, want %+v", id, p, want)
	}
	due := slices.ContainsFunc(js, func(last moderation.Weighed) bool {
		before := slices.DeleteFunc(slices.Clone(js), func(j moderation.Weighed) bool { return j.Judgment == last.Judgment })
		return moderation.Tally(before, r).State == picture.Waiting
	})
	if !due {
		s.Errorf("frame %s was settled with %d judgments, and was due before: %v", id, len(js), js)
	}
}

// Judges who judge one frame at the same moment make one verdict.
func TestOneFrameJudgedByManyAtOnce(t *testing.T) {
	s := newSite(t, 3)
	s.frame(1, "")
	var wg sync.WaitGroup
	codes := make([]string, 8)
	for n := range codes {
		wg.Go(func() { codes[n] = s.judge(fmt.Sprint(n), 0, 'F') })
	}
	wg.Wait()
	slices.Sort(codes)
	if want := []string{"", "", "", "already_settled", "already_settled", "already_settled", "already_settled", "already_settled"}; !slices.Equal(codes, want) {
		t.Errorf("codes %q", codes)
	}
	if got := s.history(0); got != "crowd accepted" {
		t.Errorf("decided %q", got)
	}
}
