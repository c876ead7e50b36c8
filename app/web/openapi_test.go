package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// described is openapi.yaml as the tests read it.
type described struct {
	root map[string]any
}

var description31 = sync.OnceValues(func() (*described, error) {
	d := &described{}
	return d, yaml.Unmarshal(description, &d.root)
})

func loadDescription(t testing.TB) *described {
	t.Helper()
	d, err := description31()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// resolve follows $ref; what stands beside it wins.
func (d *described) resolve(v any) map[string]any {
	m, _ := v.(map[string]any)
	ref, ok := m["$ref"].(string)
	if !ok {
		return m
	}
	at := any(d.root)
	for _, name := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		at = at.(map[string]any)[name]
	}
	merged := map[string]any{}
	for k, v := range d.resolve(at) {
		merged[k] = v
	}
	for k, v := range m {
		if k != "$ref" {
			merged[k] = v
		}
	}
	return merged
}

// operation finds what is called by the method and path, both as sent.
func (d *described) operation(method, path string) map[string]any {
	best, names := map[string]any(nil), 1000
	for template, item := range d.root["paths"].(map[string]any) {
		if n, ok := matches(template, strings.TrimPrefix(path, "/api/v1")); ok && n < names {
			op, _ := item.(map[string]any)[strings.ToLower(method)].(map[string]any)
			best, names = op, n
		}
	}
	return best
}

// matches reports whether the path fits the template, and how many of its names it took.
func matches(template, path string) (names int, ok bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return 0, false
	}
	for i := range want {
		switch {
		case strings.HasPrefix(want[i], "{"):
			names++
		case want[i] != got[i]:
			return 0, false
		}
	}
	return names, true
}

// everywhere are the codes that any call can answer, as the description's text says.
var everywhere = []string{"too_many_requests", "too_many_bytes", "bad_token", "bad_csrf", "internal", "disk_full"}

// check holds an answer of the API against the description.
func (d *described) check(method, path string, rec *httptest.ResponseRecorder) error {
	op := d.operation(method, path)
	if op == nil {
		return nil // no such call: a test of 404 or 405
	}
	status := fmt.Sprint(rec.Code)
	response := d.resolve(op["responses"].(map[string]any)[status])
	if rec.Code >= 400 {
		return d.checkProblem(response, rec)
	}
	if response == nil && rec.Code != http.StatusNotModified {
		return fmt.Errorf("status %s isn't described", status)
	}
	content, _ := response["content"].(map[string]any)
	media, ok := content["application/json"].(map[string]any)
	if !ok || rec.Header().Get("Content-Encoding") != "" || method == http.MethodHead {
		return nil
	}
	return d.checkBody(media["schema"], rec)
}

func (d *described) checkProblem(response map[string]any, rec *httptest.ResponseRecorder) error {
	if got := rec.Header().Get("Content-Type"); got != "application/problem+json" {
		return fmt.Errorf("an error came as %q", got)
	}
	if err := d.checkBody(map[string]any{"$ref": "#/components/schemas/Problem"}, rec); err != nil {
		return err
	}
	var p Problem
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
		return err
	}
	text, _ := response["description"].(string)
	if !slices.Contains(everywhere, p.Code) && !strings.Contains(text, "`"+p.Code+"`") {
		return fmt.Errorf("%d with code %q isn't described", rec.Code, p.Code)
	}
	if p.Status != rec.Code || p.Title == "" || p.Detail == "" {
		return fmt.Errorf("a problem without words: %s", rec.Body)
	}
	return nil
}

func (d *described) checkBody(schema any, rec *httptest.ResponseRecorder) error {
	var v any
	if err := json.Unmarshal(rec.Body.Bytes(), &v); err != nil {
		return err
	}
	return d.fits(v, schema, "")
}

// fits checks a value against a schema: type, required, properties (and no others),
// items, enum, bounds, date-time and anyOf, which is all that the description uses.
func (d *described) fits(v any, schema any, at string) error {
	s := d.resolve(schema)
	if any, ok := s["anyOf"].([]any); ok {
		var last error
		for _, one := range any {
			if last = d.fits(v, one, at); last == nil {
				return nil
			}
		}
		return last
	}
	if err := fitsType(v, s["type"]); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	if enum, ok := s["enum"].([]any); ok && !slices.Contains(enum, v) {
		return fmt.Errorf("%s: %v is none of %v", at, v, enum)
	}
	switch v := v.(type) {
	case map[string]any:
		return d.fitsObject(v, s, at)
	case []any:
		for i, item := range v {
			if err := d.fits(item, s["items"], fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	case string:
		if s["format"] == "date-time" {
			if tm, err := time.Parse(time.RFC3339, v); err != nil || tm.Location() != time.UTC {
				return fmt.Errorf("%s: %q is no time in UTC", at, v)
			}
		}
		if s["format"] == "uri" && !regexp.MustCompile(`^https?://[^/]+/.+`).MatchString(v) {
			return fmt.Errorf("%s: %q is no absolute address", at, v)
		}
	case float64:
		least, bounded := s["minimum"].(int)
		if bounded && v < float64(least) {
			return fmt.Errorf("%s: %v is under %d", at, v, least)
		}
	}
	return nil
}

func (d *described) fitsObject(v map[string]any, s map[string]any, at string) error {
	properties, _ := s["properties"].(map[string]any)
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, ok := v[name.(string)]; !ok {
			return fmt.Errorf("%s.%s is missing", at, name)
		}
	}
	for name, value := range v {
		schema, ok := properties[name]
		if !ok {
			return fmt.Errorf("%s.%s isn't described", at, name)
		}
		if err := d.fits(value, schema, at+"."+name); err != nil {
			return err
		}
	}
	return nil
}

func fitsType(v, want any) error {
	var is string
	switch v := v.(type) {
	case nil:
		is = "null"
	case bool:
		is = "boolean"
	case string:
		is = "string"
	case float64:
		is = "number"
		if v == float64(int64(v)) {
			is = "integer"
		}
	case []any:
		is = "array"
	case map[string]any:
		is = "object"
	}
	types, ok := want.([]any)
	if !ok {
		types = []any{want}
	}
	if slices.Contains(types, any(is)) || is == "integer" && slices.Contains(types, any("number")) {
		return nil
	}
	return fmt.Errorf("%v is no %v", v, want)
}

func TestTheDescriptionAndTheRoutesAreTheSame(t *testing.T) {
	t.Parallel()
	d, s := loadDescription(t), newSite(t)
	var routes, calls []string
	for _, r := range s.e.Routes() {
		path, ok := strings.CutPrefix(r.Path, "/api/v1")
		if ok = ok || strings.HasPrefix(path, "/hooks/"); ok && r.Method != http.MethodHead {
			routes = append(routes, r.Method+" "+regexp.MustCompile(`:(\w+)`).ReplaceAllString(path, "{$1}"))
		}
	}
	ids := map[string]bool{}
	for path, item := range d.root["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			if method == "parameters" || method == "servers" {
				continue
			}
			calls = append(calls, strings.ToUpper(method)+" "+path)
			id, _ := op.(map[string]any)["operationId"].(string)
			if id == "" || ids[id] || op.(map[string]any)["summary"] == nil {
				t.Errorf("%s %s: operationId %q is missing or not the only one, or it has no summary", method, path, id)
			}
			ids[id] = true
		}
	}
	slices.Sort(routes)
	slices.Sort(calls)
	for _, r := range routes {
		if !slices.Contains(calls, r) {
			t.Errorf("%s isn't described", r)
		}
	}
	for _, c := range calls {
		if !slices.Contains(routes, c) {
			t.Errorf("%s is described, and isn't there", c)
		}
	}
}

func TestTheDescriptionNamesItsParametersAndRights(t *testing.T) {
	t.Parallel()
	d := loadDescription(t)
	for path, item := range d.root["paths"].(map[string]any) {
		shared, _ := item.(map[string]any)["parameters"].([]any)
		for method, v := range item.(map[string]any) {
			op, ok := v.(map[string]any)
			if !ok {
				continue
			}
			own, _ := op["parameters"].([]any)
			var named []string
			for _, p := range append(slices.Clone(shared), own...) {
				if r := d.resolve(p); r["in"] == "path" {
					named = append(named, r["name"].(string))
				}
			}
			for _, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
				if !slices.Contains(named, m[1]) {
					t.Errorf("%s %s doesn't describe its %s", method, path, m[1])
				}
			}
			responses := op["responses"].(map[string]any)
			if secured := op["security"] != nil; secured != (responses["401"] != nil) || secured != (responses["403"] != nil) {
				t.Errorf("%s %s: what takes an account answers 401 and 403, and nothing else does", method, path)
			}
		}
	}
}

func TestTheDescriptionIsServed(t *testing.T) {
	t.Parallel()
	rec := newSite(t).send("GET", "/api/v1/openapi.yaml", nil)
	if got := rec.Body.String(); rec.Code != http.StatusOK || !strings.HasPrefix(got, "openapi: 3.1.0\n") {
		t.Errorf("%d %.40s", rec.Code, got)
	}
}
