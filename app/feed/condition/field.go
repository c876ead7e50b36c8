package condition

import "strings"

// Field names what a term asks about: what metadata.Record says, and a frame's own facts.
type Field string

// The fields. Category is meant widely: the record's category, its supplemental ones and
// its subject codes, each by code and by name, and what they belong to.
const (
	Title        Field = "title"
	Headline     Field = "headline"
	Caption      Field = "caption"
	Keyword      Field = "keyword"
	Person       Field = "person"
	Category     Field = "category"
	Supplement   Field = "supplemental_category"
	SubjectCode  Field = "subject"
	Event        Field = "event"
	Byline       Field = "byline"
	BylineTitle  Field = "byline_title"
	Credit       Field = "credit"
	Source       Field = "source"
	Copyright    Field = "copyright"
	UsageTerms   Field = "usage_terms"
	Instructions Field = "instructions"
	Contact      Field = "contact"
	Sublocation  Field = "sublocation"
	City         Field = "city"
	State        Field = "state"
	Country      Field = "country"
	CountryCode  Field = "country_code"
	Region       Field = "region"
	Camera       Field = "camera"
	Language     Field = "language"
	Digest       Field = "digest"
	Clip         Field = "clip"
	Verdict      Field = "verdict"
	Contributor  Field = "contributor"
	Origin       Field = "origin"
	Text         Field = "text"

	Urgency Field = "urgency"
	Rating  Field = "rating"
	Score   Field = "score"
	Slot    Field = "slot"
	Width   Field = "width"
	Height  Field = "height"

	Taken    Field = "taken"
	Release  Field = "release"
	Received Field = "received"

	Place Field = "place"
)

// Type is what a field's values are.
type Type string

// The types of fields.
const (
	TextType   Type = "text"
	WordsType  Type = "words" // of many fields: asked for words only
	NumberType Type = "number"
	DateType   Type = "date"
	PlaceType  Type = "place"
)

// Info is what is known of a field. Index counts the fields of its type from 0.
type Info struct {
	Field    Field
	Type     Type
	Label    string // as a form shows it
	Help     string // in a few words
	Aliases  []string
	Least    float64 // of numbers
	Most     float64
	Index    int
	Multiple bool
}

// fieldTable lists the fields in the order in which a form offers them.
var fieldTable = []Info{
	{Field: Keyword, Type: TextType, Label: "keyword", Aliases: []string{"keywords"}, Multiple: true},
	{Field: Category, Type: TextType, Label: "category", Help: "a category or subject, by code or name", Aliases: []string{"categories"}, Multiple: true},
	{Field: Country, Type: TextType, Label: "country", Help: "by name or code"},
	{Field: Region, Type: TextType, Label: "region", Help: "the continent of the country", Aliases: []string{"continent"}},
	{Field: City, Type: TextType, Label: "city"},
	{Field: Person, Type: TextType, Label: "person shown", Aliases: []string{"people", "persons"}, Multiple: true},
	{Field: Event, Type: TextType, Label: "event"},
	{Field: Urgency, Type: NumberType, Label: "urgency", Help: "1 is most urgent, 8 least", Least: 1, Most: 8},
	{Field: Rating, Type: NumberType, Label: "rating", Help: "−1 to 5", Least: -1, Most: 5},
	{Field: Text, Type: WordsType, Label: "any text", Help: "title, headline, caption, keywords, people, event and place", Aliases: []string{"any_text"}},
	{Field: Caption, Type: TextType, Label: "caption", Aliases: []string{"description"}},
	{Field: Headline, Type: TextType, Label: "headline"},
	{Field: Title, Type: TextType, Label: "title"},
	{Field: Byline, Type: TextType, Label: "byline", Help: "who took it", Aliases: []string{"photographer", "creator"}, Multiple: true},
	{Field: BylineTitle, Type: TextType, Label: "byline title"},
	{Field: Credit, Type: TextType, Label: "credit"},
	{Field: Source, Type: TextType, Label: "source"},
	{Field: Copyright, Type: TextType, Label: "copyright"},
	{Field: UsageTerms, Type: TextType, Label: "usage terms"},
	{Field: Instructions, Type: TextType, Label: "instructions"},
	{Field: Contact, Type: TextType, Label: "contact"},
	{Field: Taken, Type: DateType, Label: "taken"},
	{Field: Received, Type: DateType, Label: "received"},
	{Field: Release, Type: DateType, Label: "embargo", Help: "not to be used before", Aliases: []string{"embargo"}},
	{Field: Place, Type: PlaceType, Label: "place", Help: "latitude and longitude"},
	{Field: Sublocation, Type: TextType, Label: "sublocation"},
	{Field: State, Type: TextType, Label: "state", Aliases: []string{"province"}},
	{Field: CountryCode, Type: TextType, Label: "country code"},
	{Field: Supplement, Type: TextType, Label: "supplemental category", Aliases: []string{"supplemental_categories", "supplement"}, Multiple: true},
	{Field: SubjectCode, Type: TextType, Label: "subject", Help: "a subject code or its name", Aliases: []string{"subjects", "subject_code", "subject_codes"}, Multiple: true},
	{Field: Camera, Type: TextType, Label: "camera"},
	{Field: Language, Type: TextType, Label: "language"},
	{Field: Digest, Type: TextType, Label: "IPTC digest"},
	{Field: Width, Type: NumberType, Label: "width", Help: "in pixels", Least: 1, Most: 1e6},
	{Field: Height, Type: NumberType, Label: "height", Help: "in pixels", Least: 1, Most: 1e6},
	{Field: Clip, Type: TextType, Label: "clip", Help: "a frame's clip, by its short name"},
	{Field: Slot, Type: NumberType, Label: "slot", Help: "a frame's place in the clip", Least: 1, Most: 1e9},
	{Field: Score, Type: NumberType, Label: "score", Help: "a frame's likeness, 1 to 5", Least: 0, Most: 5},
	{Field: Verdict, Type: TextType, Label: "verdict"},
	{Field: Contributor, Type: TextType, Label: "contributor", Help: "the name of who sent it", Aliases: []string{"name"}},
	{Field: Origin, Type: TextType, Label: "door", Help: "how it came in", Aliases: []string{"door"}},
}

// catalogue is the table by name; both are made once and never changed.
var catalogue, allFields = makeCatalogue()

func makeCatalogue() (map[string]Info, []Info) {
	byName, count, all := map[string]Info{}, map[Type]int{}, make([]Info, 0, len(fieldTable))
	for _, info := range fieldTable {
		kind := info.Type
		if kind == WordsType {
			kind = TextType // it has a place among the texts
		}
		info.Index = count[kind]
		count[kind]++
		all = append(all, info)
		for _, name := range append([]string{string(info.Field)}, info.Aliases...) {
			byName[name] = info
		}
	}
	return byName, all
}

// Sizes of the arrays that facts keep by Info.Index.
const (
	numText   = 32
	numNumber = 8
	numDate   = 4
)

// TextFields is how many text fields there are: Info.Index of one is below it.
const TextFields = numText

// Fields lists what can be asked about, in the order in which a form offers it.
func Fields() []Info { return allFields }

// Lookup finds a field by its name or another name for it, in any case.
func Lookup(name string) (Info, bool) {
	info, ok := catalogue[name]
	if !ok {
		info, ok = catalogue[strings.ReplaceAll(Fold(name), " ", "_")]
	}
	return info, ok
}

// info is the field's; the zero Info where there is no such field.
func (f Field) info() Info { return catalogue[string(f)] }

// opsOf lists what can be asked of each type; it is never changed.
var opsOf = map[Type][]Op{
	TextType:   {Is, In, Has, HasAny, HasAll, Starts, Contains, Present, Missing},
	WordsType:  {Contains, Present, Missing},
	NumberType: {Is, In, Less, AtMost, More, AtLeast, Between, Present, Missing},
	DateType:   {Is, Less, AtMost, More, AtLeast, Between, Newer, Present, Missing},
	PlaceType:  {Within, Present, Missing},
}

// Ops lists what can be asked of the field.
func (i Info) Ops() []Op { return opsOf[i.Type] }
