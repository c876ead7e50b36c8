package ftp

import (
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"oneframe/app/fault"
)

// The bounds of a path in a photographer's folder.
const (
	maxPath  = 255 // bytes, all of it
	maxDepth = 8   // folders in folders
)

// The folders that show what became of the files. Nothing can be sent into them.
const (
	inWaiting  = "waiting"
	inAccepted = "accepted"
	inRefused  = "refused"
)

// shown reports whether the path lies in one of them, or is one.
func shown(p string) bool {
	top, _, _ := strings.Cut(p, "/")
	return top == inWaiting || top == inAccepted || top == inRefused
}

// clean makes the path that a client named into ours: from the folder's root, without a
// slash before it, "" for the root. Names that aren't UTF-8 are read as Latin-1, as
// older cameras send them. Its error: Invalid bad_path.
func clean(name string) (string, error) {
	if !utf8.ValidString(name) {
		runes := make([]rune, len(name))
		for i := range len(name) {
			runes[i] = rune(name[i])
		}
		name = string(runes)
	}
	p := strings.TrimPrefix(path.Clean("/"+name), "/")
	own := p // as it was sent; what became of it is shown under a longer path
	if shown(p) {
		_, own, _ = strings.Cut(strings.TrimSuffix(p, ".txt"), "/")
	}
	switch {
	case len(own) > maxPath || strings.Count(own, "/") > maxDepth:
		return "", fault.New(fault.Invalid, "bad_path", "A path has at most %d bytes and %d folders.", maxPath, maxDepth)
	case strings.ContainsFunc(p, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }):
		return "", fault.New(fault.Invalid, "bad_path", "A name must not hold control characters.")
	}
	return p, nil
}

// kind is what a file is for, going by its name.
type kind int

const (
	neither   kind = iota // it isn't taken
	aPicture              // it is handed on as soon as it is whole
	temporary             // it waits for the name that it gets when it is whole
)

// kindOf tells pictures from the names that clients give to what isn't whole yet:
// WinSCP's .filepart, lftp's .in.NAME., and whatever else begins with a dot, has no
// ending, or one that stands for being temporary.
func kindOf(p string) kind {
	name := strings.ToLower(path.Base(p))
	ending := path.Ext(name)
	switch {
	case strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") || ending == "" || ending == ".":
		return temporary
	case slices.Contains([]string{".tmp", ".temp", ".part", ".partial", ".filepart", ".upload", ".uploading", ".crdownload", ".ftp", ".!ut"}, ending):
		return temporary
	case slices.Contains([]string{".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".heic", ".heif", ".avif"}, ending):
		return aPicture
	}
	return neither
}

func notAPicture(p string) error {
	return fault.New(fault.Unsupported, "not_a_picture", "%s is no picture: JPEG, PNG, WebP and TIFF are taken.", path.Base(p))
}
