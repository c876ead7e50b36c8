package ingest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"oneframe/app/fault"
	"oneframe/app/metadata"
	"oneframe/app/rendition"
)

// Profile says what a photograph must be to be taken. A zero field asks for nothing.
type Profile struct {
	ID, Name string // "" and "default" of the config's
	Rules
}

// Rules are a profile's conditions.
type Rules struct {
	Types       []string `json:"types,omitempty"` // jpeg, png, webp or tiff; none means all
	MinBytes    int64    `json:"min_bytes,omitempty"`
	MaxBytes    int64    `json:"max_bytes,omitempty"`
	MinPixels   int64    `json:"min_pixels,omitempty"`
	MaxPixels   int64    `json:"max_pixels,omitempty"`
	MinSide     int      `json:"min_side,omitempty"` // of the longest side, in pixels
	MaxSide     int      `json:"max_side,omitempty"`
	Required    []string `json:"required,omitempty"`   // the metadata's JSON names
	Categories  []string `json:"categories,omitempty"` // allowed ones, without regard to case
	MaxAgeDays  int      `json:"max_age_days,omitempty"`
	RefuseAlike bool     `json:"refuse_alike,omitempty"` // refuse what looks like an earlier picture; else it is only linked
}

// Types are the files that photographs come in, as profiles call them.
func Types() []string { return []string{"jpeg", "png", "webp", "tiff"} }

// Check says what is wrong with the rules themselves: Invalid bad_profile.
func (r Rules) Check() error {
	bad := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "bad_profile", format, args...)
	}
	for _, t := range r.Types {
		if !slices.Contains(Types(), t) {
			return bad("A type is one of %s, not %q.", strings.Join(Types(), ", "), t)
		}
	}
	for _, name := range r.Required {
		if _, known := metadata.FieldOf(name); !known {
			return bad("%q is no field of the metadata.", name)
		}
	}
	for what, v := range map[string][2]int64{"bytes": {r.MinBytes, r.MaxBytes}, "pixels": {r.MinPixels, r.MaxPixels}, "side": {int64(r.MinSide), int64(r.MaxSide)}} {
		if v[0] < 0 || v[1] < 0 || v[1] > 0 && v[0] > v[1] {
			return bad("The smallest %s must not be more than the largest.", what)
		}
	}
	if r.MaxAgeDays < 0 || r.MaxAgeDays > 36500 {
		return bad("The age of the capture date is from 0 to 36500 days.")
	}
	return nil
}

// reasons gives everything about a photograph that the rules don't allow.
func (r Rules) reasons(bytes int64, info rendition.Info, m metadata.Record, now time.Time) []Reason {
	all := append(r.file(bytes, info), r.fields(m)...)
	if len(r.Categories) > 0 && m.Category != "" && !slices.ContainsFunc(r.Categories, func(c string) bool { return strings.EqualFold(c, m.Category) }) {
		all = append(all, Reason{"category", "bad_category", fmt.Sprintf("The category is %q; allowed are %s.", m.Category, strings.Join(r.Categories, ", "))})
	}
	return append(all, r.age(m.Taken, now)...)
}

func (r Rules) file(bytes int64, info rendition.Info) (all []Reason) {
	add := func(wrong bool, code, format string, args ...any) {
		if wrong {
			all = append(all, Reason{"file", code, fmt.Sprintf(format, args...)})
		}
	}
	kind, side := strings.TrimPrefix(info.Type, "image/"), max(info.Width, info.Height)
	pixels := int64(info.Width) * int64(info.Height)
	add(len(r.Types) > 0 && !slices.Contains(r.Types, kind), "bad_type", "The file is a %s; allowed are %s.", strings.ToUpper(kind), strings.ToUpper(strings.Join(r.Types, ", ")))
	add(bytes < r.MinBytes, "too_few_bytes", "The file has %s; at least %s are asked for.", size(bytes), size(r.MinBytes))
	add(r.MaxBytes > 0 && bytes > r.MaxBytes, "too_many_bytes", "The file has %s; at most %s are taken.", size(bytes), size(r.MaxBytes))
	add(pixels < r.MinPixels, "too_few_pixels", "The picture has %s; at least %s are asked for.", mega(pixels), mega(r.MinPixels))
	add(r.MaxPixels > 0 && pixels > r.MaxPixels, "too_many_pixels", "The picture has %s; at most %s are taken.", mega(pixels), mega(r.MaxPixels))
	add(side < r.MinSide, "too_small", "The longest side has %d pixels; at least %d are asked for.", side, r.MinSide)
	add(r.MaxSide > 0 && side > r.MaxSide, "too_big", "The longest side has %d pixels; at most %d are taken.", side, r.MaxSide)
	return all
}

func (r Rules) fields(m metadata.Record) (all []Reason) {
	for _, name := range r.Required {
		if f, known := metadata.FieldOf(name); known && len(f.Values(m)) == 0 {
			all = append(all, Reason{name, "missing", fmt.Sprintf("The field %s is missing.", strings.ToLower(f.Label))})
		}
	}
	return all
}

// age judges the capture date. A day is allowed for cameras in other time zones.
func (r Rules) age(taken *metadata.Taken, now time.Time) []Reason {
	const zones = 24 * time.Hour
	if r.MaxAgeDays == 0 || taken == nil {
		return nil
	}
	days := time.Duration(r.MaxAgeDays) * 24 * time.Hour
	switch {
	case taken.At.After(now.Add(zones)):
		return []Reason{{"taken", "in_future", fmt.Sprintf("The capture date, %s, lies in the future.", taken.At.Format(time.DateOnly))}}
	case taken.At.Before(now.Add(-days - zones)):
		return []Reason{{"taken", "too_old", fmt.Sprintf("The picture was taken on %s; at most %d days ago is allowed.", taken.At.Format(time.DateOnly), r.MaxAgeDays)}}
	}
	return nil
}

func size(bytes int64) string {
	if bytes < 1_000_000 {
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}

func mega(pixels int64) string { return fmt.Sprintf("%.2f megapixels", float64(pixels)/1e6) }
