package app

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// The commented file is the manual: it must hold every key, with the default as its value.
func TestTheManualHoldsEveryKeyWithItsDefault(t *testing.T) {
	t.Parallel()
	c, err := Load("../config.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	d := Defaults()
	d.Web.TrustedProxies, d.Publish.Command = []string{}, []string{}
	if !reflect.DeepEqual(c, d) {
		t.Errorf("config.yaml says\n%+v\nthe defaults are\n%+v", c, d)
	}
	raw, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	collect(there, "", doc.Content[0])
	for _, k := range leaves("", reflect.ValueOf(&d).Elem()) {
		if !there[k.path] {
			t.Errorf("config.yaml lacks %s", k.path)
		}
	}
}

func collect(there map[string]bool, prefix string, n *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		there[prefix+n.Content[i].Value] = true
		collect(there, prefix+n.Content[i].Value+".", n.Content[i+1])
	}
}

func TestErrorsNameTheKeyAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ yaml, env, want string }{
		{yaml: "web:\n  adress: x", want: "line 2: unknown key web.adress; allowed are web.address, web.url"},
		{yaml: "wbe: {}", want: "unknown key wbe; allowed are data, web"},
		{yaml: "web: 3", want: "web must hold keys"},
		{yaml: "slot:\n  lease: soon", want: "slot.lease must be a duration as 30s"},
		{yaml: "slot:\n  lease: 1s", want: "slot.lease must be from 30s to 24h"},
		{yaml: "slot:\n  hold: many", want: "slot.hold must be a whole number"},
		{yaml: "slot:\n  hold: 0", want: "slot.hold must be from 1 to 100"},
		{yaml: "ingest:\n  max_bytes: 12XB", want: "ingest.max_bytes must be a size"},
		{yaml: "clip:\n  pick: oldest", want: "clip.pick must be one of newest, best"},
		{yaml: "clip:\n  schedule: TZ=0", want: "clip.schedule must be a cron line"},
		{yaml: "clip:\n  schedule: hourly", want: "clip.schedule must be a cron line"},
		{yaml: "web:\n  tls: auto", want: "web.url must be the site's https:// address"},
		{yaml: "web:\n  tls: files\n  cert: none.pem", want: "web.cert must name a PEM file"},
		{yaml: "web:\n  url: example.org", want: "web.url must be like https://"},
		{yaml: "web:\n  trusted_proxies: [proxy]", want: "web.trusted_proxies must be addresses or networks"},
		{yaml: "database:\n  url: mysql:x", want: "database.url must be sqlite:"},
		{yaml: "web: {tls: off, adress: x}", want: ".yaml: line 1: unknown key web.adress"},
		{yaml: "web:\n  address: nowhere", want: "web.address must be like :8080"},
		{env: "ONEFRAME_WEB_ADDRESS=:80800", want: "web.address must be like :8080"},
		{env: "ONEFRAME_WEB_ADRESS=:80", want: "unknown variable ONEFRAME_WEB_ADRESS; allowed are ONEFRAME_WEB_ADDRESS, ONEFRAME_WEB_URL"},
		{yaml: "publish:\n  peertube:\n    url: https://tube.example.org", want: "publish can't be used: publish.peertube"},
		{env: "ONEFRAME_HOME_SHOW=none", want: "home.show must be one of accepted, all"},
		{env: "ONEFRAME_LIMITS_ENABLED=perhaps", want: "ONEFRAME_LIMITS_ENABLED: limits.enabled must be true or false"},
	} {
		file := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(file, []byte(c.yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(file, []string{c.env})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q %q: %v\nwant %q", c.yaml, c.env, err, c.want)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.yaml"), nil); err == nil {
		t.Error("a missing file was no error")
	}
}

func TestTheEnvironmentOverridesTheFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(file, []byte("web:\n  address: :1\nslot:\n  lease: 5m\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(file, []string{"ONEFRAME_WEB_ADDRESS=127.0.0.1:9", "ONEFRAME_WEB_TRUSTED_PROXIES=127.0.0.1, 10.0.0.0/8",
		"ONEFRAME_IMPORT_MAX_BYTES=5GB", "ONEFRAME_IMPORT_DEMO=false", "ONEFRAME_CONSENT_VERSION=2",
		"ONEFRAME_TESTDATA=x", "PATH=x"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Web.Address != "127.0.0.1:9" || time.Duration(c.Slot.Lease) != 5*time.Minute || len(c.Web.TrustedProxies) != 2 ||
		c.Import.MaxBytes != 5000*mega || c.Import.Demo || c.Consent.Version != "2" {
		t.Errorf("loaded %+v", c)
	}
}
