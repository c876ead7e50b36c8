package people

import (
	"fmt"
	"testing"

	"oneframe/app/fault"
)

func TestSetup(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, _, err := s.Setup(s.ctx, "", "ada", good)
	wantCode(t, err, fault.Denied, "bad_setup") // before any link was made
	former, needed, err := s.SetupSecret(s.ctx)
	if err != nil || !needed || former == "" {
		t.Fatal(former, needed, err)
	}
	latest, _, err := s.SetupSecret(s.ctx)
	if err != nil || latest == former {
		t.Fatal(latest, err)
	}
	wantCode(t, s.CheckSetup(s.ctx, former), fault.Denied, "bad_setup")
	if err := s.CheckSetup(s.ctx, latest); err != nil {
		t.Error(err)
	}
	_, _, err = s.Setup(s.ctx, former, "ada", good)
	wantCode(t, err, fault.Denied, "bad_setup")
	_, _, err = s.Setup(s.ctx, latest, "ada", "short")
	wantCode(t, err, fault.Invalid, "weak_password")
	session, a, err := s.Setup(s.ctx, latest, "ada", good)
	if err != nil || a.Role != Admin || a.Name != "ada" {
		t.Fatalf("setup: %+v, %v", a, err)
	}
	if got, err := s.BySession(s.ctx, session); err != nil || got != a {
		t.Errorf("its session: %+v, %v", got, err)
	}
	if got, err := s.BySession(s.ctx, s.login("ada")); err != nil || got != a {
		t.Errorf("its password: %+v, %v", got, err)
	}
	_, _, err = s.Setup(s.ctx, latest, "eve", good)
	wantCode(t, err, fault.Gone, "setup_done")
	wantCode(t, s.CheckSetup(s.ctx, latest), fault.Gone, "setup_done")
	secret, needed, err := s.SetupSecret(s.ctx)
	if secret != "" || needed || err != nil {
		t.Errorf("a site with an admin needs no setup: %q, %v, %v", secret, needed, err)
	}
}

// An admin made by the command ends the link as well.
func TestSetupEndsWithAnyAdmin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	secret, _, err := s.SetupSecret(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.add("bob", Judge)
	_, _, err = s.Setup(s.ctx, secret, "BOB", good)
	wantCode(t, err, fault.Conflict, "name_taken")
	if _, needed, _ := s.SetupSecret(s.ctx); !needed {
		t.Error("a judge is no admin")
	}
	s.add("ada", Admin)
	_, _, err = s.Setup(s.ctx, secret, "eve", good)
	wantCode(t, err, fault.Gone, "setup_done")
}

func TestSetupRace(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	secret, _, err := s.SetupSecret(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	const many = 4
	errs := make(chan error)
	for i := range many {
		go func() {
			_, _, err := s.Setup(s.ctx, secret, fmt.Sprintf("admin %d", i), good)
			errs <- err
		}()
	}
	won := 0
	for range many {
		if err := <-errs; err == nil {
			won++
		} else {
			wantCode(t, err, fault.Gone, "setup_done")
		}
	}
	all, err := s.List(s.ctx)
	if won != 1 || len(all) != 1 || err != nil {
		t.Errorf("%d set the site up, accounts %v, %v", won, all, err)
	}
}
