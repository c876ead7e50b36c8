package app

import (
	"strings"
	"testing"
	"time"
)

func TestTheDeliveriesKeysAreChecked(t *testing.T) {
	t.Parallel()
	here := t.TempDir()
	for key, change := range map[string]func(*Config){
		"deliver.folders must":     func(c *Config) { c.Deliver.Folders = []string{"relative"} },
		"deliver.folders must be":  func(c *Config) { c.Deliver.Folders = []string{"/"} },
		"deliver.folders names":    func(c *Config) { c.Deliver.Folders = []string{here, here + "/none"} },
		"deliver.connections must": func(c *Config) { c.Deliver.Connections = 0 },
		"deliver.keep must":        func(c *Config) { c.Deliver.Keep = Duration(time.Minute) },
		"metrics.address must":     func(c *Config) { c.Metrics.Address = "9100" },
		"":                         func(c *Config) { c.Deliver.Folders, c.Metrics.Address = []string{here}, "127.0.0.1:9100" },
	} {
		c := Defaults()
		change(&c)
		if err := c.Validate(); (err == nil) != (key == "") || err != nil && !strings.Contains(err.Error(), key) {
			t.Errorf("%q: %v", key, err)
		}
	}
}
