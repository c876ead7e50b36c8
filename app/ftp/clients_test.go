package ftp_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"oneframe/app/picture"
	"oneframe/app/testdata"
)

func TestCurlSendsByEachProtocol(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	host := fingerprintOf(t, s)
	for i, c := range []struct {
		url  string
		args []string
	}{
		{"ftp://" + s.at.FTP, nil},
		{"ftp://" + s.at.FTP, []string{"--disable-epsv"}},
		{"ftp://" + s.at.FTP, []string{"-P", "-"}},
		{"ftp://" + s.at.FTP, []string{"-P", "-", "--disable-eprt"}},
		{"ftp://" + s.at.FTP, []string{"--ssl-reqd", "-k"}},
		{"ftp://" + s.at.FTP, []string{"--ssl-reqd", "-k", "--tls-max", "1.2"}},
		{"ftps://" + s.at.FTPS, []string{"-k"}},
		{"sftp://" + s.at.SFTP, []string{"--hostpubsha256", host}},
	} {
		data := photo(t, i)
		name := fmt.Sprintf("c%d.jpg", i)
		s.must("curl", append(c.args, "-sS", "-u", "ann:"+password, "-T", s.file(name, data), c.url+"/")...)
		s.has(name, data)
	}
}

// fingerprintOf is the host key's SHA-256 as curl wants it, from the log.
func fingerprintOf(t *testing.T, s *site) string {
	t.Helper()
	_, rest, ok := strings.Cut(s.logged.String(), "host_key=SHA256:")
	if !ok {
		t.Fatal("the log names no host key")
	}
	return strings.Fields(rest)[0] + "="
}

func TestCurlResumesAndFetchesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	data := photo(t, 1)
	half := s.file("half/r.jpg", data[:len(data)/2])
	if out, err := s.run(nil, "curl", "-sS", "-T", half, s.ftpURL()); err == nil {
		t.Errorf("half a file was taken: %s", out)
	}
	s.lacks("r.jpg")
	out := s.must("curl", "-sSI", s.ftpURL()+"r.jpg")
	if !strings.Contains(out, fmt.Sprintf("Content-Length: %d", len(data)/2)) {
		t.Errorf("SIZE of half a file: %s", out)
	}
	s.must("curl", "-sS", "-C", "-", "-T", s.file("r.jpg", data), s.ftpURL())
	s.has("r.jpg", data)
	if out, err := s.run(nil, "curl", "-sS", s.ftpURL()+"r.jpg"); err == nil {
		t.Errorf("a picture was fetched: %d bytes", len(out))
	}
	listed := s.must("curl", "-sS", "-l", s.ftpURL())
	if got := strings.Join(strings.Fields(listed), " "); got != "accepted r.jpg refused waiting" {
		t.Errorf("the folder shows %q", got)
	}
	if got := s.must("curl", "-sS", "-l", s.ftpURL()+"waiting/"); strings.TrimSpace(got) != "r.jpg" {
		t.Errorf("waiting shows %q", got)
	}
}

func TestLftpMirrorsAndResumes(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	sent := map[string][]byte{"a.jpg": photo(t, 1), "match/b.JPG": photo(t, 2), "match/late/c.jpeg": photo(t, 3), "Käse 1.jpg": photo(t, 4)}
	for name, data := range sent {
		s.file("shoot/"+name, data)
	}
	open := fmt.Sprintf("set ssl:verify-certificate no; set net:max-retries 1; set cmd:fail-exit yes; open -u ann,'%s' ftp://%s; ", password, s.at.FTP)
	s.must("lftp", "-c", open+"mirror -R shoot .")
	for name, data := range sent {
		s.has(name, data)
	}
	again := s.must("lftp", "-c", open+"mirror -R -v shoot .")
	if strings.Contains(again, "Transferring") {
		t.Errorf("the same files are sent again: %s", again)
	}
	s.must("lftp", "-c", open+"set ftp:ssl-force yes; set xfer:use-temp-file yes; put -O under "+s.file("t.jpg", photo(t, 5)))
	s.has("under/t.jpg", photo(t, 5))
	data := photo(t, 6)
	if _, err := s.run(nil, "lftp", "-c", open+"put "+s.file("half.jpg", data[:len(data)/3])+" -o r.jpg"); err == nil {
		t.Error("half a file was taken")
	}
	s.must("lftp", "-c", open+"put -c "+s.file("r.jpg", data)+" -o r.jpg")
	s.has("r.jpg", data)
	for _, no := range []string{"rm r.jpg", "rm -r match", "mv r.jpg waiting/x.jpg", "get -o got.jpg r.jpg", "put r.jpg -o movie.mov", "put -O waiting r.jpg"} {
		if out, err := s.run(nil, "lftp", "-c", open+no); err == nil {
			t.Errorf("%s: %s", no, out)
		}
	}
	s.has("r.jpg", data)
	if n := len(s.pictures()); n != len(sent)+2 {
		t.Errorf("%d pictures", n)
	}
}

// sshKey makes a key as a photographer does, and lets ann in by it.
func (s *site) sshKey() (file string) {
	s.Helper()
	file = filepath.Join(s.dir, "id")
	s.must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file)
	line, err := os.ReadFile(file + ".pub")
	if err != nil {
		s.Fatal(err)
	}
	if _, err := s.srv.People.AddKey(s.Context(), "ann", string(line)); err != nil {
		s.Fatal(err)
	}
	return file
}

// sftp runs a batch of OpenSSH's sftp.
func (s *site) sftp(batch string, env []string, options ...string) (string, error) {
	s.Helper()
	_, port, err := net.SplitHostPort(s.at.SFTP)
	if err != nil {
		s.Fatal(err)
	}
	args := append([]string{"-P", port, "-o", "StrictHostKeyChecking=accept-new", "-o", "UserKnownHostsFile=" + filepath.Join(s.dir, "known"), "-o", "IdentitiesOnly=yes"}, options...)
	return s.run(env, "sftp", append(args, "-b", s.file("batch", []byte(batch+"\n")), "ann@127.0.0.1")...)
}

func TestOpenSSHSendsByKeyAndPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	key := s.sshKey()
	one, two, three := photo(t, 1), photoOf(t, 2, 2400, 1600), photo(t, 3)
	s.file("one.jpg", one)
	s.file("two.jpg", two)
	out, err := s.sftp("mkdir day\ncd day\nput -p one.jpg\nput two.jpg two.jpg.filepart\nrename two.jpg.filepart two.jpg\nls -l\nls -l ../waiting/day", nil, "-i", key, "-o", "BatchMode=yes")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.has("day/one.jpg", one)
	s.has("day/two.jpg", two)
	if strings.Count(out, "one.jpg") < 2 || !strings.Contains(out, fmt.Sprint(len(two))) {
		t.Errorf("the folder shows %s", out)
	}
	ask := s.file("ask", []byte("#!/bin/sh\necho '"+password+"'\n"))
	if err := os.Chmod(ask, 0o700); err != nil {
		t.Fatal(err)
	}
	s.file("three.jpg", three)
	out, err = s.sftp("put three.jpg", []string{"SSH_ASKPASS=" + ask, "SSH_ASKPASS_REQUIRE=force", "DISPLAY=none"}, "-o", "PreferredAuthentications=password", "-o", "BatchMode=no")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.has("three.jpg", three)
	s.file("notes.txt", []byte("no picture"))
	for _, no := range []string{"get day/one.jpg got.jpg", "rm day/one.jpg", "rmdir waiting", "rename day/one.jpg refused/x.jpg", "symlink day/one.jpg x.jpg", "ln day/one.jpg x.jpg", "put three.jpg accepted/x.jpg", "put notes.txt"} {
		if out, err := s.sftp(no, nil, "-i", key, "-o", "BatchMode=yes"); err == nil {
			t.Errorf("%s: %s", no, out)
		}
	}
	if n := len(s.pictures()); n != 3 {
		t.Errorf("%d pictures", n)
	}
	_, port, err := net.SplitHostPort(s.at.SFTP)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := s.run(nil, "ssh", "-p", port, "-i", key, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "ann@127.0.0.1", "id"); err == nil {
		t.Errorf("a shell: %s", out)
	}
}

func TestOpenSSHGoesOnWhereItWasCutOff(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	key := s.sshKey()
	data := photo(t, 1)
	s.file("r.jpg", data)
	if out, err := s.sftp("put "+s.file("half.jpg", data[:len(data)/2])+" r.jpg", nil, "-i", key, "-o", "BatchMode=yes"); err == nil {
		t.Errorf("half a file was taken: %s", out)
	}
	s.lacks("r.jpg")
	if out, err := s.sftp("reput r.jpg", nil, "-i", key, "-o", "BatchMode=yes"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.has("r.jpg", data)
}

func TestWhatBecameOfAFileIsShown(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	data := photo(t, 1)
	s.must("curl", "-sS", "-T", s.file("g.jpg", data), s.ftpURL())
	broken := testdata.Path(t, "bad/i-sof-65500x65500.jpg")
	if out, err := s.run(nil, "curl", "-sS", "-T", broken, s.ftpURL()+"b.jpg"); err == nil {
		t.Errorf("a broken picture was taken: %s", out)
	}
	list := func(folder string) string { return strings.TrimSpace(s.must("curl", "-sS", "-l", s.ftpURL()+folder)) }
	if list("waiting/") != "g.jpg" || list("refused/") != "b.jpg.txt" || list("accepted/") != "" {
		t.Errorf("waiting %q, refused %q, accepted %q", list("waiting/"), list("refused/"), list("accepted/"))
	}
	if text := s.must("curl", "-sS", s.ftpURL()+"refused/b.jpg.txt"); !strings.Contains(text, "b.jpg was not taken") || !strings.Contains(text, "- ") {
		t.Errorf("the notice says %q", text)
	}
	if strings.Contains(list(""), "b.jpg") {
		t.Errorf("the refused file still stands where it was sent: %s", list(""))
	}
	p := s.pictures()["g.jpg"]
	if p.State != picture.Received {
		t.Errorf("it is %s", p.State)
	}
}
