package clip

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/source"
	"oneframe/app/vault"
)

var fps25 = source.Rate{Num: 25, Den: 1}

func facts(frames int) Facts {
	return Facts{Source: "c@1", FPS: fps25, Frames: frames, Width: 160, Height: 90}
}

// evenSlots covers the frames [from, to) with slots of hold frames.
func evenSlots(from, to, hold int) (all []slot.Slot) {
	for at := from; at < to; at += hold {
		all = append(all, slot.Slot{ID: slot.ID{Clip: "c", Number: len(all) + 1}, First: at, Hold: hold})
	}
	return all
}

func choose(numbers ...int) (all []picture.Choice) {
	for _, n := range numbers {
		all = append(all, picture.Choice{Slot: slot.ID{Clip: "c", Number: n}, Picture: picture.ID(fmt.Sprint("id", n)), Large: vault.KeyOf([]byte{byte(n)})})
	}
	return all
}

// String draws a timeline: "0+48 48+2=1" is a run of 48 frames and slot 1's picture.
func (t Timeline) String() string {
	var all []string
	for _, u := range t.Units {
		text := fmt.Sprintf("%d+%d", u.First, u.Frames)
		if u.Picture != "" {
			text += fmt.Sprintf("=%d", u.Slot)
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func TestPlan(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what    string
		frames  int
		slots   []slot.Slot
		choices []picture.Choice
		want    string
	}{
		{"an empty clip is cut at the fixed places", 100, evenSlots(0, 100, 2), nil, "0+48 48+48 96+4"},
		{"one frame", 1, evenSlots(0, 1, 2), nil, "0+1"},
		{"one frame, filled: shortened at the end", 1, evenSlots(0, 1, 2), choose(1), "0+1=1"},
		{"first and last slot", 20, evenSlots(0, 20, 2), choose(1, 10), "0+2=1 2+10 12+6 18+2=10"},
		{"all slots", 6, evenSlots(0, 6, 2), choose(1, 2, 3), "0+2=1 2+2=2 4+2=3"},
		{"a picture before a cut", 60, evenSlots(0, 60, 2), choose(24), "0+12 12+12 24+12 36+10 46+2=24 48+12"},
		{"a picture over a cut", 60, evenSlots(1, 60, 2), choose(24), "0+12 12+12 24+12 36+11 47+2=24 49+11"},
		{"a range of slots", 30, evenSlots(10, 20, 3), choose(1, 4), "0+10 10+3=1 13+6 19+3=4 22+2 24+6"},
		{"a slot that reaches beyond the end", 11, evenSlots(0, 11, 3), choose(4), "0+9 9+2=4"},
		{"a slot that begins beyond the end", 10, evenSlots(0, 20, 2), choose(6), "0+10"},
		{"a slot inside the one before", 10, []slot.Slot{{ID: slot.ID{Number: 1}, First: 2, Hold: 4}, {ID: slot.ID{Number: 2}, First: 4, Hold: 4}}, choose(1, 2), "0+2 2+4=1 6+4"},
		{"a choice for no slot", 10, evenSlots(0, 10, 2), choose(77), "0+10"},
	} {
		got := Plan(facts(c.frames), c.slots, c.choices, Quality{})
		if got.String() != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
		if want := strings.Count(c.want, "="); got.Filled() != want {
			t.Errorf("%s: %d slots filled, want %d", c.what, got.Filled(), want)
		}
	}
}

func TestWhatDecidesTheClipDecidesItsHash(t *testing.T) {
	t.Parallel()
	plan := func(f func(*Facts), q func(*Quality), choices ...int) string {
		v, look := facts(30), Quality{}
		if f != nil {
			f(&v)
		}
		if q != nil {
			q(&look)
		}
		return Plan(v, evenSlots(0, 30, 2), choose(choices...), look).Hash()
	}
	base := plan(nil, nil, 3)
	if base != plan(nil, nil, 3) {
		t.Error("equal arguments give other hashes")
	}
	if base != plan(nil, func(q *Quality) { *q = q.filled() }, 3) {
		t.Error("the defaults, said, give another hash")
	}
	pad, match := func(q *Quality) { q.Fit = Pad }, func(q *Quality) { q.Match = 50 }
	for what, other := range map[string]string{
		"the picture's slot":   plan(nil, nil, 4),
		"one more picture":     plan(nil, nil, 3, 4),
		"the source":           plan(func(f *Facts) { f.Source = "c@2" }, nil, 3),
		"the sound":            plan(func(f *Facts) { f.Sound = true }, nil, 3),
		"the frame rate":       plan(func(f *Facts) { f.FPS = source.Rate{Num: 24, Den: 1} }, nil, 3),
		"the size":             plan(func(f *Facts) { f.Width = 320 }, nil, 3),
		"the number of frames": plan(func(f *Facts) { f.Frames = 31 }, nil, 3),
		"the clip's size":      plan(nil, func(q *Quality) { q.Size = 80 }, 3),
		"the crf":              plan(nil, func(q *Quality) { q.CRF = 23 }, 3),
		"the preset":           plan(nil, func(q *Quality) { q.Preset = "medium" }, 3),
		"the fit":              plan(nil, pad, 3),
		"the match":            plan(nil, match, 3),
	} {
		if other == base {
			t.Errorf("%s does not change the hash", what)
		}
	}
	if plan(nil, nil) != plan(nil, pad) || plan(nil, nil) != plan(nil, match) {
		t.Error("how pictures are shown changes a clip without pictures")
	}
}

// Whatever is chosen, the units cover every frame once, are short, and a changed slot
// changes none but those of its block; what is not encoded ahead of it lies between its
// neighbours and the nearest cuts.
func TestPlanCoversAllAndAChangeTouchesNeighboursOnly(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		frames, hold := 1+random.IntN(400), 1+random.IntN(4)
		from := random.IntN(frames)
		slots := evenSlots(from, frames, hold)
		var chosen []int
		for _, s := range slots {
			if random.IntN(3) > 0 {
				chosen = append(chosen, s.Number)
			}
		}
		before := Plan(facts(frames), slots, choose(chosen...), Quality{})
		covers(t, before)

		changed := slots[random.IntN(len(slots))]
		if i := slices.Index(chosen, changed.Number); i >= 0 {
			chosen = slices.Delete(chosen, i, i+1)
		} else {
			chosen = append(chosen, changed.Number)
		}
		after := Plan(facts(frames), slots, choose(chosen...), Quality{})
		covers(t, after)
		touched(t, before, after, changed)
		touched(t, after, before, changed)
	}
}

func covers(t *testing.T, tl Timeline) {
	t.Helper()
	at := 0
	for _, u := range tl.Units {
		last := u.First + u.Frames - 1
		inOne := u.First/cut == last/cut || u.First%block == 0 && (u.Frames == block || last+1 == tl.Frames && u.Frames < block)
		if u.First != at || u.Frames < 1 || u.Picture == "" && !inOne {
			t.Fatalf("a unit is wrong in %s", tl)
		}
		at += u.Frames
	}
	if at != tl.Frames {
		t.Fatalf("%d frames are covered of %d: %s", at, tl.Frames, tl)
	}
}

// touched asserts that what is in a and not in b lies in the blocks that the slot lies in,
// and what was not made ahead of it, but for a block all in one, between the cuts around it.
func touched(t *testing.T, a, b Timeline, changed slot.Slot) {
	t.Helper()
	known, ahead := map[Key]bool{}, map[Key]bool{}
	for _, k := range b.keys() {
		known[k] = true
	}
	for _, u := range b.ahead() {
		ahead[b.key(u)] = true
	}
	apart := func(u Unit, by int) bool {
		return u.First+u.Frames <= changed.First/by*by || u.First >= (changed.First+changed.Hold-1)/by*by+by
	}
	n := 0
	for i, k := range a.keys() {
		if known[k] {
			continue
		}
		u := a.Units[i]
		if whole := u.First%block == 0 && u.Frames > cut; apart(u, block) || !ahead[k] && !whole && apart(u, cut) {
			t.Fatalf("slot at %d touches %d+%d:\n%s\n%s", changed.First, u.First, u.Frames, a, b)
		}
		if !ahead[k] {
			n++
		}
	}
	if n > 5 {
		t.Fatalf("slot at %d touches %d units:\n%s\n%s", changed.First, n, a, b)
	}
}
