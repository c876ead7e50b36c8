package moderation

import (
	"math"

	"oneframe/app/picture"
)

// The reasons that Tally gives.
const (
	Nudity     = "nudity"
	NoPose     = "no pose"
	NoMajority = "no majority"
)

// Rules are how judgments are tallied.
type Rules struct {
	Least      int     // judgments that an acceptance takes
	Most       int     // after so many a moderator decides
	Confidence float64 // that a verdict takes, 0 to 1
	MinTrust   float64 // from it on a judge is trusted, 0 to 1
	Mean       float64 // the site's mean likeness, 1 to 5
}

// Weighed is a judgment with what is known of its judge.
type Weighed struct {
	Judgment
	Trust float64 // the share of gold that they answer right, smoothed, 0 to 1
	Mean  float64 // the likeness that they give on the whole, 1 to 5
}

// Outcome is what judgments say together.
type Outcome struct {
	State      picture.State // waiting, accepted, rejected or undecided
	Reason     string        // why it was rejected or is undecided
	Score      float64       // where accepted: the likeness, 1 to 5
	Confidence float64       // of the likeliest of fine, nudity and no pose, 0 to 1
	Wanted     int           // judgments that it takes at least, by what is known now
	Blurred    bool          // somebody saw nudity: judges see it blurred first

	Judgments, Nudity, NoPose, Fine int // how many there are, and how many say what
}

// raise is how many more judgments an acceptance takes after one trusted judge saw nudity.
const raise = 2

// Tally says what judgments of one frame say together. It is pure, and their order
// doesn't matter. A judgment speaks for nudity, for "no pose" (nobody is trying), for
// both, or, where it says neither, for fine.
//
// The three are weighed as classes of one-coin judges (A. P. Dawid and A. M. Skene,
// "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm", Applied
// Statistics 28, 1979, with one accuracy for each observer): a judge of trust t is right
// with probability t and otherwise equally likely says either of the two others. From an
// even prior each judgment adds its log-odds w to what it speaks for,
//
//	w(t) = ln( t / ((1−t)/2) ),   t within 1/3 and 0.99
//	P(c) = exp S(c) / Σ exp S,    S(c) = Σ w of the judgments that speak for c
//
// so a newcomer, of trust 2/3, adds ln 4: three who agree make 0.97, two against one
// 0.76, three against one 0.93. The first line that holds is the outcome, with C the
// confidence asked, half of Least, n judgments:
//
//	two trusted judges saw nudity                                rejected, nudity
//	more than half speak for one reason, and P(reason) ≥ C       rejected, for that reason
//	the same with n ≤ Least, and P(fine) ≤ 1−C                   rejected, for that reason
//	n < Wanted                                                   waiting
//	P(fine) ≥ C                                                  accepted
//	all are for fine, and none is trusted less than a newcomer   accepted
//	n = Least, none trusted saw nudity, nothing has a majority   undecided, "no majority"
//	n ≥ Most                                                     undecided, "no majority"
//	otherwise                                                    waiting
//
// Wanted is Least; after one trusted judge saw nudity two more, but no more than Most;
// and once there are so many, one more than there are. A trusted judge is one of at
// least MinTrust, which takes one right answer about gold at the default. So a rejection
// comes as soon as it is certain, an acceptance when everybody was heard, and three
// newcomers who see three different things are a moderator's.
//
// The score shrinks towards the site's mean M, so that one 5 doesn't win, and lies
// between 1 and 5; l is a likeness, m its judge's own mean, both of those who found
// the frame fine:
//
//	score = M + Σ w·(l−m) / (Σ w + ln 4)
func Tally(js []Weighed, r Rules) Outcome {
	o := count(js)
	least := max(r.Least, 1)
	most, half, n := max(r.Most, least), least/2+1, o.Judgments
	p, sawNudity := posterior(js), trustedNudity(js, r.MinTrust)
	o.Confidence, o.Blurred, o.Wanted = max(p.fine, p.nudity, p.noPose), o.Nudity > 0, least
	if sawNudity > 0 {
		o.Wanted = min(least+raise, most)
	}
	switch {
	case sawNudity >= 2:
		o.State, o.Reason = picture.Rejected, Nudity
	case max(o.Nudity, o.NoPose) >= half && atLeast(p.against(n <= least), r.Confidence):
		o.State, o.Reason = picture.Rejected, o.against(p)
	case n < o.Wanted:
		o.State = picture.Waiting
	case atLeast(p.fine, r.Confidence) || unanimous(js):
		o.State, o.Score = picture.Accepted, score(js, r.Mean)
	case n == least && sawNudity == 0 && 2*max(o.Fine, o.Nudity, o.NoPose) <= n, n >= most:
		o.State, o.Reason = picture.Undecided, NoMajority
	default:
		o.State, o.Wanted = picture.Waiting, n+1
	}
	return o
}

// against is the reason to reject: nudity where most saw it, else what is likelier.
func (o Outcome) against(p classes) string {
	if 2*o.Nudity > o.Judgments || atLeast(p.nudity, p.noPose) {
		return Nudity
	}
	return NoPose
}

// atLeast forgives what floating point rounds away.
func atLeast(p, asked float64) bool { return p >= asked-1e-9 }

// count counts voices.
func count(js []Weighed) Outcome {
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

// classes holds a number for each class.
type classes struct{ fine, nudity, noPose float64 }

// against is the probability that speaks against the frame: of the likelier reason, or
// early of both.
func (p classes) against(early bool) float64 {
	if early {
		return 1 - p.fine
	}
	return max(p.nudity, p.noPose)
}

// posterior gives the probability of each class.
func posterior(js []Weighed) classes {
	var s classes
	for _, j := range js {
		w := weight(j.Trust)
		if j.Nudity {
			s.nudity += w
		}
		if !j.Trying {
			s.noPose += w
		}
		if j.fine() {
			s.fine += w
		}
	}
	top := max(s.fine, s.nudity, s.noPose)
	p := classes{math.Exp(s.fine - top), math.Exp(s.nudity - top), math.Exp(s.noPose - top)}
	sum := p.fine + p.nudity + p.noPose
	return classes{p.fine / sum, p.nudity / sum, p.noPose / sum}
}

// weight is the log-odds of one judgment; see Tally.
func weight(trust float64) float64 {
	t := min(max(trust, 1.0/3), 0.99)
	return math.Log(2 * t / (1 - t))
}

// trustedNudity counts the trusted judges who saw nudity.
func trustedNudity(js []Weighed, minTrust float64) (n int) {
	for _, j := range js {
		if j.Nudity && j.Trust >= minTrust {
			n++
		}
	}
	return n
}

// unanimous reports whether all found the frame fine, none of them known to err.
func unanimous(js []Weighed) bool {
	for _, j := range js {
		if !j.fine() || j.Trust < Trust(0, 0) {
			return false
		}
	}
	return true
}

// score is the likeness by those who found the frame fine, to a thousandth; 0 where
// there is none. See Tally.
func score(js []Weighed, mean float64) float64 {
	sum, weights := 0.0, 0.0
	for _, j := range js {
		if j.fine() {
			w := weight(j.Trust)
			sum += w * (float64(j.Likeness) - j.Mean)
			weights += w
		}
	}
	if weights == 0 {
		return 0
	}
	s := mean + sum/(weights+weight(Trust(0, 0)))
	return math.Round(min(max(s, 1), 5)*1000) / 1000
}
