package ftp_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"oneframe/app/ftp"
	"oneframe/app/people"
)

func TestConnectionsAreCounted(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *ftp.Settings) { s.Limits = ftp.Limits{Connections: 5, PerAddress: 4, PerAccount: 2} })
	first, second := s.login(), s.login()
	third := dial(t, s.at.FTP)
	third.want("220")
	third.do("USER ann", "331")
	if got := third.do("PASS "+password, "530"); !strings.Contains(got, "there may be 2") {
		t.Errorf("told %q", got)
	}
	bob := dial(t, s.at.FTP)
	bob.want("220")
	bob.do("USER bob", "331")
	bob.do("PASS "+password, "230")
	for {
		extra := dial(t, s.at.FTP)
		got := extra.answer()
		if strings.HasPrefix(got, "421 Too many connections from your address") {
			break
		}
		if !strings.HasPrefix(got, "220") {
			t.Fatalf("told %q", got)
		}
	}
	first.do("QUIT", "221")
	second.do("NOOP", "200")
	for { // the place of the one that left is free as soon as the server has noticed
		r := dial(t, s.at.FTP)
		if got := r.answer(); strings.HasPrefix(got, "220") {
			break
		}
	}
}

func TestGuessingIsStopped(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *ftp.Settings) { s.Limits = ftp.Limits{Logins: 3} })
	s.add("jo", people.Judge)
	guess := func(user, pass, code string) {
		t.Helper()
		r := dial(t, s.at.FTP)
		r.want("220")
		r.do("USER "+user, "331")
		r.do("PASS "+pass, code)
	}
	guess("jo", password, "530") // right, and no photographer's
	guess("ann", password, "230")
	for _, user := range []string{"ann", "nobody", "ann"} {
		guess(user, "wrong horse", "530")
	}
	r := dial(t, s.at.FTP)
	r.want("421 Too many failed logins")
	s.later(16 * time.Minute)
	guess("ann", password, "230")
	for _, secret := range []string{password, "wrong horse"} {
		if strings.Contains(s.logged.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

func TestBytesFilesAndTheSpoolAreBounded(t *testing.T) {
	t.Parallel()
	data := photo(t, 1)
	s := newSite(t, func(s *ftp.Settings) {
		s.MaxBytes = int64(len(data)) + 10
		s.Limits = ftp.Limits{BytesPerDay: int64(len(data)) * 5 / 2, Spool: 1000}
	})
	r := s.login()
	r.do(fmt.Sprintf("ALLO %d", len(data)+11), "550")
	conn := r.passive()
	r.do("STOR big.jpg", "150")
	_, _ = conn.Write(append(data, make([]byte, 100<<10)...)) // the server stops reading
	_ = conn.Close()
	r.want("552")
	r.do("DELE big.jpg", "250")
	r.store("STOR half.jpg", data[:1000], "550")
	r.passive()
	if got := r.do("STOR full.jpg", "552"); !strings.Contains(got, "unfinished") {
		t.Errorf("told %q", got)
	}
	r.do("DELE half.jpg", "250")
	r.store("STOR a.jpg", data, "226")
	s.has("a.jpg", data)
	r.store("STOR b.jpg", photo(t, 2), "552")
	s.lacks("b.jpg")
	s.later(24 * time.Hour)
	r.do("DELE b.jpg", "250")
	r.store("STOR c.jpg", photo(t, 3)[:len(data)-50], "550")
	s.lacks("c.jpg")
}

func TestFilesAMinute(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *ftp.Settings) { s.Limits = ftp.Limits{PerMinute: 2} })
	r := s.login()
	r.store("STOR a.jpg", photo(t, 1), "226")
	r.store("STOR b.jpg", photo(t, 2), "226")
	r.passive()
	r.do("STOR c.jpg", "552")
	s.later(time.Minute)
	r.store("STOR c.jpg", photo(t, 3), "226")
}

func TestADisabledAccountSendsNothingMore(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	r := s.login()
	yes := true
	if err := s.srv.People.Change(context.Background(), s.ann.ID, people.Change{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
	r.passive()
	r.do("STOR a.jpg", "553")
}

// When the site stops, what is being sent comes to its end, and nobody else gets in.
func TestStoppingFinishesWhatIsInFlight(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	idle, busy := s.login(), s.login()
	data := photo(t, 1)
	conn := busy.passive()
	busy.do("STOR a.jpg", "150")
	if _, err := conn.Write(data[:1000]); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	go func() { defer close(stopped); s.stop() }()
	if got := idle.answer(); !strings.Contains(got, "EOF") {
		t.Errorf("the idle connection was told %q", got)
	}
	if _, err := net.Dial("tcp", s.at.FTP); err == nil {
		t.Error("somebody got in")
	}
	if _, err := conn.Write(data[1000:]); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	busy.want("226")
	<-stopped
	s.has("a.jpg", data)
}

// The site's certificate is shown as soon as it is there, and our own until then; host
// key and certificate are the same after a restart, and nobody else can read them.
func TestKeysAndCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pem := filepath.Join(dir, "site.pem")
	shown := func(s *site) string {
		conn, err := tls.Dial("tcp", s.at.FTPS, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.HasPrefix(line, "220") {
			t.Errorf("greeted %q, %v", line, err)
		}
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	s := build(t, dir, func(s *ftp.Settings) { s.Cert, s.Key = pem, pem })
	s.serve()
	own, host := shown(s), fingerprintOf(t, s)
	s.stop()
	other := newSite(t, nil)
	raw, err := os.ReadFile(filepath.Join(other.srv.Dir, "certificate.pem"))
	if err != nil {
		t.Fatal(err)
	}
	again := build(t, dir, func(s *ftp.Settings) { s.Cert, s.Key = pem, pem })
	again.serve()
	if shown(again) != own || fingerprintOf(t, again) != host {
		t.Error("a restart changed the certificate or the host key")
	}
	if err := os.WriteFile(pem, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if shown(again) != shown(other) {
		t.Error("the site's certificate isn't shown")
	}
	for _, name := range []string{"certificate.pem", "ssh_host_ed25519_key"} {
		if st, err := os.Stat(filepath.Join(dir, "ftp", name)); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, st, err)
		}
	}
}
