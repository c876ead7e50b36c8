package order

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"oneframe/app/fault"
	"oneframe/app/metadata"
	"oneframe/app/vault"
)

// Spec is how a subscriber wants its pictures. The zero Spec asks for the original, byte
// for byte, under the name "{id}". It is kept as JSON in a destination.
//
// Longest, or Width and Height, ask for a rendition; they are never enlarged. Whatever
// changes the pixels (they, Watermark, MaxBytes where the original has more) gives a JPEG
// of a picture that is upright and in sRGB. So does metadata that isn't kept, of an
// original that is no JPEG.
type Spec struct {
	Longest int `json:"longest,omitempty"` // pixels of the longer side at most; 0 leaves it
	// Width and Height are a box in pixels that is filled: what is too much is cropped, a
	// third of it at the top, two thirds at the bottom, or as much left as right.
	Width     int        `json:"width,omitempty"`
	Height    int        `json:"height,omitempty"`
	Quality   int        `json:"quality,omitempty"`   // of JPEGs that are made, 1 to 100; 0 means 85
	MaxBytes  int64      `json:"max_bytes,omitempty"` // of the whole file; 0 means any number
	Watermark *Watermark `json:"watermark,omitempty"`
	Metadata  Metadata   `json:"metadata,omitzero"`
	Name      string     `json:"name,omitempty"`    // a template: see Template; "" means {id}
	Sidecar   string     `json:"sidecar,omitempty"` // xmp, json, or "" for none
}

// Watermark is laid over the picture: Text, or the Image.
type Watermark struct {
	Text    string    `json:"text,omitempty"`    // white, with a shadow; at most 100 characters
	Image   vault.Key `json:"image,omitempty"`   // of a PNG that KeepMark gave
	Place   Place     `json:"place,omitempty"`   // "" means bottom-right
	Size    int       `json:"size,omitempty"`    // its width, in percent of the picture's longer side, 2 to 100; 0 means 25
	Opacity int       `json:"opacity,omitempty"` // percent, 5 to 100; 0 means 60
}

// Place is where a watermark lies.
type Place string

// Places lists them, row by row.
func Places() []Place {
	return []Place{"top-left", "top", "top-right", "left", "centre", "right", "bottom-left", "bottom", "bottom-right", "tiled"}
}

// Metadata is what becomes of the picture's metadata: kept, where it is zero.
type Metadata struct {
	Trim bool `json:"trim,omitempty"` // without where it was taken (GPS), and without how to reach the creator
	Set  Set  `json:"set,omitzero"`
}

// Set replaces fields of the metadata; empty ones stay as they are.
type Set struct {
	Credit       string `json:"credit,omitempty"`
	UsageTerms   string `json:"usage_terms,omitempty"`
	Copyright    string `json:"copyright,omitempty"`
	Instructions string `json:"instructions,omitempty"`
}

// Bounds of a Spec.
const (
	sideLeast, sideMost = 16, 20_000
	bytesLeast          = 20_000
	textMost            = 100  // characters of a watermark
	setMost             = 2000 // bytes of a field that is set
)

// ParseSpec reads a Spec. Its errors are Invalid bad_made and name the field.
func ParseSpec(raw json.RawMessage) (s Spec, err error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return Spec{}, nil
	}
	in := json.NewDecoder(bytes.NewReader(raw))
	in.DisallowUnknownFields()
	if err := in.Decode(&s); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return Spec{}, bad(kind.Field, "must be %s, and was a %s", expected(kind.Type), kind.Value)
		}
		if name, found := strings.CutPrefix(err.Error(), "json: unknown field "); found {
			return Spec{}, bad(strings.Trim(name, `"`), "is not known")
		}
		return Spec{}, fault.Wrap(err, fault.Invalid, "bad_made", "The order is no JSON object.")
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return Spec{}, fault.New(fault.Invalid, "bad_made", "The order is more than one JSON object.")
	}
	return s, s.Check()
}

func bad(field, format string, args ...any) error {
	return fault.New(fault.Invalid, "bad_made", "The order's %s %s.", field, fmt.Sprintf(format, args...))
}

// expected says in words what JSON a field takes.
func expected(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "text"
	}
	return "an object"
}

// Check says what is wrong with the Spec: Invalid bad_made, naming the field.
func (s Spec) Check() error {
	within := func(v, least, most int) bool { return v == 0 || v >= least && v <= most }
	switch {
	case !within(s.Longest, sideLeast, sideMost):
		return bad("longest", "must be from %d to %d pixels", sideLeast, sideMost)
	case !within(s.Width, sideLeast, sideMost) || !within(s.Height, sideLeast, sideMost):
		return bad("width and height", "must be from %d to %d pixels", sideLeast, sideMost)
	case (s.Width == 0) != (s.Height == 0):
		return bad("width and height", "go together")
	case s.Width > 0 && s.Longest > 0:
		return bad("longest", "and a box can't both be asked for")
	case !within(s.Quality, 1, 100):
		return bad("quality", "must be from 1 to 100")
	case s.MaxBytes != 0 && s.MaxBytes < bytesLeast:
		return bad("max_bytes", "must be at least %d", bytesLeast)
	case !slices.Contains([]string{"", "xmp", "json"}, s.Sidecar):
		return bad("sidecar", "must be xmp, json or nothing")
	}
	if s.Watermark != nil {
		if err := s.Watermark.check(); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{"credit": s.Metadata.Set.Credit, "usage_terms": s.Metadata.Set.UsageTerms,
		"copyright": s.Metadata.Set.Copyright, "instructions": s.Metadata.Set.Instructions} {
		if len(text) > setMost || !utf8.ValidString(text) {
			return bad(name, "must be text of at most %d bytes", setMost)
		}
	}
	return Template(s.Name).Check()
}

func (w Watermark) check() error {
	switch {
	case (strings.TrimSpace(w.Text) == "") == (w.Image == ""):
		return bad("watermark", "must be a text or an image")
	case w.Image != "" && !w.Image.Valid():
		return bad("watermark.image", "is not one that was uploaded here")
	case utf8.RuneCountInString(w.Text) > textMost:
		return bad("watermark.text", "must be at most %d characters", textMost)
	case w.Place != "" && !slices.Contains(Places(), w.Place):
		return bad("watermark.place", "must be one of %v", Places())
	case w.Size != 0 && (w.Size < 2 || w.Size > 100):
		return bad("watermark.size", "must be from 2 to 100 percent")
	case w.Opacity != 0 && (w.Opacity < 5 || w.Opacity > 100):
		return bad("watermark.opacity", "must be from 5 to 100 percent")
	}
	if r, missing := unwritable(w.Text); missing {
		return bad("watermark.text", "has the character %q, which the font lacks; use an image", r)
	}
	return nil
}

// withDefaults fills in what is left open.
func (w Watermark) withDefaults() Watermark {
	if w.Place == "" {
		w.Place = "bottom-right"
	}
	if w.Size == 0 {
		w.Size = 25
	}
	if w.Opacity == 0 {
		w.Opacity = 60
	}
	return w
}

// Kept reports that the metadata goes out as it came in.
func (m Metadata) Kept() bool { return m == Metadata{} }

// apply gives the record that goes out. What the parts of the file said, one by one, stays
// here: it would tell what was left out.
func (m Metadata) apply(r metadata.Record) metadata.Record {
	if m.Trim {
		r = r.Without("place", "contact")
	}
	r.Found = nil
	for _, f := range []struct {
		to   *string
		text string
	}{{&r.Credit, m.Set.Credit}, {&r.UsageTerms, m.Set.UsageTerms}, {&r.Copyright, m.Set.Copyright}, {&r.Instructions, m.Set.Instructions}} {
		if text := strings.TrimSpace(f.text); text != "" {
			*f.to = text
		}
	}
	return r
}
