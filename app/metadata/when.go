package metadata

import (
	"strconv"
	"strings"
	"time"
)

// parseIIM reads CCYYMMDD and HHMMSS with or without ±HHMM (IIM 4.2, 2:55 and 2:60); ISO
// separators are let pass. Without a time the moment is midnight, without a zone.
func parseIIM(date, clock string) (Taken, bool) {
	date = strings.NewReplacer("-", "", ":", "", "/", "", " ", "").Replace(date)
	at, err := time.Parse("20060102", date)
	if err != nil {
		return Taken{}, false
	}
	if clock == "" {
		return Taken{At: at}, true
	}
	sign := strings.LastIndexAny(clock, "+-")
	zone, zoned := 0, false
	if sign > 0 {
		if zone, zoned = parseZone(clock[sign:]); !zoned {
			return Taken{}, false
		}
		clock = clock[:sign]
	}
	clock = strings.ReplaceAll(clock, ":", "")
	if len(clock) == 4 {
		clock += "00"
	}
	of, err := time.Parse("150405", clock)
	if err != nil {
		return Taken{}, false
	}
	return instant(at.Add(of.Sub(of.Truncate(24*time.Hour))), zone, zoned), true
}

// parseEXIF reads "2006:01:02 15:04:05" with a sub-second and an offset from tags of
// their own (EXIF 2.31, 4.6.5 F), either of which may be empty.
func parseEXIF(s, sub, offset string) (Taken, bool) {
	s = strings.TrimSpace(s)
	at, err := time.Parse("2006:01:02 15:04:05", s)
	if err != nil {
		return parseISO(s) // some programs write it so
	}
	if sub = strings.TrimSpace(sub); at.Nanosecond() == 0 && sub != "" && len(sub) <= 9 && strings.Trim(sub, "0123456789") == "" {
		if f, err := strconv.ParseFloat("0."+sub, 64); err == nil {
			at = at.Add(time.Duration(f*1e9 + 0.5))
		}
	}
	zone, zoned := parseZone(strings.TrimSpace(offset))
	return instant(at, zone, zoned), true
}

// parseISO reads the dates of XMP (ISO 8601, XMP specification part 1, 8.2.1.2), with
// at least a day; a time without seconds, a fraction and a zone may be there. EXIF's
// colons between year, month and day are let pass.
func parseISO(s string) (Taken, bool) {
	s = strings.TrimSpace(s)
	if len(s) < 10 {
		return Taken{}, false
	}
	day := strings.ReplaceAll(s[:10], ":", "-")
	at, err := time.Parse("2006-01-02", day)
	if err != nil {
		return Taken{}, false
	}
	rest := s[10:]
	if rest == "" {
		return Taken{At: at}, true
	}
	if rest[0] != 'T' && rest[0] != ' ' {
		return Taken{}, false
	}
	rest = strings.TrimSpace(rest[1:])
	zone, zoned := 0, false
	if i := strings.IndexAny(rest, "Z+-"); i >= 0 {
		if zone, zoned = parseZone(rest[i:]); !zoned {
			return Taken{}, false
		}
		rest = strings.TrimSpace(rest[:i])
	}
	if len(rest) == 5 {
		rest += ":00"
	}
	of, err := time.Parse("15:04:05.999999999", rest)
	if err != nil {
		return Taken{}, false
	}
	return instant(at.Add(of.Sub(of.Truncate(24*time.Hour))), zone, zoned), true
}

// parseZone reads Z, ±HH:MM, ±HHMM or ±HH in seconds east of Greenwich.
func parseZone(s string) (seconds int, ok bool) {
	if s == "Z" {
		return 0, true
	}
	if len(s) < 3 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	digits := strings.ReplaceAll(s[1:], ":", "")
	if len(digits) == 2 {
		digits += "00"
	}
	n, err := strconv.Atoi(digits)
	if err != nil || len(digits) != 4 || n < 0 || n/100 > 15 || n%100 > 59 {
		return 0, false
	}
	if seconds = n/100*3600 + n%100*60; s[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}
