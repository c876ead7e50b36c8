package metadata

import "time"

// Record is what a picture's metadata says, normalised from IPTC-IIM, XMP and EXIF: text
// in NFC without surrounding space or control characters, absent fields empty. It is the
// shape that the register keeps, rules are written about and a delivery carries, so its
// JSON names are part of the contract.
type Record struct {
	Title       string   `json:"title,omitempty"`    // IIM 2:05, dc:title: a short name of the picture
	Headline    string   `json:"headline,omitempty"` // IIM 2:105, photoshop:Headline
	Caption     string   `json:"caption,omitempty"`  // IIM 2:120, dc:description, EXIF ImageDescription
	Keywords    []string `json:"keywords,omitempty"` // IIM 2:25, dc:subject; in the file's order, none twice
	People      []string `json:"people,omitempty"`   // Iptc4xmpExt:PersonInImage
	Category    string   `json:"category,omitempty"` // IIM 2:15, photoshop:Category: a code of up to three letters
	Supplements []string `json:"supplemental_categories,omitempty"`
	Subjects    []string `json:"subject_codes,omitempty"` // IPTC subject codes, eight digits
	Event       string   `json:"event,omitempty"`

	Byline       []string `json:"byline,omitempty"` // IIM 2:80, dc:creator, EXIF Artist
	BylineTitle  string   `json:"byline_title,omitempty"`
	Credit       string   `json:"credit,omitempty"`
	Source       string   `json:"source,omitempty"`
	Copyright    string   `json:"copyright,omitempty"`
	UsageTerms   string   `json:"usage_terms,omitempty"`
	Instructions string   `json:"instructions,omitempty"`
	Contact      string   `json:"contact,omitempty"` // how to reach the creator, one line each

	Sublocation string `json:"sublocation,omitempty"`
	City        string `json:"city,omitempty"`
	State       string `json:"state,omitempty"`
	Country     string `json:"country,omitempty"`
	CountryCode string `json:"country_code,omitempty"` // ISO 3166-1 alpha-3 where the file's code is known, else as it is there
	Place       *Place `json:"place,omitempty"`

	Urgency  int    `json:"urgency,omitempty"` // 1 (most) to 8; 0 absent
	Rating   *int   `json:"rating,omitempty"`  // -1 (rejected) to 5
	Taken    *Taken `json:"taken,omitempty"`
	Release  *Taken `json:"release,omitempty"` // embargo: not to be used before; IIM 2:30 and 2:35
	Camera   string `json:"camera,omitempty"`  // maker and model
	Language string `json:"language,omitempty"`
	Digest   string `json:"digest,omitempty"` // MD5 of the IIM data as Photoshop noted it, in hex

	Found []Found `json:"found,omitempty"` // every value, in the order in which the sources were asked
}

// Place is a point on WGS 84, in degrees: north and east are positive.
type Place struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

// Taken is a moment as a file states it. Without a zone At is the clock's reading, as if
// in UTC.
type Taken struct {
	At    time.Time `json:"at"`
	Zoned bool      `json:"zoned"`
}

// Found is one value as one part of the file says it. Where parts disagree, the record
// has the one that is used and the others stay readable here. A part of the file that
// can't be read is told as well: Field is then "unreadable" and Value says why.
type Found struct {
	Field string `json:"field"` // the record's JSON name
	From  string `json:"from"`  // as IPTC 2:120, XMP dc:description, EXIF 0x010e, sidecar dc:description
	Value string `json:"value"` // lists joined by "; "
	Used  bool   `json:"used"`
}
