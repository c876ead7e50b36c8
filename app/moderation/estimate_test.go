package moderation

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Judges of known accuracy are found out, and the truth better than by majority.
func TestEstimateRecoversAccuracies(t *testing.T) {
	t.Parallel()
	known := []float64{0.95, 0.95, 0.85, 0.7, 0.6, 0.4, 0.35, 0.35}
	const frames = 3000
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 3))
		truth, votes := make([]class, frames), []vote(nil)
		for f := range truth {
			truth[f] = truthOf(rng)
			for _, j := range rng.Perm(len(known))[:5] {
				says := truth[f]
				if rng.Float64() > known[j] {
					says = (says + class(1+rng.IntN(2))) % classCount
				}
				votes = append(votes, vote{int32(f), int32(j), says})
			}
		}
		accuracy, p := estimate(votes, make([]record, len(known)), frames)
		for j, a := range accuracy {
			if math.Abs(a-known[j]) > 0.05 {
				t.Errorf("seed %d: judge %d is right %.2f, estimated %.2f", seed, j, known[j], a)
			}
		}
		mine, majority := hits(p, truth), hits(majorityOf(votes, frames), truth)
		t.Logf("seed %d: %.1f%% of the frames are found right, %.1f%% by majority", seed, 100*mine, 100*majority)
		if mine <= majority {
			t.Errorf("seed %d: not better than majority", seed)
		}
	}
}

// hits is the share of frames whose likeliest class is the true one.
func hits(p [][classCount]float64, truth []class) float64 {
	n := 0
	for f, x := range p {
		best := isFine
		for c := range x {
			if x[c] > x[best] {
				best = class(c)
			}
		}
		n += flag(best == truth[f])
	}
	return float64(n) / float64(len(truth))
}

func majorityOf(votes []vote, frames int) [][classCount]float64 {
	p := make([][classCount]float64, frames)
	for _, v := range votes {
		p[v.frame][v.says]++
	}
	return p
}

// Gold decides who is believed where judges only contradict each other.
func TestEstimateIsSeededByGold(t *testing.T) {
	t.Parallel()
	var votes []vote
	for f := range 40 {
		votes = append(votes, vote{int32(f), 0, isNoPose}, vote{int32(f), 1, isFine})
	}
	for _, good := range []int{0, 1} {
		gold := make([]record, 2)
		gold[good], gold[1-good] = record{8, 8}, record{8, 1}
		accuracy, p := estimate(votes, gold, 40)
		if accuracy[good] < 0.9 || accuracy[1-good] > 0.3 || p[0][votes[good].says] < 0.9 {
			t.Errorf("judge %d answered gold right: %v, %v", good, accuracy, p[0])
		}
	}
}

func TestEstimateOfNothing(t *testing.T) {
	t.Parallel()
	accuracy, p := estimate(nil, []record{{}, {5, 5}}, 0)
	if len(p) != 0 || accuracy[0] != Trust(0, 0) || accuracy[1] != Trust(5, 5) {
		t.Error(accuracy, p)
	}
}
