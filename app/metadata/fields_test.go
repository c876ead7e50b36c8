package metadata_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"oneframe/app/metadata"
)

// What Values gives, Set takes, for every field of a full record.
func TestFieldsGoThereAndBack(t *testing.T) {
	t.Parallel()
	three := 3
	full := metadata.Record{Urgency: 2, Rating: &three, Place: &metadata.Place{Latitude: 52.5, Longitude: -13.25},
		Taken: &metadata.Taken{At: time.Date(2026, 5, 31, 18, 30, 0, 0, time.FixedZone("", 7200)), Zoned: true}, Release: &metadata.Taken{At: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}}
	v := reflect.ValueOf(&full).Elem()
	for i := range v.NumField() {
		switch p := v.Field(i).Addr().Interface().(type) {
		case *string:
			*p = "word " + v.Type().Field(i).Name
		case *[]string:
			*p = []string{"one", "two words"}
		}
	}
	var back metadata.Record
	for _, f := range metadata.Fields() {
		values := f.Values(full)
		if len(values) == 0 || len(f.Values(metadata.Record{})) != 0 {
			t.Errorf("%s: %q, and of an empty record %q", f.Name, values, f.Values(metadata.Record{}))
		}
		if err := f.Set(&back, strings.Join(values, "; ")); err != nil || strings.Join(f.Values(back), ";") != strings.Join(values, ";") {
			t.Errorf("%s: %q became %q, %v", f.Name, values, f.Values(back), err)
		}
		if err := f.Set(&back, "  "); err != nil || len(f.Values(back)) != 0 {
			t.Errorf("%s is not emptied: %v", f.Name, err)
		}
	}
	if n := reflect.TypeFor[metadata.Record]().NumField() - 1; len(metadata.Fields()) != n {
		t.Errorf("%d fields of %d have a label", len(metadata.Fields()), n)
	}
	for name, text := range map[string]string{"place": "91, 0", "taken": "yesterday", "rating": "many", "urgency": "9"} {
		f, _ := metadata.FieldOf(name)
		if f.Set(&back, text) == nil {
			t.Errorf("%s took %q", name, text)
		}
	}
	for name, want := range map[string]string{"headline": "a b", "caption": "one\ntwo", "keywords": "a|b"} {
		f, _ := metadata.FieldOf(name)
		text := map[string]string{"headline": " a\tb\u202e\x07 ", "caption": "one\r\ntwo\u2067", "keywords": "a;\x00 ; b\u202a;a"}[name]
		if err := f.Set(&back, text); err != nil || strings.Join(f.Values(back), "|") != want {
			t.Errorf("%s: %q became %q, %v", name, text, f.Values(back), err)
		}
	}
}
