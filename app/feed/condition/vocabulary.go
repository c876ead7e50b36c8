package condition

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

//go:embed countries.txt
var countriesText string

//go:embed categories.txt
var categoriesText string

//go:embed subjects.txt
var subjectsText string

// Entry is one value of a known vocabulary: what is shown, and its codes.
type Entry struct {
	Name  string   `json:"name"`
	Codes []string `json:"codes,omitempty"`
}

// country is a row of countries.txt, its values folded.
type country struct {
	entry  Entry
	region string
	all    []string // codes and names, folded
}

// vocabulary is what the lists say; it is never changed.
type vocabulary struct {
	countries  []country
	byCountry  map[string]int // folded code or name → countries
	categories []Entry
	byCategory map[string][]string // folded code or name → every folded code and name of it
	subjects   []Entry
	bySubject  map[string]string // eight digits or folded name → folded name or eight digits
}

// known reads the lists once.
var known = sync.OnceValue(func() *vocabulary {
	v := &vocabulary{byCountry: map[string]int{}, byCategory: map[string][]string{}, bySubject: map[string]string{}}
	v.readCountries()
	v.readCategories()
	v.readSubjects()
	return v
})

func rows(text string) (all [][]string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			all = append(all, strings.Split(line, "\t"))
		}
	}
	return all
}

func (v *vocabulary) readCountries() {
	for i, row := range rows(countriesText) {
		codes, names := strings.Fields(row[0]), strings.Split(row[2], "|")
		c := country{entry: Entry{names[0], codes}, region: Fold(row[1])}
		for _, s := range slices.Concat(codes, names) {
			c.all = append(c.all, Fold(s))
			v.byCountry[Fold(s)] = i
		}
		v.countries = append(v.countries, c)
	}
}

func (v *vocabulary) readCategories() {
	for _, row := range rows(categoriesText) {
		names := strings.Split(row[1], "|")
		v.categories = append(v.categories, Entry{names[0], []string{row[0]}})
		all := []string{Fold(row[0])}
		for _, n := range names {
			all = append(all, Fold(n))
		}
		for _, s := range all {
			if v.byCategory[s] == nil {
				v.byCategory[s] = all
			}
		}
	}
}

func (v *vocabulary) readSubjects() {
	for _, row := range rows(subjectsText) {
		v.subjects = append(v.subjects, Entry{row[1], []string{row[0]}})
		v.bySubject[row[0]] = Fold(row[1])
		if v.bySubject[Fold(row[1])] == "" {
			v.bySubject[Fold(row[1])] = row[0]
		}
	}
}

// addCountry adds everything that the country is called by, and gives its region; what
// isn't on the list is added as it is.
func addCountry(values []string, folded string) (all []string, region string) {
	if folded == "" {
		return values, ""
	}
	i, ok := known().byCountry[folded]
	if !ok {
		return add(values, folded), ""
	}
	for _, s := range known().countries[i].all {
		values = add(values, s)
	}
	return values, known().countries[i].region
}

// addCategory adds a category's code and names.
func addCategory(values []string, folded string) []string {
	values = add(values, folded)
	for _, s := range known().byCategory[folded] {
		values = add(values, s)
	}
	return values
}

// addSubject adds a subject's code and name, and those of what it belongs to: soccer
// (15054000) is sport (15000000). A name that is on the list finds its code.
func addSubject(values []string, folded string) []string {
	v := known()
	values = add(values, folded)
	code := folded
	if other := v.bySubject[folded]; isCode(other) {
		code = other
	}
	if !isCode(code) {
		return values
	}
	for _, c := range []string{code, code[:5] + "000", code[:2] + "000000"} {
		values = add(values, c)
		if name := v.bySubject[c]; name != "" {
			values = add(values, name)
		}
	}
	return values
}

func isCode(s string) bool {
	if len(s) != 8 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// add adds a value that isn't there yet, and isn't empty.
func add(values []string, s string) []string {
	if s == "" || slices.Contains(values, s) {
		return values
	}
	return append(values, s)
}

// Offered gives the values that a form offers for a field; nil where any text will do.
func Offered(f Field) (all []Entry) {
	v := known()
	switch f {
	case Country, CountryCode:
		for _, c := range v.countries {
			all = append(all, c.entry)
		}
	case Category:
		return slices.Concat(v.categories, v.subjects)
	case Supplement, SubjectCode:
		return v.subjects
	case Region:
		for _, r := range []string{"Africa", "Antarctica", "Asia", "Europe", "North America", "Oceania", "South America"} {
			all = append(all, Entry{Name: r})
		}
	case Origin:
		for _, o := range []string{"webcam", "upload", "api", "ftp", "folder"} {
			all = append(all, Entry{Name: o})
		}
	case Verdict:
		for _, o := range []string{"accepted", "rejected", "undecided"} {
			all = append(all, Entry{Name: o})
		}
	}
	return all
}
