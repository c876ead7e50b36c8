package metadata

import (
	"strings"

	"golang.org/x/text/language"
)

// alpha3 gives the ISO 3166-1 alpha-3 code of a country's code; what is no code of a
// country, as IPTC's own XEU for Europe or a word, stays as it is.
func alpha3(code string) string {
	if len(code) != 2 && len(code) != 3 || strings.Trim(strings.ToUpper(code), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return code
	}
	region, err := language.ParseRegion(code)
	if err != nil || !region.IsCountry() {
		return code
	}
	return region.ISO3()
}
