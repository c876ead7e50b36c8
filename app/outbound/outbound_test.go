package outbound_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/outbound"
)

func TestPublic(t *testing.T) {
	t.Parallel()
	for _, a := range []string{"1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8"} {
		if !outbound.Public(netip.MustParseAddr(a)) {
			t.Errorf("%s is public", a)
		}
	}
	for _, a := range []string{"127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "2001::1"} {
		if outbound.Public(netip.MustParseAddr(a)) {
			t.Errorf("%s is not public", a)
		}
	}
	if outbound.Public(netip.Addr{}) {
		t.Error("no address is not public")
	}
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for text, code := range map[string]string{
		"https://1.1.1.1/jobs": "", " https://[2606:4700:4700::1111]:8443/x?y=z ": "",
		"http://1.1.1.1/jobs": "bad_url", "ftp://1.1.1.1": "bad_url", "https://": "bad_url", "https://:443/": "bad_url", "jobs": "bad_url", "": "bad_url",
		"https://me:secret@1.1.1.1/": "bad_url", "https://1.1.1.1/#x": "bad_url", "https://%zz/": "bad_url",
		"https://127.0.0.1/": "private_network", "https://[::1]/": "private_network", "https://169.254.169.254/latest": "private_network",
		"https://localhost/": "private_network",
	} {
		_, err := outbound.CheckURL(t.Context(), text, false)
		if code == "" && err != nil || code != "" && !fault.Has(err, code) {
			t.Errorf("%q: %v, want %q", text, err, code)
		}
	}
	if u, err := outbound.CheckURL(t.Context(), "http://127.0.0.1:9/jobs", true); err != nil || u.Port() != "9" {
		t.Errorf("allowed by the config: %v, %v", u, err)
	}
}

func TestClient(t *testing.T) {
	t.Parallel()
	followed := false
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/there" {
			followed = true
			return
		}
		http.Redirect(w, r, "/there", http.StatusFound)
	}))
	defer s.Close()
	_, err := outbound.NewClient(false, time.Minute).Get(s.URL)
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != "private_network" {
		t.Errorf("a loopback address: %v", err)
	}
	res, err := outbound.NewClient(true, time.Minute).Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusFound || followed {
		t.Errorf("a redirect gave %d, followed: %v", res.StatusCode, followed)
	}
}
