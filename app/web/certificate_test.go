package web

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const host = "frames.example"

// leaf shakes hands with the site under the name and gives its certificate, verified.
func leaf(address, name string, roots *x509.CertPool) (*x509.Certificate, error) {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 20 * time.Second}, "tcp", address, &tls.Config{ServerName: name, RootCAs: roots})
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0], nil
}

// secured is a client that finds the host at the address.
func secured(t *testing.T, address string, roots *x509.CertPool) *http.Client {
	t.Helper()
	tr := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{ServerName: host, RootCAs: roots}}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func TestTheSiteGetsItsCertificateAndRenewsIt(t *testing.T) {
	t.Parallel()
	tlsPort, httpPort := freePort(t), freePort(t)
	a := newAuthority(t, tlsPort, httpPort, 24*time.Second)
	l := Listen{Address: local(tlsPort), TLS: "auto", URL: "https://" + host, Cache: t.TempDir(), ACME: a.directory, Roots: a.roots, HTTP: local(httpPort)}
	site := listen(t, l, ok)

	var first *x509.Certificate
	eventually(t, "the certificate is there", func() (there bool) {
		var err error
		first, err = leaf(site.address, host, a.issued)
		return err == nil
	})
	client := secured(t, site.address, a.issued)
	resp, err := client.Get("https://" + site.address + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 {
		t.Errorf("over https: %s %s, want 200 by HTTP/2", resp.Proto, resp.Status)
	}
	if _, err := leaf(site.address, "other.example", a.issued); err == nil {
		t.Error("a host that isn't ours got a certificate")
	}
	resp, err = client.Get("http://" + local(httpPort) + "/shoot?slot=3")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := resp.Header.Get("Location"); resp.StatusCode != http.StatusPermanentRedirect || got != "https://"+host+"/shoot?slot=3" {
		t.Errorf("plain http: %d to %q", resp.StatusCode, got)
	}
	eventually(t, "the certificate is renewed", func() bool {
		now, err := leaf(site.address, host, a.issued)
		if err != nil {
			t.Fatalf("while it was renewed: %v\n%s", err, site.log)
		}
		return now.SerialNumber.Cmp(first.SerialNumber) != 0
	})

	before, err := leaf(site.address, host, a.issued)
	if err != nil {
		t.Fatal(err)
	}
	site.stop()
	again := listen(t, l, ok)
	after, err := leaf(again.address, host, a.issued)
	if err != nil {
		t.Fatal(err)
	}
	if before.SerialNumber.Cmp(after.SerialNumber) != 0 {
		t.Error("after a restart the site asked for a certificate that it had")
	}
}

func TestTheHostIsProvenByHTTPWhereTLSCannot(t *testing.T) {
	t.Parallel()
	httpPort := freePort(t)
	a := newAuthority(t, freePort(t), httpPort, time.Hour)
	site := listen(t, Listen{Address: "127.0.0.1:0", TLS: "auto", URL: "https://" + host, Cache: t.TempDir(), ACME: a.directory, Roots: a.roots, HTTP: local(httpPort)}, ok)
	eventually(t, "the certificate is there", func() bool {
		_, err := leaf(site.address, host, a.issued)
		return err == nil
	})
}

func TestGivenCertificatesAreReadAgainWhenTheyChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write := func(serial int64) {
		selfSigned(t, cert, key, host, serial)
		at := time.Unix(1_700_000_000+serial, 0)
		for _, f := range []string{cert, key} {
			if err := os.Chtimes(f, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(1)
	site := listen(t, Listen{Address: "127.0.0.1:0", TLS: "files", Cert: cert, Key: key}, ok)
	serial := func() int64 {
		conn, err := tls.Dial("tcp", site.address, &tls.Config{ServerName: host, InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if got := serial(); got != 1 {
		t.Errorf("serial %d, want 1", got)
	}
	write(2)
	if got := serial(); got != 2 {
		t.Errorf("serial %d, want that of the new certificate, 2", got)
	}
	if err := os.WriteFile(cert, []byte("half a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != 2 || !strings.Contains(site.log.String(), "the old one stays") {
		t.Errorf("serial %d with a broken file, want 2 and a word in the log: %s", got, site.log)
	}
	write(3)
	if got := serial(); got != 3 {
		t.Errorf("serial %d after the file was mended, want 3", got)
	}
}

func TestAWrongListenIsSaid(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for word, l := range map[string]Listen{
		"web.tls":        {TLS: "maybe"},
		"web.cert":       {TLS: "files", Cert: "nowhere.pem", Key: "nowhere.pem"},
		"web.url":        {TLS: "auto"},
		"web.acme_roots": {TLS: "auto", URL: "https://" + host, Roots: empty},
		"web.address":    {Address: "127.0.0.1:nonsense"},
		"web.acme_http":  {Address: "127.0.0.1:0", TLS: "auto", URL: "https://" + host, HTTP: "127.0.0.1:nonsense"},
	} {
		if err := Serve(t.Context(), ok, l, quietLog(), nil); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%+v: %v, want an error that names %s", l, err, word)
		}
	}
}
