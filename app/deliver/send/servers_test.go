package send_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"oneframe/app/deliver/send"
)

// inetd is a server on a free port of loopback that runs a program for each connection, as
// vsftpd and sshd can be: so no port is fixed, and connections can be counted and ended.
type inetd struct {
	testing.TB
	listener net.Listener
	said     *os.File // by all programs

	mu      sync.Mutex // guards the rest
	argv    []string
	down    bool
	frozen  bool
	logins  int
	running map[*exec.Cmd]struct{}
	all     sync.WaitGroup
}

func newInetd(t testing.TB, argv ...string) *inetd {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	said, err := os.Create(filepath.Join(t.TempDir(), "said"))
	if err != nil {
		t.Fatal(err)
	}
	s := &inetd{TB: t, listener: l, argv: argv, running: map[*exec.Cmd]struct{}{}, said: said}
	s.all.Go(s.accept)
	t.Cleanup(func() {
		_ = l.Close() // accept ends
		s.kill()
		s.all.Wait()
		if text, err := os.ReadFile(said.Name()); t.Failed() {
			t.Logf("the server printed %s, %v", text, err)
		}
		_ = said.Close()
	})
	return s
}

func (s *inetd) address() string { return s.listener.Addr().String() }

func (s *inetd) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.serve(c.(*net.TCPConn))
	}
}

// serve hands a connection to a program of its own.
func (s *inetd) serve(c *net.TCPConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.frozen {
		s.Cleanup(func() { _ = c.Close() })
		return
	}
	defer c.Close()
	if s.down {
		return
	}
	f, err := c.File()
	if err != nil {
		s.Error(err)
		return
	}
	defer f.Close()
	cmd := exec.Command(s.argv[0], s.argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = f, f, s.said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		s.Error(err)
		return
	}
	s.logins++
	s.running[cmd] = struct{}{}
	s.all.Go(func() {
		_ = cmd.Wait() // most of them are killed
		s.mu.Lock()
		delete(s.running, cmd)
		s.mu.Unlock()
	})
}

func (s *inetd) signal(sig syscall.Signal) {
	for cmd := range s.running {
		_ = syscall.Kill(-cmd.Process.Pid, sig) // it may have ended
	}
}

// kill ends the server and its connections until start.
func (s *inetd) kill() { s.set(func() { s.down = true; s.signal(syscall.SIGKILL) }) }

func (s *inetd) start()  { s.set(func() { s.down = false }) }
func (s *inetd) hangup() { s.set(func() { s.signal(syscall.SIGKILL) }); s.gone() }
func (s *inetd) freeze() { s.set(func() { s.frozen = true; s.signal(syscall.SIGSTOP) }) }

func (s *inetd) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// gone waits until no program runs.
func (s *inetd) gone() {
	for n := 1; n > 0; time.Sleep(time.Millisecond) { // a process has no channel to wait on twice
		s.set(func() { n = len(s.running) })
	}
}

// instead has connections served by another command from now on.
func (s *inetd) instead(argv ...string) { s.set(func() { s.argv = argv }); s.hangup() }

func (s *inetd) count() (n int) { s.set(func() { n = s.logins }); return n }

// cramped runs a command that can't make a file larger than 64 blocks of 512 bytes.
func cramped(argv []string) []string {
	return append([]string{"/bin/sh", "-c", `trap '' XFSZ; ulimit -f 64; exec "$@"`, "sh"}, argv...)
}

// program finds one that Debian keeps in /usr/sbin, which isn't in everybody's PATH.
func program(t testing.TB, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		if path, err = filepath.Abs(path); err == nil {
			return path
		}
	}
	path := filepath.Join("/usr/sbin", name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s is missing: make test installs it", name)
	}
	return path
}

func written(t testing.TB, path string, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// lookAt looks at a place whose files lie in a folder of this machine.
func (p *place) lookAt(t testing.TB, dir string) {
	p.Files = func() (all []string) {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			name, err := filepath.Rel(dir, path)
			all = append(all, filepath.ToSlash(name))
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
		slices.Sort(all)
		return all
	}
	p.Read = func(name string) ([]byte, bool) {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		return data, err == nil
	}
}

// selfSigned makes a self-signed one for 127.0.0.1 and its key, in PEM files, and gives
// its fingerprint.
func selfSigned(t testing.TB, dir string) (cert, key, fingerprint string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, about, about, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert = written(t, filepath.Join(dir, "cert.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	key = written(t, filepath.Join(dir, "key.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	return cert, key, fmt.Sprintf("sha256:%x", sha256.Sum256(der))
}

// vsftpd starts Debian's FTP server. It runs as whoever runs the test and so can let in
// anonymous users only, but those by a password. tls are settings of OpenSSL.
func vsftpd(scheme string, tls ...string) func(testing.TB) *place {
	return func(t testing.TB) *place {
		t.Helper()
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "root", "sub"), 0o700); err != nil {
			t.Fatal(err)
		}
		conf := []string{"listen=NO", "anonymous_enable=YES", "local_enable=NO", "anon_root=" + filepath.Join(dir, "root"), "run_as_launching_user=YES",
			"secure_email_list_enable=YES", "email_password_file=" + written(t, filepath.Join(dir, "passwords"), "correct horse\n"),
			"anon_upload_enable=YES", "anon_mkdir_write_enable=YES", "anon_other_write_enable=YES", "anon_umask=022",
			"seccomp_sandbox=NO", "isolate=NO", "isolate_network=NO", "allow_writeable_chroot=YES", "xferlog_enable=NO", "idle_session_timeout=600"}
		query := ""
		if scheme != "ftp" {
			cert, key, fingerprint := selfSigned(t, dir)
			query = "?fingerprint=" + fingerprint
			conf = append(conf, "ssl_enable=YES", "allow_anon_ssl=YES", "force_anon_logins_ssl=YES", "force_anon_data_ssl=YES",
				"require_ssl_reuse=YES", "ssl_ciphers=HIGH", "rsa_cert_file="+cert, "rsa_private_key_file="+key)
		}
		if scheme == "ftps" {
			conf = append(conf, "implicit_ssl=YES")
		}
		daemon := []string{program(t, "vsftpd")}
		if len(tls) > 0 {
			openssl := "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n[tls]\n" + strings.Join(tls, "\n") + "\n"
			daemon = []string{"/usr/bin/env", "OPENSSL_CONF=" + written(t, filepath.Join(dir, "openssl.cnf"), openssl), daemon[0]}
		}
		command := func(name, more string) []string {
			return append(slices.Clone(daemon), written(t, filepath.Join(dir, name), strings.Join(append(slices.Clone(conf), more), "\n")+"\n"))
		}
		s := newInetd(t, command("conf", "write_enable=YES")...)
		p := &place{Network: local(), Logins: s.count, Hangup: s.hangup, Kill: s.kill, Start: s.start, Freeze: s.freeze,
			Full:       func() { s.instead(cramped(command("conf", "write_enable=YES"))...) },
			Deny:       func() { s.instead(command("deny", "write_enable=NO")...) },
			Impossible: strings.Repeat("x", 300) + ".jpg"}
		p.Target = target(t, scheme+"://ftp@"+s.address()+"/sub/in"+query, "correct horse")
		p.Wrong = func() send.Target { w := p.Target; w.Secret = "battery staple"; return w }
		p.lookAt(t, filepath.Join(dir, "root", "sub", "in"))
		return p
	}
}

// pair makes a key pair for SSH: the private one in PEM, the public one as a line of
// authorized_keys.
func pair(t testing.TB) (private, public string) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block)), string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
}

// sshd starts OpenSSH's server with its own SFTP, which gets those options. It lets whoever
// runs the test in by a key.
func sshd(options string) func(testing.TB) *place {
	return func(t testing.TB) *place {
		t.Helper()
		dir := t.TempDir()
		if os.Getuid() == 0 { // Debian's service makes this folder, which sshd wants to have as root
			if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
				t.Fatal(err)
			}
		}
		me, err := user.Current()
		if err != nil {
			t.Fatal(err)
		}
		host, _ := pair(t)
		key, public := pair(t)
		wrong, _ := pair(t)
		conf := []string{"HostKey " + written(t, filepath.Join(dir, "host"), host), "AuthorizedKeysFile " + written(t, filepath.Join(dir, "keys"), public),
			"StrictModes no", "UsePAM no", "PidFile none", "PermitRootLogin yes", "PasswordAuthentication no", "Subsystem sftp internal-sftp", "UseDNS no"}
		daemon := program(t, "sshd")
		command := func(name, program string) []string {
			return []string{daemon, "-i", "-e", "-f", written(t, filepath.Join(dir, name), strings.Join(append(slices.Clone(conf), "ForceCommand "+program), "\n")+"\n")}
		}
		s := newInetd(t, command("conf", "internal-sftp "+options)...)
		root := filepath.Join(dir, "root")
		p := &place{Network: local(), Logins: s.count, Hangup: s.hangup, Kill: s.kill, Start: s.start, Freeze: s.freeze,
			Full:       func() { s.instead(cramped(command("conf", "internal-sftp "+options))...) },
			Deny:       func() { s.instead(command("deny", "internal-sftp -R")...) },
			Login:      func(program string) { s.instead(command("login", program)...) },
			Impossible: strings.Repeat("x", 300) + ".jpg"}
		p.Target = target(t, "sftp://"+me.Username+"@"+s.address()+root+"/in", key)
		p.Wrong = func() send.Target { w := p.Target; w.Secret = wrong; return w }
		p.lookAt(t, filepath.Join(root, "in"))
		return p
	}
}

// sftpServer starts a server made of the library's, which lets ann in by a password.
func sftpServer(t testing.TB, change ...func(*ssh.ServerConfig)) *place {
	t.Helper()
	dir := t.TempDir()
	private, _ := pair(t)
	key, err := ssh.ParsePrivateKey([]byte(private))
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{PasswordCallback: func(c ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
		if c.User() != "ann" || string(password) != "correct horse" {
			return nil, errors.New("no")
		}
		return nil, nil
	}}
	config.AddHostKey(key)
	for _, c := range change {
		c(config)
	}
	s := &sshServer{config: config, dir: dir, open: map[net.Conn]struct{}{}}
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	s.all.Go(s.accept)
	t.Cleanup(func() {
		_ = s.listener.Close() // accept ends
		s.set(true)
		s.all.Wait()
	})
	p := &place{Network: local(), Hangup: func() { s.set(false) }, Kill: func() { s.set(true) }, Start: func() { s.set(false) },
		Logins: func() int { s.mu.Lock(); defer s.mu.Unlock(); return s.logins }, Impossible: strings.Repeat("x", 300) + ".jpg"}
	p.Target = target(t, "sftp://ann@"+s.listener.Addr().String()+"/~/in", "correct horse")
	p.Wrong = func() send.Target { w := p.Target; w.Secret = "battery staple"; return w }
	p.lookAt(t, filepath.Join(dir, "in"))
	return p
}

// sshServer serves a folder by the library's SFTP server.
type sshServer struct {
	config   *ssh.ServerConfig
	dir      string
	listener net.Listener
	all      sync.WaitGroup

	mu     sync.Mutex // guards the rest
	open   map[net.Conn]struct{}
	down   bool
	logins int
}

// set ends all connections, and the server with down.
func (s *sshServer) set(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
	for c := range s.open {
		_ = c.Close() // it may have ended
	}
}

func (s *sshServer) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.open[c] = struct{}{}; s.down {
			_ = c.Close() // as if nobody were there
		}
		s.mu.Unlock()
		s.all.Go(func() { s.serve(c) })
	}
}

func (s *sshServer) serve(c net.Conn) {
	defer c.Close()
	conn, channels, requests, err := ssh.NewServerConn(c, s.config)
	if err != nil {
		return
	}
	defer conn.Close()
	s.mu.Lock()
	s.logins++
	s.mu.Unlock()
	s.all.Go(func() { ssh.DiscardRequests(requests) })
	for n := range channels {
		channel, requests, err := n.Accept()
		if err != nil {
			return
		}
		s.all.Go(func() {
			for r := range requests {
				_ = r.Reply(r.Type == "subsystem", nil) // a client that is gone needs none
			}
		})
		server, err := sftp.NewServer(channel, sftp.WithServerWorkingDirectory(s.dir))
		if err != nil {
			return
		}
		_ = server.Serve() // ends with the connection
	}
}
