package people

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"oneframe/app/fault"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.add("ada", Photographer)
	s.add("bob", Subscriber)
	var secrets []string
	for _, name := range []string{"ada", "Ada", "bob"} {
		secret, err := s.AddToken(s.ctx, name)
		if err != nil || !regexp.MustCompile(`^of_[A-Za-z0-9_-]{43}$`).MatchString(secret) {
			t.Fatalf("token %q: %v", secret, err)
		}
		secrets = append(secrets, secret)
		s.pass(time.Minute)
	}
	a, err := s.ByToken(s.ctx, secrets[0])
	if err != nil || a != ada {
		t.Errorf("by token: %+v, %v", a, err)
	}
	all, err := s.Tokens(s.ctx, ada.ID)
	if err != nil || len(all) != 2 || all[0].Account != ada.ID {
		t.Fatalf("tokens: %+v, %v", all, err)
	}
	if !strings.HasPrefix(secrets[1], all[0].Hint) || !all[0].Used.IsZero() || all[1].Used.IsZero() {
		t.Errorf("newest first, with its hint and use: %+v", all)
	}
	if err := s.RevokeToken(s.ctx, all[1].ID); err != nil {
		t.Fatal(err)
	}
	_, err = s.ByToken(s.ctx, secrets[0])
	wantCode(t, err, fault.Unknown, "bad_token")
	for _, secret := range secrets[1:] {
		if _, err := s.ByToken(s.ctx, secret); err != nil {
			t.Errorf("revoking ends one token: %v", err)
		}
	}
	wantCode(t, s.RevokeToken(s.ctx, all[1].ID), fault.NotFound, "no_token")
}

func TestTokensRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.add("ada", Judge)
	session := s.login("ada")
	_, err := s.AddToken(s.ctx, "nobody")
	wantCode(t, err, fault.NotFound, "no_account")
	for _, secret := range []string{"", "of_", session, "of_" + session} {
		_, err := s.ByToken(s.ctx, secret)
		wantCode(t, err, fault.Unknown, "bad_token")
	}
	token, err := s.AddToken(s.ctx, "ada")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.BySession(s.ctx, token)
	wantCode(t, err, fault.Unknown, "no_session")
}
