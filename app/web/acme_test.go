package web

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

// authority is pebble, Let's Encrypt's certificate authority for tests, with a DNS
// server that knows every name as this machine.
type authority struct {
	directory, roots string // its ACME address, and the file with the root of that
	issued           *x509.CertPool
}

const pebbleVersion = "v2.10.1"

// tools installs pebble once, into the user's cache.
var tools = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "oneframe-test", "pebble-"+pebbleVersion)
	for _, name := range []string{"pebble", "pebble-challtestsrv"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			continue
		}
		cmd := exec.Command("go", "install", "github.com/letsencrypt/pebble/v2/cmd/"+name+"@"+pebbleVersion)
		cmd.Env = append(os.Environ(), "GOBIN="+dir, "CGO_ENABLED=0", "GOFLAGS=")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("install %s: %w: %s", name, err, out)
		}
	}
	return dir, nil
})

// newAuthority starts one that proves hosts on the ports, with certificates that are
// valid for so long.
func newAuthority(t *testing.T, tlsPort, httpPort int, valid time.Duration) *authority {
	t.Helper()
	bin, err := tools()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	a := &authority{roots: filepath.Join(dir, "cert.pem")}
	selfSigned(t, a.roots, filepath.Join(dir, "key.pem"), "127.0.0.1", 1)
	dns, api, management := freePort(t), freePort(t), freePort(t)
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": local(api), "managementListenAddress": local(management),
		"certificate": a.roots, "privateKey": filepath.Join(dir, "key.pem"), "keyAlgorithm": "ecdsa",
		"httpPort": httpPort, "tlsPort": tlsPort, "retryAfter": map[string]int{"authz": 1, "order": 1},
		"profiles": map[string]any{"default": map[string]any{"description": "short", "validityPeriod": int(valid.Seconds())}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, filepath.Join(bin, "pebble-challtestsrv"), "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "",
		"-dnsserver", local(dns), "-management", local(freePort(t)), "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "")
	start(t, filepath.Join(bin, "pebble"), "-config", filepath.Join(dir, "config.json"), "-dnsserver", local(dns))
	a.directory = "https://" + local(api) + "/dir"
	a.trust(t, "https://"+local(management)+"/roots/0")
	return a
}

// trust waits until the authority answers, and learns the root of what it issues.
func (a *authority) trust(t *testing.T, url string) {
	t.Helper()
	own, err := os.ReadFile(a.roots)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(own)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	eventually(t, "the authority answers", func() bool {
		resp, err := client.Get(url)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		root, err := io.ReadAll(resp.Body)
		a.issued = x509.NewCertPool()
		return err == nil && a.issued.AppendCertsFromPEM(root)
	})
}

// start runs a program until the test ends.
func start(t *testing.T, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // killed, as it should be
		if t.Failed() {
			t.Logf("%s said: %s", filepath.Base(name), out.String())
		}
	})
}

// eventually asks until the answer is yes, for at most 40 seconds: what it waits for
// happens in another program.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); <-tick.C {
		if yes() {
			return
		}
	}
	t.Fatalf("%s: it never came to that", what)
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// selfSigned writes a certificate for the host, and its key.
func selfSigned(t *testing.T, certFile, keyFile, host string, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: host}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	if ip := net.ParseIP(host); ip != nil {
		c.IPAddresses = []net.IP{ip}
	} else {
		c.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "EC PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
