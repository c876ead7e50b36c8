package moderation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"oneframe/app/picture"
)

// say writes judgments as letters: F fine, N nudity, P no pose, B both.
func say(letters string, likeness ...int) []Judgment {
	js := make([]Judgment, len(letters))
	for i, l := range letters {
		js[i] = Judgment{Nudity: strings.ContainsRune("NB", l), Trying: strings.ContainsRune("FN", l), Likeness: 3}
		if i < len(likeness) {
			js[i].Likeness = likeness[i]
		}
	}
	return js
}

func (o Outcome) verdict() string { return strings.TrimSpace(string(o.State) + " " + o.Reason) }

func sorted(letters string) string {
	b := []byte(letters)
	slices.Sort(b)
	return string(b)
}

// Every combination of three judgments, in every order.
func TestTallyOfThree(t *testing.T) {
	t.Parallel()
	table := map[string]string{
		"FFF": "accepted", "FFN": "accepted", "FFP": "accepted", "BFF": "accepted",
		"FNN": "rejected nudity", "NNN": "rejected nudity", "NNP": "rejected nudity", "BFN": "rejected nudity",
		"BNN": "rejected nudity", "BNP": "rejected nudity", "BBF": "rejected nudity", "BBN": "rejected nudity",
		"BBP": "rejected nudity", "BBB": "rejected nudity",
		"FPP": "rejected no pose", "PPP": "rejected no pose", "NPP": "rejected no pose", "BFP": "rejected no pose",
		"BPP": "rejected no pose",
		"FNP": "undecided no majority",
	}
	seen := map[string]bool{}
	const all = "BFNP"
	for i := range 64 {
		letters := string([]byte{all[i/16], all[i/4%4], all[i%4]})
		seen[sorted(letters)] = true
		if got, want := Tally(say(letters), 3).verdict(), table[sorted(letters)]; got != want {
			t.Errorf("%s: %s, want %s", letters, got, want)
		}
	}
	if len(seen) != len(table) {
		t.Errorf("%d of the table's %d lines were seen", len(seen), len(table))
	}
}

func TestTally(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		needed  int
		letters string
		want    string
	}{
		{3, "", "waiting"}, {3, "F", "waiting"}, {3, "N", "waiting"}, {3, "B", "waiting"},
		{3, "FF", "waiting"}, {3, "NF", "waiting"}, {3, "NP", "waiting"},
		{3, "NN", "rejected nudity"}, {3, "BN", "rejected nudity"}, {3, "BB", "rejected nudity"},
		{3, "PP", "rejected no pose"}, {3, "BP", "rejected no pose"},
		{1, "", "waiting"}, {1, "F", "accepted"}, {1, "N", "rejected nudity"}, {1, "P", "rejected no pose"}, {1, "B", "rejected nudity"},
		{2, "F", "waiting"}, {2, "N", "waiting"}, {2, "FF", "accepted"}, {2, "FN", "undecided no majority"},
		{2, "FP", "undecided no majority"}, {2, "FB", "undecided no majority"}, {2, "NP", "undecided no majority"},
		{2, "NB", "rejected nudity"}, {2, "PB", "rejected no pose"},
		{4, "NN", "waiting"}, {4, "NNN", "rejected nudity"}, {4, "PPB", "rejected no pose"}, {4, "FFF", "waiting"},
		{4, "FFFN", "accepted"}, {4, "FFNN", "undecided no majority"}, {4, "FFNP", "undecided no majority"},
		{4, "NNPP", "undecided no majority"}, {4, "NPBF", "undecided no majority"}, {4, "NPBN", "rejected nudity"},
		{5, "NN", "waiting"}, {5, "NNN", "rejected nudity"}, {5, "FFFPN", "accepted"}, {5, "FFNNP", "undecided no majority"},
		// More than needed, as when the config was changed meanwhile: a majority is of those there are.
		{3, "NNFFF", "accepted"}, {3, "PPNNFFF", "undecided no majority"}, {3, "NNNFF", "rejected nudity"},
		// Nothing asked for still takes one.
		{0, "", "waiting"}, {0, "F", "accepted"}, {-1, "", "waiting"},
	} {
		if got := Tally(say(c.letters), c.needed).verdict(); got != c.want {
			t.Errorf("%q of %d: %s, want %s", c.letters, c.needed, got, c.want)
		}
	}
}

func TestScore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		letters  string
		likeness []int
		want     float64
	}{
		{"FFF", []int{5, 4, 3}, 4},
		{"FFF", []int{5, 5, 4}, 14.0 / 3},
		{"FNF", []int{5, 1, 2}, 3.5}, // who saw nudity has no say in likeness
		{"FPF", []int{5, 1, 2}, 3.5},
		{"FFB", []int{1, 1, 0}, 1},
		{"FNP", []int{5, 5, 5}, 0}, // no verdict, no score
		{"FNN", []int{5, 5, 5}, 0},
		{"FF", []int{5, 5}, 0},
	} {
		if got := Tally(say(c.letters, c.likeness...), 3).Score; got != c.want {
			t.Errorf("%s %v: %v, want %v", c.letters, c.likeness, got, c.want)
		}
	}
}

func TestTallyCounts(t *testing.T) {
	t.Parallel()
	o := Tally(say("FNPBB"), 9)
	if got := fmt.Sprint(o.Judgments, o.Nudity, o.NoPose, o.Fine); got != "5 3 3 1" {
		t.Errorf("counts %s", got)
	}
}

// What holds of every tally, on random judgments.
func TestTallyProperties(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		needed := 1 + rng.IntN(10)
		js := make([]Judgment, rng.IntN(needed+3))
		for i := range js {
			js[i] = Judgment{Nudity: rng.IntN(3) == 0, Trying: rng.IntN(3) > 0, Likeness: 1 + rng.IntN(5)}
		}
		o := Tally(js, needed)
		shuffled := slices.Clone(js)
		rng.Shuffle(len(js), func(a, b int) { shuffled[a], shuffled[b] = shuffled[b], shuffled[a] })
		if got := Tally(shuffled, needed); got != o {
			t.Fatalf("the order matters: %+v, %+v of %d: %v", o, got, needed, js)
		}
		if early := len(js) < needed; early != (o.State == picture.Waiting) && (!early || o.State != picture.Rejected) {
			t.Fatalf("%s after %d of %d", o.State, len(js), needed)
		}
		if scored := o.Score >= 1 && o.Score <= 5; scored != (o.State == picture.Accepted) || !scored && o.Score != 0 {
			t.Fatalf("%s with score %v", o.State, o.Score)
		}
		if (o.Reason != "") != (o.State == picture.Rejected || o.State == picture.Undecided) {
			t.Fatalf("%s with reason %q", o.State, o.Reason)
		}
		// An early rejection is certain: nothing that could still come changes it.
		if len(js) < needed && o.State == picture.Rejected {
			for _, rest := range []string{"F", "N", "P", "B"} {
				full := append(slices.Clone(js), say(strings.Repeat(rest, needed-len(js)))...)
				if got := Tally(full, needed); got.State != picture.Rejected {
					t.Fatalf("rejected after %d of %d, and then %s: %v", len(js), needed, got.State, full)
				}
			}
		}
	}
}
