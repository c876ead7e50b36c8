package order

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"oneframe/app/fault"
	"oneframe/app/metadata"
)

// Template says how files are named: a relative path with fields in braces, as
// {date}/{id}-{slug}. The extension is that of the file's type, whatever the template
// says. What a field is filled with never adds a folder.
type Template string

// usual is the template where none is given.
const usual Template = "{id}"

const (
	elementsMost = 8    // folders and the file
	templateMost = 1000 // bytes
)

// NameField is a field of a Template.
type NameField struct{ Name, Says string }

// NameFields lists the fields: those of the picture and its delivery, then those of its
// metadata.
func NameFields() []NameField {
	all := []NameField{
		{"id", "the picture's id"}, {"slug", "what it shows, in small letters with hyphens"},
		{"date", "2026-05-31: when it was taken, else received"}, {"time", "183005"}, {"year", "2026"}, {"month", "05"}, {"day", "31"},
		{"name", "the file's name as it came in, without its extension"}, {"version", "of the picture, from 1"},
		{"kind", "first, update or demand"}, {"subscriber", "the subscriber's id"}, {"ext", "jpg, or the original's"},
	}
	for _, f := range metadata.Fields() {
		all = append(all, NameField{f.Name, strings.ToLower(f.Label)})
	}
	return all
}

// Check says what is wrong with the template: Invalid bad_made.
func (t Template) Check() error {
	if len(t) > templateMost {
		return bad("name", "must be at most %d bytes", templateMost)
	}
	if strings.HasPrefix(string(t), "/") || strings.HasPrefix(string(t), `\`) {
		return bad("name", "must be a relative path, without a slash at its beginning")
	}
	elements := strings.Split(string(t), "/")
	if len(elements) > elementsMost {
		return bad("name", "must have at most %d parts", elementsMost)
	}
	if slices.ContainsFunc(elements, func(e string) bool { e = strings.TrimSpace(e); return e == "." || e == ".." }) {
		return bad("name", "can't lead out of the folder")
	}
	_, err := t.filled(func(name string) (string, error) {
		if !slices.ContainsFunc(NameFields(), func(f NameField) bool { return f.Name == name }) {
			return "", unknownField(name)
		}
		return "", nil
	})
	return err
}

func unknownField(name string) error {
	var known []string
	for _, f := range NameFields() {
		known = append(known, "{"+f.Name+"}")
	}
	return fault.New(fault.Invalid, "bad_made", "The order's name has the field {%s}, which is not known. There are: %s.", name, strings.Join(known, " "))
}

// filled replaces the fields.
func (t Template) filled(value func(name string) (string, error)) (string, error) {
	var out strings.Builder
	for rest := string(t); rest != ""; {
		i := strings.IndexAny(rest, "{}")
		if i < 0 {
			out.WriteString(rest)
			break
		}
		out.WriteString(rest[:i])
		name, after, closed := strings.Cut(rest[i+1:], "}")
		if rest[i] == '}' || !closed || strings.Contains(name, "{") {
			return "", bad("name", "has a brace without its other half")
		}
		text, err := value(name)
		if err != nil {
			return "", err
		}
		out.WriteString(text)
		rest = after
	}
	return out.String(), nil
}

// has reports whether the template has the field.
func (t Template) has(name string) bool { return strings.Contains(string(t), "{"+name+"}") }

// stem gives the safe name without its extension.
func (t Template) stem(j Job, r metadata.Record, ext string) string {
	if t == "" {
		t = usual
	}
	text, err := t.filled(func(name string) (string, error) { return inside(fieldOf(name, j, r, ext)), nil })
	if err != nil { // Check has refused it
		text = string(j.Picture.ID)
	}
	return safePath(text, string(j.Picture.ID))
}

// inside keeps a field's text within its element.
func inside(text string) string { return strings.NewReplacer("/", "-", `\`, "-").Replace(text) }

func fieldOf(name string, j Job, r metadata.Record, ext string) string {
	at := j.Picture.ReceivedAt
	if r.Taken != nil {
		at = r.Taken.At
	}
	for key, layout := range map[string]string{"date": time.DateOnly, "time": "150405", "year": "2006", "month": "01", "day": "02"} {
		if key == name {
			return at.Format(layout)
		}
	}
	switch name {
	case "id":
		return string(j.Picture.ID)
	case "slug":
		return slug(r.Headline, r.Caption, r.Title, withoutExt(j.Picture.FileName), string(j.Picture.ID))
	case "name":
		return withoutExt(j.Picture.FileName)
	case "version":
		return strconv.Itoa(max(1, j.Version))
	case "kind":
		return j.Kind
	case "subscriber":
		return j.Subscriber
	case "ext":
		return strings.TrimPrefix(ext, ".")
	}
	if f, ok := metadata.FieldOf(name); ok {
		return strings.Join(f.Values(r), ", ")
	}
	return ""
}

func withoutExt(name string) string {
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		return name[:i]
	}
	return name
}

const slugMost = 60 // characters

// slug makes words in small letters of the first text that has any, joined by hyphens:
// accents are taken off, other alphabets stay as they are.
func slug(texts ...string) string {
	for _, text := range texts {
		var out []rune
		for _, r := range norm.NFKD.String(text) {
			switch {
			case unicode.IsLetter(r) || unicode.IsDigit(r):
				out = append(out, unicode.ToLower(r))
			case unicode.Is(unicode.Mn, r): // an accent
			case len(out) > 0 && out[len(out)-1] != '-':
				out = append(out, '-')
			}
		}
		if cut := len(out) > slugMost; cut {
			out = out[:slugMost]
			if i := slices.Index(reversed(out), '-'); i >= 0 && i < slugMost/2 {
				out = out[:len(out)-i-1] // at a word's end
			}
		}
		if s := strings.Trim(string(out), "-"); s != "" {
			return s
		}
	}
	return ""
}

func reversed(r []rune) []rune {
	r = slices.Clone(r)
	slices.Reverse(r)
	return r
}

// extensions by type, with those that mean the same.
func extensions(contentType string) []string {
	switch contentType {
	case "image/png":
		return []string{".png"}
	case "image/webp":
		return []string{".webp"}
	case "image/tiff":
		return []string{".tif", ".tiff"}
	}
	return []string{".jpg", ".jpeg", ".jpe"}
}

// numbered puts a number from 2 on behind the name of the file.
func numbered(stem string, n int) string {
	if n < 2 {
		return stem
	}
	end := fmt.Sprintf("-%d", n)
	i := strings.LastIndexByte(stem, '/') + 1
	return stem[:i] + shortened(stem[i:], elementMost-extMost-len(end)) + end
}
