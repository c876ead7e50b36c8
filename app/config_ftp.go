package app

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"oneframe/app/ftp"
)

// FTPConfig is about photographers who send by FTP.
type FTPConfig struct {
	Address     string   `yaml:"address"`
	Implicit    string   `yaml:"implicit"`
	TLS         string   `yaml:"tls"`
	Passive     string   `yaml:"passive"`
	Public      string   `yaml:"public"`
	Keep        Duration `yaml:"keep"`
	Idle        Duration `yaml:"idle"`
	Connections int      `yaml:"connections"`
	PerAddress  int      `yaml:"connections_per_address"`
	PerAccount  int      `yaml:"connections_per_account"`
	BytesPerDay Size     `yaml:"bytes_per_day"`
	PerMinute   int      `yaml:"files_per_minute"`
	Spool       Size     `yaml:"spool"`
	Logins      int      `yaml:"failed_logins"`
}

// SFTPConfig is where photographers send by SFTP.
type SFTPConfig struct {
	Address string `yaml:"address"`
}

func ftpDefaults() FTPConfig {
	return FTPConfig{TLS: "optional", Passive: "30000-30100", Keep: Duration(24 * time.Hour), Idle: Duration(5 * time.Minute),
		Connections: 500, PerAddress: 100, PerAccount: 50, BytesPerDay: 200_000 * mega, PerMinute: 600, Spool: 2000 * mega, Logins: 20}
}

func (f FTPConfig) validate(sftp SFTPConfig) (wrong []error) {
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	for _, a := range [][2]string{{"ftp.address", f.Address}, {"ftp.implicit", f.Implicit}, {"sftp.address", sftp.Address}} {
		if _, port, err := net.SplitHostPort(a[1]); a[1] != "" && (err != nil || !validPort(port)) {
			add("%s must be like :2121 or 127.0.0.1:2121, or empty, not %q", a[0], a[1])
		}
	}
	if f.TLS != "off" && f.TLS != "optional" && f.TLS != "required" {
		add("ftp.tls must be one of off, optional, required, not %q", f.TLS)
	}
	if f.TLS == "off" && f.Implicit != "" {
		add("ftp.implicit must be empty where ftp.tls is off: it is TLS from the first byte")
	}
	if _, _, err := f.ports(); err != nil {
		add("ftp.passive %w", err)
	}
	if strings.ContainsAny(f.Public, "/: ") {
		add("ftp.public must be an IPv4 address or a host name, not %q", f.Public)
	}
	for _, d := range []struct {
		key       string
		value     Duration
		low, high time.Duration
	}{{"ftp.keep", f.Keep, time.Hour, 30 * 24 * time.Hour}, {"ftp.idle", f.Idle, 10 * time.Second, time.Hour}} {
		if v := time.Duration(d.value); v < d.low || v > d.high {
			add("%s must be from %s to %s, not %s", d.key, d.low, d.high, v)
		}
	}
	for key, n := range map[string]int{"ftp.connections": f.Connections, "ftp.connections_per_address": f.PerAddress,
		"ftp.connections_per_account": f.PerAccount, "ftp.files_per_minute": f.PerMinute, "ftp.failed_logins": f.Logins} {
		if n < 1 || n > 100_000 {
			add("%s must be from 1 to 100000, not %d", key, n)
		}
	}
	for key, n := range map[string]Size{"ftp.bytes_per_day": f.BytesPerDay, "ftp.spool": f.Spool} {
		if n < mega {
			add("%s must be at least 1MB, not %s", key, n)
		}
	}
	return wrong
}

// ports reads the range.
func (f FTPConfig) ports() (from, to int, err error) {
	a, b, ok := strings.Cut(f.Passive, "-")
	from, err = strconv.Atoi(a)
	if err == nil && ok {
		to, err = strconv.Atoi(b)
	}
	if !ok || err != nil || from < 1024 || to < from || to > 65535 {
		return 0, 0, fmt.Errorf("must be ports from 1024 to 65535, as 30000-30100, not %q", f.Passive)
	}
	return from, to, nil
}

// ftp gives the doors their settings.
func (c Config) ftp() (ftp.Settings, error) {
	f := c.FTP
	from, to, err := f.ports()
	s := ftp.Settings{FTP: f.Address, FTPS: f.Implicit, SFTP: c.SFTP.Address, TLS: f.TLS, Public: f.Public, From: from, To: to,
		MaxBytes: int64(c.Ingest.MaxPhoto), Keep: time.Duration(f.Keep), Idle: time.Duration(f.Idle), LogAddresses: c.Log.Addresses}
	switch c.Web.TLS {
	case "files":
		s.Cert, s.Key = c.Web.Cert, c.Web.Key
	case "auto":
		if u, err := url.Parse(c.Web.URL); err == nil {
			s.Cert = filepath.Join(c.under("acme"), u.Hostname()) // autocert keeps key and certificates in one file
			s.Key = s.Cert
		}
	}
	if c.Limits.Enabled {
		s.Limits = ftp.Limits{Connections: f.Connections, PerAddress: f.PerAddress, PerAccount: f.PerAccount,
			BytesPerDay: int64(f.BytesPerDay), PerMinute: f.PerMinute, Logins: f.Logins}
	}
	s.Limits.Spool = int64(f.Spool)
	return s, err
}
