package crowd_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/moderation/crowd"
	"oneframe/app/picture"
	"oneframe/app/store"
	"oneframe/app/vault"
	"oneframe/app/webhook"
)

// each runs the test for both kinds of crowd: what is posted doesn't differ.
func each(t *testing.T, f func(s *site, kind string)) {
	t.Parallel()
	for _, kind := range []string{crowd.Push, crowd.Poll} {
		t.Run(kind, func(t *testing.T) { f(newSite(t), kind) })
	}
}

func TestJobsArePostedOnce(t *testing.T) {
	each(t, func(s *site, kind string) {
		early := s.frame()
		p := s.peer()
		c, _ := s.join(p, kind)
		late := s.frame()
		s.work()
		h := p.about(early)[0]
		if got := p.got(early, late); got != "ready 0, ready 1" {
			t.Errorf("the crowd got %s", got)
		}
		var m struct {
			Timestamp time.Time
			Data      map[string]any
		}
		if err := json.Unmarshal(h.body, &m); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(m.Timestamp.Format(time.RFC3339), m.Data["slot"], m.Data["reference_url"], m.Data["expires_at"]); got !=
			"2026-05-01T12:00:00Z1https://site.example.org/clips/c/poses/1.jpg2026-05-31T12:00:00Z" {
			t.Errorf("the job says %s", got)
		}
		if strings.Contains(string(h.body), "Ann") || len(h.body) > 2000 {
			t.Errorf("the job names the contributor, or is long: %s", h.body)
		}
		s.work()
		s.restart()
		s.work()
		if got := p.got(); got != "" {
			t.Errorf("once more: %s", got)
		}
		if c := s.get(c.ID); c.Sent != 2 || c.Due != 0 || c.Trouble != "" {
			t.Errorf("the crowd is told of as %+v", c)
		}
	})
}

func TestSettledFramesAreClosed(t *testing.T) {
	each(t, func(s *site, kind string) {
		p := s.peer()
		c, _ := s.join(p, kind)
		a, b, d := s.frame(), s.frame(), s.frame()
		s.work()
		p.got()
		s.settle(a, picture.Accepted)
		s.settle(b, picture.Rejected)
		s.write(func(tx *store.Tx) error { return picture.Withdraw(tx, d, "contributor") })
		s.work()
		if got := p.got(a, b, d); got != "closed 0, closed 1, closed 2" {
			t.Errorf("after the verdicts: %s", got)
		}
		if _, err := s.Desk.Undo(s.Context(), "account:mod", a); err != nil {
			t.Fatal(err)
		}
		s.work()
		if got := p.got(a); got != "ready 0" {
			t.Errorf("after the verdict was taken back: %s", got)
		}
		if err := s.Switch(s.Context(), boss, c.ID, false); err != nil {
			t.Fatal(err)
		}
		quick := s.frame()
		s.work()
		s.settle(quick, picture.Accepted)
		if err := s.Switch(s.Context(), boss, c.ID, true); err != nil {
			t.Fatal(err)
		}
		s.work()
		if got := p.got(); got != "" {
			t.Errorf("a frame that was settled before its job went out: %s", got)
		}
	})
}

func TestRetries(t *testing.T) {
	each(t, func(s *site, kind string) {
		p := s.peer()
		c, _ := s.join(p, kind)
		p.says(status(http.StatusServiceUnavailable, "Retry-After", "3600"))
		id := s.frame()
		s.work()
		first := p.heard[0]
		if p.tries != 1 || s.get(c.ID).Trouble != "The crowd answered 503: it asks to slow down." {
			t.Errorf("%d tries, trouble %q", p.tries, s.get(c.ID).Trouble)
		}
		s.frame() // the crowd asked for rest: nothing new goes to it either
		s.pass(59 * time.Minute)
		s.restart()
		s.work()
		if p.tries != 1 {
			t.Errorf("%d tries before Retry-After has passed", p.tries)
		}
		p.says(nil)
		s.pass(time.Minute)
		s.work()
		tries := p.about(id)
		again := tries[len(tries)-1]
		if p.tries != 3 || len(tries) != 2 || again.id != first.id || !bytes.Equal(again.body, first.body) ||
			again.header.Get(webhook.HeaderTimestamp) == first.header.Get(webhook.HeaderTimestamp) {
			t.Errorf("%d tries; the second try has id %s and body %s, the first %s and %s", p.tries, again.id, again.body, first.id, first.body)
		}
		if c := s.get(c.ID); c.Trouble != "" || c.Failures != 0 || c.Sent != 2 {
			t.Errorf("after the success: %+v", c)
		}
	})
}

func TestTroubles(t *testing.T) {
	each(t, func(s *site, kind string) {
		p := s.peer()
		c, _ := s.join(p, kind)
		s.frame()
		for _, x := range []struct {
			answer func(http.ResponseWriter, *http.Request)
			want   string
		}{
			{status(http.StatusFound, "Location", p.URL+"/elsewhere"), "The crowd answered with a redirect (302), which is not followed."},
			{status(http.StatusTooManyRequests), "The crowd answered 429: it asks to slow down."},
			{status(http.StatusForbidden), "The crowd answered 403."},
			{status(http.StatusInternalServerError), "The crowd answered 500."},
			{func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "The crowd can't be reached: no connection."},
		} {
			p.says(x.answer)
			before := p.tries
			s.pass(25 * time.Hour)
			s.work()
			if got := s.get(c.ID).Trouble; got != x.want || p.tries == before {
				t.Errorf("trouble %q, want %q; %d tries", got, x.want, p.tries-before)
			}
		}
	})
}

func TestGivenUpAndSentAgain(t *testing.T) {
	s := newSite(t)
	p := s.peer()
	c, _ := s.join(p, crowd.Push)
	p.says(status(http.StatusInternalServerError))
	s.frame()
	for range 3 * webhook.Attempts {
		s.work()
		s.pass(25 * time.Hour)
	}
	if got := s.get(c.ID); p.tries != webhook.Attempts || got.Dead != 1 || got.Due != 0 || got.DeadTrouble != "The crowd answered 500." {
		t.Errorf("%d tries, %+v", p.tries, got)
	}
	p.says(nil)
	if err := s.Resend(s.Context(), boss, c.ID); err != nil {
		t.Fatal(err)
	}
	s.work()
	if got := s.get(c.ID); got.Dead != 0 || got.Sent != 1 {
		t.Errorf("after sending again: %+v", got)
	}
}

func TestGone(t *testing.T) {
	each(t, func(s *site, kind string) {
		p := s.peer()
		c, _ := s.join(p, kind)
		p.says(status(http.StatusGone))
		a := s.frame()
		s.work()
		if got := s.get(c.ID); got.State != "gone" || got.Trouble != "The crowd answered 410: it wants no more jobs." {
			t.Errorf("after a 410: %+v", got)
		}
		s.pass(100 * time.Hour)
		b := s.frame()
		s.work()
		if p.tries != 1 {
			t.Errorf("%d requests to a crowd that is gone", p.tries)
		}
		p.says(nil)
		p.got()
		if err := s.Switch(s.Context(), boss, c.ID, true); err != nil {
			t.Fatal(err)
		}
		s.work()
		if got := p.got(a, b); got != "ready 0, ready 1" {
			t.Errorf("switched on again it got %s", got)
		}
	})
}

func TestSecrets(t *testing.T) {
	s := newSite(t)
	p := s.peer()
	c, told := s.join(p, crowd.Push)
	young, err := s.Rotate(s.Context(), boss, c.ID)
	if err != nil || young.Secret == told.Secret || young.FormKey == told.FormKey {
		t.Fatalf("rotated to %v, %v", young, err)
	}
	s.frame()
	s.work() // the peer knows the old secret alone
	if got := s.get(c.ID); got.Sent != 1 || got.OldUntil.IsZero() {
		t.Errorf("during the rotation: %+v", got)
	}
	p.secrets = append(p.secrets[:0], s.secret(young.Secret))
	s.frame()
	s.work() // and now the new one alone
	shown := fmt.Sprintf("%+v", s.get(c.ID))
	s.stop()
	raw, err := os.ReadFile(filepath.Join(s.dir, "oneframe.db"))
	s.start()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{told.Secret, told.FormKey, young.Secret, young.FormKey} {
		if bytes.Contains(raw, []byte(secret)) || strings.Contains(shown, secret) {
			t.Errorf("the secret %s is in the database, or shown", secret)
		}
	}
	if err := s.Remove(s.Context(), boss, c.ID); err != nil {
		t.Fatal(err)
	}
	s.frame()
	s.work()
	if p.tries != 2 {
		t.Errorf("%d requests, one after it was removed", p.tries)
	}
	if err := s.Switch(s.Context(), boss, c.ID, true); !fault.Has(err, "no_crowd") {
		t.Errorf("switching a removed crowd on: %v", err)
	}
}

func TestAddRefuses(t *testing.T) {
	s := newSite(t)
	s.Private = false
	const good = "https://1.1.1.1/jobs"
	for name, x := range map[string]struct {
		n    crowd.New
		code string
	}{
		"no name":         {crowd.New{Name: " ", Kind: crowd.Push, URL: good}, "bad_name"},
		"a control":       {crowd.New{Name: "a\nb", Kind: crowd.Push, URL: good}, "bad_name"},
		"no kind":         {crowd.New{Name: "Ann", Kind: "ftp", URL: good}, "bad_kind"},
		"no address":      {crowd.New{Name: "Ann", Kind: crowd.Push}, "bad_url"},
		"http":            {crowd.New{Name: "Ann", Kind: crowd.Push, URL: "http://1.1.1.1/"}, "bad_url"},
		"private":         {crowd.New{Name: "Ann", Kind: crowd.Push, URL: "https://10.0.0.1/"}, "private_network"},
		"a private poll":  {crowd.New{Name: "Ann", Kind: crowd.Poll, URL: good, PollURL: "https://[::1]/"}, "private_network"},
		"no poll address": {crowd.New{Name: "Ann", Kind: crowd.Poll, URL: good}, "bad_url"},
	} {
		if _, _, err := s.Add(s.Context(), boss, x.n); !fault.Has(err, x.code) {
			t.Errorf("%s: %v, want %s", name, err, x.code)
		}
	}
	s.Base = ""
	if _, _, err := s.Add(s.Context(), boss, crowd.New{Name: "Ann", Kind: crowd.Push, URL: good}); !fault.Has(err, "no_address") {
		t.Errorf("a site without an address: %v", err)
	}
}

// A crowd that was added while private networks were allowed is not called when they
// no longer are, whatever its name leads to by then.
func TestPrivateNetworkIsNotCalled(t *testing.T) {
	s := newSite(t)
	p := s.peer()
	c, _ := s.join(p, crowd.Push)
	s.Client = guarded()
	s.frame()
	s.work()
	if got := s.get(c.ID).Trouble; p.tries != 0 || !strings.Contains(got, "private network") {
		t.Errorf("%d requests, trouble %q", p.tries, got)
	}
}

// One job of eighteen is gold that the crowd hasn't got; it can't be told from others,
// and it stays open.
func TestGoldGoesToCrowdsToo(t *testing.T) {
	each(t, func(s *site, kind string) {
		var golds []picture.ID
		for range 3 {
			id := s.frame()
			golds = append(golds, id)
			if _, err := s.Desk.MarkGold(s.Context(), "account:mod", moderation.Judgment{Frame: id, Trying: true}, "He bows."); err != nil {
				t.Fatal(err)
			}
		}
		for range 18 {
			s.frame()
		}
		p := s.peer()
		c, told := s.join(p, kind)
		s.work()
		jobs, gold := 0, map[picture.ID]string{}
		for _, h := range p.heard {
			jobs++
			for _, g := range golds {
				if h.frame == g {
					gold[g] = h.url
				}
			}
			if bytes.Contains(h.body, []byte("gold")) {
				t.Errorf("the job tells that it is gold: %s", h.body)
			}
		}
		if jobs != 20 || len(gold) != 2 {
			t.Errorf("%d jobs, %d of them gold", jobs, len(gold))
		}
		for id, link := range gold {
			u, err := url.Parse(link)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Picture(s.Context(), c.ID, id, u.Query().Get("until"), u.Query().Get("signature")); err != nil {
				t.Errorf("the picture of gold: %v", err)
			}
			if got := s.post(told.Secret, "m"+string(id), judged(fine(id, "ann"), `{"frame":"`+string(id)+`","worker":"bob","nudity":true,"trying":true}`)); got != "" {
				t.Errorf("answers about gold: %s", got)
			}
		}
		for worker, want := range map[string]float64{"ann": moderation.Trust(2, 2), "bob": moderation.Trust(2, 0)} {
			s.write(func(tx *store.Tx) error {
				p, err := s.Desk.ProfileOf(tx, moderation.ByWorker(c.ID, worker))
				if p.Trust != want {
					t.Errorf("%s's trust is %v, want %v", worker, p.Trust, want)
				}
				return err
			})
		}
	})
}

// The feed's photographs wait for a moderator too; they are nobody else's to see.
func TestPhotographsStayHere(t *testing.T) {
	s := newSite(t)
	p := s.peer()
	c, _ := s.join(p, crowd.Push)
	id := picture.ID(store.NewID())
	k := vault.KeyOf([]byte("large"))
	s.write(func(tx *store.Tx) error {
		if _, err := picture.Record(tx, picture.New{ID: id, Origin: "ftp", Account: "a", Original: vault.KeyOf([]byte("x")), Type: "image/jpeg", Width: 640, Height: 480}); err != nil {
			return err
		}
		return picture.Ready(tx, id, picture.Renditions{Large: k, Medium: k, Thumb: k, Width: 640, Height: 480})
	})
	s.work()
	if got := s.state(id); got != picture.Waiting || p.tries != 0 {
		t.Errorf("a photograph that is %s was posted %d times", got, p.tries)
	}
	until := s.DB.Now().Add(time.Hour)
	link, err := url.Parse(s.Link(c.ID, id, until))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Picture(s.Context(), c.ID, id, link.Query().Get("until"), link.Query().Get("signature")); !fault.Has(err, "link_ended") {
		t.Errorf("its picture: %v", err)
	}
}
