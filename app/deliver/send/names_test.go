package send

import (
	"net/url"
	"testing"
	"time"
)

func TestFolders(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"ftp://h": "", "ftp://h/": "", "ftp://h/in": "in", "ftp://h/in/": "in", "ftps://h/a/b%20c": "a/b c", "ftp://h//srv/in": "/srv/in", "ftp://h/%2Fsrv/in/": "/srv/in", "ftp://h/../x": "x", "ftp://h//../x": "/x",
		"sftp://h": "", "sftp://h/": "", "sftp://h/~": "", "sftp://h/~/in": "in", "sftp://h/srv/in": "/srv/in", "sftp://h//srv//in/": "/srv/in", "sftp://h/~ann/in": "/~ann/in", "sftp://h/~/../x": "/x",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		got := ftpFolder(u)
		if u.Scheme == "sftp" {
			got = sftpFolder(u)
		}
		if got != want {
			t.Errorf("%s is %q rather than %q", address, got, want)
		}
	}
}

func TestAnswerTime(t *testing.T) {
	t.Parallel()
	for bytes, want := range map[int64]time.Duration{0: time.Minute, 200_000: 260 * time.Second, 50 << 20: 10 * time.Minute} {
		if got := answerTime(bytes); got != want {
			t.Errorf("%d bytes are waited for %v", bytes, got)
		}
	}
}

// The password passes where replies are picked out.
func TestReplyLines(t *testing.T) {
	t.Parallel()
	var r replies
	for _, part := range []string{"220-hello\r\n220-there\r\n22", "0 ready\r\n", "PASS 530 secret\r\n", "33", "1 x\n230 in\r\n", "220 half"} {
		if n, err := r.Write([]byte(part)); n != len(part) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	if r.last != "230 in\r" || r.code() != 230 {
		t.Errorf("the last is %q, %d", r.last, r.code())
	}
}
