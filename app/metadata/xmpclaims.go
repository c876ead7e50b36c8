package metadata

import (
	"strconv"
	"strings"
)

// claims gives what the properties state; part is "XMP" or "sidecar".
func (doc xmpDoc) claims(part string) (c claims) {
	for _, p := range properties() {
		v, ok := doc[p.name]
		if !ok {
			continue
		}
		from := part + " " + p.prefix + ":" + p.name.local
		switch p.kind {
		case 't':
			c.text(p.field, from, v.one())
		case 'p':
			c.prose(p.field, from, v.one())
		case 'l':
			c.list(p.field, from, v.all())
		case 's':
			c.subjects(from, v.all())
		case 'd':
			raw := v.one()
			t, ok := parseISO(raw)
			c.moment(p.field, from, raw, t, ok)
		default:
			doc.special(&c, p.name, from, v)
		}
	}
	return c
}

// special reads the properties that are not simply a text, a list or a date.
func (doc xmpDoc) special(c *claims, name xmlName, from string, v value) {
	switch name {
	case xmlName{nsExt, "PersonInImageWDetails"}:
		c.list("people", from+"/PersonName", inside(v.items, func(i value) string { return i.of(nsExt, "PersonName").one() }))
	case xmlName{nsRegions, "Regions"}:
		c.list("people", from+"/Name", inside(v.of(nsRegions, "RegionList").items, face))
	case xmlName{nsCore, "CreatorContactInfo"}:
		c.prose("contact", from, contact(v))
	case xmlName{nsCore, "CountryCode"}:
		c.code(from, v.one())
	case xmlName{nsExt, "LocationShown"}, xmlName{nsExt, "LocationCreated"}:
		c.location(from, v)
	case xmlName{nsEXIF, "GPSLatitude"}:
		lat, ok1 := angle(v.one(), 'N', 'S')
		lon, ok2 := angle(doc[xmlName{nsEXIF, "GPSLongitude"}].one(), 'E', 'W')
		c.place(from, Place{Latitude: lat, Longitude: lon}, ok1 && ok2)
	case xmlName{nsPhotoshop, "Urgency"}:
		c.number("urgency", from, v.one(), 1, 8)
	case xmlName{nsXMP, "Rating"}:
		c.number("rating", from, v.one(), -1, 5)
	case xmlName{nsTIFF, "Model"}:
		c.text("camera", from, camera(doc[xmlName{nsTIFF, "Make"}].one(), v.one()))
	case xmlName{nsDC, "language"}:
		c.text("language", from, strings.Join(v.all()[:1], ""))
	}
}

func inside(items []value, f func(value) string) (list []string) {
	for _, i := range items {
		list = append(list, f(i))
	}
	return list
}

// face gives the name of a region that is a face (MWG 2.0, 5.9).
func face(region value) string {
	if kind := region.of(nsRegions, "Type").one(); kind != "" && kind != "Face" {
		return ""
	}
	return region.of(nsRegions, "Name").one()
}

// contact makes lines of the creator's contact info (IPTC Core, CreatorContactInfo).
func contact(v value) string {
	var list []string
	for _, name := range []string{"CiAdrExtadr", "CiAdrCity", "CiAdrRegion", "CiAdrPcode", "CiAdrCtry", "CiTelWork", "CiEmailWork", "CiUrlWork"} {
		if s := clean(v.of(nsCore, name).one()); s != "" {
			list = append(list, s)
		}
	}
	return strings.Join(list, "\n")
}

// location reads the first of the places shown or of creation, which count where the
// older single properties are missing.
func (c *claims) location(from string, v value) {
	if len(v.items) > 0 {
		v = v.items[0]
	}
	for _, f := range [][2]string{{"sublocation", "Sublocation"}, {"city", "City"}, {"state", "ProvinceState"}, {"country", "CountryName"}} {
		c.text(f[0], from+"/"+f[1], v.of(nsExt, f[1]).one())
	}
	c.code(from+"/CountryCode", v.of(nsExt, "CountryCode").one())
	lat, ok1 := angle(v.of(nsEXIF, "GPSLatitude").one(), 'N', 'S')
	lon, ok2 := angle(v.of(nsEXIF, "GPSLongitude").one(), 'E', 'W')
	c.place(from, Place{Latitude: lat, Longitude: lon}, ok1 && ok2)
}

// angle reads "26,34.951N" and "26,34,57N" (ISO 16684-2, GPSCoordinate), and degrees as
// a plain number with a sign, which some programs write.
func angle(s string, plus, minus byte) (degrees float64, ok bool) {
	if s = strings.TrimSpace(s); s == "" {
		return 0, false
	}
	sign := 1.0
	switch s[len(s)-1] {
	case minus:
		sign = -1
		s = s[:len(s)-1]
	case plus:
		s = s[:len(s)-1]
	}
	unit := 1.0
	for part := range strings.SplitSeq(s, ",") {
		f, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || f != f || unit > 3600 {
			return 0, false
		}
		degrees += f / unit
		unit *= 60
	}
	return sign * degrees, true
}
