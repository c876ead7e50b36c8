package clip

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/source"
	"oneframe/app/vault"
)

// Runs of original frames end at every multiple of block, counted from the clip's first
// frame, and around a picture at every multiple of cut: a changed slot then touches the
// pieces between two blocks and no more. The pieces of a block that has no picture yet
// are encoded ahead (ahead.go), so that its first one makes no more than a dozen frames
// anew. A block all in one costs a third fewer bytes than its pieces; a cut is as long as
// a mezzanine's group of pictures, of which a decoder has to read all from the first.
const (
	block = 48
	cut   = 12
)

// Facts is what a plan has to know of the source.
type Facts struct {
	Source        string // names the mezzanine's content
	FPS           source.Rate
	Frames        int
	Width, Height int
	Sound         bool
}

// factsOf reads them off a video. An import makes its mezzanine once, so the slug and
// the instant of the import name its content.
func factsOf(v source.Video) Facts {
	return Facts{
		Source: fmt.Sprintf("%s@%d", v.Slug, v.Created.UnixMilli()),
		FPS:    v.FPS, Frames: v.Frames, Width: v.Width, Height: v.Height, Sound: v.Sound,
	}
}

// Unit is a closed piece of the clip: one picture held for Frames frames, or, where
// Picture is empty, the original's frames [First, First+Frames).
type Unit struct {
	First, Frames int
	Picture       vault.Key // the large rendition
	Frame         picture.ID
	Slot          int
}

// Timeline is the whole clip as units, in order and without gaps, with all that decides
// what its file looks like. Its Width and Height are the clip's, not the mezzanine's.
type Timeline struct {
	Facts
	Quality
	Scaled bool // the mezzanine is larger than the clip
	Units  []Unit
}

// Plan lays the chosen pictures over the original. Slots are in clip order; choices are
// at most one a slot. A picture that reaches beyond the video's end is shortened, a slot
// that begins beyond it or inside the one before is left out. Plan is pure: the same
// arguments give the same timeline on any machine.
func Plan(v Facts, slots []slot.Slot, choices []picture.Choice, q Quality) Timeline {
	chosen := make(map[int]picture.Choice, len(choices))
	for _, c := range choices {
		chosen[c.Slot.Number] = c
	}
	t := Timeline{Facts: v, Quality: q.filled()}
	t.Width, t.Height = q.size(v.Width, v.Height)
	t.Scaled = t.Width != v.Width || t.Height != v.Height
	at := 0
	for _, s := range slots {
		c, ok := chosen[s.Number]
		end := min(s.First+s.Hold, v.Frames)
		if !ok || s.First < at || s.First >= end {
			continue
		}
		t.original(at, s.First)
		t.Units = append(t.Units, Unit{First: s.First, Frames: end - s.First, Picture: c.Large, Frame: c.Picture, Slot: s.Number})
		at = end
	}
	t.original(at, v.Frames)
	return t
}

// original appends the frames [from, to) of the source, cut at the fixed places.
func (t *Timeline) original(from, to int) {
	for from < to {
		whole := from/block*block + block
		if whole = min(whole, t.Frames); from%block == 0 && whole <= to {
			t.Units = append(t.Units, Unit{First: from, Frames: whole - from})
			from = whole
			continue
		}
		from = t.pieces(from, min(to, whole))
	}
}

// pieces appends the frames [from, to) of one block, cut at the finer places.
func (t *Timeline) pieces(from, to int) int {
	for from < to {
		end := min(to, from/cut*cut+cut)
		t.Units = append(t.Units, Unit{First: from, Frames: end - from})
		from = end
	}
	return from
}

// ahead gives the pieces that will take the place of the blocks without a picture.
func (t Timeline) ahead() []Unit {
	var finer Timeline
	for _, u := range t.Units {
		if u.Picture == "" && u.First%block == 0 && u.Frames > cut {
			finer.pieces(u.First, u.First+u.Frames)
		}
	}
	return finer.Units
}

// Filled is the number of slots that show a picture.
func (t Timeline) Filled() int {
	n := 0
	for _, u := range t.Units {
		if u.Picture != "" {
			n++
		}
	}
	return n
}

// key names a unit's encoded form by everything that decides it.
func (t Timeline) key(u Unit) Key {
	what := fmt.Sprintf("source %s %d+%d", t.Source, u.First, u.Frames)
	if u.Picture != "" {
		what = fmt.Sprintf("picture %s %s x%d%s", u.Picture, t.Fit, u.Frames, t.matching(u))
	}
	return Key(digest(fmt.Sprintf("%s|%s|%dx%d@%s", what, t.settings(), t.Width, t.Height, t.FPS)))
}

// matching is what a match adds to a picture's key: the frame that it is matched with.
func (t Timeline) matching(u Unit) string {
	if t.Match == 0 {
		return ""
	}
	return fmt.Sprintf(" matched %d%% with %s %d", t.Match, t.Source, u.First)
}

// keys gives the key of every unit, in order.
func (t Timeline) keys() []Key {
	all := make([]Key, len(t.Units))
	for i, u := range t.Units {
		all[i] = t.key(u)
	}
	return all
}

// Hash identifies the render: timelines of equal hash give the same clip.
func (t Timeline) Hash() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %d sound=%t\n", t.Source, t.Frames, t.Sound)
	for _, k := range t.keys() {
		fmt.Fprintln(h, k)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
