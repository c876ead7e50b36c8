package send_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"

	"oneframe/app/deliver/send"
)

// scripted is an FTP server in memory that says what a test wants it to: answers maps a
// command, the greeting as "" and the end of a transfer as "226", to the reply in place of
// the usual one.
type scripted struct {
	testing.TB
	listener net.Listener
	answers  map[string]string
	strict   bool // doesn't rename over a file that is there

	mu    sync.Mutex // guards the rest
	files map[string][]byte
	heard []string
	conns []net.Conn
	all   sync.WaitGroup
}

func script(t testing.TB, answers map[string]string) *scripted {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &scripted{TB: t, listener: l, answers: answers, files: map[string][]byte{}}
	s.all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, c)
			s.mu.Unlock()
			s.all.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close() // the loop ends
		s.mu.Lock()
		for _, c := range s.conns {
			_ = c.Close() // most have ended
		}
		s.mu.Unlock()
		s.all.Wait()
	})
	return s
}

func (s *scripted) target(scheme string) send.Target {
	return target(s, scheme+"://ann@"+s.listener.Addr().String()+"/in", "correct horse")
}

// serve speaks as much of FTP as is needed.
func (s *scripted) serve(c net.Conn) {
	defer c.Close()
	conn := textproto.NewConn(c)
	var data net.Listener
	var from string
	defer func() {
		if data != nil {
			_ = data.Close() // a second time
		}
	}()
	say := func(key, usual string) bool {
		said, ok := s.answers[key]
		if !ok {
			said = usual
		}
		_ = conn.PrintfLine("%s", said) // a client that is gone needs none
		return said[0] < '4'
	}
	if !say("", "220 here") {
		return
	}
	for {
		text, err := conn.ReadLine()
		if err != nil {
			return
		}
		command, arg, _ := strings.Cut(text, " ")
		s.mu.Lock()
		s.heard = append(s.heard, text)
		_, there := s.files[arg]
		s.mu.Unlock()
		switch command {
		case "USER":
			say(command, "331 password?")
		case "PASS":
			say(command, "230 in")
		case "EPSV", "PASV":
			if data, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
				s.Error(err)
				return
			}
			port := data.Addr().(*net.TCPAddr).Port
			usual := fmt.Sprintf("229 extended (|||%d|)", port)
			if command == "PASV" { // as a server behind a router that names its own address
				usual = fmt.Sprintf("227 passive (10,11,12,13,%d,%d)", port/256, port%256)
			}
			say(command, usual)
		case "STOR":
			if say(command, "150 go on") {
				s.take(data, arg)
				say("226", "226 whole")
			}
			_ = data.Close()
		case "SIZE":
			s.mu.Lock()
			n := len(s.files[arg])
			s.mu.Unlock()
			if there {
				say(command, fmt.Sprintf("213 %d", n))
			} else {
				say("", "550 no such file")
			}
		case "RNFR":
			from = arg
			say(command, "350 to?")
		case "RNTO":
			if s.strict && there {
				say("", "550 there is one")
				continue
			}
			if s.willing(command) {
				s.mu.Lock()
				s.files[arg] = s.files[from]
				delete(s.files, from)
				s.mu.Unlock()
			}
			say(command, "250 renamed")
		case "DELE":
			if !there {
				say("", "550 no such file")
				continue
			}
			if s.willing(command) {
				s.mu.Lock()
				delete(s.files, arg)
				s.mu.Unlock()
			}
			say(command, "250 gone")
		case "TYPE":
			say(command, "200 as you like")
		case "QUIT":
			return
		default:
			say(command, "502 unheard of")
		}
	}
}

// willing says whether the command will be answered well: it is done before that.
func (s *scripted) willing(command string) bool {
	said, ok := s.answers[command]
	return !ok || said[0] < '4'
}

func (s *scripted) take(l net.Listener, name string) {
	c, err := l.Accept()
	if err != nil {
		s.Error(err)
		return
	}
	defer c.Close()
	content, err := io.ReadAll(bufio.NewReader(c))
	if err != nil {
		return
	}
	s.mu.Lock()
	s.files[name] = content
	s.mu.Unlock()
}

// names gives the files that are there.
func (s *scripted) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.files))
}

func TestReplies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		command, reply string
		want           send.Kind
	}{
		{"", "421 too many", send.Busy}, {"", "530 not you", send.Hopeless}, {"", "554 go away", send.Hopeless}, {"", "SSH-2.0-OpenSSH_9.2", send.Down},
		{"USER", "530 not you", send.Hopeless}, {"USER", "421 later", send.Busy}, {"USER", "332 account?", send.Hopeless},
		{"PASS", "530 wrong", send.Hopeless}, {"PASS", "430 wrong", send.Hopeless}, {"PASS", "550 wrong", send.Hopeless}, {"PASS", "421 later", send.Busy}, {"PASS", "450 later", send.Busy},
		{"STOR", "421 going down", send.Busy}, {"STOR", "425 no connection", send.Down}, {"STOR", "450 locked", send.Busy}, {"STOR", "452 full", send.Busy},
		{"STOR", "552 quota", send.Hopeless}, {"STOR", "553 no", send.Hopeless}, {"STOR", "550 no", send.Hopeless}, {"STOR", "532 account?", send.Hopeless}, {"STOR", "502 what?", send.Hopeless}, {"STOR", "500 OOPS", send.Down},
		{"STOR", "522 resume!", send.Hopeless},
		{"226", "426 broke off", send.Down}, {"226", "451 failed", send.Busy}, {"226", "452 full", send.Busy}, {"226", "552 too large", send.Hopeless}, {"226", "550 not a picture", send.Refused},
		{"EPSV", "229 extended (|||1|)", send.Down}, {"SIZE", "213 4", send.Down}, {"RNTO", "553 that name?", send.Refused}, {"RNFR", "450 locked", send.Busy},
	} {
		s := script(t, map[string]string{c.command: c.reply})
		sender, err := send.Open(t.Context(), s.target("ftp"), local())
		if err == nil {
			p := photoOf("x.jpg", []byte("hello"))
			_, err = sender.Send(t.Context(), p)
			sender.Close()
		}
		wants(t, c.command+" "+c.reply, err, c.want)
		if err != nil && strings.Contains(fmt.Sprintf("%+v", err), "horse") {
			t.Errorf("%s: the password is in %v", c.reply, err)
		}
		if names := s.names(); slices.Contains(names, "in/x.jpg") || (c.command == "SIZE" || c.command == "RNTO" || c.want == send.Refused) && len(names) > 0 {
			t.Errorf("%s: there are %q", c.reply, names)
		}
	}
	s := script(t, map[string]string{"AUTH": "502 what?"})
	_, err := send.Open(t.Context(), s.target("ftpes"), local())
	wants(t, "no TLS", err, send.Hopeless)
	if strings.Contains(strings.Join(s.heard, " "), "PASS") {
		t.Error("the password went out without TLS")
	}
}

// What a server says can't do anything to who reads it.
func TestAnAnswerIsInert(t *testing.T) {
	t.Parallel()
	s := script(t, map[string]string{"226": "550 no \x1b[31m\u202e" + strings.Repeat("x", 2000)})
	_, err := open(t, s.target("ftp"), local()).Send(t.Context(), photoOf("x.jpg", []byte("hello")))
	if e := fails(t, err, send.Refused); len(e.Answer) < 400 || strings.ContainsAny(e.Answer, "\x1b\u202e") {
		t.Errorf("the answer is %q", e.Answer)
	}
}

// A server must not send us elsewhere: not even by the address of the data connection.
func TestForeignPassiveAddressesAreIgnored(t *testing.T) {
	t.Parallel()
	s := script(t, map[string]string{"EPSV": "502 unheard of"})
	r := must(t, open(t, s.target("ftp"), local()), photoOf("x.jpg", []byte("hello")))
	if string(s.files["in/x.jpg"]) != "hello" || r.Verified != "size" {
		t.Errorf("there are %q, the receipt is %+v", s.names(), r)
	}
}

func TestServersThatDontRenameOverAFile(t *testing.T) {
	t.Parallel()
	s := script(t, map[string]string{"SIZE": "213 5"})
	s.strict = true
	sender := open(t, s.target("ftp"), local())
	for _, text := range []string{"first", "other"} {
		must(t, sender, photoOf("x.jpg", []byte(text)))
	}
	if got := s.files["in/x.jpg"]; !bytes.Equal(got, []byte("other")) || len(s.names()) != 1 {
		t.Errorf("there are %q: %q", s.names(), got)
	}
}

func TestServersWithoutSize(t *testing.T) {
	t.Parallel()
	s := script(t, map[string]string{"SIZE": "502 unheard of", "226": "226 all of it"})
	r := must(t, open(t, s.target("ftp"), local()), photoOf("x.jpg", []byte("hello")))
	if r.Verified != "" || r.Answer != "250 renamed" || r.Remote != "in/x.jpg" {
		t.Errorf("the receipt is %+v", r)
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	p := vsftpd("ftpes")(t)
	q := p.Target.URL.Query()
	right := q.Get("fingerprint")
	openWith := func(fingerprint string) *send.Error {
		t.Helper()
		to := p.Target
		u := *to.URL
		if to.URL = &u; fingerprint == "" {
			u.RawQuery = ""
		} else {
			u.RawQuery = "fingerprint=" + fingerprint
		}
		_, err := send.Open(t.Context(), to, local())
		return fails(t, err, send.Hopeless)
	}
	if e := openWith(""); !strings.Contains(e.Message, right) {
		t.Errorf("a certificate that nobody signed: %v", e)
	}
	wrong := "sha256:" + strings.Repeat("0a", 32)
	if e := openWith(wrong); !strings.Contains(e.Message, right) || !strings.Contains(e.Message, wrong) {
		t.Errorf("another certificate: %v", e)
	}
	openWith("sha256:0a")
	plain := script(t, nil)
	_, err := send.Open(t.Context(), plain.target("ftps"), local())
	wants(t, "no TLS there", err, send.Hopeless)
}

func TestWhereNobodyIs(t *testing.T) {
	t.Parallel()
	s := script(t, nil)
	for _, scheme := range []string{"ftp", "ftps", "ftpes", "sftp"} {
		at := s.target(scheme)
		_, err := send.Open(t.Context(), at, send.Network{})
		wants(t, scheme+" into a private network", err, send.Hopeless)
		at.URL.Host = "localhost:" + at.URL.Port()
		_, err = send.Open(t.Context(), at, send.Network{})
		wants(t, scheme+" to localhost", err, send.Hopeless)
		at.URL.Host = "127.0.0.1:1"
		_, err = send.Open(t.Context(), at, local())
		wants(t, scheme+" to a port where nothing is", err, send.Down)
		at.URL.Host = "nobody.invalid"
		_, err = send.Open(t.Context(), at, local())
		wants(t, scheme+" to no host", err, send.Down)
	}
	if s.mu.Lock(); len(s.conns) > 0 {
		t.Errorf("%d connections were made into a private network", len(s.conns))
	}
	s.mu.Unlock()
}
