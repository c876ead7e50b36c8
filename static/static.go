// Package static holds what browsers load besides the pages: the style sheet, the
// scripts (plain modules, one per page that needs one) and the icon.
package static

import "embed"

// FS has the files at its root.
//
//go:embed *.css *.js *.svg
var FS embed.FS
