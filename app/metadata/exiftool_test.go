package metadata

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"

	"golang.org/x/text/unicode/norm"

	"oneframe/app/testdata"
)

// said is what exiftool says of one file, by group and tag.
type said map[string]any

// exiftool asks exiftool (Debian package libimage-exiftool-perl) about files, by the
// MWG's rules, with numbers as numbers; it answers in the order of the files.
func exiftool(t testing.TB, args ...string) (answers []said) {
	t.Helper()
	if _, err := exec.LookPath("exiftool"); err != nil {
		t.Fatal("exiftool is missing; Debian has it in libimage-exiftool-perl, and make test installs it")
	}
	cmd := exec.CommandContext(t.Context(), "exiftool", append([]string{"-use", "MWG", "-json", "-struct", "-G1", "-n", "-all:all", "-MWG:all"}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	runErr := cmd.Run() // fails where a file is damaged, and answers all the same
	d := json.NewDecoder(&out)
	d.UseNumber()
	if err := d.Decode(&answers); err != nil {
		t.Fatalf("exiftool: %v, %v\n%s", err, runErr, &errs)
	}
	return answers
}

// tags says which of our findings is which of exiftool's tags.
func tags() map[string][2]string {
	return map[string][2]string{
		"IPTC:ObjectName": {"title", "IPTC 2:05"}, "XMP-dc:Title": {"title", "XMP dc:title"}, "IFD0:XPTitle": {"title", "EXIF 0x9c9b"},
		"IPTC:Headline": {"headline", "IPTC 2:105"}, "XMP-photoshop:Headline": {"headline", "XMP photoshop:Headline"},
		"IPTC:Caption-Abstract": {"caption", "IPTC 2:120"}, "XMP-dc:Description": {"caption", "XMP dc:description"}, "IFD0:ImageDescription": {"caption", "EXIF 0x010e"}, "IFD0:XPComment": {"caption", "EXIF 0x9c9c"},
		"IPTC:Keywords": {"keywords", "IPTC 2:25"}, "XMP-dc:Subject": {"keywords", "XMP dc:subject"}, "IFD0:XPKeywords": {"keywords", "EXIF 0x9c9e"},
		"XMP-iptcExt:PersonInImage": {"people", "XMP Iptc4xmpExt:PersonInImage"}, "XMP-getty:Personality": {"people", "XMP GettyImagesGIFT:Personality"},
		"IPTC:Category": {"category", "IPTC 2:15"}, "XMP-photoshop:Category": {"category", "XMP photoshop:Category"},
		"IPTC:SupplementalCategories": {"supplemental_categories", "IPTC 2:20"}, "XMP-photoshop:SupplementalCategories": {"supplemental_categories", "XMP photoshop:SupplementalCategories"},
		"IPTC:SubjectReference": {"subject_codes", "IPTC 2:12"}, "XMP-iptcCore:SubjectCode": {"subject_codes", "XMP Iptc4xmpCore:SubjectCode"},
		"XMP-iptcExt:Event": {"event", "XMP Iptc4xmpExt:Event"},
		"IPTC:By-line":      {"byline", "IPTC 2:80"}, "XMP-dc:Creator": {"byline", "XMP dc:creator"}, "IFD0:Artist": {"byline", "EXIF 0x013b"}, "XMP-tiff:Artist": {"byline", "XMP tiff:Artist"}, "IFD0:XPAuthor": {"byline", "EXIF 0x9c9d"},
		"IPTC:By-lineTitle": {"byline_title", "IPTC 2:85"}, "XMP-photoshop:AuthorsPosition": {"byline_title", "XMP photoshop:AuthorsPosition"},
		"IPTC:Credit": {"credit", "IPTC 2:110"}, "XMP-photoshop:Credit": {"credit", "XMP photoshop:Credit"},
		"IPTC:Source": {"source", "IPTC 2:115"}, "XMP-photoshop:Source": {"source", "XMP photoshop:Source"},
		"IPTC:CopyrightNotice": {"copyright", "IPTC 2:116"}, "XMP-dc:Rights": {"copyright", "XMP dc:rights"}, "IFD0:Copyright": {"copyright", "EXIF 0x8298"}, "XMP-tiff:Copyright": {"copyright", "XMP tiff:Copyright"},
		"XMP-xmpRights:UsageTerms": {"usage_terms", "XMP xmpRights:UsageTerms"},
		"IPTC:SpecialInstructions": {"instructions", "IPTC 2:40"}, "XMP-photoshop:Instructions": {"instructions", "XMP photoshop:Instructions"},
		"IPTC:Contact": {"contact", "IPTC 2:118"}, "XMP-iptcCore:CreatorContactInfo": {"contact", "XMP Iptc4xmpCore:CreatorContactInfo"},
		"IPTC:Sub-location": {"sublocation", "IPTC 2:92"}, "XMP-iptcCore:Location": {"sublocation", "XMP Iptc4xmpCore:Location"},
		"IPTC:City": {"city", "IPTC 2:90"}, "XMP-photoshop:City": {"city", "XMP photoshop:City"},
		"IPTC:Province-State": {"state", "IPTC 2:95"}, "XMP-photoshop:State": {"state", "XMP photoshop:State"},
		"IPTC:Country-PrimaryLocationName": {"country", "IPTC 2:101"}, "XMP-photoshop:Country": {"country", "XMP photoshop:Country"},
		"IPTC:Country-PrimaryLocationCode": {"country_code", "IPTC 2:100"}, "XMP-iptcCore:CountryCode": {"country_code", "XMP Iptc4xmpCore:CountryCode"},
		"GPS:GPSLatitude": {"place", "EXIF GPS"}, "XMP-exif:GPSLatitude": {"place", "XMP exif:GPSLatitude"},
		"IPTC:Urgency": {"urgency", "IPTC 2:10"}, "XMP-photoshop:Urgency": {"urgency", "XMP photoshop:Urgency"},
		"XMP-xmp:Rating": {"rating", "XMP xmp:Rating"}, "IFD0:Rating": {"rating", "EXIF 0x4746"},
		"ExifIFD:DateTimeOriginal": {"taken", "EXIF 0x9003"}, "ExifIFD:CreateDate": {"taken", "EXIF 0x9004"}, "IPTC:DateCreated": {"taken", "IPTC 2:55"}, "IPTC:DigitalCreationDate": {"taken", "IPTC 2:62"},
		"XMP-photoshop:DateCreated": {"taken", "XMP photoshop:DateCreated"}, "XMP-exif:DateTimeOriginal": {"taken", "XMP exif:DateTimeOriginal"},
		"IPTC:ReleaseDate": {"release", "IPTC 2:30"},
		"IFD0:Model":       {"camera", "EXIF 0x0110"}, "XMP-tiff:Model": {"camera", "XMP tiff:Model"},
		"IPTC:LanguageIdentifier": {"language", "IPTC 2:135"}, "XMP-dc:Language": {"language", "XMP dc:language"},
		"Photoshop:IPTCDigest": {"digest", "Photoshop 0x0425"},
		// what exiftool chooses among the parts by the MWG's rules; "" is our record's own value
		"MWG:Description": {"caption", ""}, "MWG:Keywords": {"keywords", ""}, "MWG:Creator": {"byline", ""}, "MWG:Copyright": {"copyright", ""},
		"MWG:Location": {"sublocation", ""}, "MWG:City": {"city", ""}, "MWG:State": {"state", ""}, "MWG:Country": {"country", ""},
		"MWG:DateTimeOriginal": {"taken", ""}, "MWG:Rating": {"rating", ""},
	}
}

// differences are the findings in which exiftool and we differ for a reason, as file and
// exiftool's tag.
func differences() []string {
	return []string{
		// Windows-1251 without a flag: exiftool takes it for Latin-1 unless it is told, and
		// has Ìîñêâà where the record has Москва.
		"press-cp1251-noflag.jpg IPTC:Caption-Abstract", "press-cp1251-noflag.jpg IPTC:Keywords", "press-cp1251-noflag.jpg IPTC:By-line",
		"press-cp1251-noflag.jpg IPTC:City", "press-cp1251-noflag.jpg IPTC:Country-PrimaryLocationName",
		"press-cp1251-noflag.jpg MWG:Keywords", "press-cp1251-noflag.jpg MWG:Creator", "press-cp1251-noflag.jpg MWG:City", "press-cp1251-noflag.jpg MWG:Country",
		// Mac Roman without a flag: exiftool has JosŽ Mourinho; the file's own XMP says José.
		"photomechanic-charset.jpg IPTC:Caption-Abstract", "photomechanic-charset.jpg MWG:Description",
		// The same: exiftool has Jens TrŸbiger, a capital inside of a name.
		"exiv2-multi-app13.jpg IPTC:By-line", "exiv2-multi-app13.jpg MWG:Creator",
	}
}

// TestAgreesWithExiftool compares every finding in every file of photos with exiftool's,
// and what the record has with what exiftool chooses by the MWG's rules.
func TestAgreesWithExiftool(t *testing.T) {
	t.Parallel()
	files := slices.DeleteFunc(testdata.Glob(t, "photos/*"), func(p string) bool { return strings.HasSuffix(p, ".gif") }) // GIF has none of the three
	present, equal, excused := map[string]int{}, map[string]int{}, 0
	for i, theirs := range exiftool(t, files...) {
		name := filepath.Base(files[i])
		ours := reading(t, files[i])
		for tag, want := range tags() {
			value := theirs.value(tag)
			if value == "" {
				continue
			}
			present[want[0]]++
			got := ours.shown(want[0], want[1])
			switch {
			case same(want[0], got, value):
				equal[want[0]]++
			case slices.Contains(differences(), name+" "+tag):
				excused++
			default:
				t.Errorf("%s %s: exiftool has %.200q, we have %.200q", name, tag, value, got)
			}
		}
		for _, f := range ours.Found {
			if tag := tagOf(f); tag != "" && theirs.value(tag) == "" {
				t.Errorf("%s %s: exiftool has nothing, we have %.200q", name, f.From, f.Value)
			}
		}
	}
	t.Log("\n" + table(present, equal))
	all, same := total(present), total(equal)
	if all < 500 || same*100 < all*98 || all-same != excused || excused != len(differences()) {
		t.Errorf("%d of %d values agree; of %d differences %d are explained", same, all, len(differences()), excused)
	}
}

// reading gives the record of a picture or sidecar, whose findings are XMP's for exiftool.
func reading(t *testing.T, path string) Record {
	t.Helper()
	data := data(t, "photos/"+filepath.Base(path))
	if !strings.HasSuffix(path, ".xmp") {
		r, err := Read(data)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		return r
	}
	r, err := Sidecar(data)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for i := range r.Found {
		r.Found[i].From = strings.Replace(r.Found[i].From, "sidecar ", "XMP ", 1)
	}
	return r
}

// tagOf is exiftool's tag of a finding; "" where it is none of those that are compared.
func tagOf(f Found) string {
	for tag, ours := range tags() {
		if ours == [2]string{f.Field, f.From} {
			return tag
		}
	}
	return ""
}

// shown is our finding; of the record itself where from is empty.
func (r Record) shown(field, from string) string {
	for _, f := range r.Found {
		if f.Field == field && (f.From == from || from == "" && f.Used) {
			return f.Value
		}
	}
	return ""
}

// value gives exiftool's value in the form of Found.
func (s said) value(tag string) string {
	v := s.text(tag)
	switch tag {
	case "IPTC:DateCreated", "IPTC:DigitalCreationDate", "IPTC:ReleaseDate":
		clock := s.text(strings.Replace(tag, "Date", "Time", 1))
		if v == "" {
			return ""
		}
		return moment(strings.TrimSpace(v + " " + clock))
	case "ExifIFD:DateTimeOriginal", "ExifIFD:CreateDate":
		kind := strings.TrimPrefix(strings.Replace(tag, "CreateDate", "DateTimeDigitized", 1), "ExifIFD:DateTime")
		sub := strings.TrimRight(s.text("ExifIFD:SubSecTime"+kind), "0")
		if sub != "" {
			sub = "." + sub
		}
		if v == "" {
			return ""
		}
		return moment(v + sub + s.text("ExifIFD:OffsetTime"+kind))
	case "MWG:DateTimeOriginal", "XMP-photoshop:DateCreated", "XMP-exif:DateTimeOriginal":
		return moment(v)
	case "GPS:GPSLatitude", "XMP-exif:GPSLatitude":
		return s.point(tag)
	case "IFD0:Model", "XMP-tiff:Model":
		maker := s.text(strings.Replace(tag, "Model", "Make", 1))
		if first, _, _ := strings.Cut(maker, " "); v == "" || strings.HasPrefix(strings.ToLower(v), strings.ToLower(first)) {
			return v
		}
		return maker + " " + v
	case "IPTC:SubjectReference", "XMP-iptcCore:SubjectCode": // only the eight digits count
		return regexp.MustCompile(`(IPTC|subj):(\d{8})(:[^;]*)?(;|$)`).ReplaceAllString(v, "$2$4")
	case "IPTC:Country-PrimaryLocationCode", "XMP-iptcCore:CountryCode": // the record has three letters
		return cmp.Or(map[string]string{"ES": "ESP", "US": "USA"}[v], v)
	case "IFD0:XPKeywords", "IFD0:Artist", "IFD0:XPAuthor":
		return strings.ReplaceAll(v, ";", "; ")
	case "Photoshop:IPTCDigest":
		return strings.ToLower(v)
	}
	return v
}

// text gives a tag's value as a text: a list joined, a contact as its lines.
func (s said) text(tag string) string {
	switch v := s[tag].(type) {
	case string:
		return tidy(v)
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case []any:
		var list []string
		for _, x := range v {
			if text := (said{"": x}).text(""); !slices.Contains(list, text) {
				list = append(list, text)
			}
		}
		return strings.Join(list, "; ")
	case map[string]any:
		var list []string
		for _, name := range []string{"CiAdrExtadr", "CiAdrCity", "CiAdrRegion", "CiAdrPcode", "CiAdrCtry", "CiTelWork", "CiEmailWork", "CiUrlWork"} {
			if text := (said(v)).text(name); text != "" {
				list = append(list, text)
			}
		}
		return strings.Join(list, "\n")
	}
	return ""
}

// tidy does to a text what is not a matter of reading it right: NFC, no space around,
// lines ended by \n.
func tidy(s string) string {
	return strings.TrimSpace(norm.NFC.String(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\t", " ").Replace(s)))
}

// moment puts exiftool's dates into ISO 8601.
func moment(s string) string {
	if s == "" {
		return ""
	}
	day, clock, _ := strings.Cut(s, " ")
	day = strings.ReplaceAll(day, ":", "-")
	if clock == "" {
		clock = "00:00:00"
	}
	if i := strings.LastIndexAny(clock, "+-"); i > 0 {
		if zone := strings.ReplaceAll(clock[i:], ":", ""); zone == "+0000" || zone == "-0000" {
			clock = clock[:i] + "Z"
		} else {
			clock = clock[:i] + zone[:3] + ":" + zone[3:]
		}
	}
	if main, frac, ok := strings.Cut(clock, "."); ok {
		digits := strings.TrimLeft(frac, "0123456789")
		frac = strings.TrimRight(strings.TrimSuffix(frac, digits), "0")
		if frac != "" {
			frac = "." + frac
		}
		clock = main + frac + digits
	}
	if len(clock) > 5 && clock[5] != ':' {
		clock = clock[:5] + ":00" + clock[5:]
	}
	return day + "T" + clock
}

func (s said) point(tag string) string {
	lat, err1 := strconv.ParseFloat(s.text(tag), 64)
	lon, err2 := strconv.ParseFloat(s.text(strings.Replace(tag, "Latitude", "Longitude", 1)), 64)
	if err1 != nil || err2 != nil {
		return ""
	}
	if strings.HasPrefix(s.text(tag+"Ref"), "S") && lat > 0 {
		lat = -lat
	}
	if strings.HasPrefix(s.text(strings.Replace(tag, "Latitude", "Longitude", 1)+"Ref"), "W") && lon > 0 {
		lon = -lon
	}
	return fmt.Sprintf("%v, %v", lat, lon)
}

// same compares; points to a billionth of a degree, numbers as numbers.
func same(field, got, want string) bool {
	if got == want {
		return true
	}
	one, two, _ := strings.Cut(got, ", ")
	a, b, _ := strings.Cut(want, ", ")
	switch field {
	case "place":
		return near(one, a) && near(two, b)
	case "rating", "urgency":
		return near(got, want)
	}
	// the record's one-line fields have their lines joined
	return got == strings.Join(strings.Fields(want), " ") && field != "caption"
}

func near(a, b string) bool {
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err1 == nil && err2 == nil && math.Abs(x-y) < 1e-9
}

func total(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

func table(present, equal map[string]int) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "field\tpresent\tequal\tshare\t\n")
	for _, f := range fields() {
		if present[f] > 0 {
			fmt.Fprintf(w, "%s\t%d\t%d\t%.1f %%\t\n", f, present[f], equal[f], 100*float64(equal[f])/float64(present[f]))
		}
	}
	fmt.Fprintf(w, "all\t%d\t%d\t%.1f %%\t\n", total(present), total(equal), 100*float64(total(equal))/float64(total(present)))
	w.Flush()
	return b.String()
}
