package source

import (
	"strings"
	"testing"
	"time"

	"oneframe/app/fault"
)

func TestRangesAreRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                   "",
		"  ":                 "",
		"12.5-34,50-61":      "12.5-34,50-61",
		"50-61, 12.5-34":     "12.5-34,50-61", // in order
		"0-10,10-20":         "0-20",          // touching
		"0-10,5-7,8-12":      "0-12",          // overlapping
		"1:02.5-1:30":        "62.5-90",
		"1:00:00-1:00:00.04": "3600-3600.04",
		".5-1":               "0.5-1",
	} {
		all, err := ParseRanges(text)
		if err != nil || formatRanges(all) != want {
			t.Errorf("%q: %q, %v; want %q", text, formatRanges(all), err, want)
		}
		if again, err := ParseRanges(formatRanges(all)); err != nil || formatRanges(again) != want {
			t.Errorf("%q is not read as it was written: %q, %v", want, formatRanges(again), err)
		}
	}
	for _, text := range []string{"12", "a-b", "5-4", "5-5", "-1-2", "1-2-3", "1-", "1e3-2e3", "NaN-Inf", "1-2,", "1.5:00-2:00", "0-100000",
		strings.Repeat("1-2,", 200) + "1-2"} {
		if all, err := ParseRanges(text); !fault.Has(err, "bad_range") || !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v, %v; want Invalid bad_range", text, all, err)
		}
	}
}

func TestSlotsAreCutFromTheRanges(t *testing.T) {
	t.Parallel()
	ntsc := Rate{30000, 1001}
	for name, c := range map[string]struct {
		ranges       string
		rate         Rate
		frames, hold int
		count        int
		first, last  int // frames
	}{
		"the whole":                  {"", Rate{25, 1}, 300, 2, 150, 0, 298},
		"an odd frame is left":       {"", Rate{25, 1}, 301, 2, 150, 0, 298},
		"one frame each":             {"", Rate{25, 1}, 3, 1, 3, 0, 2},
		"two ranges":                 {"1-2,4-5.02", Rate{25, 1}, 300, 2, 12 + 13, 25, 124},
		"a range begins at a frame":  {"1.01-2", Rate{25, 1}, 300, 2, 12, 26, 48},
		"beyond the end, by seconds": {"10-12.9", Rate{25, 1}, 300, 2, 25, 250, 298},
		"ntsc":                       {"10-20", ntsc, 900, 2, 150, 300, 598},
	} {
		ranges, err := ParseRanges(c.ranges)
		if err != nil {
			t.Fatal(err)
		}
		all, err := spans(ranges, c.rate, c.frames, c.hold)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := slots("x", all, c.rate, c.hold)
		if len(got) != c.count || got[0].First != c.first || got[len(got)-1].First != c.last {
			t.Errorf("%s: %d slots from %d to %d, want %d from %d to %d", name, len(got), got[0].First, got[len(got)-1].First, c.count, c.first, c.last)
		}
		for i, s := range got {
			if s.Number != i+1 || s.Clip != "x" || s.Hold != c.hold || s.Start != c.rate.start(s.First) {
				t.Errorf("%s: slot %d is %+v", name, i+1, s)
			}
		}
	}
}

func TestARangeOutsideTheVideoIsRefused(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"12-13":      "The range 12-13 begins after the end of the video, which lasts 12 s.",
		"5-14":       "The range 5-14 ends after the end of the video, which lasts 12 s.",
		"1-2,3-3.01": "The range 3-3.01 is too short: a slot covers 2 frames.",
	} {
		ranges, err := ParseRanges(text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = spans(ranges, Rate{25, 1}, 300, 2)
		if !fault.Has(err, "bad_range") || fault.Of(err).Message != says {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
}

func TestTimesAreExact(t *testing.T) {
	t.Parallel()
	ntsc := Rate{30000, 1001}
	if got := ntsc.At(30000); got != 1001*time.Second {
		t.Errorf("30000 frames of NTSC last %v, want 1001 s", got)
	}
	for frame := range 20000 {
		if got := ntsc.frameFrom(ntsc.At(frame)); got != frame {
			// At rounds down, so the frame itself begins at most a nanosecond later.
			t.Fatalf("frame %d begins at %v, where frame %d is found", frame, ntsc.At(frame), got)
		}
		if s := ntsc.start(frame); s < ntsc.At(frame) || s >= ntsc.At(frame)+time.Microsecond || s%time.Microsecond != 0 {
			t.Fatalf("a slot at frame %d starts at %v, the frame at %v", frame, s, ntsc.At(frame))
		}
		if got := ntsc.frames(ntsc.At(frame)); got != frame {
			t.Fatalf("%v are %d frames, want %d", ntsc.At(frame), got, frame)
		}
	}
}

func TestSlugsAndTitles(t *testing.T) {
	t.Parallel()
	for slug, ok := range map[string]bool{
		"demo": true, "a": true, "clip-2": true, "2-clip": true, strings.Repeat("a", 64): true,
		"": false, "Demo": false, "a b": false, "-a": false, "a-": false, "../a": false, "ü": false, ".import-x": false, strings.Repeat("a", 65): false,
	} {
		if err := checkSlug(slug); (err == nil) != ok {
			t.Errorf("slug %q: %v", slug, err)
		}
	}
	for title, want := range map[string]string{
		" My  clip \n": "My clip", "\u00dcber uns": "\u00dcber uns", strings.Repeat("\u00fc", 200): strings.Repeat("\u00fc", 200),
		"": "", "  ": "", strings.Repeat("x", 201): "", "a\xffb": "ab",
	} {
		if got, err := cleanTitle(title); got != want || (err == nil) != (want != "") {
			t.Errorf("title %q: %q, %v", title, got, err)
		}
	}
}
