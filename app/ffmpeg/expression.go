package ffmpeg

// Sum is the expression that adds the terms up, as a balanced tree: ffmpeg refuses
// expressions whose terms are nested, or written one after the other, a hundred deep.
// There must be at least one term.
func Sum(terms []string) string {
	if len(terms) == 1 {
		return terms[0]
	}
	half := len(terms) / 2
	return "(" + Sum(terms[:half]) + "+" + Sum(terms[half:]) + ")"
}
