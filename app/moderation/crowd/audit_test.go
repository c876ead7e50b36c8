package crowd_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"oneframe/app/moderation"
	"oneframe/app/moderation/crowd"
	"oneframe/app/store"
)

// acts gives the audit's lines of a crowd, the oldest first.
func (s *site) acts(id string) (lines []string) {
	s.Helper()
	s.write(func(tx *store.Tx) error {
		all, err := moderation.Audit(tx, "", 0, 100)
		for _, a := range slices.Backward(all) {
			if a.Subject == id {
				lines = append(lines, string(a.By)+" "+a.Action+": "+a.Detail)
			}
			if a.Frame() != "" {
				s.Errorf("%v is of no frame", a)
			}
		}
		return err
	})
	return lines
}

// Whatever is done to a crowd leaves one line, what changes nothing leaves none, and no
// line has a secret or more of an address than its host.
func TestWhatIsDoneToCrowdsIsInTheAudit(t *testing.T) {
	s := newSite(t)
	const at = "http://127.0.0.1:1/jobs?key=hidden"
	c, told, err := s.Add(s.Context(), boss, crowd.New{Name: "Peer", Kind: crowd.Poll, URL: at, PollURL: "http://127.0.0.1:2/hidden", Form: true})
	if err != nil {
		t.Fatal(err)
	}
	young, err := s.Rotate(s.Context(), boss, c.ID)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	for range 2 { // the second time it is so already
		must(s.EndOld(s.Context(), boss, c.ID))
		must(s.Switch(s.Context(), boss, c.ID, false))
		must(s.Collect(s.Context(), boss, c.ID))
		must(s.Change(s.Context(), boss, c.ID, crowd.New{Name: "Other", URL: "http://127.0.0.1:3/hidden", PollURL: "http://127.0.0.1:2/hidden/too"}))
	}
	must(s.Switch(s.Context(), "account:mia", c.ID, true))
	must(s.Switch(s.Context(), boss, c.ID, true))
	must(s.Collect(s.Context(), boss, c.ID))
	must(s.Resend(s.Context(), boss, c.ID))
	must(s.Remove(s.Context(), boss, c.ID))
	if err := s.Remove(s.Context(), boss, c.ID); err == nil {
		t.Error("it was removed twice")
	}
	want := []string{
		"account:boss crowd added: Peer; http-poll; jobs to 127.0.0.1:1; judgments from 127.0.0.1:2",
		"account:boss crowd secret rotated: Peer",
		"account:boss crowd secret ended: Peer",
		"account:boss crowd switched off: Peer",
		"account:boss crowd changed: Other; before “Peer”; jobs to 127.0.0.1:3, not 127.0.0.1:1; judgments from another address at 127.0.0.1:2",
		"account:mia crowd switched on: Other",
		"account:boss crowd asked: Other",
		"account:boss crowd messages sent again: Other",
		"account:boss crowd removed: Other",
	}
	got := s.acts(c.ID)
	if !slices.Equal(got, want) {
		t.Errorf("the audit says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, secret := range []string{told.Secret, told.FormKey, young.Secret, young.FormKey, "hidden"} {
		if strings.Contains(strings.Join(got, "\n"), secret) {
			t.Errorf("the audit tells %s", secret)
		}
	}
}

// A crowd that answers 410 is switched off by the site, once.
func TestACrowdThatIsGoneIsInTheAudit(t *testing.T) {
	each(t, func(s *site, kind string) {
		p := s.peer()
		c, _ := s.join(p, kind)
		p.says(status(http.StatusGone))
		s.frame()
		s.frame()
		s.work()
		got := s.acts(c.ID)
		if len(got) != 2 || got[1] != " crowd gone: Peer; The crowd answered 410: it wants no more jobs." {
			t.Errorf("the audit says %q", got)
		}
	})
}
