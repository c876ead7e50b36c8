package app

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// doors is the import plan: which room may use which. Rooms stand on floors; a door
// leads to a floor below, or is listed here for a reason that the tour (doc.go) gives.
var doors = map[string][]string{
	// ground
	"fault":     {},
	"store":     {"fault"},
	"vault":     {"fault"},
	"ffmpeg":    {"fault"},
	"rendition": {"fault"},
	"metadata":  {"fault"},
	"webhook":   {"fault"},
	"seal":      {"fault"},
	"outbound":  {"fault"},
	// nouns
	"people":  {"fault", "store"},
	"slot":    {"fault", "store"},
	"picture": {"fault", "store", "vault", "slot", "metadata"},
	// rooms
	"source":     {"fault", "store", "vault", "ffmpeg", "slot"},
	"ingest":     {"fault", "store", "vault", "rendition", "metadata", "slot", "picture"},
	"moderation": {"fault", "store", "webhook", "seal", "outbound", "picture"},
	"publish":    {"fault", "store"},
	"deliver":    {"fault", "store", "vault", "rendition", "metadata", "webhook", "seal", "outbound", "picture"},
	"feed":       {"fault", "store", "seal", "metadata", "people", "picture", "deliver"},
	"clip":       {"fault", "store", "vault", "ffmpeg", "slot", "picture", "source"},
	// faces
	"web": {"fault", "store", "vault", "metadata", "people", "slot", "picture", "source", "ingest", "moderation", "clip", "publish", "feed", "deliver", "templates", "static"},
	"ftp": {"fault", "store", "vault", "people", "picture", "ingest"},
	// beside the house: the program of make bench
	"bench": {},
	// hall
	"app": {"fault", "store", "vault", "ffmpeg", "seal", "outbound", "rendition", "people", "slot", "picture", "source", "ingest", "moderation", "clip", "publish", "feed", "deliver", "web", "ftp"},
}

// testOnly are packages that only tests may import.
var testOnly = []string{"testdata", "browsertest", "smalldisk"}

// room is one package of the house, with the Go files that go into the program.
type room struct {
	name  string
	files []*ast.File
	paths []string
}

// rooms parses the house, subfolders counting to the room they lie in.
func rooms(t *testing.T) map[string]*room {
	t.Helper()
	fset, all := token.NewFileSet(), map[string]*room{}
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _, below := strings.Cut(filepath.ToSlash(path), "/")
		if d.IsDir() && (name == "third_party" || slices.Contains(testOnly, name)) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		if !below {
			name = "app"
		}
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		if all[name] == nil {
			all[name] = &room{name: name}
		}
		all[name].files = append(all[name].files, f)
		all[name].paths = append(all[name].paths, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// uses lists the rooms that the room imports.
func (r *room) uses(t *testing.T) (names []string) {
	t.Helper()
	for _, f := range r.files {
		for _, imp := range f.Imports {
			path, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			rest, ours := strings.CutPrefix(path, "oneframe/")
			if !ours {
				continue
			}
			name, _, _ := strings.Cut(strings.TrimPrefix(rest, "app/"), "/")
			if name != r.name && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

func TestImportPlan(t *testing.T) {
	t.Parallel()
	all := rooms(t)
	for name, r := range all {
		allowed, planned := doors[name]
		if !planned {
			t.Errorf("room %s is not in the plan", name)
			continue
		}
		used := r.uses(t)
		for _, u := range used {
			if !slices.Contains(allowed, u) {
				t.Errorf("%s imports %s: a door that the plan forbids", name, u)
			}
		}
		for _, a := range allowed {
			if !slices.Contains(used, a) {
				t.Errorf("%s may import %s and doesn't: take the door out of the plan", name, a)
			}
		}
	}
	for name := range doors {
		if all[name] == nil {
			t.Errorf("the plan names a room %s that isn't there", name)
		}
	}
}

var (
	tableInSQL = regexp.MustCompile(`(?i)\b(?:FROM|INTO|UPDATE|JOIN|TABLE)\s+([a-z][a-z_]*)\b`)
	startsSQL  = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s`)
	tableMade  = regexp.MustCompile(`(?im)^\s*(?:(CREATE|DROP) TABLE\s+([a-z_]+)|ALTER TABLE\s+([a-z_]+)\s+RENAME TO\s+([a-z_]+))`)
)

// owner is the room that a table belongs to: what stands before its first underscore.
func owner(table string) string {
	name, _, _ := strings.Cut(table, "_")
	return name
}

// created maps every table that there is in the end to the migration that makes it.
func created(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("store/migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	tables := map[string]string{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range tableMade.FindAllStringSubmatch(string(raw), -1) {
			switch what, name, from, to := strings.ToUpper(m[1]), m[2], m[3], m[4]; {
			case what == "CREATE":
				tables[name] = filepath.Base(f)
			case what == "DROP":
				delete(tables, name)
			default:
				delete(tables, from)
				tables[to] = filepath.Base(f)
			}
		}
	}
	return tables
}

func TestOnlyARoomsOwnCodeNamesItsTables(t *testing.T) {
	t.Parallel()
	tables, named := created(t), map[string]bool{}
	for table, file := range tables {
		if _, planned := doors[owner(table)]; !planned {
			t.Errorf("%s makes table %s, which no room owns", file, table)
		}
	}
	for _, r := range rooms(t) {
		for i, f := range r.files {
			ast.Inspect(f, func(n ast.Node) bool {
				lit, ok := n.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					return true
				}
				text, err := strconv.Unquote(lit.Value)
				if err != nil || !startsSQL.MatchString(text) {
					return true
				}
				for _, m := range tableInSQL.FindAllStringSubmatch(text, -1) {
					if tables[m[1]] == "" {
						continue // a subquery's or a CTE's own name
					}
					named[m[1]] = true
					if owner(m[1]) != r.name {
						t.Errorf("%s names %s, a table of the room %s", r.paths[i], m[1], owner(m[1]))
					}
				}
				return true
			})
		}
	}
	for table := range tables {
		if !named[table] {
			t.Errorf("no code names the table %s", table)
		}
	}
}
