package metadata

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Field is one field of a Record, for whoever lists, asks for or corrects fields by name.
type Field struct {
	Name  string // as in the record's JSON
	Label string // for a person
	List  bool   // it holds several values
	index int    // in the struct
}

// labels are the fields' names for a person, in the order in which they are shown.
const labels = `title:Title headline:Headline caption:Caption keywords:Keywords people:People category:Category
supplemental_categories:Supplemental_categories subject_codes:Subject_codes event:Event byline:Byline byline_title:Byline_title
credit:Credit source:Source copyright:Copyright usage_terms:Usage_terms instructions:Instructions contact:Contact
sublocation:Sublocation city:City state:State country:Country country_code:Country_code place:Position
urgency:Urgency rating:Rating taken:Taken release:Embargo camera:Camera language:Language digest:IPTC_digest`

// Fields gives every field but Found, in the order in which they are shown.
func Fields() []Field {
	t := reflect.TypeFor[Record]()
	var all []Field
	for pair := range strings.FieldsSeq(labels) {
		name, label, _ := strings.Cut(pair, ":")
		for i := range t.NumField() {
			if tag, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); tag == name {
				all = append(all, Field{Name: name, Label: strings.ReplaceAll(label, "_", " "), List: t.Field(i).Type.Kind() == reflect.Slice, index: i})
			}
		}
	}
	return all
}

// FieldOf gives the field with the name.
func FieldOf(name string) (Field, bool) {
	all := Fields()
	i := slices.IndexFunc(all, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return all[i], true
}

// Values gives what the record has in the field, as text: none where it is absent.
func (f Field) Values(r Record) []string {
	switch v := reflect.ValueOf(r).Field(f.index).Interface().(type) {
	case []string:
		return v
	case string:
		return some(v, v != "")
	case int:
		return some(strconv.Itoa(v), v != 0)
	case *int:
		if v != nil {
			return some(strconv.Itoa(*v), true)
		}
	case *Place:
		if v != nil {
			return some(fmt.Sprintf("%.6f, %.6f", v.Latitude, v.Longitude), true)
		}
	case *Taken:
		if v != nil {
			return some(v.Words(), true)
		}
	}
	return nil
}

func some(text string, present bool) []string {
	if !present {
		return nil
	}
	return []string{text}
}

// Words gives the moment as a person reads it, with its zone where it has one.
func (t Taken) Words() string {
	if t.Zoned {
		return t.At.Format("2006-01-02 15:04:05 -07:00")
	}
	return t.At.Format("2006-01-02 15:04:05")
}

// Set puts the text into the record's field, as Values gave it: lists with semicolons.
// Blank text makes the field absent. Text is made as inert as what is read. The error is a
// sentence about what the field takes.
func (f Field) Set(r *Record, text string) error {
	text = clean(text)
	switch p := reflect.ValueOf(r).Elem().Field(f.index).Addr().Interface().(type) {
	case *string:
		*p = text
	case *[]string:
		*p = lines(strings.Split(text, ";"))
	case *int: // urgency
		return f.setNumber(text, 1, 8, func(n *int) {
			*p = 0
			if n != nil {
				*p = *n
			}
		})
	case **int: // rating
		return f.setNumber(text, -1, 5, func(n *int) { *p = n })
	case **Place:
		return f.setPlace(text, p)
	case **Taken:
		return f.setTaken(text, p)
	}
	return nil
}

func (f Field) setNumber(text string, least, most int, put func(*int)) error {
	if text == "" {
		put(nil)
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return fmt.Errorf("%s must be a whole number from %d to %d, not %q", f.Label, least, most, text)
	}
	put(&n)
	return nil
}

func (f Field) setPlace(text string, p **Place) error {
	if text == "" {
		*p = nil
		return nil
	}
	lat, long, found := strings.Cut(text, ",")
	a, err1 := strconv.ParseFloat(strings.TrimSpace(lat), 64)
	b, err2 := strconv.ParseFloat(strings.TrimSpace(long), 64)
	if !found || err1 != nil || err2 != nil || !(a >= -90 && a <= 90 && b >= -180 && b <= 180) {
		return fmt.Errorf("%s must be latitude and longitude in degrees, as 52.52, 13.40", f.Label)
	}
	*p = &Place{Latitude: a, Longitude: b}
	return nil
}

func (f Field) setTaken(text string, p **Taken) error {
	if text == "" {
		*p = nil
		return nil
	}
	for _, form := range []string{"2006-01-02 15:04:05 -07:00", time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if at, err := time.Parse(form, text); err == nil {
			*p = &Taken{At: at, Zoned: strings.Contains(form, "07:00")}
			return nil
		}
	}
	return fmt.Errorf("%s must be a date, as 2026-05-31 or 2026-05-31 18:30:00 +02:00, not %q", f.Label, text)
}
