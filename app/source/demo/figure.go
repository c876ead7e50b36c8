package demo

import (
	"math"
	"slices"
)

// The figure's colours.
const (
	ink     paint = 0x241a3a
	skin    paint = 0xe3a374
	shade   paint = 0xc9845a
	blush   paint = 0xe58a6c
	hair    paint = 0x452a3f
	shirt   paint = 0xfff6e6
	fold    paint = 0xe4d3bf
	cups    paint = 0xf2474d
	cushion paint = 0xff8d7c
	white   paint = 0xffffff
	gums    paint = 0x7a1f3a
	tongue  paint = 0xf0706e
)

const line = 5.0 // thickness of the outlines

// person is a figure ready to be drawn: all of it that has an outline, in pixels.
type person struct {
	body, head        frame
	torso, neck       []limb
	left, right       limbs
	face, curls, ears []limb
	band              [][]vec
}

// limbs are an arm's parts: the bare upper arm, the forearm, the hand, and the sleeve,
// which is cut straight at its end.
type limbs struct {
	upper, fore, hand []limb
	sleeve            limb
}

// newPerson puts the figure into a stance at a time, at which it bounces with the beat.
func newPerson(s stance, t float64) person {
	beat := math.Mod(t/beatTime, 1)
	bounce := 9 * math.Exp(-5*beat) * math.Sin(math.Pi*min(1, beat*2.2))
	p := person{body: frame{at: vec{Width/2 + s.shift, Height + 70 + bounce}, angle: s.lean, scale: 1}}
	at := func(x, y float64) vec { return p.body.to(vec{x, y}) }
	p.torso = []limb{
		{at(-108, -298-s.rise), at(108, -298-s.rise), 50, 50},
		{at(-76, -270), at(-84, 80), 78, 84},
		{at(76, -270), at(84, 80), 78, 84},
		{at(0, -270), at(0, 80), 100, 110},
	}
	p.neck = []limb{{at(0, -400), at(0, -336-s.rise/2), 42, 50}}
	p.head = frame{at: at(s.tilt*70, -512+4*bounce/9), angle: s.lean + s.tilt, scale: 1}
	p.dressHead()
	p.left = newArm(at(-128, -300-s.rise), s.lean, -1, s.leftBones, s.left.hand, t)
	p.right = newArm(at(128, -300-s.rise), s.lean, 1, s.rightBones, s.right.hand, t)
	return p
}

func (p *person) dressHead() {
	at := func(x, y float64) vec { return p.head.to(vec{x, y}) }
	p.face = []limb{{at(0, -18), at(0, 42), 92, 72}}
	p.ears = []limb{{at(-100, -8), at(-100, 34), 24, 24}, {at(100, -8), at(100, 34), 24, 24}}
	for i := range 9 {
		a := math.Pi + math.Pi*float64(i)/8
		p.curls = append(p.curls, limb{at(84*math.Cos(a), -36+74*math.Sin(a)), at(70*math.Cos(a), -28+62*math.Sin(a)), 40, 40})
	}
	outer := arc(vec{0, -22}, 122, 124, math.Pi*1.02, math.Pi*1.98)
	inner := arc(vec{0, -22}, 106, 106, math.Pi*1.98, math.Pi*1.02)
	p.band = [][]vec{p.head.all(append(outer, inner...))}
}

// newArm lays out an arm from its shoulder; side is 1 for the one on the right of the
// picture, -1 for its mirror image.
func newArm(shoulder vec, lean, side float64, b bones, h hand, t float64) limbs {
	dir := func(angle, length float64) vec {
		v := polar(angle, length)
		return vec{v.x * side, v.y}
	}
	lean *= side
	elbow := shoulder.add(dir(b.upper.angle+lean, b.upper.length))
	wrist := elbow.add(dir(b.fore.angle+lean, b.fore.length))
	hang := b.fore.angle + lean - b.turn + b.wave*math.Sin(2*math.Pi*2*t)
	half := elbow.mix(wrist, 0.4)
	return limbs{
		sleeve: limb{shoulder, shoulder.mix(elbow, 0.64), 50, 48},
		upper:  []limb{{shoulder.mix(elbow, 0.6), elbow, 40, 37}},
		fore:   []limb{{elbow, half, 37, 37}, {half, wrist, 37, 25}},
		hand:   newHand(wrist, hang, h, dir),
	}
}

// newHand lays out a hand at its wrist, pointing at the angle; dir mirrors it where it
// is the left one.
func newHand(wrist vec, angle float64, h hand, dir func(angle, length float64) vec) []limb {
	palm := wrist.add(dir(angle, 32))
	all := []limb{{wrist.add(dir(angle, 10)), palm, 26, 33}}
	length := [4]float64{44, 50, 46, 36}
	for i, f := range h.fingers[1:] {
		across := 1.5 - float64(i) // towards the thumb
		base := palm.add(dir(angle, 18)).add(dir(angle-math.Pi/2, across*15.5))
		tip := base.add(dir(angle-across*0.25*h.spread, 4+length[i]*f))
		all = append(all, limb{base, tip, 11, 10.5})
	}
	base := palm.add(dir(angle, -6)).add(dir(angle-math.Pi/2, 22))
	off := mix(0.95, 0.02, h.thumb)
	return append(all, limb{base, base.add(dir(angle-off, 14+38*h.fingers[0]+14*h.thumb)), 13, 11.5})
}

// silhouette is all of the figure, grown.
func (p person) silhouette(grow float64) [][]vec {
	var all [][]vec
	for _, part := range [][]limb{p.torso, p.neck, p.curls, p.face, p.ears, p.left.upper, p.left.fore, p.left.hand, p.right.upper, p.right.fore, p.right.hand} {
		all = append(all, outlines(part, grow)...)
	}
	return append(all, cut(p.left.sleeve, grow), cut(p.right.sleeve, grow))
}

// draw draws the figure from behind to before.
func (c *canvas) draw(p person, s stance, t float64) {
	c.part(hair, p.curls)
	c.part(skin, p.left.upper)
	c.part(skin, p.right.upper)
	c.shirt(p)
	c.part(skin, p.neck)
	c.collar(p)
	c.part(skin, p.face)
	c.features(p.head, s, t)
	c.fringe(p.head)
	c.headphones(p)
	c.arm(p.left)
	c.arm(p.right)
}

// shirt draws body and sleeves as one piece, with seams.
func (c *canvas) shirt(p person) {
	sleeves := []limb{p.left.sleeve, p.right.sleeve}
	edge, cloth := outlines(p.torso, line), outlines(p.torso, 0)
	for _, l := range sleeves {
		edge, cloth = append(edge, cut(l, line)), append(cloth, cut(l, 0))
	}
	c.fill(ink, edge...)
	c.fill(shirt, cloth...)
	for _, l := range sleeves {
		hem := l
		hem.a, hem.ra = hem.a.mix(hem.b, 0.8), hem.rb
		c.fill(fold, straight(hem, -1))
		along := math.Atan2(l.b.y-l.a.y, l.b.x-l.a.x)
		seam := append(arc(l.a, 48, 48, along+1.8, along+4.5), arc(l.a, 43, 43, along+4.5, along+1.8)...)
		c.fill(fold, seam)
	}
}

// part draws limbs as one shape with an outline.
func (c *canvas) part(col paint, limbs []limb) {
	c.fill(ink, outlines(limbs, line)...)
	c.fill(col, outlines(limbs, 0)...)
}

// arm draws the forearm and the hand before everything else. Its outline must not part
// it from the upper arm, whose bare piece is drawn once more, up to the sleeve.
func (c *canvas) arm(l limbs) {
	bare := append(append([]limb{}, l.fore...), l.hand...)
	c.fill(ink, outlines(bare, line)...)
	upper := l.upper[0]
	if d := upper.b.sub(l.sleeve.b); d.len() > line {
		upper.a = l.sleeve.b.add(d.mul(line / d.len()))
		c.fill(skin, straight(upper, 0))
	}
	c.fill(skin, outlines(bare, 0)...)
	c.knuckles(l.hand)
}

// cut gives the outline of a limb that is round at its beginning and cut at its end.
func cut(l limb, grow float64) []vec {
	d := l.b.sub(l.a)
	along := math.Atan2(d.y, d.x)
	end := l.b.add(polar(along, grow))
	side := polar(along+math.Pi/2, l.rb+grow)
	return append(arc(l.a, l.ra+grow, l.ra+grow, along+math.Pi/2, along+1.5*math.Pi), end.sub(side), end.add(side))
}

// straight gives the outline of a limb that is cut at both ends.
func straight(l limb, grow float64) []vec {
	d := l.b.sub(l.a)
	side := polar(math.Atan2(d.y, d.x)+math.Pi/2, 1)
	a, b := side.mul(l.ra+grow), side.mul(l.rb+grow)
	return []vec{l.a.add(a), l.a.sub(a), l.b.sub(b), l.b.add(b)}
}

// knuckles sets the thumb and the bent fingers off against the palm.
func (c *canvas) knuckles(hand []limb) {
	for _, f := range hand[1:] {
		c.fill(shade, f.outline(1.6))
		c.fill(skin, f.outline(-0.6))
	}
	c.fill(skin, hand[0].outline(-7))
}

func (c *canvas) collar(p person) {
	at := func(x, y float64) vec { return p.body.to(vec{x, y}) }
	c.fill(shade, arc(at(0, -398), 46, 34, 0, 2*math.Pi))
	badge := at(0, -172)
	c.fill(ink, circle(badge, 58+line))
	c.fill(cups, circle(badge, 58))
	triangle := frame{at: badge, angle: p.body.angle, scale: 1}.all([]vec{{-18, -30}, {34, 0}, {-18, 30}})
	c.fill(white, triangle)
}

func (c *canvas) headphones(p person) {
	c.fill(ink, grown(p.band[0], p.head.to(vec{0, -22}), line)...)
	c.fill(cups, p.band...)
	for _, e := range p.ears {
		c.fill(ink, e.outline(line))
		c.fill(cups, e.outline(0))
		c.fill(cushion, limb{e.a.mix(e.b, 0.1), e.a.mix(e.b, 0.9), 9, 9}.outline(0))
	}
}

// grown gives a ring about a centre, thickened to both sides.
func grown(ring []vec, centre vec, by float64) [][]vec {
	out := make([]vec, len(ring))
	for i, p := range ring {
		d := p.sub(centre)
		side := by
		if i >= len(ring)/2 {
			side = -by
		}
		out[i] = centre.add(d.mul(1 + side/d.len()))
	}
	return [][]vec{out}
}

func (c *canvas) fringe(head frame) {
	var locks [][]vec
	for i := range 6 {
		x := -70 + 28*float64(i)
		locks = append(locks, circle(head.to(vec{x, -96 + 18*math.Abs(x)/70}), 27))
	}
	c.fill(hair, locks...)
}

// features draws the face on the head, turned to where it looks.
func (c *canvas) features(head frame, s stance, t float64) {
	turn := vec{s.look.x * 24, s.look.y * 16}
	at := func(x, y float64) vec { return head.to(vec{x, y}.add(turn)) }
	for _, side := range []float64{-1, 1} {
		c.fill(blush, circle(at(side*56, 34), 17))
		c.eye(at, side, s, t)
		brow := -36 - 10*s.brows
		c.fill(ink, bow(at(side*36-16, brow-side*2*s.smile), at(side*36+16, brow+side*2*s.smile), -6, 8)...)
	}
	c.fill(shade, bow(at(-11+8*s.look.x, 20), at(11+8*s.look.x, 20), 8, 6)...)
	c.mouth(at, s)
}

func (c *canvas) eye(at func(x, y float64) vec, side float64, s stance, t float64) {
	closed := s.lids
	if blink := math.Mod(t+0.9, 2.7); blink < 0.12 {
		closed = 1
	}
	if closed > 0.5 {
		c.fill(ink, bow(at(side*36-16, -4), at(side*36+16, -4), 9, 7)...)
		return
	}
	c.fill(ink, arc(at(side*36, -6), 11, 15*(1-0.5*closed), 0, 2*math.Pi))
	c.fill(white, circle(at(side*36+4, -11), 4.2))
}

func (c *canvas) mouth(at func(x, y float64) vec, s stance) {
	const half, y = 34.0, 60.0
	sag := 13 * s.smile
	if s.mouth < 0.12 {
		c.fill(gums, bow(at(-half*0.8, y), at(half*0.8, y), sag, 7)...)
		return
	}
	width := half * (1 - 0.25*max(0, -s.smile))
	// lip goes from the left corner to the right one and hangs down in the middle.
	lip := func(hang float64) (points []vec) {
		for i := range 33 {
			u := float64(i)/16 - 1
			points = append(points, at(u*width, y-8+sag*0.6*(1-u*u)+hang*math.Sqrt(1-u*u)))
		}
		return points
	}
	between := func(a, b float64) []vec {
		lower := lip(b)
		slices.Reverse(lower)
		return append(lip(a), lower...)
	}
	open := 8 + 34*s.mouth
	c.fill(gums, between(0, open))
	c.fill(tongue, between(open*0.62, open))
	c.fill(white, between(0, open*0.26))
}
