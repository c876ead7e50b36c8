package send_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"oneframe/app/deliver/send"
	"oneframe/app/fault"
)

func TestCheckURL(t *testing.T) {
	t.Parallel()
	allowed := t.TempDir()
	if err := os.WriteFile(filepath.Join(allowed, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc", filepath.Join(allowed, "out")); err != nil {
		t.Fatal(err)
	}
	const good, wrong, private, folder = "", "bad_destination", "private_network", "bad_folder"
	for text, code := range map[string]string{
		"https://1.1.1.1/in?tenant=a": good, " https://1.1.1.1:8443 ": good, "https://[2606:4700:4700::1111]/": good,
		"ftp://me@1.1.1.1/in": good, "ftp://1.1.1.1": good, "ftps://me@1.1.1.1:990": good, "ftpes://me@1.1.1.1/a%20b": good, "sftp://me@1.1.1.1:22/in": good,
		"ftpes://me@1.1.1.1?fingerprint=sha256:" + strings.Repeat("0a:", 31) + "ff": good,
		"ftps://me@1.1.1.1?fingerprint=sha256:" + strings.Repeat("0a", 32):          good, "ftpes://me@1.1.1.1?fingerprint=SHA256:0A" + strings.Repeat(":0B", 31): good,
		"s3://AKID@pictures/in?endpoint=https://1.1.1.1&region=eu-central-1": good, "s3://AKID@my.pictures?endpoint=https%3A%2F%2F1.1.1.1%3A9000": good,
		"file://" + allowed: good, "file://" + allowed + "/new/one": good,

		"": wrong, "pictures": wrong, "https://": wrong, "gopher://1.1.1.1": wrong, "javascript:alert(1)": wrong, "https:1.1.1.1": wrong, "https://%zz/": wrong,
		"http://1.1.1.1/in": wrong, "https://me@1.1.1.1/": wrong, "https://me:secret@1.1.1.1/": wrong, "https://1.1.1.1/#x": wrong,
		"https://1.1.1.1:0/": wrong, "https://1.1.1.1:70000/": wrong, "https://1.1.1.1:/": wrong, "https://1.1.1.1:x/": wrong, "https://nobody.invalid/": wrong,
		"sftp://1.1.1.1/in": wrong, "sftp://me:secret@1.1.1.1": wrong, "sftp://me@1.1.1.1?mode=fast": wrong, "ftp://me@1.1.1.1/a%0d%0aDELE%20b": wrong, "ftp://me%0aUSER@1.1.1.1/": wrong,
		"ftps://me@1.1.1.1?fingerprint=0a0b": wrong, "ftps://me@1.1.1.1?fingerprint=sha1:" + strings.Repeat("0a", 32): wrong, "sftp://me@1.1.1.1?fingerprint=x": wrong,
		"s3://pictures?endpoint=https://1.1.1.1": wrong, "s3://AKID@Pictures!?endpoint=https://1.1.1.1": wrong, "s3://AKID@pictures?endpoint=ftp://1.1.1.1": wrong,
		"s3://AKID@pictures?endpoint=https://1.1.1.1/path": wrong, "s3://AKID@pictures?endpoint=http://1.1.1.1": wrong, "s3://AKID@pictures?endpont=https://1.1.1.1": wrong,
		"s3://AKID@pictures?region=a&region=b": wrong, "s3://AKID@pictures?endpoint=https://1.1.1.1&region=a%0ab": wrong, "s3://AKID:secret@pictures": wrong,
		"s3://AKID@pictures?endpoint=https://me@1.1.1.1": wrong, "file://" + allowed + "?x=y": wrong,
		"ftps://me@1.1.1.1?fingerprint=sha256:00": wrong, "sftp://me@1.1.1.1?fingerprint=sha256:00": wrong,

		"https://127.0.0.1/": private, "https://localhost/": private, "https://169.254.169.254/latest": private, "ftp://me@10.0.0.1": private, "ftps://me@[::1]": private,
		"ftpes://me@192.168.0.1/": private, "sftp://me@127.0.0.1": private, "s3://AKID@pictures?endpoint=https://10.0.0.1": private,

		"file:///etc": folder, "file://" + allowed + "/../x": folder, "file://host" + allowed: wrong, "file://" + allowed + "/out": folder, "file://" + allowed + "/out/new": folder,
		"file://" + allowed + "/file": folder, "file:///missing/x": folder,
	} {
		u, err := send.CheckURL(t.Context(), text, send.Network{Folders: []string{"/missing", allowed}})
		if code == "" && (err != nil || u == nil) || code != "" && (!fault.Has(err, code) || u != nil) {
			t.Errorf("%q: %v, want %q", text, err, code)
		}
	}
	for _, text := range []string{"http://127.0.0.1:9191/pictures", "sftp://me@127.0.0.1", "ftp://10.0.0.1", "s3://AKID@pictures?endpoint=http://localhost:9000"} {
		if _, err := send.CheckURL(t.Context(), text, local()); err != nil {
			t.Errorf("%q, allowed by the config: %v", text, err)
		}
	}
}
