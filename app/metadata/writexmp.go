package metadata

import (
	"crypto/md5"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// packetRoom is the most that the main XMP packet takes, in bytes.
const packetRoom = 60_000

// element is one property, written.
type element struct{ prefix, space, xml string }

// xmpPackets gives the record as an XMP packet, and what doesn't fit into it as an
// extended one, nil where all does (XMP specification part 3, section 1.1.3.1).
func xmpPackets(r Record) (packet, extended []byte) {
	list := elements(r)
	size := 0
	for _, e := range list {
		size += len(e.xml)
	}
	var moved []element
	for size > packetRoom {
		i := longest(list)
		size -= len(list[i].xml)
		moved = append(moved, list[i])
		list = slices.Delete(list, i, i+1)
	}
	if len(moved) > 0 {
		extended = []byte(xmpMeta(moved))
		list = append(list, simple("xmpNote", nsNote, "HasExtendedXMP", strings.ToUpper(fmt.Sprintf("%x", md5.Sum(extended)))))
	}
	return []byte("<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" + xmpMeta(list) + "\n<?xpacket end=\"w\"?>"), extended
}

func longest(list []element) (at int) {
	for i, e := range list {
		if len(e.xml) > len(list[at].xml) {
			at = i
		}
	}
	return at
}

func xmpMeta(list []element) string {
	var b strings.Builder
	b.WriteString(`<x:xmpmeta xmlns:x="` + nsXMPMeta + `"><rdf:RDF xmlns:rdf="` + nsRDF + `"><rdf:Description rdf:about=""`)
	var bound []string
	for _, e := range list {
		if !slices.Contains(bound, e.prefix) {
			bound = append(bound, e.prefix)
			b.WriteString(` xmlns:` + e.prefix + `="` + e.space + `"`)
		}
	}
	b.WriteString(">\n")
	for _, e := range list {
		b.WriteString(e.xml)
	}
	b.WriteString("</rdf:Description></rdf:RDF></x:xmpmeta>")
	return b.String()
}

// elements writes each field as the first of its properties.
func elements(r Record) (list []element) {
	done := map[string]bool{"place": true, "contact": true, "camera": true, "digest": true}
	for _, p := range properties() {
		if p.field == "" || done[p.field] {
			continue
		}
		done[p.field] = true
		if values := xmpTexts(&r, p.field); len(values) > 0 {
			list = append(list, element{p.prefix, p.name.space, written(p, values)})
		}
	}
	if r.Camera != "" {
		list = append(list, simple("tiff", nsTIFF, "Model", line(r.Camera)))
	}
	if r.Place != nil {
		list = append(list, simple("exif", nsEXIF, "GPSLatitude", coordinate(r.Place.Latitude, "N", "S")),
			simple("exif", nsEXIF, "GPSLongitude", coordinate(r.Place.Longitude, "E", "W")))
	}
	if c := clean(r.Contact); c != "" {
		list = append(list, contactInfo(c))
	}
	return list
}

// xmpTexts gives a field's values as XMP writes them.
func xmpTexts(r *Record, field string) []string {
	switch p := pointer(r, field).(type) {
	case *int:
		if *p != 0 {
			return []string{strconv.Itoa(*p)}
		}
	case **int:
		if *p != nil {
			return []string{strconv.Itoa(**p)}
		}
	case **Taken:
		if *p != nil {
			return []string{(*p).String()}
		}
	}
	return texts(r, field)
}

// written gives a property in the form that its schema asks for: a list of languages,
// an ordered or unordered list, or simply a text.
func written(p property, values []string) string {
	kind, attr := "", ""
	switch p.name.local {
	case "title", "description", "rights", "UsageTerms", "Event":
		kind, attr = "Alt", ` xml:lang="x-default"`
	case "creator":
		kind = "Seq"
	case "subject", "PersonInImage", "SupplementalCategories", "SubjectCode", "language":
		kind = "Bag"
	default:
		return simple(p.prefix, "", p.name.local, values[0]).xml
	}
	var b strings.Builder
	name := p.prefix + ":" + p.name.local
	b.WriteString("<" + name + "><rdf:" + kind + ">")
	for _, v := range values {
		b.WriteString("<rdf:li" + attr + ">" + escaped(v) + "</rdf:li>")
	}
	b.WriteString("</rdf:" + kind + "></" + name + ">\n")
	return b.String()
}

func simple(prefix, space, local, value string) element {
	name := prefix + ":" + local
	return element{prefix, space, "<" + name + ">" + escaped(value) + "</" + name + ">\n"}
}

func escaped(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
}

// coordinate writes degrees as "26,34.951N" (ISO 16684-2, GPSCoordinate).
func coordinate(degrees float64, plus, minus string) string {
	side := plus
	if degrees < 0 {
		degrees, side = -degrees, minus
	}
	whole := math.Floor(degrees)
	return fmt.Sprintf("%.0f,%s%s", whole, strconv.FormatFloat((degrees-whole)*60, 'f', 9, 64), side)
}

// contactInfo sorts the lines of a contact into the parts that can be told: mail, web,
// telephone; the others are the address.
func contactInfo(c string) element {
	parts := map[string][]string{}
	for l := range strings.SplitSeq(c, "\n") {
		name := "CiAdrExtadr"
		switch {
		case strings.Contains(l, "://") || strings.HasPrefix(l, "www."):
			name = "CiUrlWork"
		case strings.Contains(l, "@"):
			name = "CiEmailWork"
		case len(l) > 5 && strings.Trim(l, "+0123456789 ()-/.") == "":
			name = "CiTelWork"
		}
		parts[name] = append(parts[name], l)
	}
	var b strings.Builder
	b.WriteString(`<Iptc4xmpCore:CreatorContactInfo rdf:parseType="Resource">`)
	for _, name := range []string{"CiAdrExtadr", "CiTelWork", "CiEmailWork", "CiUrlWork"} {
		if len(parts[name]) > 0 {
			b.WriteString(simple("Iptc4xmpCore", "", name, strings.Join(parts[name], "\n")).xml)
		}
	}
	b.WriteString("</Iptc4xmpCore:CreatorContactInfo>\n")
	return element{"Iptc4xmpCore", nsCore, b.String()}
}

// XMP gives the record as an XMP packet of its own, for a file beside the picture.
func XMP(r Record) []byte {
	return []byte("<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" + xmpMeta(elements(r)) + "\n<?xpacket end=\"w\"?>\n")
}
