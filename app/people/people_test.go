package people

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/store"
)

const good = "correct horse" // a password that is taken

// site is a register on its own fresh database, under a clock that the test moves.
type site struct {
	*Register
	t   *testing.T
	ctx context.Context
	now atomic.Int64 // unix ms
}

func newSite(t *testing.T) *site {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "oneframe.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &site{Register: NewRegister(db), t: t, ctx: t.Context()}
	s.now.Store(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC).UnixMilli())
	db.Now = func() time.Time { return time.UnixMilli(s.now.Load()) }
	return s
}

func (s *site) pass(d time.Duration) { s.now.Add(d.Milliseconds()) }

func (s *site) add(name string, role Role) Account {
	s.t.Helper()
	a, err := s.Add(s.ctx, name, good, role)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func (s *site) login(name string) string {
	s.t.Helper()
	secret, _, err := s.Login(s.ctx, name, good)
	if err != nil {
		s.t.Fatal(err)
	}
	return secret
}

// written counts the transactions that changed something while f ran.
func (s *site) written(f func()) bool {
	changed := s.DB.Changed()
	f()
	select {
	case <-changed:
		return true
	default:
		return false
	}
}

func wantCode(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	if !fault.Is(err, kind) || !fault.Has(err, code) {
		t.Errorf("error %v, want %s", err, code)
	}
}

func TestCan(t *testing.T) {
	t.Parallel()
	can := map[Role][]Role{
		Admin:        {Admin, Moderator, Judge},
		Moderator:    {Moderator, Judge},
		Judge:        {Judge},
		Photographer: {Photographer},
		Subscriber:   {Subscriber},
		"":           nil,
	}
	for role, may := range can {
		for _, r := range append(Roles(), "") {
			want := slices.Contains(may, r)
			if got := (Account{Role: role}).Can(r); got != want {
				t.Errorf("%q can %q: %v", role, r, got)
			}
			if (Account{Role: role, Disabled: true}).Can(r) {
				t.Errorf("a disabled %q can %q", role, r)
			}
		}
	}
}

func TestAddRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.add("Ada Lovelace", Moderator)
	s.add("Straße", Judge)
	for _, c := range []struct {
		name, password string
		role           Role
		kind           fault.Kind
		code           string
	}{
		{"a", good, Judge, fault.Invalid, "bad_name"},
		{"é", good, Judge, fault.Invalid, "bad_name"},
		{strings.Repeat("a", 41), good, Judge, fault.Invalid, "bad_name"},
		{" ada", good, Judge, fault.Invalid, "bad_name"},
		{"ada  l", good, Judge, fault.Invalid, "bad_name"},
		{"ada\u00a0l", good, Judge, fault.Invalid, "bad_name"},
		{"ada\u200bl", good, Judge, fault.Invalid, "bad_name"},
		{"ada\nl", good, Judge, fault.Invalid, "bad_name"},
		{"ada\xff", good, Judge, fault.Invalid, "bad_name"},
		{"bob", "123456789", Judge, fault.Invalid, "weak_password"},
		{"bob the builder", "Bob the builder", Judge, fault.Invalid, "weak_password"},
		{"bob", strings.Repeat("x", 1025), Judge, fault.Invalid, "long_password"},
		{"bob", good, "boss", fault.Invalid, "bad_role"},
		{"bob", good, "", fault.Invalid, "bad_role"},
		{"ADA LOVELACE", good, Judge, fault.Conflict, "name_taken"},
		{"STRAẞE", good, Judge, fault.Conflict, "name_taken"},
	} {
		_, err := s.Add(s.ctx, c.name, c.password, c.role)
		if !fault.Is(err, c.kind) || !fault.Has(err, c.code) {
			t.Errorf("add %q %q %q: %v, want %s", c.name, c.password, c.role, err, c.code)
		}
	}
}

func TestAddTakes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	names := []string{"Zoë", "al", strings.Repeat("ж", 40), "李雷", "o'neil-7 (x)"}
	for _, name := range names {
		a := s.add(name, Judge)
		got, err := s.Get(s.ctx, a.ID)
		if err != nil || got != a || got.Name != name || got.Role != Judge || got.Disabled {
			t.Errorf("get %q: %+v, %v; added %+v", name, got, err, a)
		}
	}
	all, err := s.List(s.ctx)
	if err != nil || len(all) != len(names) || all[0].Name != "al" || all[2].Name != "Zoë" {
		t.Errorf("list: %v, %v", all, err)
	}
	_, err = s.Get(s.ctx, "nobody")
	wantCode(t, err, fault.NotFound, "no_account")
}

func TestChangeRole(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a, session := s.add("ada", Judge), ""
	session = s.login("ada")
	role, bad := Moderator, Role("boss")
	if err := s.Change(s.ctx, a.ID, Change{Role: &role}); err != nil {
		t.Fatal(err)
	}
	got, err := s.BySession(s.ctx, session)
	if err != nil || got.Role != Moderator {
		t.Errorf("the session goes on with the new role: %+v, %v", got, err)
	}
	wantCode(t, s.Change(s.ctx, a.ID, Change{Role: &bad}), fault.Invalid, "bad_role")
	wantCode(t, s.Change(s.ctx, "nobody", Change{Role: &role}), fault.NotFound, "no_account")
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.add("ada", Judge)
	session := s.login("ada")
	token, err := s.AddToken(s.ctx, "ada")
	if err != nil {
		t.Fatal(err)
	}
	fresh, weak := "battery staple", "short"
	wantCode(t, s.Change(s.ctx, a.ID, Change{Password: &weak}), fault.Invalid, "weak_password")
	if _, err := s.BySession(s.ctx, session); err != nil {
		t.Fatal(err)
	}
	if err := s.Change(s.ctx, a.ID, Change{Password: &fresh}); err != nil {
		t.Fatal(err)
	}
	_, err = s.BySession(s.ctx, session)
	wantCode(t, err, fault.Unknown, "no_session")
	_, _, err = s.Login(s.ctx, "ada", good)
	wantCode(t, err, fault.Unknown, "bad_login")
	if _, _, err = s.Login(s.ctx, "ada", fresh); err != nil {
		t.Error(err)
	}
	if _, err = s.ByToken(s.ctx, token); err != nil {
		t.Errorf("a token outlives a password: %v", err)
	}
}

func TestDisable(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.add("ada", Judge)
	session := s.login("ada")
	token, err := s.AddToken(s.ctx, "ADA")
	if err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	for _, disabled := range []*bool{&yes, &no} { // enabling doesn't bring them back
		if err := s.Change(s.ctx, a.ID, Change{Disabled: disabled}); err != nil {
			t.Fatal(err)
		}
		_, err = s.BySession(s.ctx, session)
		wantCode(t, err, fault.Unknown, "no_session")
		_, err = s.ByToken(s.ctx, token)
		wantCode(t, err, fault.Unknown, "bad_token")
		_, _, err = s.Login(s.ctx, "ada", good)
		if *disabled {
			wantCode(t, err, fault.Unknown, "bad_login")
			_, err = s.AddToken(s.ctx, "ada")
			wantCode(t, err, fault.Conflict, "account_disabled")
		} else if err != nil {
			t.Errorf("login after enabling: %v", err)
		}
	}
}

func TestLastAdmin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.add("ada", Admin)
	s.add("bob", Moderator)
	judge, yes, admin := Judge, true, Admin
	wantCode(t, s.Change(s.ctx, ada.ID, Change{Role: &judge}), fault.Conflict, "last_admin")
	wantCode(t, s.Change(s.ctx, ada.ID, Change{Disabled: &yes}), fault.Conflict, "last_admin")
	if err := s.Change(s.ctx, ada.ID, Change{Role: &admin}); err != nil {
		t.Error(err)
	}
	eve := s.add("eve", Admin)
	done := make(chan error)
	for _, id := range []string{ada.ID, eve.ID} { // both at once: one admin stays
		go func() { done <- s.Change(s.ctx, id, Change{Disabled: &yes}) }()
	}
	first, second := <-done, <-done
	if (first == nil) == (second == nil) {
		t.Errorf("of two admins disabled at once one must stay: %v, %v", first, second)
	}
	if err := s.Change(s.ctx, ada.ID, Change{Role: &judge}); err == nil {
		if err := s.Change(s.ctx, eve.ID, Change{Role: &judge}); err == nil {
			t.Error("no admin is left")
		}
	}
}

func TestNothingIsKeptInTheClear(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	setup, _, err := s.SetupSecret(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.add("ada", Judge)
	session := s.login("ada")
	token, err := s.AddToken(s.ctx, "ada")
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	err = s.DB.Read(s.ctx, func(tx *store.Tx) error {
		for _, q := range []string{`SELECT password FROM people_account`, `SELECT digest FROM people_session`,
			`SELECT digest || hint FROM people_token`, `SELECT digest FROM people_setup`} {
			var v string
			if err := tx.QueryRow(q).Scan(&v); err != nil {
				return err
			}
			kept = append(kept, v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{good, setup, session, token} {
		if strings.Contains(strings.Join(kept, "\n"), secret) {
			t.Errorf("%q is kept in the clear", secret)
		}
	}
	if !strings.HasPrefix(kept[0], "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("password kept as %s", kept[0])
	}
}
