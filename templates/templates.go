// Package templates holds the pages' html/template files. Each page is parsed together
// with layout.html and the parts, whose names begin with an underscore, and defines
// "content", and "head" where it adds to the document's head.
package templates

import "embed"

// FS has the files at its root.
//
//go:embed *.html
var FS embed.FS
