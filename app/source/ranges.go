package source

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"oneframe/app/fault"
	"oneframe/app/slot"
)

// Range is a part of a video's time: it covers the frames that begin at From or later
// and before To.
type Range struct{ From, To time.Duration }

// String gives "12.5-34", in seconds, as ParseRanges reads it.
func (r Range) String() string { return secondsText(r.From) + "-" + secondsText(r.To) }

func secondsText(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }

const (
	rangesMax = 100
	// overrun is how far a range may reach beyond the end: players show whole seconds.
	overrun = time.Second
)

// ParseRanges reads "12.5-34,50-61": parts of a video in seconds, or as minutes and
// seconds ("1:02.5-1:30"). It gives them in order, touching ones joined; an empty text
// gives none, which means the whole video. Errors are fault.Invalid bad_range.
func ParseRanges(text string) ([]Range, error) {
	var all []Range
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		from, to, ok := strings.Cut(part, "-")
		r := Range{}
		var err1, err2 error
		r.From, err1 = parseTime(from)
		r.To, err2 = parseTime(to)
		if !ok || err1 != nil || err2 != nil {
			return nil, badRange("%q is no range; a range is two times in seconds, as in 12.5-34.", strings.TrimSpace(part))
		}
		if r.To <= r.From {
			return nil, badRange("The range %s ends before it begins.", r)
		}
		all = append(all, r)
	}
	if len(all) > rangesMax {
		return nil, badRange("There are more than %d ranges.", rangesMax)
	}
	return joined(all), nil
}

func badRange(format string, args ...any) error {
	return fault.New(fault.Invalid, "bad_range", format, args...)
}

// parseTime reads seconds, "m:s" or "h:m:s", at most a day.
func parseTime(text string) (time.Duration, error) {
	parts := strings.Split(strings.TrimSpace(text), ":")
	if len(parts) > 3 {
		return 0, fmt.Errorf("%q is no time", text)
	}
	total := 0.0
	for i, p := range parts {
		v, err := strconv.ParseFloat(p, 64)
		if err != nil || strings.ContainsAny(p, "eExXnN+-_") || i < len(parts)-1 && strings.Contains(p, ".") {
			return 0, fmt.Errorf("%q is no time", text)
		}
		total = total*60 + v
	}
	if total > 86400 {
		return 0, fmt.Errorf("%q is longer than a day", text)
	}
	return time.Duration(total*1e6+0.5) * time.Microsecond, nil
}

// joined sorts the ranges and makes one of those that touch or overlap.
func joined(all []Range) []Range {
	slices.SortFunc(all, func(a, b Range) int { return cmp.Compare(a.From, b.From) })
	var out []Range
	for _, r := range all {
		if n := len(out); n > 0 && r.From <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, r.To)
			continue
		}
		out = append(out, r)
	}
	return out
}

func formatRanges(all []Range) string {
	texts := make([]string, len(all))
	for i, r := range all {
		texts[i] = r.String()
	}
	return strings.Join(texts, ",")
}

// span is a run of frames [first, end).
type span struct{ first, end int }

// cut turns the ranges into frames, of which there are so many; no range is the whole.
func cut(ranges []Range, rate Rate, frames int) []span {
	if len(ranges) == 0 {
		return []span{{0, frames}}
	}
	var all []span
	for _, r := range ranges {
		all = append(all, span{rate.frameFrom(r.From), min(rate.frameFrom(r.To), frames)})
	}
	return all
}

// spans does so for a video whose length is known: every range must lie in it and hold
// at least one slot.
func spans(ranges []Range, rate Rate, frames, hold int) ([]span, error) {
	length := rate.At(frames)
	all := cut(ranges, rate, frames)
	if len(ranges) == 0 && frames < hold {
		return nil, fault.New(fault.Invalid, "video_too_short", "The video is too short: it has %d frames, and a slot covers %d.", frames, hold)
	}
	for i, r := range ranges {
		if r.From >= length {
			return nil, badRange("The range %s begins after the end of the video, which lasts %s s.", r, secondsText(length.Round(10*time.Millisecond)))
		}
		if r.To > length+overrun {
			return nil, badRange("The range %s ends after the end of the video, which lasts %s s.", r, secondsText(length.Round(10*time.Millisecond)))
		}
		if all[i].end-all[i].first < hold {
			return nil, badRange("The range %s is too short: a slot covers %d frames.", r, hold)
		}
	}
	return all, nil
}

// slots cuts the spans into slots of hold frames; what is left at a span's end stays the
// original's.
func slots(slug string, all []span, rate Rate, hold int) []slot.Slot {
	var out []slot.Slot
	for _, s := range all {
		for first := s.first; first+hold <= s.end; first += hold {
			out = append(out, slot.Slot{
				ID:    slot.ID{Clip: slug, Number: len(out) + 1},
				First: first, Hold: hold, Start: rate.start(first),
			})
		}
	}
	return out
}
