package moderation

import "oneframe/app/picture"

// The reasons that Tally gives.
const (
	Nudity     = "nudity"
	NoPose     = "no pose"
	NoMajority = "no majority"
)

// Outcome is what judgments say together.
type Outcome struct {
	State  picture.State // waiting, accepted, rejected or undecided
	Reason string        // why it was rejected or is undecided
	Score  float64       // where accepted: the mean likeness, 1 to 5

	Judgments, Nudity, NoPose, Fine int // how many there are, and how many say what
}

// Tally says what judgments of one frame say together when a verdict takes needed of
// them. It is pure, and their order doesn't matter. A judgment speaks for "nudity",
// for "no pose" (nobody is trying), for both, or, where it says neither, for "fine".
//
// A majority is more than half of the judgments that the verdict takes: of needed, or
// of as many as there are where they are more. The first line that holds is the outcome:
//
//	nudity has a majority                    rejected, "nudity"
//	no pose has a majority                   rejected, "no pose"
//	fewer than needed                        waiting
//	fine has a majority                      accepted; score: the mean likeness of the fine
//	otherwise                                undecided, "no majority"
//
// So a rejection comes as soon as it is certain, an acceptance when everybody was
// heard. Of three, F fine, N nudity, P no pose, B both, in any order:
//
//	FFF FFN FFP FFB                          accepted
//	NN· NB· BB·                              rejected, "nudity", whatever · says
//	PP· PB·, · neither N nor B               rejected, "no pose"
//	FNP                                      undecided: each reason has one voice
//
// Of an even number a tie, such as FN of two or FFNN of four, is undecided.
func Tally(js []Judgment, needed int) Outcome {
	o := count(js)
	majority := max(needed, o.Judgments, 1)/2 + 1
	switch {
	case o.Nudity >= majority:
		o.State, o.Reason = picture.Rejected, Nudity
	case o.NoPose >= majority:
		o.State, o.Reason = picture.Rejected, NoPose
	case o.Judgments < max(needed, 1):
		o.State = picture.Waiting
	case o.Fine >= majority:
		o.State, o.Score = picture.Accepted, likeness(js)
	default:
		o.State, o.Reason = picture.Undecided, NoMajority
	}
	return o
}

func count(js []Judgment) Outcome {
	o := Outcome{Judgments: len(js)}
	for _, j := range js {
		if j.Nudity {
			o.Nudity++
		}
		if !j.Trying {
			o.NoPose++
		}
		if j.fine() {
			o.Fine++
		}
	}
	return o
}

// likeness is the mean likeness by those who saw somebody trying and no nudity, 0
// where there is none.
func likeness(js []Judgment) float64 {
	sum, n := 0, 0
	for _, j := range js {
		if j.fine() {
			sum += j.Likeness
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return float64(sum) / float64(n)
}
