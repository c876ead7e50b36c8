package moderation

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"oneframe/app/picture"
)

// say writes judgments of newcomers as letters: F fine, N nudity, P no pose, B both.
func say(letters string, likeness ...int) []Weighed {
	js := make([]Weighed, len(letters))
	for i, l := range letters {
		js[i] = Weighed{Judgment{Nudity: strings.ContainsRune("NB", l), Trying: strings.ContainsRune("FN", l), Likeness: 3}, Trust(0, 0), 3}
		if i < len(likeness) {
			js[i].Likeness = likeness[i]
		}
	}
	return js
}

// least are the default rules with another number of judgments.
func least(n int) Rules {
	return Rules{Least: n, Most: 10, Confidence: 0.8, MinTrust: 0.7, Mean: 3}
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
		"FFF": "accepted", "FFN": "waiting", "FFP": "waiting", "BFF": "waiting",
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
		if got, want := Tally(say(letters), least(3)).verdict(), table[sorted(letters)]; got != want {
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
		// More than needed, where they don't agree: it asks on, up to ten.
		{3, "FFNF", "accepted"}, {3, "FFNN", "waiting"}, {3, "FFNPF", "accepted"}, {3, "FFFFFNNNNP", "undecided no majority"},
		{3, "FFPPNFPFN", "waiting"}, {3, "FFPPNFPFNN", "undecided no majority"},
		{3, "NNFFF", "waiting"}, {3, "PPNNFFF", "waiting"}, {3, "NNNFF", "waiting"}, {3, "NNNFFN", "rejected nudity"},
		// Nothing asked for still takes one.
		{0, "", "waiting"}, {0, "F", "accepted"}, {-1, "", "waiting"},
	} {
		if got := Tally(say(c.letters), least(c.needed)).verdict(); got != c.want {
			t.Errorf("%q of %d: %s, want %s", c.letters, c.needed, got, c.want)
		}
	}
}

// The score is centred per judge and shrunk towards the site's mean.
func TestScore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		letters  string
		likeness []int
		mean     float64   // the site's
		means    []float64 // the judges'
		want     float64
	}{
		{"FFF", []int{4, 4, 4}, 4, []float64{4, 4, 4}, 4},
		{"FFF", []int{5, 5, 5}, 3, []float64{3, 3, 3}, 4.5},
		{"FFF", []int{5, 5, 5}, 3, []float64{5, 5, 5}, 3}, // they always say 5
		{"FFF", []int{2, 2, 2}, 3, []float64{1, 1, 1}, 3.75},
		{"FFFN", []int{5, 5, 5, 1}, 3, []float64{3, 3, 3, 3}, 4.5}, // who saw nudity has no say in likeness
		{"F", []int{5}, 3, []float64{3}, 4},                        // one 5 is half way
		{"FFF", []int{5, 5, 5}, 4.8, []float64{3, 3, 3}, 5},
		{"FFF", []int{1, 1, 1}, 1.2, []float64{5, 5, 5}, 1},
		{"FNP", []int{5, 5, 5}, 3, []float64{3, 3, 3}, 0}, // no verdict, no score
		{"FNN", []int{5, 5, 5}, 3, []float64{3, 3, 3}, 0},
		{"FF", []int{5, 5}, 3, []float64{3, 3}, 0},
	} {
		js, r := say(c.letters, c.likeness...), least(min(3, len(c.letters)))
		if c.letters == "FF" {
			r.Least = 3
		}
		for i := range js {
			js[i].Mean = c.means[i]
		}
		r.Mean = c.mean
		if got := Tally(js, r).Score; got != c.want {
			t.Errorf("%s %v: %v, want %v", c.letters, c.likeness, got, c.want)
		}
	}
}

func TestTallyCounts(t *testing.T) {
	t.Parallel()
	o := Tally(say("FNPBB"), least(9))
	if got := fmt.Sprint(o.Judgments, o.Nudity, o.NoPose, o.Fine); got != "5 3 3 1" {
		t.Errorf("counts %s", got)
	}
}

// What trust does: judges who answered gold are heard louder or less.
func TestTallyWeighsTrust(t *testing.T) {
	t.Parallel()
	const sure, newcomer, poor = 0.95, 2.0 / 3, 0.45
	for _, c := range []struct {
		letters string
		trust   []float64
		want    string
		blurred bool
		wanted  int
	}{
		{"FFN", []float64{sure, sure, poor}, "accepted", true, 3},
		{"FFP", []float64{sure, newcomer, newcomer}, "accepted", false, 3},
		{"FFP", []float64{poor, poor, sure}, "waiting", false, 4},
		{"FFF", []float64{poor, poor, poor}, "waiting", false, 4},
		{"PP", []float64{poor, poor}, "waiting", false, 3},
		// Nudity: a trusted yes takes two judgments more, a newcomer's none by itself; two trusted reject at once.
		{"N", []float64{sure}, "waiting", true, 5},
		{"N", []float64{newcomer}, "waiting", true, 3},
		{"NFF", []float64{0.75, sure, sure}, "waiting", true, 5},
		{"NFFFF", []float64{0.75, sure, sure, sure, sure}, "accepted", true, 5},
		{"NFFFFFN", []float64{0.75, sure, sure, sure, sure, sure, 0.75}, "rejected nudity", true, 5},
		{"NFFFFFN", []float64{newcomer, sure, sure, sure, sure, sure, newcomer}, "accepted", true, 3},
		{"NN", []float64{0.75, 0.75}, "rejected nudity", true, 5},
	} {
		js := say(c.letters)
		for i := range js {
			js[i].Trust = c.trust[i]
		}
		o := Tally(js, least(3))
		if o.verdict() != c.want || o.Blurred != c.blurred || o.Wanted != c.wanted {
			t.Errorf("%s by %v: %s, %v, wanted %d; want %s, %v, %d", c.letters, c.trust, o.verdict(), o.Blurred, o.Wanted, c.want, c.blurred, c.wanted)
		}
	}
}

// What holds of every tally, on random judgments by judges of any trust.
func TestTallyProperties(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		r := least(1 + rng.IntN(10))
		r.Mean = 1 + 4*rng.Float64()
		js := make([]Weighed, rng.IntN(r.Most+3))
		for i := range js {
			js[i] = Weighed{Judgment{Nudity: rng.IntN(3) == 0, Trying: rng.IntN(3) > 0, Likeness: 1 + rng.IntN(5)}, rng.Float64(), 1 + 4*rng.Float64()}
		}
		o := Tally(js, r)
		shuffled := slices.Clone(js)
		rng.Shuffle(len(js), func(a, b int) { shuffled[a], shuffled[b] = shuffled[b], shuffled[a] })
		if got := Tally(shuffled, r); got.verdict() != o.verdict() || math.Abs(got.Confidence-o.Confidence) > 1e-9 || math.Abs(got.Score-o.Score) > 0.0011 {
			t.Fatalf("the order matters: %+v, %+v by %+v: %v", o, got, r, js)
		}
		if len(js) >= r.Most && o.State == picture.Waiting {
			t.Fatalf("waiting after %d of at most %d", len(js), r.Most)
		}
		if len(js) < r.Least && o.State != picture.Waiting && o.State != picture.Rejected {
			t.Fatalf("%s after %d of %d", o.State, len(js), r.Least)
		}
		if o.State == picture.Waiting && (o.Wanted <= len(js) || o.Wanted > r.Most) {
			t.Fatalf("waits with %d for %d of at most %d", len(js), o.Wanted, r.Most)
		}
		if scored := o.Score >= 1 && o.Score <= 5; scored != (o.State == picture.Accepted) || !scored && o.Score != 0 {
			t.Fatalf("%s with score %v", o.State, o.Score)
		}
		if (o.Reason != "") != (o.State == picture.Rejected || o.State == picture.Undecided) {
			t.Fatalf("%s with reason %q", o.State, o.Reason)
		}
		if o.Blurred != (o.Nudity > 0) || o.Confidence < 1.0/3-1e-9 || o.Confidence > 1 {
			t.Fatalf("%+v", o)
		}
	}
}

func TestTrust(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		seen, right int
		want        float64
	}{{0, 0, 2.0 / 3}, {1, 1, 0.75}, {1, 0, 0.5}, {5, 5, 0.875}, {5, 3, 0.625}, {5, 4, 0.75}} {
		if got := Trust(c.seen, c.right); got != c.want {
			t.Errorf("%d of %d: %v, want %v", c.right, c.seen, got, c.want)
		}
	}
}
