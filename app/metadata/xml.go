package metadata

import (
	"errors"
	"fmt"
	"strings"
)

// This file reads as much of XML 1.0 as XMP needs: elements, attributes, namespaces,
// text, CDATA. It is written here, rather than taken from encoding/xml, because a
// picture of a press agency carries 30 kB of XMP of which a hundredth is wanted: what
// isn't is passed over without being kept. A document type is refused, so there are no
// entities but the five that need no declaration.

const (
	depthMax = 64     // elements inside each other
	nodesMax = 60_000 // elements that are kept: the record's five lists are 50,000
	spansMax = 500    // namespaces in force at once
)

// xmlName is a name with its namespace.
type xmlName struct{ space, local string }

type xmlAttr struct {
	name  xmlName
	value string
}

// node is one element. text is its own text, put together.
type node struct {
	name   xmlName
	attrs  []xmlAttr
	text   string
	parent *node
	kids   []*node
}

// binding is a prefix that stands for a namespace.
type binding struct{ prefix, space string }

// xmlReader walks through a document. want says, for an element inside of another, if
// it is to be kept.
type xmlReader struct {
	s     string
	at    int
	spans []binding
	nodes int
	want  func(parent *node, child xmlName) bool
}

var (
	errXMLEnd  = errors.New("the XML ends too early")
	errDoctype = errors.New("a document type is not taken")
)

// startTag is what stands between < and >.
type startTag struct {
	name   xmlName
	attrs  []xmlAttr
	raw    string // the name with its prefix
	closed bool   // <a/>
	bound  int    // namespaces in force outside of the element
}

// document reads the first element and what is in it, as far as it is well-formed: on
// an error what was read so far is there too.
func (x *xmlReader) document() (root *node, err error) {
	for {
		_, open, err := x.next()
		if err != nil {
			return nil, err
		}
		if open {
			tag, err := x.startTag()
			if err != nil {
				return nil, err
			}
			root := &node{name: tag.name, attrs: tag.attrs}
			return root, x.inside(root, tag, 1)
		}
	}
}

// inside reads the content of an element up to its end.
func (x *xmlReader) inside(n *node, tag startTag, depth int) error {
	defer func() { x.spans = x.spans[:tag.bound] }()
	if x.nodes++; x.nodes > nodesMax || depth > depthMax {
		return fmt.Errorf("the XML has more than %d elements, or %d inside each other", nodesMax, depthMax)
	}
	if tag.closed {
		return nil
	}
	for {
		text, open, err := x.next()
		if len(n.kids) == 0 { // RDF has no text after an element
			n.text = text
		}
		switch {
		case err != nil:
			return err
		case !open:
			return x.endTag(tag.raw)
		}
		child, err := x.startTag()
		if err != nil {
			return err
		}
		if x.want != nil && !x.want(n, child.name) {
			err = x.skip(child)
		} else {
			kid := &node{name: child.name, attrs: child.attrs, parent: n}
			n.kids = append(n.kids, kid)
			err = x.inside(kid, child, depth+1)
		}
		if err != nil {
			return err
		}
	}
}

// skip passes over an element that isn't wanted, counting its tags.
func (x *xmlReader) skip(tag startTag) error {
	defer func() { x.spans = x.spans[:tag.bound] }()
	if tag.closed {
		return nil
	}
	for depth := 1; depth > 0; {
		i := strings.IndexByte(x.s[x.at:], '<')
		if i < 0 {
			return errXMLEnd
		}
		x.at += i
		rest := x.s[x.at:]
		var err error
		switch {
		case strings.HasPrefix(rest, "</"):
			depth--
			err = x.past(">")
		case strings.HasPrefix(rest, "<!"), strings.HasPrefix(rest, "<?"):
			_, err = x.special()
		default:
			var closed bool
			if closed, err = x.passTag(); !closed {
				depth++
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// passTag goes behind a start tag without reading it; a > may stand in quotes.
func (x *xmlReader) passTag() (closed bool, err error) {
	for i := x.at + 1; i < len(x.s); i++ {
		switch c := x.s[i]; c {
		case '"', '\'':
			j := strings.IndexByte(x.s[i+1:], c)
			if j < 0 {
				return false, errXMLEnd
			}
			i += j + 1
		case '>':
			x.at = i + 1
			return x.s[i-1] == '/', nil
		}
	}
	return false, errXMLEnd
}

// next goes to the next tag and gives the text before it, up to textMax bytes; open says
// that it is a start tag. x.at is behind its <, or behind the </ of an end tag.
func (x *xmlReader) next() (text string, open bool, err error) {
	var more []byte // where comments and CDATA cut the text into pieces
	for {
		i := strings.IndexByte(x.s[x.at:], '<')
		if i < 0 {
			return text, false, errXMLEnd
		}
		piece := unescaped(x.s[x.at : x.at+i])
		x.at += i
		rest := x.s[x.at:]
		special := strings.HasPrefix(rest, "<!") || strings.HasPrefix(rest, "<?")
		if !special && more == nil {
			text = piece
		} else if len(more) < textMax {
			more = append(more, piece...)
			text = ""
		}
		if !special {
			text += string(more)
			if open = !strings.HasPrefix(rest, "</"); !open {
				x.at++
			}
			x.at++
			return text, open, nil
		}
		if piece, err = x.special(); err != nil {
			return "", false, err
		}
		if len(more) < textMax {
			more = append(more, piece...)
		}
	}
}

// special goes behind a comment, an instruction or CDATA, whose text it gives.
func (x *xmlReader) special() (text string, err error) {
	rest := x.s[x.at:]
	switch {
	case strings.HasPrefix(rest, "<!--"):
		x.at += 4
		return "", x.past("-->")
	case strings.HasPrefix(rest, "<![CDATA["):
		from := x.at + 9
		x.at = from
		err = x.past("]]>")
		if err == nil {
			text = x.s[from : x.at-3]
		}
		return text, err
	case strings.HasPrefix(rest, "<?"):
		return "", x.past("?>")
	}
	return "", errDoctype
}

func (x *xmlReader) past(end string) error {
	i := strings.Index(x.s[x.at:], end)
	if i < 0 {
		return errXMLEnd
	}
	x.at += i + len(end)
	return nil
}

func (x *xmlReader) endTag(raw string) error {
	from := x.at
	if err := x.past(">"); err != nil {
		return err
	}
	if strings.TrimSpace(x.s[from:x.at-1]) != raw {
		return fmt.Errorf("<%.40s> is not closed", raw)
	}
	return nil
}

// startTag reads a name and attributes; x.at is behind the <.
func (x *xmlReader) startTag() (tag startTag, err error) {
	tag.bound = len(x.spans)
	if tag.raw = x.word(); tag.raw == "" {
		return tag, errors.New("a tag has no name")
	}
	var raws []string
	for {
		x.space()
		rest := x.s[x.at:]
		switch {
		case rest == "":
			return tag, errXMLEnd
		case rest[0] == '>', strings.HasPrefix(rest, "/>"):
			if tag.closed = rest[0] == '/'; tag.closed {
				x.at++
			}
			x.at++
			for i, raw := range raws {
				tag.attrs[i].name = x.resolve(raw, true)
			}
			tag.name = x.resolve(tag.raw, false)
			return tag, nil
		}
		raw, value, err := x.attribute()
		if err != nil {
			return tag, err
		}
		if prefix, ok := strings.CutPrefix(raw, "xmlns"); ok && (prefix == "" || prefix[0] == ':') {
			if x.spans = append(x.spans, binding{strings.TrimPrefix(prefix, ":"), value}); len(x.spans) > spansMax {
				return tag, fmt.Errorf("more than %d namespaces", spansMax)
			}
			continue
		}
		raws = append(raws, raw)
		tag.attrs = append(tag.attrs, xmlAttr{value: value})
	}
}

func (x *xmlReader) attribute() (name, value string, err error) {
	if name = x.word(); name == "" {
		return "", "", errors.New("an attribute has no name")
	}
	x.space()
	rest := x.s[x.at:]
	if rest == "" || rest[0] != '=' {
		return "", "", fmt.Errorf("the attribute %.40s has no value", name)
	}
	x.at++
	x.space()
	if rest = x.s[x.at:]; rest == "" || rest[0] != '"' && rest[0] != '\'' {
		return "", "", fmt.Errorf("the attribute %.40s has no quotes", name)
	}
	end := strings.IndexByte(rest[1:], rest[0])
	if end < 0 {
		return "", "", errXMLEnd
	}
	x.at += end + 2
	return name, unescaped(rest[1 : 1+end]), nil
}

// word reads a name, up to a space or a character that ends it.
func (x *xmlReader) word() string {
	i := strings.IndexAny(x.s[x.at:], " \t\r\n/>=<\"'")
	if i < 0 {
		i = len(x.s) - x.at
	}
	w := x.s[x.at : x.at+i]
	x.at += i
	return w
}

func (x *xmlReader) space() {
	for x.at < len(x.s) && strings.IndexByte(" \t\r\n", x.s[x.at]) >= 0 {
		x.at++
	}
}

// resolve finds the namespace of a name; an attribute without a prefix has none.
func (x *xmlReader) resolve(raw string, attr bool) xmlName {
	prefix, local, ok := strings.Cut(raw, ":")
	if !ok {
		if prefix, local = "", raw; attr {
			return xmlName{"", local}
		}
	}
	if prefix == "xml" {
		return xmlName{"xml", local}
	}
	for i := len(x.spans) - 1; i >= 0; i-- {
		if x.spans[i].prefix == prefix {
			return xmlName{x.spans[i].space, local}
		}
	}
	return xmlName{"", local}
}
