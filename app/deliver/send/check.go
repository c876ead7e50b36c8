package send

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"oneframe/app/fault"
	"oneframe/app/outbound"
)

// scheme says what an address of it may hold.
type scheme struct {
	like  string   // an example
	user  bool     // it may have a user's name, or an access key's id
	login bool     // it must
	keys  []string // of its query; nil where the query is the receiver's own
}

func schemes() map[string]scheme {
	return map[string]scheme{
		"https": {like: "https://pictures.example.org/incoming"},
		"http":  {like: "http://10.0.0.5/incoming"},
		"ftp":   {like: "ftp://user@ftp.example.org/incoming", user: true, keys: []string{}},
		"ftps":  {like: "ftps://user@ftp.example.org/incoming", user: true, keys: []string{"fingerprint"}},
		"ftpes": {like: "ftpes://user@ftp.example.org/incoming", user: true, keys: []string{"fingerprint"}},
		"sftp":  {like: "sftp://user@sftp.example.org/incoming", user: true, login: true, keys: []string{}},
		"s3":    {like: "s3://ACCESSKEYID@bucket/pictures?endpoint=https://s3.example.org&region=eu-central-1", user: true, login: true, keys: []string{"endpoint", "region"}},
		"file":  {like: "file:///srv/pictures/acme", keys: []string{}},
	}
}

func bad(format string, args ...any) error {
	return fault.New(fault.Invalid, "bad_destination", format, args...)
}

// CheckURL reads an address that somebody typed in, and looks whether the site may send
// there. Its errors are Invalid bad_destination, private_network or bad_folder.
func CheckURL(ctx context.Context, text string, n Network) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		return nil, bad("An address is like sftp://user@example.org/pictures.")
	}
	s, known := schemes()[u.Scheme]
	switch _, password := u.User.Password(); {
	case !known:
		return nil, bad("An address begins with https://, ftp://, ftps://, ftpes://, sftp://, s3:// or file://.")
	case password:
		return nil, bad("Please leave the password out of the address, and give it as the secret.")
	case u.User != nil && !s.user:
		return nil, bad("Please leave the user's name out of the address; it is like %s.", s.like)
	case u.User.Username() == "" && s.login:
		return nil, bad("The address needs a user's name, as in %s.", s.like)
	case u.Opaque != "", u.Fragment != "", strings.ContainsFunc(u.User.Username()+u.Path, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return nil, bad("This address can't be read; it is like %s.", s.like)
	}
	if err := s.query(u); err != nil {
		return nil, err
	}
	if _, err := fingerprint(u); err != nil && s.keys != nil {
		return nil, bad("%s", err.(*Error).Message)
	}
	if _, err := fingerprint(u); err != nil {
		return nil, bad("%s", err)
	}
	switch u.Scheme {
	case "file":
		err = checkFolder(u, n)
	case "s3":
		err = checkStore(ctx, u, n)
	default:
		err = checkHost(ctx, u, n, s)
	}
	if err != nil {
		return nil, err
	}
	return u, nil
}

// query refuses keys that mean nothing, so that no wish is lost by a slip of the pen.
func (s scheme) query(u *url.URL) error {
	given, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return bad("What stands after the ? of the address can't be read.")
	}
	for key, values := range given {
		switch {
		case s.keys == nil:
		case !slices.Contains(s.keys, key):
			return bad("An address of %s knows no %q; it is like %s.", u.Scheme, tidy(key), s.like)
		case len(values) > 1:
			return bad("The address says %q twice.", key)
		}
	}
	return nil
}

// checkHost looks at a host and its port.
func checkHost(ctx context.Context, u *url.URL, n Network, s scheme) error {
	port, err := strconv.ParseUint(first(u.Port(), "1"), 10, 16)
	if u.Hostname() == "" || err != nil || port == 0 || strings.HasSuffix(u.Host, ":") {
		return bad("The address needs a host, and a port from 1 to 65535 if it is not the usual one, as in %s.", s.like)
	}
	if n.Private {
		return nil
	}
	if u.Scheme == "http" {
		return bad("The address must begin with https://: by http anybody on the way could read and change what is sent.")
	}
	err = outbound.CheckHost(ctx, u.Hostname())
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Code == "bad_url" {
		return fault.Wrap(f.Cause, fault.Invalid, "bad_destination", "%s", f.Message)
	}
	return err
}

// checkStore looks at the bucket, and at the endpoint as at an address of HTTP.
func checkStore(ctx context.Context, u *url.URL, n Network) error {
	s := schemes()["s3"]
	// What Amazon S3 allows (Bucket naming rules), a little widened for other stores.
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$`).MatchString(u.Host) {
		return bad("The address needs a bucket's name, as in %s.", s.like)
	}
	if region := u.Query().Get("region"); strings.ContainsFunc(region, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return bad("The region is like eu-central-1.")
	}
	at, err := url.Parse(first(u.Query().Get("endpoint"), amazon))
	if err != nil || at.Scheme != "https" && at.Scheme != "http" || at.User != nil || strings.Trim(at.Path, "/") != "" || at.RawQuery != "" || at.Fragment != "" {
		return bad("The endpoint is the store's address without a path, as in %s.", s.like)
	}
	return checkHost(ctx, at, n, s)
}

// checkFolder looks whether the folder lies in an allowed one, after symbolic links too,
// as far as it is there.
func checkFolder(u *url.URL, n Network) error {
	dir := filepath.Clean(filepath.FromSlash(u.Path))
	refused := fault.New(fault.Invalid, "bad_folder", "The folder %s lies in none of those that deliver.folders of the configuration allows.", dir)
	if u.Host != "" || !filepath.IsAbs(dir) {
		return bad("A folder is given by its whole path, as in %s.", schemes()["file"].like)
	}
	base, rel, ok := within(n.Folders, dir)
	if !ok {
		return refused
	}
	root, err := os.OpenRoot(base)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "bad_folder", "The folder %s, which deliver.folders allows, can't be opened.", base)
	}
	defer root.Close()
	if info, err := root.Stat(rel); err == nil && !info.IsDir() {
		return fault.New(fault.Invalid, "bad_folder", "%s is a file.", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return refused
	}
	return nil
}
