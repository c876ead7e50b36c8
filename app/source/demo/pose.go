package demo

import "math"

// hand is a hand as its fingers are: thumb first, each from 0, in the fist, to 1, stretched.
type hand struct {
	fingers [5]float64
	spread  float64 // of the fingers, from 0 to 1
	thumb   float64 // 0 where the thumb stands off, 1 where it points with the hand
}

// arm is one arm, seen as if it were the one on the right of the picture: the other is
// its mirror image. Elbow and wrist are told from the shoulder, x outwards and y down;
// parts that point towards the viewer are shorter.
type arm struct {
	elbow, wrist vec
	turn         float64 // of the hand against the forearm, in radians, towards the thumb
	wave         float64 // how far the hand waves, in radians
	hand         hand
}

// pose is what the figure does with itself. Lengths are in pixels.
type pose struct {
	left, right arm     // as seen in the picture
	lean        float64 // of the body, in radians, to the right
	shift       float64 // of the body, to the right
	rise        float64 // of the shoulders
	tilt        float64 // of the head, in radians, to the right
	look        vec     // where the face turns to, from -1 to 1
	smile       float64 // -1 sad to 1 happy
	mouth       float64 // how far it is open, from 0 to 1
	brows       float64 // how far they are raised
	lids        float64 // how far the eyes are closed
}

func fist() hand   { return hand{fingers: [5]float64{0.35, 0, 0, 0, 0}} }
func open() hand   { return hand{fingers: [5]float64{1, 1, 1, 1, 1}, spread: 1} }
func flat() hand   { return hand{fingers: [5]float64{0.6, 1, 1, 1, 1}, spread: 0.35} }
func finger() hand { return hand{fingers: [5]float64{0.3, 1, 0, 0, 0}, spread: 0.2} }
func thumb() hand  { return hand{fingers: [5]float64{1, 0, 0, 0, 0}, thumb: 1} }
func victory() hand {
	return hand{fingers: [5]float64{0.2, 1, 1, 0, 0}, spread: 1.1}
}

// poses are what the figure dances through, one to a half bar. Each is one that a person
// at a desk can take before a webcam.
func poses() []pose {
	rest := arm{elbow: vec{26, 168}, wrist: vec{20, 322}, hand: fist()}
	hip := arm{elbow: vec{128, 108}, wrist: vec{28, 222}, turn: 0.3, hand: fist()}
	waving := arm{elbow: vec{118, 44}, wrist: vec{182, -98}, wave: 0.42, hand: open()}
	up := arm{elbow: vec{92, -118}, wrist: vec{116, -262}, hand: open()}
	head := arm{elbow: vec{146, -166}, wrist: vec{-8, -298}, turn: 0.1, hand: flat()}
	pointing := arm{elbow: vec{150, 6}, wrist: vec{302, -34}, hand: finger()}
	bicep := arm{elbow: vec{158, -10}, wrist: vec{138, -158}, turn: 0.35, hand: fist()}
	chin := arm{elbow: vec{-6, 128}, wrist: vec{-78, -14}, turn: 0.1, hand: hand{fingers: [5]float64{0.9, 0.8, 0, 0, 0}, spread: 0.5}}
	across := arm{elbow: vec{18, 158}, wrist: vec{-172, 130}, turn: -0.2, hand: fist()}
	eyes := arm{elbow: vec{86, 10}, wrist: vec{-58, -148}, turn: -0.45, hand: flat()}
	shrug := arm{elbow: vec{78, 118}, wrist: vec{196, 44}, turn: -0.55, hand: open()}
	straight := arm{elbow: vec{142, -76}, wrist: vec{284, -158}, hand: flat()}
	crook := arm{elbow: vec{22, -128}, wrist: vec{-132, -172}, turn: -0.1, hand: flat()}
	peace := arm{elbow: vec{128, 52}, wrist: vec{96, -98}, turn: -0.12, hand: victory()}
	thumbs := arm{elbow: vec{86, 128}, wrist: vec{62, -8}, hand: thumb()}
	return []pose{
		{left: rest, right: waving, tilt: 0.12, look: vec{0.2, -0.1}, smile: 1, mouth: 0.45, brows: 0.5},
		{left: up, right: up, rise: 14, look: vec{0, -0.35}, smile: 1, mouth: 1, brows: 1},
		{left: head, right: head, rise: 8, look: vec{0, 0.1}, smile: -0.2, mouth: 0.6, brows: 1},
		{left: pointing, right: hip, lean: -0.07, shift: -26, tilt: -0.1, look: vec{-1, -0.1}, smile: 1, mouth: 0.25, brows: 0.4},
		{left: hip, right: pointing, lean: 0.07, shift: 26, tilt: 0.1, look: vec{1, -0.1}, smile: 1, mouth: 0.25, brows: 0.4},
		{left: bicep, right: bicep, rise: 10, look: vec{-0.5, 0}, smile: 0.8, mouth: 0.1, brows: -0.3},
		{left: across, right: chin, lean: 0.02, tilt: 0.12, look: vec{-0.6, -0.8}, smile: 0.2, brows: 0.9},
		{left: eyes, right: eyes, rise: 6, smile: 1, mouth: 0.7, brows: 0.6},
		{left: shrug, right: shrug, rise: 26, tilt: -0.17, look: vec{0.2, -0.2}, smile: -0.3, brows: 1},
		{left: straight, right: crook, lean: 0.05, shift: 34, tilt: 0.36, look: vec{0.2, 0.7}, smile: 0.6, lids: 1},
		{left: peace, right: peace, tilt: -0.1, look: vec{0, 0}, smile: 1, mouth: 0.4, brows: 0.6},
		{left: thumbs, right: thumbs, rise: 10, look: vec{0, 0.05}, smile: 1, mouth: 0.8, brows: 0.8},
	}
}

// bone is a part of an arm, by its angle in radians, against the outward direction and
// positive downwards, and its length.
type bone struct{ angle, length float64 }

func boneOf(v vec) bone { return bone{math.Atan2(v.y, v.x), v.len()} }

// mix swings the bone the shorter way round, or, where both are long, past the body's outside.
func (b bone) mix(c bone, w float64) bone {
	const long = 2.4
	d := math.Remainder(c.angle-b.angle, 2*math.Pi)
	other := d - math.Copysign(2*math.Pi, d)
	if math.Abs(d) > long && math.Cos(b.angle+other/2) > math.Cos(b.angle+d/2) {
		d = other
	}
	return bone{b.angle + d*w, mix(b.length, c.length, w)}
}

// bones are an arm as it is mixed and drawn.
type bones struct {
	upper, fore bone
	turn, wave  float64
}

func (a arm) bones() bones {
	return bones{upper: boneOf(a.elbow), fore: boneOf(a.wrist.sub(a.elbow)), turn: a.turn, wave: a.wave}
}

func mix(a, b, w float64) float64 { return a + (b-a)*w }

func (b bones) mix(c bones, w float64) bones {
	return bones{b.upper.mix(c.upper, w), b.fore.mix(c.fore, w), mix(b.turn, c.turn, w), mix(b.wave, c.wave, w)}
}

func (h hand) mix(o hand, w float64) hand {
	for i := range h.fingers {
		h.fingers[i] = max(0, min(1, mix(h.fingers[i], o.fingers[i], w)))
	}
	h.spread, h.thumb = mix(h.spread, o.spread, w), mix(h.thumb, o.thumb, w)
	return h
}

// stance is a pose as it is mixed and drawn.
type stance struct {
	pose
	leftBones, rightBones bones
}

func (p pose) stance() stance {
	return stance{pose: p, leftBones: p.left.bones(), rightBones: p.right.bones()}
}

// mix gives the stance at the share w of the way to another; beyond 1 it overshoots.
func (s stance) mix(o stance, w float64) stance {
	m := stance{leftBones: s.leftBones.mix(o.leftBones, w), rightBones: s.rightBones.mix(o.rightBones, w)}
	m.left.hand, m.right.hand = s.left.hand.mix(o.left.hand, w), s.right.hand.mix(o.right.hand, w)
	m.lean, m.shift, m.rise, m.tilt = mix(s.lean, o.lean, w), mix(s.shift, o.shift, w), mix(s.rise, o.rise, w), mix(s.tilt, o.tilt, w)
	m.look = s.look.mix(o.look, w)
	m.smile, m.mouth, m.brows, m.lids = mix(s.smile, o.smile, w), mix(s.mouth, o.mouth, w), mix(s.brows, o.brows, w), mix(s.lids, o.lids, w)
	return m
}

const (
	poseTime = 1.0  // seconds: two beats
	moveTime = 0.34 // of them, before the beat that the next pose lands on
)

// stanceAt gives the figure at a time: it moves so as to land on the beat, goes a little
// too far, and holds.
func stanceAt(t float64, all []stance) stance {
	n := min(int(t/poseTime), len(all)-1)
	now, since := all[n], t-float64(n)*poseTime
	if n > 0 {
		swing := 0.11 * math.Exp(-9*since) * math.Sin(2*math.Pi*3.2*since)
		now = all[n-1].mix(now, 1+swing)
	}
	if left := poseTime - since; left < moveTime && n+1 < len(all) {
		u := 1 - left/moveTime
		return now.mix(all[n+1], u*u*(3-2*u))
	}
	return now
}
