package send_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jlaffaye/ftp"

	"oneframe/app/deliver/send"
)

const (
	benchBytes = 200_000
	benchLines = 4  // connections at once
	benchNames = 50 // files that are there at once
)

// The senders bring pictures of 200 kB over kept connections to a real server on the same
// cores, each with its temporary name, SIZE and rename. The baselines copy the same bytes
// and do none of that.
func BenchmarkFTP(b *testing.B) {
	b.Run("Lftp", benchLftp)
	b.Run("Send", func(b *testing.B) { benchSender(b, vsftpd("ftp")) })
}

func BenchmarkFTPS(b *testing.B) {
	b.Run("Logins", benchLogins)
	b.Run("Send", func(b *testing.B) { benchSender(b, vsftpd("ftpes")) })
}

func BenchmarkSFTP(b *testing.B) {
	b.Run("Client", benchClient)
	b.Run("Send", func(b *testing.B) { benchSender(b, sshd("")) })
}

// benchClient is OpenSSH's client, over one connection.
func benchClient(b *testing.B) {
	p, dir := sshd("")(b), b.TempDir()
	key := written(b, filepath.Join(dir, "key"), p.Target.Secret)
	u := p.Target.URL
	if err := os.MkdirAll(u.Path, 0o700); err != nil {
		b.Fatal(err)
	}
	var batch strings.Builder
	for i := range b.N {
		fmt.Fprintf(&batch, "put %s %s/%d.jpg\n", benchFile(b, dir), u.Path, i%benchNames)
	}
	measured(b, func() {
		run(b, batch.String(), "sftp", "-q", "-b", "-", "-i", key, "-P", u.Port(), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", u.User.Username()+"@"+u.Hostname())
	})
}

func benchSender(b *testing.B, start func(testing.TB) *place) {
	p := start(b)
	one, _ := photo("x.jpg", benchBytes, 1)
	var senders []send.Sender
	for range benchLines {
		senders = append(senders, p.open(b))
	}
	var next atomic.Int64
	measured(b, func() {
		var all sync.WaitGroup
		for line, s := range senders {
			all.Go(func() {
				for mine := one; ; {
					i := next.Add(1)
					if i > int64(b.N) {
						return
					}
					mine.Name, mine.Delivery = fmt.Sprintf("%d.jpg", i%benchNames), fmt.Sprint(line)
					if _, err := s.Send(b.Context(), mine); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
	})
	if n := p.Logins(); n != benchLines {
		b.Errorf("%d logins", n)
	}
}

// benchLftp is lftp's, which sends a file again and again over one connection.
func benchLftp(b *testing.B) {
	p, dir := vsftpd("ftp")(b), b.TempDir()
	var list strings.Builder
	fmt.Fprintf(&list, "set cmd:fail-exit yes; set net:max-retries 1; set ftp:ssl-allow no\nopen -u ftp,'%s' ftp://%s\nmkdir -p -f sub/in\ncd sub/in\n", p.Target.Secret, p.Target.URL.Host)
	for i := range b.N {
		fmt.Fprintf(&list, "put %s -o %d.jpg\n", benchFile(b, dir), i%benchNames)
	}
	measured(b, func() { run(b, list.String(), "lftp", "--norc") })
	if n := len(p.Files()); n != min(b.N, benchNames) {
		b.Errorf("%d files are there", n)
	}
}

// benchLogins is the bare library with a login for each file and TLS 1.2, since no
// common client gets files over TLS 1.3 to a vsftpd that wants sessions to be resumed:
// curl's are cut off, lftp doesn't resume.
func benchLogins(b *testing.B) {
	p := vsftpd("ftpes")(b)
	_, data := photo("x.jpg", benchBytes, 1)
	var next atomic.Int64
	one := func(i int64) error {
		c, err := ftp.Dial(p.Target.URL.Host, ftp.DialWithExplicitTLS(&tls.Config{ServerName: "127.0.0.1", InsecureSkipVerify: true,
			MaxVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(1)}))
		if err != nil {
			return err
		}
		if err = c.Login("ftp", p.Target.Secret); err == nil {
			err = c.Stor(fmt.Sprintf("sub/%d.jpg", i%benchNames), bytes.NewReader(data))
		}
		return errors.Join(err, c.Quit())
	}
	measured(b, func() {
		var all sync.WaitGroup
		for range benchLines {
			all.Go(func() {
				for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
					if err := one(i); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
	})
}

func benchFile(b *testing.B, dir string) string {
	b.Helper()
	path := filepath.Join(dir, "x.jpg")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	_, data := photo("x.jpg", benchBytes, 1)
	return written(b, path, string(data))
}

func run(b *testing.B, input, name string, args ...string) {
	b.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		b.Fatalf("%s is missing: make test installs it", name)
	}
	c := exec.CommandContext(b.Context(), path, args...)
	c.Stdin = strings.NewReader(input)
	if out, err := c.CombinedOutput(); err != nil {
		b.Fatalf("%s: %v: %s", name, err, bytes.TrimSpace(out))
	}
}

// measured reports how many pictures a second went, and the CPU time of this process for
// each; that of other programs, as the servers', isn't in it.
func measured(b *testing.B, do func()) {
	before := cpu(b)
	b.ResetTimer()
	do()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pictures/s")
	b.ReportMetric(float64(cpu(b)-before)/1e3/float64(b.N), "cpu-us/op")
}
