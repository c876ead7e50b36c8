package condition

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"oneframe/app/fault"
)

// bad is an error about a term, without its place.
func bad(format string, args ...any) error {
	return fault.New(fault.Invalid, "bad_rule", format, args...)
}

// Canonical gives the term in the one form in which it is kept, its numbers, dates and
// units written alike, and refuses what can't be asked: an unknown field, an operator
// that its type doesn't know, a wrong number of values, one of the wrong type or out of
// range. The error is Invalid bad_rule and names the field.
func (t Term) Canonical() (Term, error) {
	info, ok := Lookup(string(t.Field))
	if !ok {
		return t, bad("there is no field “%s”%s", t.Field, suggest(string(t.Field)))
	}
	t.Field = info.Field
	if !slices.Contains(info.Ops(), t.Op) {
		return t, bad("“%s” can't be asked of %s, which is %s; expected one of: %s", t.Op, t.Field, article(info.Type), listed(info.Ops()))
	}
	if err := t.counted(); err != nil {
		return t, err
	}
	values := make([]string, 0, len(t.Values))
	for _, v := range t.Values {
		v = strings.TrimSpace(v)
		switch {
		case v == "":
			return t, bad("a value of %s is empty", t.Field)
		case utf8.RuneCountInString(v) > maxValue:
			return t, bad("a value of %s is too long: it has at most %d characters", t.Field, maxValue)
		case strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }):
			return t, bad("a value of %s has a character that isn't text", t.Field)
		}
		values = append(values, v)
	}
	t.Values = values
	return t, t.typed(info)
}

func article(t Type) string {
	if t == WordsType {
		return "text of many fields"
	}
	return "a " + string(t)
}

func listed(ops []Op) string {
	words := make([]string, len(ops))
	for i, op := range ops {
		words[i] = string(op)
	}
	return strings.Join(words, ", ")
}

// counted checks how many values the operator takes.
func (t Term) counted() error {
	least, most := 1, 1
	switch t.Op {
	case In, HasAny, HasAll:
		most = MaxValues
	case Between, Newer:
		least, most = 2, 2
	case Within:
		least, most = 3, 3
	case Present, Missing:
		least, most = 0, 0
	}
	if n := len(t.Values); n < least || n > most {
		return bad("“%s %s” takes %s, not %d", t.Field, t.Op, amount(least, most), n)
	}
	return nil
}

func amount(least, most int) string {
	switch {
	case most == 0:
		return "no value"
	case least == most && most == 1:
		return "one value"
	case least == most:
		return fmt.Sprintf("%d values", most)
	}
	return fmt.Sprintf("1 to %d values", most)
}

// typed brings the values into their one form by the field's type.
func (t *Term) typed(info Info) error {
	switch {
	case t.Op == Newer:
		return t.newerThan()
	case t.Op == Within:
		return t.around()
	case t.Op == Contains && len(Words(Fold(t.Values[0]))) == 0:
		return bad("“%s” has no word to look for", t.Values[0])
	case t.Op == Present || t.Op == Missing:
		return nil
	case info.Type == NumberType:
		return t.numbers(info)
	case info.Type == DateType:
		return t.dates()
	}
	for _, v := range t.Values {
		if Fold(v) == "" {
			return bad("“%s” is nothing that could be compared", v)
		}
	}
	return nil
}

func (t *Term) numbers(info Info) error {
	for i, v := range t.Values {
		f, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return bad("expected a number for %s, not “%s”", t.Field, v)
		}
		if !(f >= info.Least && f <= info.Most) { // NaN as well
			return bad("%s goes from %g to %g, not to “%s”", t.Field, info.Least, info.Most, v)
		}
		t.Values[i] = strconv.FormatFloat(f+0, 'f', -1, 64)
	}
	return t.ordered(func(v string) float64 { f, _ := strconv.ParseFloat(v, 64); return f })
}

// ordered refuses a between whose first value is the greater one: it never holds.
func (t *Term) ordered(value func(string) float64) error {
	if t.Op == Between && value(t.Values[0]) > value(t.Values[1]) {
		return bad("%s can't be between %s and %s: the lesser value stands first", t.Field, t.Values[0], t.Values[1])
	}
	return nil
}

func (t *Term) dates() error {
	for i, v := range t.Values {
		s, day, err := parseDate(v)
		if err != nil {
			return bad("expected a date for %s, as 2026-03-31 or \"2026-03-31T18:00:00Z\", not “%s”", t.Field, v)
		}
		if t.Values[i] = s.Format(time.DateOnly); !day {
			t.Values[i] = s.Format("2006-01-02T15:04:05.999Z07:00")
		}
	}
	return t.ordered(func(v string) float64 { s, _, _ := parseDate(v); return float64(s.UnixMilli()) })
}

// parseDate reads a day, or a moment in UTC to the millisecond.
func parseDate(v string) (at time.Time, day bool, err error) {
	if at, err = time.Parse(time.DateOnly, v); err == nil {
		return at, true, nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if at, err = time.Parse(form, strings.ToUpper(v)); err == nil {
			at = at.UTC().Truncate(time.Millisecond)
			break
		}
	}
	if err == nil && (at.Year() < 1 || at.Year() > 9999) {
		err = bad("year %d", at.Year())
	}
	return at, false, err
}

// unit is how long a unit of `newer than` lasts; months are 30 days and years 365.
func unit(name string) (canonical string, lasts time.Duration, ok bool) {
	const day = 24 * time.Hour
	switch name = strings.TrimSuffix(strings.ToLower(name), "s"); name {
	case "minute":
		lasts = time.Minute
	case "hour":
		lasts = time.Hour
	case "day":
		lasts = day
	case "week":
		lasts = 7 * day
	case "month":
		lasts = 30 * day
	case "year":
		lasts = 365 * day
	default:
		return "", 0, false
	}
	return name + "s", lasts, true
}

func (t *Term) newerThan() error {
	n, err := strconv.Atoi(t.Values[0])
	if err != nil || n < 1 || n > 100_000 {
		return bad("expected a whole number from 1 to 100000 after newer than, not “%s”", t.Values[0])
	}
	name, lasts, ok := unit(t.Values[1])
	if !ok {
		return bad("expected minutes, hours, days, weeks, months or years, not “%s”", t.Values[1])
	}
	if n > int((200*365*24*time.Hour)/lasts) {
		return bad("%d %s are more than 200 years", n, name)
	}
	if n == 1 {
		name = strings.TrimSuffix(name, "s")
	}
	t.Values = []string{strconv.Itoa(n), name}
	return nil
}

func (t *Term) around() error {
	for i, what := range []struct {
		name        string
		least, most float64
	}{{"the distance in km", 0.001, 20038}, {"the latitude", -90, 90}, {"the longitude", -180, 180}} {
		f, err := strconv.ParseFloat(t.Values[i], 64)
		if err != nil || !(f >= what.least && f <= what.most) {
			return bad("%s must be a number from %g to %g, not “%s”", what.name, what.least, what.most, t.Values[i])
		}
		t.Values[i] = strconv.FormatFloat(f+0, 'f', -1, 64)
	}
	return nil
}
