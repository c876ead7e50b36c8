package order

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"oneframe/app/fault"
	"oneframe/app/metadata"
	"oneframe/app/picture"
)

// unsafe says what is wrong with a name that goes out, by rules written down apart from
// those that make it.
func unsafe(name string) string {
	elements := strings.Split(name, "/")
	if len(elements) > 8 || !utf8.ValidString(name) || !norm.NFC.IsNormalString(name) {
		return "too many parts, or not NFC"
	}
	for _, e := range elements {
		if e == "" || len(e) > 120 || strings.ContainsAny(e, "\\<>:\"|?*\x7f") || strings.ContainsFunc(e, unicode.IsControl) {
			return "a character, or the length"
		}
		if strings.ContainsAny(e[:1], ". ~") || strings.ContainsAny(e[len(e)-1:], ". ") {
			return "an end"
		}
		base, _, _ := strings.Cut(e, ".")
		for _, reserved := range strings.Fields("con prn aux nul com1 com9 lpt1 lpt9") {
			if strings.EqualFold(strings.TrimSpace(base), reserved) {
				return "a device"
			}
		}
	}
	return ""
}

func job() Job {
	return Job{Delivery: "d", Subscriber: "s1", Kind: "update", Version: 2,
		Picture: picture.Picture{ID: "0190-id", FileName: "DSC 0001.JPG", ReceivedAt: time.Date(2026, 6, 1, 8, 0, 0, 0, time.UTC)},
		Record: metadata.Record{Headline: "Fähre läuft auf Grund / “Nordsee”", City: "Cuxhaven", Byline: []string{"Zoë Müller", "Ann Lee"},
			Taken: &metadata.Taken{At: time.Date(2026, 5, 31, 18, 30, 5, 0, time.UTC)}}}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for template, want := range map[Template]string{
		"":                            "0190-id",
		"{date}/{id}-{slug}.jpg":      "2026-05-31/0190-id-fahre-lauft-auf-grund-nordsee",
		"{year}/{month}/{day}/{name}": "2026/05/31/DSC 0001",
		"{headline}.{ext}":            "Fähre läuft auf Grund - “Nordsee”",
		"{byline}_v{version}":         "Zoë Müller, Ann Lee_v2",
		"{city}/{state}/{time}":       "Cuxhaven/183005",
		"{state}":                     "0190-id",
		"a//b/{subscriber}-{kind}/":   "a/b/s1-update/0190-id",
		"NUL/com1.{ext}":              "_NUL/_com1",
		".{city}. /~{id}":             "Cuxhaven/0190-id",
		"{place}x.JPEG":               "x",
	} {
		if err := template.Check(); err != nil {
			t.Errorf("%s: %v", template, err)
		}
		if got := template.stem(job(), job().Record, ".jpg"); got != want {
			t.Errorf("%s gives %q, want %q", template, got, want)
		}
	}
}

func TestTemplatesThatAreRefused(t *testing.T) {
	t.Parallel()
	for template, word := range map[Template]string{"{nope}": "{supplemental_categories}", "{found}": "{found}", "/x": "relative", `\x`: "relative", "../{id}": "out of", "a/ . /b": "out of",
		"{id": "brace", "id}": "brace", "{{id}}": "brace", "1/2/3/4/5/6/7/8/9": "8 parts", Template(strings.Repeat("x", 1001)): "1000"} {
		if err := template.Check(); !fault.Has(err, "bad_made") || !strings.Contains(fault.Of(err).Message, word) {
			t.Errorf("%q: %v", template, err)
		}
	}
}

func TestNumbersStayWithinALongName(t *testing.T) {
	t.Parallel()
	long := safePath("a/"+strings.Repeat("ü", 200), "")
	for _, n := range []int{1, 2, 99999} {
		if name := numbered(long, n) + ".tiff"; unsafe(name) != "" || n > 1 && !strings.Contains(name, "-") {
			t.Errorf("%s: %s", name, unsafe(name))
		}
	}
}

// FuzzName fills templates with anything: no name is unsafe.
func FuzzName(f *testing.F) {
	for _, s := range []string{"a/../b", "..\\..", "CON.jpg", "x\x00\u202e.\u2028", "  .  ", strings.Repeat("é", 99), "e\u200d\u0301", "<\u0338", "~root/.ssh", "com¹.txt", "a\xff/b", "\u1fef\u037e", "NUL .", "a/b/c/d/e/f/g/h/i/j"} {
		f.Add(s, s)
		f.Add("{headline}/{name}-{city}", s)
	}
	f.Fuzz(func(t *testing.T, template, text string) {
		j := job()
		j.Picture.FileName, j.Subscriber, j.Kind = text, text, text
		r := metadata.Record{Headline: text, City: text, Keywords: []string{text, text}}
		if Template(template).Check() != nil {
			return
		}
		for _, ext := range []string{".jpg", ".json"} {
			for _, n := range []int{1, 12} {
				name := numbered(Template(template).stem(j, r, ext), n) + ext
				if why := unsafe(name); why != "" {
					t.Fatalf("%q with %q gives %q: %s", template, text, name, why)
				}
			}
		}
		if name := safePath(template, text); unsafe(name) != "" {
			t.Fatalf("%q gives %q: %s", template, name, unsafe(name))
		}
	})
}
