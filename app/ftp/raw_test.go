package ftp_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"oneframe/app/ftp"
	"oneframe/app/people"
)

// raw is a client that sends just what it is told, byte for byte.
type raw struct {
	testing.TB
	conn net.Conn
	in   *bufio.Reader
}

func dial(t testing.TB, address string) *raw {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return &raw{t, conn, bufio.NewReader(conn)}
}

// login is a connection of ann's that has been greeted.
func (s *site) login() *raw {
	s.Helper()
	r := dial(s, s.at.FTP)
	r.want("220")
	r.do("USER ann", "331")
	r.do("PASS "+password, "230")
	return r
}

// answer reads one answer, of several lines or one.
func (r *raw) answer() string {
	r.Helper()
	var all strings.Builder
	for {
		line, err := r.in.ReadString('\n')
		all.WriteString(line)
		if err != nil {
			return all.String() + "(" + err.Error() + ")"
		}
		if len(line) > 3 && line[3] == ' ' && line[0] >= '1' && line[0] <= '5' {
			return all.String()
		}
	}
}

func (r *raw) want(code string) string {
	r.Helper()
	got := r.answer()
	if !strings.HasPrefix(got, code) {
		r.Fatalf("answered %q, want %s", got, code)
	}
	return got
}

func (r *raw) do(command, code string) string {
	r.Helper()
	if _, err := io.WriteString(r.conn, command+"\r\n"); err != nil {
		r.Fatal(err)
	}
	got := r.answer()
	if !strings.HasPrefix(got, code) {
		r.Fatalf("%s: answered %q, want %s", command, got, code)
	}
	return got
}

// passive opens a data connection.
func (r *raw) passive() net.Conn {
	r.Helper()
	got := r.do("PASV", "227")
	var h [4]int
	var p [2]int
	if _, err := fmt.Sscanf(got[strings.Index(got, "("):], "(%d,%d,%d,%d,%d,%d)", &h[0], &h[1], &h[2], &h[3], &p[0], &p[1]); err != nil {
		r.Fatal(err)
	}
	conn, err := net.Dial("tcp", fmt.Sprintf("%d.%d.%d.%d:%d", h[0], h[1], h[2], h[3], p[0]*256+p[1]))
	if err != nil {
		r.Fatal(err)
	}
	return conn
}

// store sends a file and wants the code at its end.
func (r *raw) store(command string, data []byte, code string) string {
	r.Helper()
	conn := r.passive()
	r.do(command, "150")
	if _, err := conn.Write(data); err != nil {
		r.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		r.Fatal(err)
	}
	return r.want(code)
}

// What a camera with a network port sends for each picture, as captured from such ones:
// it makes its folder, sends under a temporary name, asks for the size, and renames.
func TestACamerasCommands(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	r := dial(t, s.at.FTP)
	r.want("220")
	for _, c := range [][2]string{
		{"USER ann", "331"}, {"PASS " + password, "230"}, {"SYST", "215"}, {"FEAT", "211"}, {"OPTS UTF8 ON", "200"}, {"CLNT camera", "200"},
		{"PWD", "257"}, {"CWD DCIM", "550"}, {"MKD DCIM", "257"}, {"CWD DCIM", "250"}, {"MKD 100CANON", "257"}, {"CWD 100CANON", "250"}, {"PWD", `257 "/DCIM/100CANON"`},
		{"TYPE I", "200"}, {"MODE S", "200"}, {"NOOP", "200"}, {"SIZE IMG_0001.JPG", "550"}, {"ALLO 1000", "200"},
	} {
		r.do(c[0], c[1])
	}
	data := photo(t, 1)
	r.store("STOR IMG_0001.JPG.tmp", data, "226")
	s.lacks("DCIM/100CANON/IMG_0001.JPG")
	r.do("SIZE IMG_0001.JPG.tmp", fmt.Sprintf("213 %d", len(data)))
	r.do("RNFR IMG_0001.JPG.tmp", "350")
	r.do("RNTO IMG_0001.JPG", "250")
	s.has("DCIM/100CANON/IMG_0001.JPG", data)
	r.do("SIZE IMG_0001.JPG", fmt.Sprintf("213 %d", len(data)))
	r.do("MDTM IMG_0001.JPG", "213")
	r.do("MFMT 20260102030405 IMG_0001.JPG", "213")
	r.do("MDTM IMG_0001.JPG", "213 20260102030405")
	r.do("TYPE A", "200")
	r.store("STOR IMG_0002.JPG", photo(t, 2), "226")
	s.has("DCIM/100CANON/IMG_0002.JPG", photo(t, 2))
	r.do("CDUP", "250")
	r.do("RMD 100CANON", "250")
	r.do("QUIT", "221")
}

func TestHalfAFileIsNeverTaken(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	data := photo(t, 1)
	half := len(data) / 2
	r := s.login()
	for name, breaks := range map[string]func(net.Conn){
		"fin.jpg":   func(c net.Conn) { _ = c.Close() },
		"reset.jpg": func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0); _ = c.Close() },
	} {
		conn := r.passive()
		r.do("STOR "+name, "150")
		if _, err := conn.Write(data[:half]); err != nil {
			t.Fatal(err)
		}
		breaks(conn)
		r.want("550")
	}
	conn := r.passive()
	r.do("STOR abor.jpg", "150")
	if _, err := conn.Write(data[:half]); err != nil {
		t.Fatal(err)
	}
	r.do("ABOR", "426")
	r.want("226")
	r.store("STOR empty.jpg", nil, "550")
	if n := len(s.pictures()); n != 0 {
		t.Errorf("%d pictures", n)
	}
	r.do("SIZE fin.jpg", fmt.Sprintf("213 %d", half))
	r.do(fmt.Sprintf("REST %d", half+1), "350")
	r.passive()
	r.do("STOR fin.jpg", "550")
	r.do(fmt.Sprintf("REST %d", half-100), "350")
	r.store("STOR fin.jpg", data[half-100:], "226")
	s.has("fin.jpg", data)
	r.passive()
	r.do("APPE fin.jpg", "550")
	held := photo(t, 2)
	r.store("STOR h.part", held[:half], "226")
	r.do("RNFR h.part", "350")
	r.do("RNTO h.jpg", "550")
	s.lacks("h.jpg")
	r.store("APPE h.jpg", held[half:], "226")
	s.has("h.jpg", held)
}

// A control connection that dies leaves its upload behind; the next one goes on with it.
func TestAConnectionThatIsGoneDoesNotHoldItsFile(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	data := photo(t, 1)
	half := len(data) / 2
	first := s.login()
	stuck := first.passive()
	first.do("STOR a.jpg", "150")
	if _, err := stuck.Write(data[:half]); err != nil {
		t.Fatal(err)
	}
	second := s.login()
	for !strings.HasSuffix(strings.TrimSpace(second.do("SIZE a.jpg", "213")), fmt.Sprint(half)) {
	}
	second.store("APPE a.jpg", data[half:], "226")
	s.has("a.jpg", data)
	if _, err := stuck.Write(data); err == nil {
		_ = stuck.Close()
	}
	first.want("550")
	s.has("a.jpg", data)
}

func TestNothingElseCanBeDone(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	r := s.login()
	r.store("STOR mine.jpg", photo(t, 1), "226")
	r.store("STOR half.jpg", photo(t, 2)[:1000], "550")
	for _, c := range [][2]string{
		{"RETR mine.jpg", "550"}, {"RETR ../../x.db", "550"}, {"RETR /etc/passwd", "550"}, {"DELE mine.jpg", "550"}, {"RMD accepted", "550"},
		{"MKD waiting/x", "550"}, {"SITE CHOWN root mine.jpg", "502"}, {"SITE", "502"}, {"SITE SYMLINK a b", "502"}, {"SITE CHMOD 600 mine.jpg", "200"},
		{"HASH mine.jpg", "502"}, {"XMD5 mine.jpg", "502"}, {"COMB a b c", "502"}, {"STOU", "502"}, {"CWD ../../..", "250"}, {"PWD", `257 "/"`},
		{"STOR waiting/x.jpg", "553"}, {"STOR movie.mov", "553"}, {"STOR \x01.jpg", "550"}, {"STOR " + strings.Repeat("a", 300) + ".jpg", "550"},
		{"ALLO 99999999999", "550"}, {"REST -5", "350"}, {"STOR x.jpg", "550"}, {"PORT 10,1,2,3,4,5", "501"}, {"EPRT |1|10.1.2.3|99|", "501"},
		{"MFMT 20260102030405 waiting/mine.jpg", "550"}, {"RNFR mine.jpg", "350"}, {"RNTO mine.txt", "553"}, {"RNFR waiting/mine.jpg", "350"}, {"RNTO b.jpg", "553"},
		{"DELE half.jpg", "250"}, {"SIZE half.jpg", "550"}, {"MODE Z", "504"}, {"NONSENSE", "500"},
	} {
		r.do(c[0], c[1])
	}
	other := dial(t, s.at.FTP)
	other.want("220")
	other.do("STOR x.jpg", "530")
	other.do("USER bob", "331")
	other.do("PASS "+password, "230")
	other.do("SIZE mine.jpg", "550")
	other.do("CWD /ann", "550")
	s.has("mine.jpg", photo(t, 1))
	if n := len(s.pictures()); n != 1 {
		t.Errorf("%d pictures", n)
	}
	if strings.Contains(s.logged.String(), password) {
		t.Error("the log holds a password")
	}
}

func TestTLSIsDemanded(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *ftp.Settings) { s.TLS = "required" })
	r := dial(t, s.at.FTP)
	r.want("220")
	r.do("USER ann", "421")
	r = dial(t, s.at.FTP)
	r.want("220")
	r.do("AUTH TLS", "234")
	r.conn = tls.Client(r.conn, &tls.Config{InsecureSkipVerify: true})
	r.in = bufio.NewReader(r.conn)
	r.do("USER ann", "331")
	r.do("PASS "+password, "230")
	conn := r.passive()
	defer conn.Close()
	r.do("STOR a.jpg", "421")
}

// A day later what was sent isn't shown any more, and unfinished files are gone.
func TestTheFolderForgets(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	r := s.login()
	r.store("STOR a.jpg", photo(t, 1), "226")
	r.store("STOR b.jpg", photo(t, 2)[:1000], "550")
	r.store("STOR c.tmp", photo(t, 3), "226")
	orphan := filepath.Join(s.srv.Dir, "spool", "orphan")
	if err := os.WriteFile(orphan, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(orphan, time.Now(), time.Now().Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	for _, passed := range []time.Duration{23 * time.Hour, 2 * time.Hour} {
		s.later(passed)
		if err := s.srv.Sweep(context.Background()); err != nil {
			t.Fatal(err)
		}
		want := "213"
		if passed == 2*time.Hour {
			want = "550"
		}
		for _, name := range []string{"a.jpg", "b.jpg", "c.tmp"} {
			r.do("SIZE "+name, want)
		}
	}
	left, err := os.ReadDir(filepath.Join(s.srv.Dir, "spool"))
	if err != nil || len(left) != 0 {
		t.Errorf("left in the spool: %v, %v", left, err)
	}
	s.has("a.jpg", photo(t, 1))
}

// A file whose reading panics is nobody else's trouble: its sender is told to try again,
// the log has the place, and the doors stay open.
func TestAPanicEndsOnlyItsUpload(t *testing.T) {
	t.Parallel()
	s := build(t, t.TempDir(), nil)
	s.srv.Door.Budget = nil // which Accept can't do without
	s.ann = s.add("ann", people.Photographer)
	s.serve()
	s.file("a.jpg", photo(t, 1))
	key := s.sshKey()
	for _, batch := range []string{"put a.jpg", "put a.jpg b.jpg.part\nrename b.jpg.part b.jpg"} {
		if out, err := s.sftp(batch, nil, "-i", key, "-o", "BatchMode=yes"); err == nil {
			t.Errorf("%s: %s", batch, out)
		}
	}
	r := s.login()
	if told := r.store("STOR c.jpg", photo(t, 2), "550"); !strings.Contains(told, "our side") || strings.Contains(told, "nil") {
		t.Error(told)
	}
	r.do("SIZE a.jpg", "213")
	if n := strings.Count(s.logged.String(), "debug.Stack()"); n != 3 || len(s.pictures()) != 0 {
		t.Errorf("%d traces for three panics", n)
	}
}
