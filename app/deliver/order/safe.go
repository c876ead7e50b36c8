package order

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	elementMost = 120 // bytes of a folder's or a file's name, with its extension
	extMost     = 5   // bytes of the longest extension, .tiff or .json
)

// safePath makes any text a path of safe elements without an extension: relative, parted by
// "/", in NFC, at most 8 elements. Each has a name that FTP servers, Windows and every
// file system take: no control or formatting characters, none of <>:"|?*\, no dot, space
// or tilde at its beginning, no dot or space at its end, no name of a device. Where nothing
// is left of the file's name it is otherwise.
func safePath(text, otherwise string) string {
	var all []string
	for e := range strings.SplitSeq(text, "/") {
		if e = safeElement(e, elementMost); e != "" {
			all = append(all, e)
		}
	}
	file := ""
	if !strings.HasSuffix(text, "/") && len(all) > 0 {
		file, all = withoutPictureExt(all[len(all)-1]), all[:len(all)-1]
	}
	if file = safeElement(file, elementMost-extMost); file == "" {
		file = safeElement(otherwise, elementMost-extMost)
	}
	if file == "" {
		file = "picture"
	}
	if len(all) > elementsMost-1 {
		all = all[:elementsMost-1]
	}
	return strings.Join(append(all, file), "/")
}

// withoutPictureExt takes an extension off that the file's type will give anew.
func withoutPictureExt(name string) string {
	for _, kind := range []string{"image/jpeg", "image/png", "image/webp", "image/tiff"} {
		for _, ext := range extensions(kind) {
			if n := len(name) - len(ext); n > 0 && strings.EqualFold(name[n:], ext) {
				return name[:n]
			}
		}
	}
	return name
}

// safeElement makes a text one safe element, "" where nothing is left.
func safeElement(text string, most int) string {
	text = norm.NFC.String(strings.ToValidUTF8(text, "-"))
	var out strings.Builder
	space := false
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			space = true
			continue
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || r == utf8.RuneError:
			continue
		case strings.ContainsRune(`<>:"|?*\/`, r):
			r = '-'
		}
		if space && out.Len() > 0 {
			out.WriteByte(' ')
		}
		space = false
		out.WriteRune(r)
	}
	name := strings.TrimLeft(norm.NFC.String(out.String()), ". ~")
	name = shortened(name, most)
	if device(name) {
		name = "_" + shortened(name, most-1)
	}
	return name
}

// shortened cuts between characters and leaves no dot or space at the end.
func shortened(name string, most int) string {
	if len(name) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(name[cut]) {
			cut--
		}
		name = name[:cut]
	}
	return strings.TrimRight(name, ". ")
}

// device reports a name that Windows keeps for itself, with any extension.
func device(name string) bool {
	name, _, _ = strings.Cut(strings.ToUpper(name), ".")
	name = strings.TrimRight(name, " ")
	switch name {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return true
	}
	n, numbered := strings.CutPrefix(name, "COM")
	if !numbered {
		n, numbered = strings.CutPrefix(name, "LPT")
	}
	return numbered && len([]rune(n)) == 1 && strings.Contains("0123456789¹²³", n)
}
