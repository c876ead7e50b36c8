package metadata

import (
	"errors"
	"strings"
	"unicode/utf16"
)

// Namespaces of XMP (ISO 16684-1; IPTC Photo Metadata Standard 2023.1; MWG 2.0).
const (
	nsRDF       = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	nsXMPMeta   = "adobe:ns:meta/"
	nsDC        = "http://purl.org/dc/elements/1.1/"
	nsPhotoshop = "http://ns.adobe.com/photoshop/1.0/"
	nsCore      = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
	nsExt       = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
	nsRights    = "http://ns.adobe.com/xap/1.0/rights/"
	nsXMP       = "http://ns.adobe.com/xap/1.0/"
	nsNote      = "http://ns.adobe.com/xmp/note/"
	nsEXIF      = "http://ns.adobe.com/exif/1.0/"
	nsTIFF      = "http://ns.adobe.com/tiff/1.0/"
	nsPrism     = "http://prismstandard.org/namespaces/basic/2.0/"
	nsPur       = "http://prismstandard.org/namespaces/prismusagerights/2.1/"
	nsRegions   = "http://www.metadataworkinggroup.com/schemas/regions/"
	nsGetty     = "http://xmp.gettyimages.com/gift/1.0/"
)

// property is what XMP has to say for a field of the record.
type property struct {
	field  string
	name   xmlName
	prefix string
	kind   byte // 't' one line, 'p' prose, 'l' list, 'd' date, 's' subject codes, 'o' a special case of claims
}

// properties are the ones that are read, for each field in the order of preference.
func properties() []property {
	return []property{
		{"title", xmlName{nsDC, "title"}, "dc", 't'},
		{"headline", xmlName{nsPhotoshop, "Headline"}, "photoshop", 't'},
		{"caption", xmlName{nsDC, "description"}, "dc", 'p'},
		{"keywords", xmlName{nsDC, "subject"}, "dc", 'l'},
		{"people", xmlName{nsExt, "PersonInImage"}, "Iptc4xmpExt", 'l'},
		{"people", xmlName{nsExt, "PersonInImageWDetails"}, "Iptc4xmpExt", 'o'},
		{"people", xmlName{nsGetty, "Personality"}, "GettyImagesGIFT", 'l'},
		{"people", xmlName{nsRegions, "Regions"}, "mwg-rs", 'o'},
		{"category", xmlName{nsPhotoshop, "Category"}, "photoshop", 't'},
		{"supplemental_categories", xmlName{nsPhotoshop, "SupplementalCategories"}, "photoshop", 'l'},
		{"subject_codes", xmlName{nsCore, "SubjectCode"}, "Iptc4xmpCore", 's'},
		{"event", xmlName{nsExt, "Event"}, "Iptc4xmpExt", 't'},
		{"byline", xmlName{nsDC, "creator"}, "dc", 'l'},
		{"byline", xmlName{nsTIFF, "Artist"}, "tiff", 'l'},
		{"byline_title", xmlName{nsPhotoshop, "AuthorsPosition"}, "photoshop", 't'},
		{"credit", xmlName{nsPhotoshop, "Credit"}, "photoshop", 't'},
		{"source", xmlName{nsPhotoshop, "Source"}, "photoshop", 't'},
		{"copyright", xmlName{nsDC, "rights"}, "dc", 'p'},
		{"copyright", xmlName{nsTIFF, "Copyright"}, "tiff", 'p'},
		{"usage_terms", xmlName{nsRights, "UsageTerms"}, "xmpRights", 'p'},
		{"instructions", xmlName{nsPhotoshop, "Instructions"}, "photoshop", 'p'},
		{"contact", xmlName{nsCore, "CreatorContactInfo"}, "Iptc4xmpCore", 'o'},
		{"sublocation", xmlName{nsCore, "Location"}, "Iptc4xmpCore", 't'},
		{"city", xmlName{nsPhotoshop, "City"}, "photoshop", 't'},
		{"state", xmlName{nsPhotoshop, "State"}, "photoshop", 't'},
		{"country", xmlName{nsPhotoshop, "Country"}, "photoshop", 't'},
		{"country_code", xmlName{nsCore, "CountryCode"}, "Iptc4xmpCore", 'o'},
		{"", xmlName{nsExt, "LocationShown"}, "Iptc4xmpExt", 'o'},
		{"", xmlName{nsExt, "LocationCreated"}, "Iptc4xmpExt", 'o'},
		{"place", xmlName{nsEXIF, "GPSLatitude"}, "exif", 'o'},
		{"place", xmlName{nsEXIF, "GPSLongitude"}, "exif", 'o'},
		{"urgency", xmlName{nsPhotoshop, "Urgency"}, "photoshop", 'o'},
		{"rating", xmlName{nsXMP, "Rating"}, "xmp", 'o'},
		{"taken", xmlName{nsPhotoshop, "DateCreated"}, "photoshop", 'd'},
		{"taken", xmlName{nsEXIF, "DateTimeOriginal"}, "exif", 'd'},
		{"release", xmlName{nsPrism, "embargoDate"}, "prism", 'd'},
		{"release", xmlName{nsPur, "embargoDate"}, "pur", 'd'},
		{"camera", xmlName{nsTIFF, "Make"}, "tiff", 'o'},
		{"camera", xmlName{nsTIFF, "Model"}, "tiff", 'o'},
		{"language", xmlName{nsDC, "language"}, "dc", 'o'},
	}
}

// wantedProperties are the names of properties.
func wantedProperties() map[xmlName]bool {
	wanted := map[xmlName]bool{}
	for _, p := range properties() {
		wanted[p.name] = true
	}
	return wanted
}

// xmpDoc is the values of a packet's properties.
type xmpDoc map[xmlName]value

// value is a property's: a text, an array's items, or a structure's fields.
type value struct {
	text   string
	lang   string // of an item
	items  []value
	fields map[xmlName]value
}

var errNoRDF = errors.New("no rdf:RDF in it")

// parseXMP reads a packet. Where the XML breaks off, the properties before the break
// are there and the error says what is wrong.
func parseXMP(packet []byte) (xmpDoc, error) {
	x := xmlReader{s: utf8Text(packet)}
	doc := xmpDoc{}
	wanted := wantedProperties()
	x.want = func(parent *node, child xmlName) bool {
		top := parent.parent != nil && parent.parent.name == xmlName{nsRDF, "RDF"}
		return !top || wanted[child]
	}
	root, err := x.document()
	if root == nil {
		return nil, err
	}
	rdf := root.find(xmlName{nsRDF, "RDF"}, 3)
	if rdf == nil && err == nil {
		err = errNoRDF
	}
	if rdf != nil {
		for _, d := range rdf.kids {
			doc.description(d, wanted)
		}
	}
	return doc, err
}

// utf8Text gives the packet as UTF-8: it may be UTF-16 with a byte order mark.
func utf8Text(packet []byte) string {
	if len(packet) < 2 {
		return string(packet)
	}
	hi, lo := 0, 1
	switch string(packet[:2]) {
	case "\xfe\xff":
	case "\xff\xfe":
		hi, lo = 1, 0
	default:
		return strings.TrimPrefix(string(packet), "\ufeff")
	}
	u := make([]uint16, len(packet)/2)
	for i := range u {
		u[i] = uint16(packet[2*i+hi])<<8 | uint16(packet[2*i+lo])
	}
	return strings.TrimPrefix(string(utf16.Decode(u)), "\ufeff")
}

// find looks for an element at most so many levels down.
func (n *node) find(name xmlName, levels int) *node {
	if n.name == name {
		return n
	}
	for _, k := range n.kids {
		if levels == 0 {
			break
		}
		if found := k.find(name, levels-1); found != nil {
			return found
		}
	}
	return nil
}

// description takes the properties of an rdf:Description: its attributes and elements.
func (doc xmpDoc) description(n *node, wanted map[xmlName]bool) {
	for _, a := range n.attrs {
		if wanted[a.name] {
			doc[a.name] = value{text: a.value}
		}
	}
	for _, k := range n.kids {
		if wanted[k.name] {
			doc[k.name] = k.value()
		}
	}
}

// value reads an element as a property's value, in each of the forms that RDF/XML has
// for it (ISO 16684-1, 7.4 to 7.9).
func (n *node) value() (v value) {
	v.text = n.text
	for _, a := range n.attrs {
		switch a.name {
		case xmlName{"xml", "lang"}:
			v.lang = a.value
		case xmlName{nsRDF, "resource"}:
			v.text = a.value
		case xmlName{nsRDF, "parseType"}, xmlName{nsRDF, "about"}, xmlName{nsRDF, "ID"}, xmlName{nsRDF, "nodeID"}, xmlName{nsRDF, "datatype"}:
		default:
			v.field(a.name, value{text: a.value})
		}
	}
	for _, k := range n.kids {
		switch k.name {
		case xmlName{nsRDF, "Bag"}, xmlName{nsRDF, "Seq"}, xmlName{nsRDF, "Alt"}:
			for _, li := range k.kids {
				v.items = append(v.items, li.value())
			}
		case xmlName{nsRDF, "Description"}:
			inner := k.value()
			for name, f := range inner.fields {
				v.field(name, f)
			}
		default:
			v.field(k.name, k.value())
		}
	}
	if plain, ok := v.fields[xmlName{nsRDF, "value"}]; ok { // with qualifiers beside it
		v.text, v.items = plain.text, plain.items
	}
	return v
}

func (v *value) field(name xmlName, f value) {
	if v.fields == nil {
		v.fields = map[xmlName]value{}
	}
	v.fields[name] = f
}

// one gives the text of a value; of several languages the default, else the first.
func (v value) one() string {
	if len(v.items) == 0 {
		return v.text
	}
	for _, i := range v.items {
		if i.lang == "x-default" && strings.TrimSpace(i.text) != "" {
			return i.text
		}
	}
	for _, i := range v.items {
		if strings.TrimSpace(i.text) != "" {
			return i.text
		}
	}
	return ""
}

// all gives the texts of an array, or of a simple value its one.
func (v value) all() (list []string) {
	if len(v.items) == 0 {
		return []string{v.text}
	}
	for _, i := range v.items {
		list = append(list, i.text)
	}
	return list
}

// of gives a structure's field.
func (v value) of(space, local string) value { return v.fields[xmlName{space, local}] }
