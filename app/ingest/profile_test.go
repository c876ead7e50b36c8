package ingest

import (
	"testing"
	"time"

	"oneframe/app/metadata"
	"oneframe/app/rendition"
)

func TestRules(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	on := func(day string) *metadata.Taken {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		return &metadata.Taken{At: at}
	}
	good := metadata.Record{Caption: "A dog", Category: "s", Taken: on("2026-05-30")}
	info := rendition.Info{Type: "image/jpeg", Width: 3000, Height: 2000}
	for _, c := range []struct {
		what  string
		rules Rules
		m     metadata.Record
		code  string // "" where it is allowed
	}{
		{"nothing asked", Rules{}, metadata.Record{}, ""},
		{"type", Rules{Types: []string{"png"}}, good, "bad_type"},
		{"type allowed", Rules{Types: []string{"png", "jpeg"}}, good, ""},
		{"small file", Rules{MinBytes: 1001}, good, "too_few_bytes"},
		{"large file", Rules{MaxBytes: 999}, good, "too_many_bytes"},
		{"just right", Rules{MinBytes: 1000, MaxBytes: 1000, MinPixels: 6e6, MaxPixels: 6e6, MinSide: 3000, MaxSide: 3000}, good, ""},
		{"few pixels", Rules{MinPixels: 6e6 + 1}, good, "too_few_pixels"},
		{"many pixels", Rules{MaxPixels: 6e6 - 1}, good, "too_many_pixels"},
		{"short side", Rules{MinSide: 3001}, good, "too_small"},
		{"long side", Rules{MaxSide: 2999}, good, "too_big"},
		{"field there", Rules{Required: []string{"caption", "taken"}}, good, ""},
		{"field missing", Rules{Required: []string{"caption", "people"}}, good, "missing"},
		{"category", Rules{Categories: []string{"A", "S"}}, good, ""},
		{"other category", Rules{Categories: []string{"A"}}, good, "bad_category"},
		{"no category", Rules{Categories: []string{"A"}}, metadata.Record{}, ""},
		{"young enough", Rules{MaxAgeDays: 2}, good, ""},
		{"too old", Rules{MaxAgeDays: 2}, metadata.Record{Taken: on("2026-05-20")}, "too_old"},
		{"in the future", Rules{MaxAgeDays: 2}, metadata.Record{Taken: on("2026-06-03")}, "in_future"},
		{"tomorrow elsewhere", Rules{MaxAgeDays: 2}, metadata.Record{Taken: on("2026-06-02")}, ""},
	} {
		got := c.rules.reasons(1000, info, c.m, now)
		if c.code == "" && len(got) > 0 || c.code != "" && (len(got) != 1 || got[0].Code != c.code || got[0].Message == "") {
			t.Errorf("%s: %+v, want %q", c.what, got, c.code)
		}
	}
}
