package metadata

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// fieldUnreadable is Found.Field of a part that can't be read; the Value says why.
const fieldUnreadable = "unreadable"

// claim is one value for one field, as one part of a file states it. value is a string,
// []string, int, Place or Taken; where it can't be used as the field's value, unfit is
// set and value is the text as it is there.
type claim struct {
	field, from string
	value       any
	unfit       bool
	late        bool // asked after all the others, whatever the part
	stored      int  // bytes of a text in the IIM, 0 elsewhere
}

// claims is what one part states, for each field in the order of preference.
type claims []claim

// text, list and the others add a value where it isn't empty.
func (c *claims) text(field, from, s string) {
	if s = line(mended(s)); s != "" {
		*c = append(*c, claim{field: field, from: from, value: s})
	}
}

// prose keeps its lines.
func (c *claims) prose(field, from, s string) {
	if s = mended(s); s != "" {
		*c = append(*c, claim{field: field, from: from, value: s})
	}
}

func (c *claims) list(field, from string, values []string) {
	if l := lines(each(values, mended)); len(l) > 0 {
		*c = append(*c, claim{field: field, from: from, value: l})
	}
}

// number takes a whole number between the bounds; "3.0" is one as well.
func (c *claims) number(field, from, s string, least, most int) {
	if s = line(s); s == "" {
		return
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || n != float64(int(n)) || int(n) < least || int(n) > most {
		*c = append(*c, claim{field: field, from: from, value: s, unfit: true})
		return
	}
	*c = append(*c, claim{field: field, from: from, value: int(n)})
}

// moment takes what a parser made of raw.
func (c *claims) moment(field, from, raw string, t Taken, ok bool) {
	if raw = line(raw); raw == "" {
		return
	}
	if !ok {
		*c = append(*c, claim{field: field, from: from, value: raw, unfit: true})
		return
	}
	*c = append(*c, claim{field: field, from: from, value: t})
}

// lastLate makes the claims from the nth on late: when a picture was digitised is when it
// was taken only where nothing else is said.
func (c claims) lastLate(from int) {
	for i := range c[from:] {
		c[from+i].late = true
	}
}

// place takes a point; ok says that both its numbers were there and in range.
func (c *claims) place(from string, p Place, ok bool) {
	if ok && p.Latitude >= -90 && p.Latitude <= 90 && p.Longitude >= -180 && p.Longitude <= 180 {
		*c = append(*c, claim{field: "place", from: from, value: p})
	}
}

// shown is the value for Found.
func (c claim) shown() string {
	switch v := c.value.(type) {
	case string:
		return v
	case []string:
		return strings.Join(v, "; ")
	case int:
		return strconv.Itoa(v)
	case Place:
		return degrees(v.Latitude) + ", " + degrees(v.Longitude)
	case Taken:
		return v.String()
	}
	return ""
}

func degrees(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// String gives the moment in ISO 8601, with its zone where it has one.
func (t Taken) String() string {
	const clock = "2006-01-02T15:04:05.999999999"
	if t.Zoned {
		return t.At.Format(clock + "Z07:00")
	}
	return t.At.Format(clock)
}

// set puts a fitting value into the record's field.
func set(r *Record, field string, value any) {
	switch p := pointer(r, field).(type) {
	case *string:
		*p = value.(string)
	case *[]string:
		*p = slices.Clone(value.([]string))
	case *int:
		*p = value.(int)
	case **int:
		n := value.(int)
		*p = &n
	case **Place:
		v := value.(Place)
		*p = &v
	case **Taken:
		v := value.(Taken)
		*p = &v
	}
}

// fields are the JSON names of the record's fields, in its order.
func fields() []string {
	return []string{"title", "headline", "caption", "keywords", "people", "category", "supplemental_categories", "subject_codes", "event",
		"byline", "byline_title", "credit", "source", "copyright", "usage_terms", "instructions", "contact",
		"sublocation", "city", "state", "country", "country_code", "place",
		"urgency", "rating", "taken", "release", "camera", "language", "digest"}
}

// pointer gives the place of a field in the record, by its JSON name.
func pointer(r *Record, field string) any {
	switch field {
	case "title":
		return &r.Title
	case "headline":
		return &r.Headline
	case "caption":
		return &r.Caption
	case "keywords":
		return &r.Keywords
	case "people":
		return &r.People
	case "category":
		return &r.Category
	case "supplemental_categories":
		return &r.Supplements
	case "subject_codes":
		return &r.Subjects
	case "event":
		return &r.Event
	case "byline":
		return &r.Byline
	case "byline_title":
		return &r.BylineTitle
	case "credit":
		return &r.Credit
	case "source":
		return &r.Source
	case "copyright":
		return &r.Copyright
	case "usage_terms":
		return &r.UsageTerms
	case "instructions":
		return &r.Instructions
	case "contact":
		return &r.Contact
	case "sublocation":
		return &r.Sublocation
	case "city":
		return &r.City
	case "state":
		return &r.State
	case "country":
		return &r.Country
	case "country_code":
		return &r.CountryCode
	case "place":
		return &r.Place
	case "urgency":
		return &r.Urgency
	case "rating":
		return &r.Rating
	case "taken":
		return &r.Taken
	case "release":
		return &r.Release
	case "camera":
		return &r.Camera
	case "language":
		return &r.Language
	case "digest":
		return &r.Digest
	}
	return nil
}

// instant makes a Taken of a clock's reading; the zone is in seconds east of Greenwich.
func instant(clock time.Time, zone int, zoned bool) Taken {
	if !zoned {
		return Taken{At: clock}
	}
	loc := time.UTC
	if zone != 0 {
		loc = time.FixedZone("", zone)
	}
	return Taken{At: time.Date(clock.Year(), clock.Month(), clock.Day(), clock.Hour(), clock.Minute(), clock.Second(), clock.Nanosecond(), loc), Zoned: true}
}
