package web

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"oneframe/app/deliver"
	"oneframe/app/picture"
)

// words are how templates write numbers, times and states.
func words() template.FuncMap {
	return template.FuncMap{
		"count":      count,
		"plural":     plural,
		"clock":      clock,
		"rfc":        func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"utc":        func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 MST") },
		"bytes":      bytesize,
		"share":      func(f float64) string { return strconv.Itoa(int(100*f)) + " %" },
		"dots":       dots,
		"score":      func(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) },
		"state":      stateWord,
		"photostate": photoStateWord,
		"millions": func(n int64) string {
			if n == 0 {
				return ""
			}
			return strconv.FormatFloat(float64(n)/1e6, 'f', -1, 64)
		},
		"wait":    waited,
		"brief":   brief,
		"percent": func(f float64) int { return int(100*f + 0.5) },
		"mean": func(n, of int) int {
			if of == 0 {
				return 0
			}
			return (200*n + of) / (2 * of)
		},
		"pair":    func(first, second any) pair { return pair{first, second} },
		"many":    many,
		"some":    some,
		"int":     func(n int64) int { return int(n) },
		"count64": func(n int64) string { return count(int(n)) },
	}
}

// pair is two values for a part of a page that takes one.
type pair struct{ First, Second any }

// count writes 12847 as 12,847.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural writes "1 frame", "2 frames".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// many writes a number that is counted no further than deliver.CountMost.
func many(n int) string {
	if n >= deliver.CountMost {
		return count(deliver.CountMost) + "+"
	}
	return count(n)
}

// some writes a number that is counted no further than deliver.GlancesMost.
func some(n int) string {
	if n >= deliver.GlancesMost {
		return count(deliver.GlancesMost) + "+"
	}
	return count(n)
}

// clock writes a moment of a clip as 1:07.3, rounded to the tenth of a second.
func clock(d time.Duration) string {
	tenths := int((d + 50*time.Millisecond) / (100 * time.Millisecond))
	return fmt.Sprintf("%d:%02d.%d", tenths/600, tenths/10%60, tenths%10)
}

// bytesize writes a file's size in the units of a disk's label.
func bytesize(n int64) string {
	f, units := float64(n), []string{"bytes", "kB", "MB", "GB", "TB"}
	i := 0
	for f >= 1000 && i < len(units)-1 {
		f, i = f/1000, i+1
	}
	if i == 0 || f >= 100 {
		return fmt.Sprintf("%.0f %s", f, units[i])
	}
	return fmt.Sprintf("%.1f %s", f, units[i])
}

// dots draws a likeness from 1 to 5.
func dots(score any) string {
	f, whole := score.(float64)
	if n, ok := score.(int); ok && !whole {
		f = float64(n)
	}
	full := max(0, min(5, int(f+.5)))
	return strings.Repeat("●", full) + strings.Repeat("○", 5-full)
}

// stateWord is how people speak of a state.
func stateWord(s picture.State) string {
	switch s {
	case picture.Received:
		return "being scaled"
	case picture.Waiting:
		return "being judged"
	case picture.Undecided:
		return "for a moderator"
	}
	return string(s)
}

// waited writes how long somebody has waited, as 12 min, 5 h or 3 days.
func waited(d time.Duration) string {
	switch {
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + " h"
	}
	return strconv.Itoa(int(d.Hours())/24) + " days"
}
