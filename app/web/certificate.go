package web

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// certificates is where a listener's certificates come from.
type certificates struct {
	config *tls.Config  // nil for plain HTTP
	plain  http.Handler // what the plain HTTP port beside it answers; nil where there is none
	fetch  func()       // gets the certificate before the first visitor asks; or nil
}

func (l Listen) certificates(log *slog.Logger) (certificates, error) {
	switch l.TLS {
	case "", "off":
		return certificates{}, nil
	case "files":
		f := &files{cert: l.Cert, key: l.Key, log: log}
		if _, err := f.get(nil); err != nil {
			return certificates{}, fmt.Errorf("web.cert and web.key: %w", err)
		}
		return certificates{config: &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: f.get}}, nil
	case "auto":
		return l.auto(log)
	}
	return certificates{}, fmt.Errorf("web.tls must be off, auto or files, not %q", l.TLS)
}

// auto gets and renews a certificate by ACME (RFC 8555), proving that the host is ours
// by tls-alpn-01 on the site's own port, else by http-01.
func (l Listen) auto(log *slog.Logger) (certificates, error) {
	u, err := url.Parse(l.URL)
	if err != nil || u.Hostname() == "" {
		return certificates{}, fmt.Errorf("web.url must be the site's https:// address for web.tls auto, not %q", l.URL)
	}
	client, err := l.authority()
	if err != nil {
		return certificates{}, err
	}
	m := &autocert.Manager{Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(l.Cache),
		HostPolicy: autocert.HostWhitelist(u.Hostname()), Client: client}
	c := certificates{config: m.TLSConfig(), fetch: func() { fetch(m, u.Hostname(), log) }}
	c.config.MinVersion = tls.VersionTLS12
	if l.HTTP != "" {
		answer := m.HTTPHandler(redirect(l.URL))
		c.plain = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if host, _, err := net.SplitHostPort(r.Host); err == nil {
				r.Host = host // the port may be a forwarded one
			}
			answer.ServeHTTP(w, r)
		})
	}
	return c, nil
}

// authority is who signs the certificate.
func (l Listen) authority() (*acme.Client, error) {
	client := &acme.Client{DirectoryURL: autocert.DefaultACMEDirectory, UserAgent: "oneframe"}
	if l.ACME != "" {
		client.DirectoryURL = l.ACME
	}
	if l.Roots == "" {
		return client, nil
	}
	pem, err := os.ReadFile(l.Roots)
	if err != nil {
		return nil, fmt.Errorf("web.acme_roots: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("web.acme_roots: %s holds no certificate", l.Roots)
	}
	client.HTTPClient = &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	return client, nil
}

// fetch gets the certificate, so that no visitor has to wait for it, and its renewal
// is under way though nobody comes.
func fetch(m *autocert.Manager, host string, log *slog.Logger) {
	cert, err := m.GetCertificate(&tls.ClientHelloInfo{ServerName: host,
		SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
		SupportedCurves:  []tls.CurveID{tls.CurveP256},
		CipherSuites:     []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}})
	if err != nil {
		log.Error("no certificate could be had; each visitor's arrival is another try", "host", host, "cause", err)
		return
	}
	log.Info("the certificate is there", "host", host, "until", cert.Leaf.NotAfter)
}

// redirect leads to the same page of the https site.
func redirect(site string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, site+r.URL.RequestURI(), http.StatusPermanentRedirect)
	})
}

// files is a certificate in two PEM files that somebody else renews.
type files struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex // guards what follows
	changed [2]time.Time
	current *tls.Certificate
}

// get gives the certificate, read anew where a file has changed. While what is there
// can't be used, it goes on with the one before.
func (f *files) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	changed, err := f.times()
	if err == nil && f.current != nil && changed == f.changed {
		return f.current, nil
	}
	var cert tls.Certificate
	if err == nil {
		cert, err = tls.LoadX509KeyPair(f.cert, f.key)
	}
	if err != nil && f.current != nil {
		if changed != f.changed {
			f.log.Error("the new certificate can't be used; the old one stays", "cause", err)
		}
		f.changed = changed
		return f.current, nil
	}
	if err != nil {
		return nil, err
	}
	f.current, f.changed = &cert, changed
	return f.current, nil
}

func (f *files) times() (t [2]time.Time, err error) {
	for i, name := range []string{f.cert, f.key} {
		st, err := os.Stat(name)
		if err != nil {
			return t, err
		}
		t[i] = st.ModTime()
	}
	return t, nil
}
