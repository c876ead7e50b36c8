package people

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"oneframe/app/fault"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.add("Ada", Moderator)
	secret, a, err := s.Login(s.ctx, "aDA", good)
	if err != nil || a != ada {
		t.Fatalf("login: %+v, %v", a, err)
	}
	got, err := s.BySession(s.ctx, secret)
	if err != nil || got != ada {
		t.Errorf("session: %+v, %v", got, err)
	}
	other := s.login("Ada")
	if other == secret {
		t.Error("two sessions with one secret")
	}
	for range 2 { // logging out twice is no error
		if err := s.Logout(s.ctx, secret); err != nil {
			t.Error(err)
		}
	}
	_, err = s.BySession(s.ctx, secret)
	wantCode(t, err, fault.Unknown, "no_session")
	if _, err = s.BySession(s.ctx, other); err != nil {
		t.Errorf("logging out ends one session: %v", err)
	}
	_, err = s.BySession(s.ctx, "")
	wantCode(t, err, fault.Unknown, "no_session")
}

// A stranger who tries names must learn nothing: each refusal does one hash of the
// same cost and says the same.
func TestLoginRefusesAlike(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.add("ada", Judge)
	bob, yes := s.add("bob", Judge), true
	if err := s.Change(s.ctx, bob.ID, Change{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
	var done []cost
	s.hasher.work = func(password, salt []byte, c cost, n uint32) []byte {
		if len(salt) != saltBytes || n != keyBytes {
			t.Errorf("salt of %d bytes, key of %d", len(salt), n)
		}
		done = append(done, c)
		return argon(password, salt, c, n)
	}
	said := map[string]bool{}
	for _, c := range [][2]string{{"ada", "wrong horse"}, {"ada", ""}, {"nobody", good}, {"", ""}, {"bob", good},
		{"bob", "wrong horse"}, {"ada", strings.Repeat("x", 100_000)}} {
		done = nil
		secret, a, err := s.Login(s.ctx, c[0], c[1])
		wantCode(t, err, fault.Unknown, "bad_login")
		said[err.Error()] = true
		if secret != "" || a != (Account{}) {
			t.Errorf("refused, and given %q %+v", secret, a)
		}
		if len(done) != 1 || done[0] != current {
			t.Errorf("login %q: hashes of cost %v, want one of %v", c[0], done, current)
		}
	}
	if len(said) != 1 {
		t.Errorf("refusals differ: %v", said)
	}
}

func TestSessionSlides(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.add("ada", Judge)
	used, idle := s.login("ada"), s.login("ada")
	s.pass(29 * 24 * time.Hour)
	if _, err := s.BySession(s.ctx, used); err != nil {
		t.Fatal(err)
	}
	if err := s.Purge(s.ctx); err != nil {
		t.Fatal(err)
	}
	s.pass(24 * time.Hour)
	_, err := s.BySession(s.ctx, idle)
	wantCode(t, err, fault.Unknown, "no_session")
	if !s.written(func() { err = s.Purge(s.ctx) }) || err != nil {
		t.Errorf("purge removed nothing: %v", err)
	}
	if s.written(func() { err = s.Purge(s.ctx) }) || err != nil {
		t.Errorf("purge removed a session that goes on: %v", err)
	}
	s.pass(28 * 24 * time.Hour)
	if _, err := s.BySession(s.ctx, used); err != nil {
		t.Errorf("58 days old, last used 29 days ago: %v", err)
	}
}

func TestUseIsNotedOnceAnHour(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.add("ada", Judge)
	session := s.login("ada")
	token, err := s.AddToken(s.ctx, "ada")
	if err != nil {
		t.Fatal(err)
	}
	for name, use := range map[string]func() error{
		"session": func() error { _, err := s.BySession(s.ctx, session); return err },
		"token":   func() error { _, err := s.ByToken(s.ctx, token); return err },
	} {
		s.pass(2 * time.Hour)
		for i, want := range []bool{true, false, false, true} {
			if got := s.written(func() { err = use() }); got != want || err != nil {
				t.Errorf("%s, use %d: written %v, %v", name, i, got, err)
			}
			s.pass(noted / 3)
		}
	}
}

func TestHashesAreBounded(t *testing.T) {
	t.Parallel()
	h := newHasher()
	var running, most atomic.Int32
	h.work = func(password, salt []byte, c cost, n uint32) []byte {
		now := running.Add(1)
		defer running.Add(-1)
		for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
		}
		return argon(password, salt, cost{memory: 64, passes: 1, threads: 1}, n)
	}
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if _, err := h.hash(t.Context(), good); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if int(most.Load()) > cap(h.seats) {
		t.Errorf("%d hashes at once on %d cores", most.Load(), cap(h.seats))
	}
	for range cap(h.seats) {
		h.seats <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.hash(ctx, good); !errors.Is(err, context.Canceled) {
		t.Errorf("who gives up waiting: %v", err)
	}
}

func TestStoredPasswords(t *testing.T) {
	t.Parallel()
	h := newHasher()
	phc, err := h.hash(t.Context(), good)
	if err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]bool{good: true, "Correct horse": false, "": false} {
		if got, err := h.matches(t.Context(), phc, password); got != want || err != nil {
			t.Errorf("%q: %v, %v", password, got, err)
		}
	}
	// The reference argon2 tool, in PHC form: argon2 somesalt -id -t 2 -m 16 -p 1, "password".
	other := "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, err := h.matches(t.Context(), other, "password"); !ok || err != nil {
		t.Errorf("another cost: %v, %v", ok, err)
	}
	for _, broken := range []string{"", "x", strings.Replace(phc, "id", "i", 1), strings.Replace(phc, "=19$", "=18$", 1),
		strings.Replace(phc, "t=2", "t=0", 1), phc[:len(phc)-20], strings.Replace(phc, "m=", "m=x", 1), phc + "!"} {
		if ok, err := h.matches(t.Context(), broken, good); ok || err == nil {
			t.Errorf("%q: %v, %v", broken, ok, err)
		}
	}
}
