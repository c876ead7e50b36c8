package app

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"oneframe/app/deliver/send"
)

// DeliverConfig is about sending pictures to subscribers.
type DeliverConfig struct {
	Folders     []string `yaml:"folders"`
	Private     bool     `yaml:"private"`
	Connections int      `yaml:"connections"`
	Cache       Size     `yaml:"cache"`
	Keep        Duration `yaml:"keep"`
}

// MetricsConfig is where Prometheus reads how the site is doing.
type MetricsConfig struct {
	Address string `yaml:"address"`
}

func deliverDefaults() DeliverConfig {
	return DeliverConfig{Folders: []string{}, Connections: 256, Cache: 2000 * mega, Keep: Duration(30 * 24 * time.Hour)}
}

func (d DeliverConfig) validate(m MetricsConfig) (wrong []error) {
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	for _, f := range d.Folders {
		if info, err := os.Stat(f); !filepath.IsAbs(f) || filepath.Clean(f) == "/" {
			add("deliver.folders must be absolute folders, as /srv/out, not %q", f)
		} else if err != nil || !info.IsDir() {
			add("deliver.folders names %q, and there is no such folder", f)
		}
	}
	if d.Connections < 1 || d.Connections > 4096 {
		add("deliver.connections must be from 1 to 4096, not %d", d.Connections)
	}
	if d.Cache < 10*mega {
		add("deliver.cache must be at least 10MB, not %s", d.Cache)
	}
	if v := time.Duration(d.Keep); v < time.Hour || v > 10*365*24*time.Hour {
		add("deliver.keep must be from 1h to 87600h, not %s", d.Keep)
	}
	if _, port, err := net.SplitHostPort(m.Address); m.Address != "" && (err != nil || !validPort(port)) {
		add("metrics.address must be like 127.0.0.1:9100, or empty, not %q", m.Address)
	}
	return wrong
}

// network is where the site may send to.
func (d DeliverConfig) network() send.Network {
	return send.Network{Private: d.Private, Folders: d.Folders}
}

// check says whether the site may send to an address at all.
func (d DeliverConfig) check(ctx context.Context, address string) error {
	_, err := send.CheckURL(ctx, address, d.network())
	return err
}
