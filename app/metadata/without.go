package metadata

import (
	"reflect"
	"slices"
)

// Without gives the record without the fields (by their JSON names, as place and
// contact) and without what the file's parts said about them. r stays as it is.
func (r Record) Without(fields ...string) Record {
	for _, f := range fields {
		if p := pointer(&r, f); p != nil {
			reflect.ValueOf(p).Elem().SetZero()
		}
	}
	r.Found = slices.DeleteFunc(slices.Clone(r.Found), func(f Found) bool { return slices.Contains(fields, f.Field) })
	return r
}
