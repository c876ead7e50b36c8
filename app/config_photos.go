package app

import (
	"fmt"
	"slices"
	"time"

	"oneframe/app/ingest"
)

// ProfileConfig is what photographs must be where their account has no other profile.
type ProfileConfig struct {
	Types         []string `yaml:"types"`
	MinBytes      Size     `yaml:"min_bytes"`
	MaxBytes      Size     `yaml:"max_bytes"`
	MinMegapixels int      `yaml:"min_megapixels"`
	MaxMegapixels int      `yaml:"max_megapixels"`
	MinSide       int      `yaml:"min_side"`
	MaxSide       int      `yaml:"max_side"`
	Required      []string `yaml:"required"`
	Categories    []string `yaml:"categories"`
	MaxAgeDays    int      `yaml:"max_age_days"`
	Alike         string   `yaml:"alike"`
	Trusted       bool     `yaml:"trusted"`
	Corrections   Duration `yaml:"corrections"`
	Quarantine    Duration `yaml:"quarantine"`
}

// FolderConfig is the folder that photographs are taken from.
type FolderConfig struct {
	Path     string   `yaml:"path"`
	Account  string   `yaml:"account"`
	Interval Duration `yaml:"interval"`
}

func defaultProfile() ProfileConfig {
	return ProfileConfig{Types: []string{"jpeg", "png", "webp", "tiff"}, Required: []string{"headline", "caption", "byline", "credit", "source", "city", "country", "taken"}, Categories: []string{},
		Alike: "link", Corrections: Duration(7 * 24 * time.Hour), Quarantine: Duration(7 * 24 * time.Hour)}
}

func (p ProfileConfig) rules() ingest.Rules {
	return ingest.Rules{Types: p.Types, MinBytes: int64(p.MinBytes), MaxBytes: int64(p.MaxBytes), MinPixels: int64(p.MinMegapixels) * 1e6, MaxPixels: int64(p.MaxMegapixels) * 1e6,
		MinSide: p.MinSide, MaxSide: p.MaxSide, Required: p.Required, Categories: p.Categories, MaxAgeDays: p.MaxAgeDays, RefuseAlike: p.Alike == "refuse"}
}

func (p ProfileConfig) validate() (wrong []error) {
	if err := p.rules().Check(); err != nil {
		wrong = append(wrong, fmt.Errorf("profile can't be used: %w", err))
	}
	if !slices.Contains([]string{"link", "refuse"}, p.Alike) {
		wrong = append(wrong, fmt.Errorf("profile.alike must be one of link, refuse, not %q", p.Alike))
	}
	for key, d := range map[string]Duration{"profile.corrections": p.Corrections, "profile.quarantine": p.Quarantine} {
		if time.Duration(d) < time.Minute {
			wrong = append(wrong, fmt.Errorf("%s must be at least 1m, not %s", key, d))
		}
	}
	return wrong
}

func (f FolderConfig) validate() (wrong []error) {
	if f.Path != "" && f.Account == "" {
		wrong = append(wrong, fmt.Errorf("folder.account must name the account whose photographs lie in folder.path"))
	}
	if time.Duration(f.Interval) < 100*time.Millisecond {
		wrong = append(wrong, fmt.Errorf("folder.interval must be at least 100ms, not %s", f.Interval))
	}
	return wrong
}
