package condition

import (
	"math"
	"strconv"
	"strings"
	"time"

	"oneframe/app/metadata"
)

// Subject is a picture as rules see it: its metadata and the frame's own facts.
type Subject struct {
	Record        metadata.Record
	Clip          string // slug; "" where it is no frame
	Slot          int    // 0 where it is no frame
	Score         float64
	Verdict       string
	Contributor   string
	Origin        string
	Width, Height int // pixels
	Received      time.Time
}

// Facts is a subject made ready to be asked: text folded, codes and names of
// vocabularies added, numbers and moments at their places. It is never changed after
// Facts made it, so that many can read it at once.
type Facts struct {
	Now     time.Time // what newer than counts from
	subject *Subject
	text    [numText][]string
	number  [numNumber]float64 // NaN where absent
	date    [numDate]int64     // unix ms; absent as noDate
	place   *metadata.Place
}

const noDate = math.MinInt64

// Positions in the arrays, looked up once.
var at = struct {
	title, headline, caption, keyword, person, category, supplement, subject, event, byline, bylineTitle, credit, source, copyright, usage,
	instructions, contact, sublocation, city, state, country, code, region, camera, language, digest, clip, verdict, contributor, origin, words int
	urgency, rating, score, slot, width, height, taken, release, received int
}{
	Title.info().Index, Headline.info().Index, Caption.info().Index, Keyword.info().Index, Person.info().Index, Category.info().Index,
	Supplement.info().Index, SubjectCode.info().Index, Event.info().Index, Byline.info().Index, BylineTitle.info().Index, Credit.info().Index,
	Source.info().Index, Copyright.info().Index, UsageTerms.info().Index, Instructions.info().Index, Contact.info().Index,
	Sublocation.info().Index, City.info().Index, State.info().Index, Country.info().Index, CountryCode.info().Index, Region.info().Index,
	Camera.info().Index, Language.info().Index, Digest.info().Index, Clip.info().Index, Verdict.info().Index, Contributor.info().Index,
	Origin.info().Index, Text.info().Index,
	Urgency.info().Index, Rating.info().Index, Score.info().Index, Slot.info().Index, Width.info().Index, Height.info().Index,
	Taken.info().Index, Release.info().Index, Received.info().Index,
}

// Facts makes the subject ready to be asked as of now. The facts keep the subject.
func (s *Subject) Facts(now time.Time) *Facts {
	f := &Facts{Now: now, subject: s, place: s.Record.Place}
	f.texts(&s.Record)
	f.where(&s.Record)
	f.topics(&s.Record)
	f.one(at.clip, s.Clip)
	f.one(at.verdict, s.Verdict)
	f.one(at.contributor, s.Contributor)
	f.one(at.origin, s.Origin)
	f.numbers(s)
	f.dates(s)
	return f
}

func (f *Facts) one(i int, s string) {
	if s = Fold(s); s != "" {
		f.text[i] = []string{s}
	}
}

func (f *Facts) many(i int, all []string) {
	if len(all) == 0 {
		return
	}
	folded := make([]string, 0, len(all))
	for _, s := range all {
		if s = Fold(s); s != "" {
			folded = append(folded, s)
		}
	}
	f.text[i] = folded
}

func (f *Facts) texts(r *metadata.Record) {
	f.one(at.title, r.Title)
	f.one(at.headline, r.Headline)
	f.one(at.caption, r.Caption)
	f.many(at.keyword, r.Keywords)
	f.many(at.person, r.People)
	f.one(at.event, r.Event)
	f.many(at.byline, r.Byline)
	f.one(at.bylineTitle, r.BylineTitle)
	f.one(at.credit, r.Credit)
	f.one(at.source, r.Source)
	f.one(at.copyright, r.Copyright)
	f.one(at.usage, r.UsageTerms)
	f.one(at.instructions, r.Instructions)
	f.one(at.contact, r.Contact)
	f.one(at.camera, r.Camera)
	f.one(at.language, r.Language)
	f.one(at.digest, r.Digest)
}

func (f *Facts) where(r *metadata.Record) {
	f.one(at.sublocation, r.Sublocation)
	f.one(at.city, r.City)
	f.one(at.state, r.State)
	code := Fold(r.CountryCode)
	countries, region := addCountry(nil, Fold(r.Country))
	countries, other := addCountry(countries, code)
	if region == "" {
		region = other
	}
	f.text[at.country] = countries
	if region != "" {
		f.text[at.region] = []string{region}
	}
	f.text[at.code] = codesOf(countries, code)
}

// codesOf gives the code as the record has it and the country's own two.
func codesOf(countries []string, code string) (codes []string) {
	codes = add(codes, code)
	for _, c := range countries {
		if i, ok := known().byCountry[c]; ok {
			for _, s := range known().countries[i].all[:2] {
				codes = add(codes, s)
			}
			break
		}
	}
	return codes
}

func (f *Facts) topics(r *metadata.Record) {
	var supplements, subjects []string
	for _, s := range r.Supplements {
		supplements = addSubject(supplements, Fold(s))
	}
	for _, s := range r.Subjects {
		subjects = addSubject(subjects, Fold(s))
	}
	var all []string
	if c := Fold(r.Category); c != "" {
		all = addCategory(all, c)
	}
	for _, s := range supplements {
		all = addCategory(all, s)
	}
	for _, s := range subjects {
		all = add(all, s)
	}
	f.text[at.supplement], f.text[at.subject], f.text[at.category] = supplements, subjects, all
}

// wordFields are what the field text looks into.
func wordFields() [9]int {
	return [...]int{at.title, at.headline, at.caption, at.keyword, at.person, at.event, at.sublocation, at.city, at.country}
}

// Texts gives the folded values of the text field at the index; of text, the values of
// all that it looks into. The caller doesn't change them.
func (f *Facts) Texts(index int) []string {
	if index != at.words {
		return f.text[index]
	}
	var all []string
	for _, i := range wordFields() {
		all = append(all, f.text[i]...)
	}
	return all
}

func (f *Facts) numbers(s *Subject) {
	for i := range f.number {
		f.number[i] = math.NaN()
	}
	set := func(i int, v float64, there bool) {
		if there {
			f.number[i] = v
		}
	}
	set(at.urgency, float64(s.Record.Urgency), s.Record.Urgency != 0)
	if r := s.Record.Rating; r != nil {
		f.number[at.rating] = float64(*r)
	}
	set(at.score, s.Score, s.Score != 0)
	set(at.slot, float64(s.Slot), s.Slot != 0)
	set(at.width, float64(s.Width), s.Width != 0)
	set(at.height, float64(s.Height), s.Height != 0)
}

func (f *Facts) dates(s *Subject) {
	for i := range f.date {
		f.date[i] = noDate
	}
	if t := s.Record.Taken; t != nil && !t.At.IsZero() {
		f.date[at.taken] = t.At.UnixMilli()
	}
	if t := s.Record.Release; t != nil && !t.At.IsZero() {
		f.date[at.release] = t.At.UnixMilli()
	}
	if !s.Received.IsZero() {
		f.date[at.received] = s.Received.UnixMilli()
	}
}

// Number gives the number field at the index; NaN where it is absent.
func (f *Facts) Number(index int) float64 { return f.number[index] }

// has reports whether the picture has the field.
func (f *Facts) has(i Info) bool {
	switch i.Type {
	case NumberType:
		return !math.IsNaN(f.number[i.Index])
	case DateType:
		return f.date[i.Index] != noDate
	case PlaceType:
		return f.place != nil
	case WordsType:
		for _, j := range wordFields() {
			if len(f.text[j]) > 0 {
				return true
			}
		}
		return false
	}
	return len(f.text[i.Index]) > 0
}

// Say gives what the picture has in the field, in words for a person; "" for nothing.
func (f *Facts) Say(field Field) string {
	i := field.info()
	switch {
	case !f.has(i):
		return ""
	case i.Type == NumberType:
		return strconv.FormatFloat(f.number[i.Index], 'f', -1, 64)
	case i.Type == DateType:
		return time.UnixMilli(f.date[i.Index]).UTC().Format("2006-01-02 15:04") + " UTC"
	case i.Type == PlaceType:
		return strconv.FormatFloat(f.place.Latitude, 'f', 4, 64) + ", " + strconv.FormatFloat(f.place.Longitude, 'f', 4, 64)
	}
	return shorten(strings.Join(f.raw(field), ", "))
}

// raw gives the values as the picture has them, before folding.
func (f *Facts) raw(field Field) []string {
	r := &f.subject.Record
	switch field {
	case Keyword:
		return r.Keywords
	case Person:
		return r.People
	case Byline:
		return r.Byline
	case Title:
		return []string{r.Title}
	case Headline:
		return []string{r.Headline}
	case Caption:
		return []string{r.Caption}
	case City:
		return []string{r.City}
	case Event:
		return []string{r.Event}
	case Credit:
		return []string{r.Credit}
	case Source:
		return []string{r.Source}
	}
	return f.Texts(field.info().Index)
}

// shorten keeps an explanation readable.
func shorten(s string) string {
	const most = 160
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + " …"
	}
	return s
}

// Date gives the date field at the index in unix milliseconds, and whether it is there.
func (f *Facts) Date(index int) (ms int64, ok bool) {
	return f.date[index], f.date[index] != noDate
}
