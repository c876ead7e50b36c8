package app

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Duration is a time.Duration written as 10m or 1h30m.
type Duration time.Duration

// String writes it as time.Duration does.
func (d Duration) String() string { return time.Duration(d).String() }

// UnmarshalYAML reads what time.ParseDuration reads.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil {
		return fmt.Errorf("must be a duration as 30s, 10m or 1h30m, not %q", n.Value)
	}
	*d = Duration(v)
	return nil
}

// Size is a number of bytes, written as 12MB (decimal units).
type Size int64

const mega Size = 1e6

// String writes whole megabytes as 12MB, anything else in bytes.
func (s Size) String() string {
	if s%mega == 0 {
		return fmt.Sprintf("%dMB", s/mega)
	}
	return fmt.Sprintf("%dB", int64(s))
}

// UnmarshalYAML reads a whole number with the unit B, kB, MB or GB.
func (s *Size) UnmarshalYAML(n *yaml.Node) error {
	digits := strings.TrimRight(n.Value, "BkMG")
	unit, ok := map[string]int64{"": 1, "B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}[n.Value[len(digits):]]
	v, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || v < 0 || v > 1<<62/unit {
		return fmt.Errorf("must be a size as 500kB, 12MB or 4GB, not %q", n.Value)
	}
	*s = Size(v * unit)
	return nil
}

// leaf is one key: its path as web.address, and where its value goes.
type leaf struct {
	path  string
	value reflect.Value
}

// leaves lists the keys below a struct in their order.
func leaves(prefix string, v reflect.Value) (all []leaf) {
	for i := range v.NumField() {
		path := prefix + v.Type().Field(i).Tag.Get("yaml")
		if f := v.Field(i); f.Kind() == reflect.Struct {
			all = append(all, leaves(path+".", f)...)
		} else {
			all = append(all, leaf{path, f})
		}
	}
	return all
}

// decodeYAML sets what the document says and names every key that it can't.
func decodeYAML(raw []byte, c *Config) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if len(doc.Content) == 0 {
		return nil
	}
	return decodeMap("", doc.Content[0], leaves("", reflect.ValueOf(c).Elem()))
}

func decodeMap(prefix string, n *yaml.Node, keys []leaf) error {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: %s must hold keys with values", n.Line, strings.TrimSuffix(prefix, "."))
	}
	var wrong []error
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		wrong = append(wrong, decodeKey(prefix+key.Value, key.Line, value, keys))
	}
	return errors.Join(wrong...)
}

func decodeKey(path string, line int, n *yaml.Node, keys []leaf) error {
	inside := false
	for _, k := range keys {
		if k.path == path {
			return at(line, set(k, n))
		}
		inside = inside || strings.HasPrefix(k.path, path+".")
	}
	if inside {
		return decodeMap(path+".", n, keys)
	}
	return at(line, fmt.Errorf("unknown key %s; allowed are %s", path, strings.Join(siblings(path, keys), ", ")))
}

func at(line int, err error) error {
	if err != nil {
		err = fmt.Errorf("line %d: %w", line, err)
	}
	return err
}

func siblings(path string, keys []leaf) (names []string) {
	prefix := path[:strings.LastIndex(path, ".")+1]
	for _, k := range keys {
		if rest, ok := strings.CutPrefix(k.path, prefix); ok {
			name, _, _ := strings.Cut(rest, ".")
			if !slices.Contains(names, prefix+name) {
				names = append(names, prefix+name)
			}
		}
	}
	return names
}

func set(k leaf, n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil
	}
	if err := n.Decode(k.value.Addr().Interface()); err != nil {
		if _, ours := k.value.Addr().Interface().(yaml.Unmarshaler); ours {
			return fmt.Errorf("%s %w", k.path, err)
		}
		return fmt.Errorf("%s must be %s, not %q", k.path, kindWords(k.value), n.Value)
	}
	return nil
}

func kindWords(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "a number"
	case reflect.Int:
		return "a whole number"
	case reflect.Slice:
		return "a list"
	}
	return "a text"
}

// envName is the variable of a key: ONEFRAME_WEB_ADDRESS for web.address.
func envName(path string) string {
	return "ONEFRAME_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// decodeEnv sets what the environment says; a list is given with commas. A variable of
// one of our sections that names no key is an error, as a key of the file would be.
func decodeEnv(environ []string, c *Config) error {
	keys := leaves("", reflect.ValueOf(c).Elem())
	var wrong []error
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		i := slices.IndexFunc(keys, func(k leaf) bool { return envName(k.path) == name })
		if i < 0 {
			wrong = append(wrong, knownSection(name, keys))
			continue
		}
		if err := set(keys[i], envNode(keys[i], value)); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(wrong...)
}

// knownSection is an error where the variable, which is no key, begins as a section's
// keys do.
func knownSection(name string, keys []leaf) error {
	var allowed []string
	for _, k := range keys {
		section, _, ok := strings.Cut(k.path, ".")
		if ok && strings.HasPrefix(name, envName(section)+"_") {
			allowed = append(allowed, envName(k.path))
		}
	}
	if allowed == nil {
		return nil
	}
	return fmt.Errorf("unknown variable %s; allowed are %s", name, strings.Join(allowed, ", "))
}

func envNode(k leaf, value string) *yaml.Node {
	scalar := func(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: s} }
	if k.value.Kind() == reflect.String {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
	}
	if k.value.Kind() != reflect.Slice {
		return scalar(value)
	}
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for s := range strings.SplitSeq(value, ",") {
		if s = strings.TrimSpace(s); s != "" {
			list.Content = append(list.Content, scalar(s))
		}
	}
	return list
}
