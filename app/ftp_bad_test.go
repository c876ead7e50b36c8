package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"oneframe/app/people"
	"oneframe/app/testdata"
)

// The bounds of what a hostile file may cost the server.
const (
	mostTime   = 2 * time.Second // of processor
	mostMemory = 300e6           // bytes, the most that were ever resident
)

// Every hostile picture comes by FTP and by SFTP, to be judged and to be accepted
// unseen: the server answers each, in bounded time and memory, and goes on.
func TestHostileFilesByFTPAndSFTP(t *testing.T) {
	t.Parallel()
	binary := buildProgram(t)
	for _, trusted := range []bool{false, true} {
		t.Run(fmt.Sprintf("trusted=%v", trusted), func(t *testing.T) {
			t.Parallel()
			data := t.TempDir()
			photographersAt(t, data, "ann", "bob")
			p := startProgram(t, binary, data, "ONEFRAME_FTP_ADDRESS=127.0.0.1:0", "ONEFRAME_SFTP_ADDRESS=127.0.0.1:0",
				"ONEFRAME_PROFILE_REQUIRED=", fmt.Sprintf("ONEFRAME_PROFILE_TRUSTED=%v", trusted))
			ftp, err := newSender(p.door(t), "ann", "a long password")
			if err != nil {
				t.Fatal(err)
			}
			defer ftp.conn.Close()
			other := sftpAs(t, p.door(t), "bob")
			for _, file := range testdata.Glob(t, "bad/i-*") {
				raw, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				name := filepath.Base(file)
				if filepath.Ext(name) == ".gif" {
					name += ".jpg" // no other name lets it in
				}
				p.within(t, "FTP "+name, func() error { _, err := ftp.store(name, raw); return answered(err) })
				p.within(t, "SFTP "+name, func() error { return put(other, name, raw) })
			}
			if err := ftp.do("NOOP", "200"); err != nil {
				t.Error(err)
			}
			photo := captioned(t, bigPhoto(t), 1)
			if _, err := ftp.store("good.jpg", photo); err != nil {
				t.Errorf("after all of them: %v", err)
			}
			if n := p.status(t, "VmHWM:"); float64(n) > mostMemory {
				t.Errorf("it used %d MB", n/1e6)
			}
		})
	}
}

// photographersAt makes accounts in a data folder.
func photographersAt(t testing.TB, data string, names ...string) {
	t.Helper()
	c := Defaults()
	c.Data = data
	a, err := New(context.Background(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if _, err := a.People.Add(t.Context(), name, "a long password", people.Photographer); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

// answered leaves of a store's error what isn't the server's refusal.
func answered(err error) error {
	if err != nil && strings.Contains(err.Error(), `answered "5`) {
		return nil
	}
	return err
}

func sftpAs(t testing.TB, at, name string) *sftp.Client {
	t.Helper()
	conn, err := ssh.Dial("tcp", at, &ssh.ClientConfig{User: name, Auth: []ssh.AuthMethod{ssh.Password("a long password")}, HostKeyCallback: ssh.InsecureIgnoreHostKey()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c, err := sftp.NewClient(conn)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// put sends a file by SFTP; a refusal of the server is no error.
func put(c *sftp.Client, name string, data []byte) error {
	f, err := c.Create(name)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	err = f.Close()
	if refusal := new(sftp.StatusError); errors.As(err, &refusal) || errors.Is(err, os.ErrPermission) {
		return nil
	}
	return err
}

// within does something, and wants it to cost the server no more than it may.
func (p *program) within(t testing.TB, what string, do func() error) {
	t.Helper()
	before := p.cpu(t)
	if err := do(); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if used := p.cpu(t) - before; used > mostTime {
		t.Errorf("%s took %v of processor", what, used)
	}
}

// cpu is the time that the process has used of its cores; the clock ticks 100 times a
// second (proc(5)).
func (p *program) cpu(t testing.TB) time.Duration {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "stat"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	fields, ticks := strings.Fields(rest), 0
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// status is a line of /proc/PID/status in bytes.
func (p *program) status(t testing.TB, key string) int64 {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), key)
	kB, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kB << 10
}
