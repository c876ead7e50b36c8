// Package outbound makes the requests to addresses that people typed in, such as an
// outside crowd's: none of them leads into the private networks that the server can
// reach and the people can't, and no redirect is followed.
package outbound

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"oneframe/app/fault"
)

// special are the networks, beside private, loopback, link-local and multicast ones,
// that are nobody's on the public internet (IANA's special-purpose registries, RFC 6890),
// or that carry an IPv4 address inside, which could be a private one.
func special() []netip.Prefix {
	var all []netip.Prefix
	for _, s := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10"} {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}

// Public reports whether the address is one on the public internet.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range special() {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// Dialer makes connections, for ten seconds at most each. Without private it makes them to
// public addresses only: what counts is the address that the name led to at the moment of
// connecting. Its error for others is Invalid private_network.
func Dialer(private bool) *net.Dialer {
	return &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		if private {
			return nil
		}
		ap, err := netip.ParseAddrPort(address)
		if err != nil || !Public(ap.Addr()) {
			return refused()
		}
		return nil
	}}
}

// Transport carries HTTP over Dialer's connections and keeps up to so many of them to a
// host for the next request. It uses no proxy, which would hide where they lead.
func Transport(private bool, keep int) *http.Transport {
	return &http.Transport{DialContext: Dialer(private).DialContext, TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: keep,
		IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 64 << 10}
}

// NewClient makes a client for one kind of destination, over Transport. It follows no
// redirect.
func NewClient(private bool, timeout time.Duration) *http.Client {
	return &http.Client{Timeout: timeout, Transport: Transport(private, 4), CheckRedirect: Stay}
}

// Stay follows no redirect: the answer that asks for one is the answer.
func Stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func refused() error {
	return fault.New(fault.Invalid, "private_network", "That address leads into a private network, which the configuration does not allow.")
}

// CheckURL reads an address that somebody typed in. Without private it must be https and
// its name must lead to public addresses only, as far as can be told now; NewClient looks
// again at each connection. Its errors are Invalid bad_url or private_network.
func CheckURL(ctx context.Context, text string, private bool) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" || u.Fragment != "" {
		return nil, fault.New(fault.Invalid, "bad_url", "An address is like https://example.org/jobs.")
	}
	if u.User != nil {
		return nil, fault.New(fault.Invalid, "bad_url", "Please leave the name and password out of the address.")
	}
	if private {
		return u, nil
	}
	if u.Scheme != "https" {
		return nil, fault.New(fault.Invalid, "bad_url", "The address must begin with https://.")
	}
	if err := CheckHost(ctx, u.Hostname()); err != nil {
		return nil, err
	}
	return u, nil
}

// CheckHost looks whether a host's name, or address, leads to public addresses only, as
// far as can be told now. Its errors are Invalid bad_url or private_network.
func CheckHost(ctx context.Context, host string) error {
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "bad_url", "There is no host called %s.", host)
	}
	for _, a := range found {
		if !Public(a) {
			return refused()
		}
	}
	return nil
}
