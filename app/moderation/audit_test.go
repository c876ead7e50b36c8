package moderation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"oneframe/app/moderation"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// acts gives the audit, the oldest line first, with the places of frames.
func (s *site) acts() string {
	s.Helper()
	var lines []string
	s.read(func(tx *store.Tx) error {
		all, err := moderation.Audit(tx, "", 0, 100)
		for _, a := range slices.Backward(all) {
			of := "other"
			if i := slices.Index(s.frames, a.Frame()); i >= 0 {
				of = fmt.Sprint(i)
			}
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", a.By.Account(), a.Action, of, a.Detail)))
			if !a.At.Equal(time.UnixMilli(s.now.Load())) {
				s.Errorf("%v: by the clock it is %v", a, time.UnixMilli(s.now.Load()))
			}
		}
		return err
	})
	return strings.Join(lines, "\n")
}

// Gold that ends with the verdict it stood for has its line as well.
func TestWhatBecomesOfGoldIsInTheAudit(t *testing.T) {
	s := newSite(t, 3)
	s.frame(2, "")
	s.gold('P', 0)
	s.gold('F', 1)
	s.settle("kim", 0, picture.Accepted, "")
	s.settle("kim", 0, picture.Accepted, "")
	s.undo("mia", 1)
	want := strings.Join([]string{
		"mia rejected 0 no pose", "mia gold marked 0 look at the hands",
		"mia accepted 1", "mia gold marked 1 look at the hands",
		"kim accepted 0", "kim gold retired 0 with the verdict that it stood for",
		"mia taken back 1 accepted", "mia gold retired 1 with the verdict that it stood for",
	}, "\n")
	if got := s.acts(); got != want {
		t.Errorf("the audit says\n%s\nwant\n%s", got, want)
	}
}

func TestLinksAreInTheAudit(t *testing.T) {
	s := newSite(t, 3)
	l, secret := s.link(moderation.NewLink{Name: "Fans"})
	for range 2 {
		if err := s.RevokeLink(t.Context(), "account:kim", l.ID); err != nil {
			t.Fatal(err)
		}
	}
	got := s.acts()
	if !strings.HasSuffix(got, " link made other Fans\nkim link revoked other Fans") || strings.Contains(got, secret) {
		t.Errorf("the audit says\n%s", got)
	}
}

// A gold frame's answers tell who gave them, when, and whether they were right.
func TestGoldAnswers(t *testing.T) {
	s := newSite(t, 3)
	s.frame(2, "")
	s.gold('F', 0)
	for i, letter := range []byte("FPN") {
		s.judge(fmt.Sprint("j", i), 0, letter)
		s.pass(time.Minute)
	}
	s.judge("j0", 1, 'F')
	for n, want := range map[int]string{9: "j2 false 1m0s, j1 false 2m0s, j0 true 3m0s", 1: "j2 false 1m0s"} {
		var got []string
		s.read(func(tx *store.Tx) error {
			all, err := moderation.GoldAnswers(tx, s.frames[0], n)
			for _, a := range all {
				got = append(got, fmt.Sprint(a.Judge.Account(), " ", a.Right, " ", tx.Now.Sub(a.At)))
			}
			return err
		})
		if list := strings.Join(got, ", "); list != want {
			t.Errorf("the last %d answers are %s, want %s", n, list, want)
		}
	}
}
