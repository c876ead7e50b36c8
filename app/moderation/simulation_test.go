package moderation

import (
	"math/rand/v2"
	"slices"
	"testing"

	"oneframe/app/picture"
)

// kind is how a simulated judge judges.
type kind int

const (
	honest    kind = iota // looks, and is wrong one time in ten, either way
	lazy                  // looks at one frame in four, calls the rest fine
	malicious             // calls what is fine nudity or nobody posing, and what isn't fine fine
)

// mix is a crowd: shares of 100.
type mix struct {
	name                    string
	honest, lazy, malicious int
}

// crowdOf draws the judges.
func (m mix) crowdOf(rng *rand.Rand, n int) []kind {
	all := make([]kind, n)
	for i := range all {
		switch p := i * 100 / n; {
		case p < m.malicious:
			all[i] = malicious
		case p < m.malicious+m.lazy:
			all[i] = lazy
		}
	}
	rng.Shuffle(n, func(a, b int) { all[a], all[b] = all[b], all[a] })
	return all
}

// slips are what an honest judge says who is wrong, by what is true: what a pose is is a
// matter of taste, nudity is seldom seen where there is none.
func slips() [classCount][4]class {
	return [classCount][4]class{
		isFine:   {isNoPose, isNoPose, isNoPose, isNudity},
		isNudity: {isFine, isFine, isFine, isNoPose},
		isNoPose: {isFine, isFine, isFine, isNudity},
	}
}

// says is what a judge of the kind says of a frame.
func (k kind) says(rng *rand.Rand, truth class) Judgment {
	c := truth
	switch {
	case k == malicious && truth == isFine:
		c = class(1 + rng.IntN(2))
	case k == malicious || k == lazy && rng.IntN(4) > 0:
		c = isFine
	case rng.IntN(10) == 0:
		c = slips()[truth][rng.IntN(4)]
	}
	return Judgment{Nudity: c == isNudity, Trying: c != isNoPose, Likeness: 1 + rng.IntN(5)}
}

// truthOf draws what a frame is: 80 of 100 are fine, 6 show nudity, 14 nobody trying.
func truthOf(rng *rand.Rand) class {
	switch p := rng.IntN(100); {
	case p < 6:
		return isNudity
	case p < 20:
		return isNoPose
	}
	return isFine
}

const (
	simFrames = 1500
	simJudges = 100
	simGold   = 40
)

// run is one simulated site: pages of 17 frames and one gold until every frame is settled.
type run struct {
	rng    *rand.Rand
	kinds  []kind
	gold   []record
	unseen [][]class // gold that each judge hasn't seen
	truth  []class
	votes  [][]given1
	states []picture.State
	spent  int // judgments, gold among them
}

type given1 struct {
	Judgment
	judge int
}

func newRun(m mix, seed uint64) *run {
	r := &run{rng: rand.New(rand.NewPCG(seed, 11)), truth: make([]class, simFrames), votes: make([][]given1, simFrames), states: make([]picture.State, simFrames)}
	r.kinds = m.crowdOf(r.rng, simJudges)
	r.gold = make([]record, simJudges)
	for i := range r.truth {
		r.truth[i], r.states[i] = truthOf(r.rng), picture.Waiting
	}
	for range r.kinds {
		gold := make([]class, simGold)
		for i := range gold {
			gold[i] = class(i % 4 % 3) // half of it is fine
		}
		r.rng.Shuffle(simGold, func(a, b int) { gold[a], gold[b] = gold[b], gold[a] })
		r.unseen = append(r.unseen, gold)
	}
	return r
}

// dynamic has the crowd judge by Tally until nothing waits.
func (r *run) dynamic() {
	for {
		any := false
		for _, j := range r.rng.Perm(simJudges) {
			page := r.page(j)
			any = any || len(page) > 0
			r.judge(j, page)
		}
		if !any {
			return
		}
	}
}

// page is what the queue gives: the most judged first.
func (r *run) page(j int) (page []int) {
	for given := 9; given >= 0; given-- {
		for f := range r.votes {
			if len(page) == PageMax-1 {
				return page
			}
			mine := slices.ContainsFunc(r.votes[f], func(v given1) bool { return v.judge == j })
			if r.states[f] == picture.Waiting && len(r.votes[f]) == given && !mine {
				page = append(page, f)
			}
		}
	}
	return page
}

func (r *run) judge(j int, page []int) {
	if len(page) == 0 {
		return
	}
	heard := r.heard(j)
	if left := r.unseen[j]; len(left) > 0 {
		g := Gold{Right: Judgment{Nudity: left[0] == isNudity, Trying: left[0] != isNoPose}}
		r.gold[j].seen++
		r.gold[j].right += flag(g.right(r.kinds[j].says(r.rng, left[0])))
		r.unseen[j] = left[1:]
		r.spent++
	}
	for _, f := range page {
		r.votes[f] = append(r.votes[f], given1{r.kinds[j].says(r.rng, r.truth[f]), j})
		r.spent++
		r.tally(f)
	}
	if heard == r.heard(j) {
		return
	}
	for f, vs := range r.votes {
		if slices.ContainsFunc(vs, func(v given1) bool { return v.judge == j }) {
			r.tally(f)
		}
	}
}

func (r *run) heard(j int) bool { return new(Desk).counts(r.gold[j].seen, r.gold[j].right) }

func (r *run) tally(f int) {
	var js []Weighed
	for _, v := range r.votes[f] {
		if r.heard(v.judge) {
			js = append(js, Weighed{v.Judgment, Trust(r.gold[v.judge].seen, r.gold[v.judge].right), 3})
		}
	}
	r.states[f] = Tally(js, new(Desk).rules(3)).State
}

// majority has the same crowd judge by plain majority of three. Judgments that are left
// of the budget make it a majority of five where they reach.
func (r *run) majority(budget int) {
	fives := (budget - 3*simFrames) / 2
	for f, i := range r.rng.Perm(simFrames) {
		n := 3
		if i < fives {
			n = 5
		}
		says := [classCount]int{}
		for _, j := range r.rng.Perm(simJudges)[:n] {
			v := r.kinds[j].says(r.rng, r.truth[f])
			says[classOf(v.Nudity, v.Trying)]++
			r.spent++
		}
		switch {
		case says[isFine] > n/2:
			r.states[f] = picture.Accepted
		case says[isNudity] > n/2 || says[isNoPose] > n/2:
			r.states[f] = picture.Rejected
		default:
			r.states[f] = picture.Undecided
		}
	}
}

// shares are the right and the wrong verdicts of all frames; the rest is a moderator's.
func (r *run) shares() (right, wrong float64) {
	for f, s := range r.states {
		switch fine := r.truth[f] == isFine; {
		case s == picture.Undecided || s == picture.Waiting:
		case fine == (s == picture.Accepted):
			right++
		default:
			wrong++
		}
	}
	return 100 * right / simFrames, 100 * wrong / simFrames
}

// A crowd with lazy and malicious judges in it, simulated with fixed seeds: the tally is
// ahead of plain majority of three, and of a majority that is given the same number of
// judgments (gold counted), in each mix.
func TestSimulatedCrowds(t *testing.T) {
	t.Parallel()
	for _, m := range []mix{{"honest", 100, 0, 0}, {"some lazy", 70, 30, 0}, {"half lazy", 50, 50, 0}, {"some malicious", 85, 0, 15},
		{"both", 65, 20, 15}, {"rough", 50, 30, 20}} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(3) {
				d, three, same := newRun(m, seed), newRun(m, seed), newRun(m, seed)
				d.dynamic()
				three.majority(3 * simFrames)
				same.majority(d.spent)
				right, wrong := d.shares()
				right3, wrong3 := three.shares()
				right5, wrong5 := same.shares()
				t.Logf("%d%% honest, %d%% lazy, %d%% malicious, seed %d: tally %.1f%% right, %.1f%% wrong with %.2f judgments a frame; majority of three %.1f%%, %.1f%%; with %.2f judgments %.1f%%, %.1f%%",
					m.honest, m.lazy, m.malicious, seed, right, wrong, float64(d.spent)/simFrames, right3, wrong3, float64(same.spent)/simFrames, right5, wrong5)
				if right <= right3 || right <= right5 {
					t.Errorf("%s: not ahead", m.name)
				}
			}
		})
	}
}
