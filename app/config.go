package app

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"oneframe/app/clip"
)

// Config is everything that can be set. config.yaml at the top of the repository
// holds every key with its default and is the manual; a test keeps the two alike. Each
// key can also be given as an environment variable: ONEFRAME_ and its path in
// capitals, as in ONEFRAME_WEB_ADDRESS.
type Config struct {
	Data       string           `yaml:"data"`
	Web        WebConfig        `yaml:"web"`
	Database   URLConfig        `yaml:"database"`
	Storage    URLConfig        `yaml:"storage"`
	Slot       SlotConfig       `yaml:"slot"`
	Ingest     IngestConfig     `yaml:"ingest"`
	Profile    ProfileConfig    `yaml:"profile"`
	Folder     FolderConfig     `yaml:"folder"`
	Import     ImportConfig     `yaml:"import"`
	Clip       ClipConfig       `yaml:"clip"`
	Publish    PublishConfig    `yaml:"publish"`
	Home       HomeConfig       `yaml:"home"`
	Moderation ModerationConfig `yaml:"moderation"`
	Consent    ConsentConfig    `yaml:"consent"`
	Limits     LimitsConfig     `yaml:"limits"`
	FTP        FTPConfig        `yaml:"ftp"`
	SFTP       SFTPConfig       `yaml:"sftp"`
	Deliver    DeliverConfig    `yaml:"deliver"`
	Metrics    MetricsConfig    `yaml:"metrics"`
	Log        LogConfig        `yaml:"log"`
}

// WebConfig is where and how the site is served.
type WebConfig struct {
	Address        string   `yaml:"address"`
	URL            string   `yaml:"url"`
	TLS            string   `yaml:"tls"`
	Cert           string   `yaml:"cert"`
	Key            string   `yaml:"key"`
	ACME           string   `yaml:"acme"`
	ACMERoots      string   `yaml:"acme_roots"`
	ACMEHTTP       string   `yaml:"acme_http"`
	TrustedProxies []string `yaml:"trusted_proxies"`
}

// URLConfig is a place where something is kept, relative to the data folder.
type URLConfig struct {
	URL string `yaml:"url"`
}

// SlotConfig is about handing out slots.
type SlotConfig struct {
	Lease Duration `yaml:"lease"`
	Hold  int      `yaml:"hold"`
}

// IngestConfig is about receiving and scaling pictures.
type IngestConfig struct {
	MaxBytes  Size `yaml:"max_bytes"`
	MaxPhoto  Size `yaml:"max_photo"`
	MaxPixels int  `yaml:"max_megapixels"`
	Memory    Size `yaml:"memory"`
	Workers   int  `yaml:"workers"`
	Tries     int  `yaml:"tries"`
}

// ImportConfig is about original videos.
type ImportConfig struct {
	MaxBytes    Size     `yaml:"max_bytes"`
	MaxDuration Duration `yaml:"max_duration"`
	Demo        bool     `yaml:"demo"`
}

// ClipConfig is about rendering.
type ClipConfig struct {
	Pick        string   `yaml:"pick"`
	Size        int      `yaml:"size"`
	CRF         int      `yaml:"crf"`
	Preset      string   `yaml:"preset"`
	Fit         string   `yaml:"fit"`
	Match       int      `yaml:"match"`
	Schedule    string   `yaml:"schedule"`
	Follow      bool     `yaml:"follow"`
	MinInterval Duration `yaml:"min_interval"`
	Keep        int      `yaml:"keep"`
	Cache       Size     `yaml:"cache"`
}

// HomeConfig is about the home page.
type HomeConfig struct {
	Show string `yaml:"show"`
}

// ModerationConfig is about judging.
type ModerationConfig struct {
	Judgments  int      `yaml:"judgments"`
	Most       int      `yaml:"most"`
	Confidence float64  `yaml:"confidence"`
	MinTrust   float64  `yaml:"min_trust"`
	Lease      Duration `yaml:"lease"`
	Patience   Duration `yaml:"patience"`
	Open       bool     `yaml:"open"`
	Reestimate string   `yaml:"reestimate"`
	Poll       string   `yaml:"poll"`
	Private    bool     `yaml:"private"`
}

// ConsentConfig is what a contributor agrees to.
type ConsentConfig struct {
	Text    string `yaml:"text"`
	Version string `yaml:"version"`
}

// LimitsConfig switches the limits per address.
type LimitsConfig struct {
	Enabled bool `yaml:"enabled"`
}

// LogConfig is about the log on standard error.
type LogConfig struct {
	Level     string `yaml:"level"`
	Format    string `yaml:"format"`
	Addresses bool   `yaml:"addresses"`
}

// Defaults is the configuration of a site that sets nothing.
func Defaults() Config {
	return Config{
		Data:       "data",
		Web:        WebConfig{Address: ":8080", TLS: "off", ACMEHTTP: ":80"},
		Database:   URLConfig{"sqlite:oneframe.db"},
		Storage:    URLConfig{"file:media"},
		Slot:       SlotConfig{Lease: Duration(10 * time.Minute), Hold: 2},
		Ingest:     IngestConfig{MaxBytes: 12 * mega, MaxPhoto: 50 * mega, MaxPixels: 50, Memory: 256 * mega, Tries: 5},
		Profile:    defaultProfile(),
		Folder:     FolderConfig{Interval: Duration(2 * time.Second)},
		Import:     ImportConfig{MaxBytes: 4000 * mega, MaxDuration: Duration(30 * time.Minute), Demo: true},
		Clip:       ClipConfig{Pick: "newest", CRF: 22, Preset: "veryfast", Fit: "crop", Schedule: "0 * * * *", MinInterval: Duration(30 * time.Second), Keep: 5, Cache: 20000 * mega},
		Publish:    PublishConfig{Every: Duration(24 * time.Hour), Timeout: Duration(time.Hour)},
		Home:       HomeConfig{Show: "accepted"},
		Moderation: ModerationConfig{Judgments: 3, Most: 10, Confidence: 0.8, MinTrust: 0.7, Lease: Duration(5 * time.Minute), Patience: Duration(24 * time.Hour), Reestimate: "41 3 * * *", Poll: "23 * * * *"},
		Consent: ConsentConfig{Version: "1", Text: "I am at least 16 years old or a parent agrees, everybody in the picture agrees, " +
			"and my picture may be shown in this clip and published with it. It stays mine, and I can delete it at any time with my own link."},
		Limits:  LimitsConfig{Enabled: true},
		FTP:     ftpDefaults(),
		Deliver: deliverDefaults(),
		Log:     LogConfig{Level: "info", Format: "text"},
	}
}

// Load reads the file, where there is one, and the environment over the defaults. An
// empty name means config.yaml where it exists. Every error names the key.
func Load(file string, environ []string) (Config, error) {
	c := Defaults()
	if file == "" {
		file = "config.yaml"
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			file = ""
		}
	}
	if file != "" {
		raw, err := os.ReadFile(file)
		if err != nil {
			return c, fmt.Errorf("the config file can't be read: %w", err)
		}
		if err := decodeYAML(raw, &c); err != nil {
			return c, fmt.Errorf("%s: %w", file, err)
		}
	}
	if err := decodeEnv(environ, &c); err != nil {
		return c, err
	}
	return c, c.Validate()
}

// Validate checks the values, alone and together.
func (c Config) Validate() error {
	var wrong []error
	check := func(ok bool, key, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Errorf("%s %s", key, fmt.Sprintf(format, args...)))
		}
	}
	oneOf := func(key, value string, allowed ...string) {
		for _, a := range allowed {
			if a == value {
				return
			}
		}
		check(false, key, "must be one of %s, not %q", strings.Join(allowed, ", "), value)
	}
	between := func(key string, v, low, high int) {
		check(v >= low && v <= high, key, "must be from %d to %d, not %d", low, high, v)
	}
	check(c.Data != "", "data", "must name a folder")
	check(strings.HasPrefix(c.Database.URL, "sqlite:") && len(c.Database.URL) > len("sqlite:"), "database.url", "must be sqlite: and a file name, not %q", c.Database.URL)
	check(strings.HasPrefix(c.Storage.URL, "file:") && len(c.Storage.URL) > len("file:"), "storage.url", "must be file: and a folder name, not %q", c.Storage.URL)
	check(time.Duration(c.Slot.Lease) >= 30*time.Second && time.Duration(c.Slot.Lease) <= 24*time.Hour, "slot.lease", "must be from 30s to 24h, not %s", c.Slot.Lease)
	between("slot.hold", c.Slot.Hold, 1, 100)
	between("ingest.max_megapixels", c.Ingest.MaxPixels, 1, 500)
	check(c.Ingest.MaxBytes >= 100_000 && c.Ingest.MaxBytes <= 200*mega, "ingest.max_bytes", "must be from 100kB to 200MB, not %s", c.Ingest.MaxBytes)
	check(c.Ingest.MaxPhoto >= 100_000 && c.Ingest.MaxPhoto <= 200*mega, "ingest.max_photo", "must be from 100kB to 200MB, not %s", c.Ingest.MaxPhoto)
	check(c.Ingest.Memory >= 64*mega, "ingest.memory", "must be at least 64MB, not %s", c.Ingest.Memory)
	between("ingest.workers", c.Ingest.Workers, 0, 256)
	between("ingest.tries", c.Ingest.Tries, 1, 100)
	check(c.Import.MaxBytes >= mega, "import.max_bytes", "must be at least 1MB, not %s", c.Import.MaxBytes)
	check(time.Duration(c.Import.MaxDuration) >= time.Second, "import.max_duration", "must be at least 1s, not %s", c.Import.MaxDuration)
	oneOf("clip.pick", c.Clip.Pick, "newest", "best")
	check(c.Clip.Size == 0 || c.Clip.Size >= 160 && c.Clip.Size <= 4096, "clip.size", "must be from 160 to 4096, or 0 for the original's, not %d", c.Clip.Size)
	between("clip.crf", c.Clip.CRF, 10, 40)
	oneOf("clip.preset", c.Clip.Preset, clip.Presets...)
	oneOf("clip.fit", c.Clip.Fit, clip.Crop, clip.Pad)
	between("clip.match", c.Clip.Match, 0, 100)
	_, err := parseCron(c.Clip.Schedule)
	check(err == nil, "clip.schedule", "must be a cron line of five fields, as in \"0 * * * *\", or @hourly, or @every 15m: %v", err)
	check(time.Duration(c.Clip.MinInterval) >= time.Second, "clip.min_interval", "must be at least 1s, not %s", c.Clip.MinInterval)
	between("clip.keep", c.Clip.Keep, 1, 1000)
	check(c.Clip.Cache >= 10*mega, "clip.cache", "must be at least 10MB, not %s", c.Clip.Cache)
	_, err = c.Publish.hosts(nil)
	check(err == nil, "publish", "can't be used: %v", err)
	check(time.Duration(c.Publish.Every) >= time.Minute, "publish.every", "must be at least 1m, not %s", c.Publish.Every)
	check(time.Duration(c.Publish.Timeout) >= time.Second, "publish.timeout", "must be at least 1s, not %s", c.Publish.Timeout)
	oneOf("home.show", c.Home.Show, "accepted", "all")
	wrong = append(wrong, c.Moderation.validate()...)
	check(strings.TrimSpace(c.Consent.Text) != "", "consent.text", "must say what a contributor agrees to")
	check(c.Consent.Version != "", "consent.version", "must not be empty")
	oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	oneOf("log.format", c.Log.Format, "text", "json")
	wrong = append(wrong, c.Web.validate()...)
	wrong = append(wrong, c.FTP.validate(c.SFTP)...)
	wrong = append(wrong, c.Deliver.validate(c.Metrics)...)
	wrong = append(wrong, c.Profile.validate()...)
	wrong = append(wrong, c.Folder.validate()...)
	return errors.Join(wrong...)
}

func (w WebConfig) validate() (wrong []error) {
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if u, err := url.Parse(w.URL); w.URL != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.HasSuffix(w.URL, "/")) {
		add("web.url must be like https://example.org, without a slash at its end, not %q", w.URL)
	}
	if _, port, err := net.SplitHostPort(w.Address); err != nil || !validPort(port) {
		add("web.address must be like :8080 or 127.0.0.1:8080, not %q", w.Address)
	}
	if _, err := w.proxies(); err != nil {
		add("web.trusted_proxies %w", err)
	}
	switch w.TLS {
	case "off":
	case "auto":
		if !strings.HasPrefix(w.URL, "https://") {
			add("web.url must be the site's https:// address for web.tls auto: the certificate is made for its host")
		}
	case "files":
		for key, file := range map[string]string{"web.cert": w.Cert, "web.key": w.Key} {
			if _, err := os.Stat(file); err != nil {
				add("%s must name a PEM file for web.tls files: %w", key, err)
			}
		}
	default:
		add("web.tls must be one of off, auto, files, not %q", w.TLS)
	}
	return wrong
}

func validPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

// proxies are the networks whose X-Forwarded-For is believed.
func (w WebConfig) proxies() ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, s := range w.TrustedProxies {
		p, err := netip.ParsePrefix(s)
		if a, err2 := netip.ParseAddr(s); err2 == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("must be addresses or networks, as 127.0.0.1 or 10.0.0.0/8, not %q", s)
		}
		all = append(all, p)
	}
	return all, nil
}

func (m ModerationConfig) validate() (wrong []error) {
	check := func(ok bool, key, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Errorf("moderation.%s %s", key, fmt.Sprintf(format, args...)))
		}
	}
	check(m.Judgments >= 1 && m.Judgments <= 25, "judgments", "must be from 1 to 25, not %d", m.Judgments)
	check(m.Most >= 1 && m.Most <= 100, "most", "must be from 1 to 100, not %d", m.Most)
	check(m.Confidence > 0.5 && m.Confidence < 1, "confidence", "must be above 0.5 and below 1, not %g", m.Confidence)
	check(m.MinTrust >= 0.4 && m.MinTrust < 1, "min_trust", "must be at least 0.4 and below 1, not %g", m.MinTrust)
	check(time.Duration(m.Lease) >= 30*time.Second && time.Duration(m.Lease) <= 24*time.Hour, "lease", "must be from 30s to 24h, not %s", m.Lease)
	check(time.Duration(m.Patience) >= time.Minute, "patience", "must be at least 1m, not %s", m.Patience)
	_, err := parseCron(m.Reestimate)
	check(err == nil, "reestimate", "must be a cron line of five fields, as in \"41 3 * * *\", or @daily, or @every 12h: %v", err)
	_, err = parseCron(m.Poll)
	check(err == nil, "poll", "must be a cron line of five fields, as in \"23 * * * *\", or @hourly, or @every 15m: %v", err)
	return wrong
}

// parseCron parses a schedule. Time zones in it are refused: cron.ParseStandard panics on some.
func parseCron(schedule string) (cron.Schedule, error) {
	if strings.Contains(schedule, "TZ=") {
		return nil, errors.New("a time zone is not allowed in it")
	}
	return cron.ParseStandard(schedule)
}

// quality is how clips look.
func (c ClipConfig) quality() clip.Quality {
	return clip.Quality{Size: c.Size, CRF: c.CRF, Preset: c.Preset, Fit: c.Fit, Match: c.Match}
}

// under gives a path inside the data folder, or the path itself where it is absolute.
func (c Config) under(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.Data, name)
}
