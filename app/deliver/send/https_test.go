package send

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Over TLS a receiver that offers HTTP/2 gets it, and one whose certificate nobody vouches
// for gets nothing.
func TestHTTPS(t *testing.T) {
	t.Parallel()
	var got []string
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		got = append(got, fmt.Sprint(r.Proto, " ", n == r.ContentLength, " ", err))
	}))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it says that its certificate was refused
	s.StartTLS()
	defer s.Close()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	open := func() *overHTTP {
		sender, err := openHTTP(Target{URL: u, Secret: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}, Network{Private: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { sender.Close() })
		return sender
	}
	p := Parcel{Delivery: "d1", Name: "a.jpg", ContentType: "image/jpeg", Size: 300_000,
		Open: func() (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(strings.Repeat("x", 300_000))), nil
		}}
	_, err = open().Send(t.Context(), p)
	if KindOf(err) != Down || !strings.Contains(err.Error(), "nobody who is trusted here has signed it") || len(got) > 0 {
		t.Errorf("a certificate that nobody vouches for: %v, %v", err, got)
	}
	sender, roots := open(), x509.NewCertPool()
	roots.AddCert(s.Certificate())
	sender.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
	for range 2 {
		if _, err := sender.Send(t.Context(), p); err != nil {
			t.Error(err)
		}
	}
	if len(got) != 2 || got[0] != "HTTP/2.0 true <nil>" || got[1] != got[0] {
		t.Errorf("it came by %q", got)
	}
}
