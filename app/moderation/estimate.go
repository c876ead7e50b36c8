package moderation

import "math"

// vote is a judgment as the re-estimate holds it: 12 bytes.
type vote struct {
	frame, judge int32
	says         class
}

// class is what a judgment says on the whole.
type class uint8

const (
	isFine class = iota
	isNudity
	isNoPose
	classCount
)

// classOf is what a judgment says: nudity before everything else.
func classOf(nudity, trying bool) class {
	switch {
	case nudity:
		return isNudity
	case !trying:
		return isNoPose
	}
	return isFine
}

// record is how often a judge answered gold, and how often right.
type record struct{ seen, right int }

const (
	emRounds = 50    // at most
	emStill  = 1e-4  // a round that changes no judge's accuracy by more is the last
	surest   = 0.995 // no judge is held to be surer
)

// estimate runs one-coin Dawid–Skene (A. P. Dawid and A. M. Skene, "Maximum Likelihood
// Estimation of Observer Error-Rates Using the EM Algorithm", Applied Statistics 28, 1979,
// pages 20–28, with one accuracy for each observer instead of a confusion matrix): it
// gives each judge's accuracy and each frame's probability of each class. The votes are
// in the order of their frames, which are numbered from 0 without a gap.
//
// Gold seeds it. A judge begins with Trust, and their gold answers stay in every round as
// votes of known truth, with the two right answers and the wrong one of Trust's prior:
//
//	E   P(c | frame) ∝ π(c) · Π over its votes ( says c ? a : (1−a)/2 )
//	M   a = ( Σ P(what it says | frame) over the judge's votes + right + 2 ) / ( votes + seen + 3 )
//	    π = mean of P over all frames, each class with one frame more
//
// It holds votes, gold and one row of three numbers per frame, and nothing else.
func estimate(votes []vote, gold []record, frames int) (accuracy []float64, truth [][classCount]float64) {
	accuracy = make([]float64, len(gold))
	for j, g := range gold {
		accuracy[j] = Trust(g.seen, g.right)
	}
	truth = make([][classCount]float64, frames)
	prior := [classCount]float64{1.0 / 3, 1.0 / 3, 1.0 / 3}
	for range emRounds {
		expect(votes, accuracy, prior, truth)
		moved := maximise(votes, gold, truth, accuracy)
		prior = priorOf(truth)
		if moved < emStill {
			break
		}
	}
	expect(votes, accuracy, prior, truth)
	return accuracy, truth
}

// expect is the E step, in logarithms.
func expect(votes []vote, accuracy []float64, prior [classCount]float64, truth [][classCount]float64) {
	right, wrong := make([]float64, len(accuracy)), make([]float64, len(accuracy))
	for j, a := range accuracy {
		right[j], wrong[j] = math.Log(a), math.Log((1-a)/2)
	}
	for f := range truth {
		for c := range truth[f] {
			truth[f][c] = math.Log(prior[c])
		}
	}
	for _, v := range votes {
		t := &truth[v.frame]
		for c := range t {
			if class(c) == v.says {
				t[c] += right[v.judge]
			} else {
				t[c] += wrong[v.judge]
			}
		}
	}
	for f := range truth {
		normalise(&truth[f])
	}
}

// normalise turns logarithms into probabilities.
func normalise(p *[classCount]float64) {
	top, sum := max(p[0], p[1], p[2]), 0.0
	for c := range p {
		p[c] = math.Exp(p[c] - top)
		sum += p[c]
	}
	for c := range p {
		p[c] /= sum
	}
}

// maximise is the M step; it gives the largest change of an accuracy.
func maximise(votes []vote, gold []record, truth [][classCount]float64, accuracy []float64) (moved float64) {
	right, all := make([]float64, len(gold)), make([]float64, len(gold))
	for j, g := range gold {
		right[j], all[j] = float64(g.right+2), float64(g.seen+3)
	}
	for _, v := range votes {
		right[v.judge] += truth[v.frame][v.says]
		all[v.judge]++
	}
	for j := range accuracy {
		a := min(max(right[j]/all[j], 1-surest), surest)
		moved = max(moved, math.Abs(a-accuracy[j]))
		accuracy[j] = a
	}
	return moved
}

// priorOf is how common each class is.
func priorOf(truth [][classCount]float64) (p [classCount]float64) {
	for _, t := range truth {
		for c := range p {
			p[c] += t[c]
		}
	}
	for c := range p {
		p[c] = (p[c] + 1) / (float64(len(truth)) + float64(classCount))
	}
	return p
}
