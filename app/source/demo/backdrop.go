package demo

import (
	"image"
	"math"
)

// palette is a backdrop's colours: the ground, the pattern on it, and the disc behind the figure.
type palette struct{ ground, pattern, disc, shadow paint }

func palettes() []palette {
	return []palette{
		{0xf7b733, 0xf9c65c, 0xfc5c49, 0xd9453a},
		{0x2a9d8f, 0x37ab9c, 0xf4d35e, 0xd9b63f},
		{0x5b4fc9, 0x6a5ed6, 0xff9f6b, 0xe5824e},
		{0xef476f, 0xf25f82, 0x4cc9e0, 0x33a9c0},
		{0x1d8fd1, 0x349cd8, 0xffd166, 0xe3b24a},
		{0xff7f4f, 0xff9166, 0x6d4bd8, 0x5637b8},
	}
}

const barTime = 2.0 // seconds: four beats

// grounds draws the six grounds once; painters share them and only read them.
func grounds() []*image.RGBA {
	var all []*image.RGBA
	for bar, p := range palettes() {
		c := newCanvas()
		c.ground(p, bar)
		all = append(all, c.img)
	}
	return all
}

// backdrop puts the bar's ground down; for a moment after its first beat it opens from
// the middle over the one before. Before it is a disc that swells on every beat.
func (c *canvas) backdrop(grounds []*image.RGBA, t float64) {
	bar := min(int(t/barTime), len(grounds)-1)
	const wipe = 0.3
	if since := t - float64(bar)*barTime; bar > 0 && since < wipe {
		u := (since + 0.04) / wipe
		copy(c.img.Pix, grounds[bar-1].Pix)
		c.reveal(grounds[bar], 780*min(1, u*(2-min(1, u))))
	} else {
		copy(c.img.Pix, grounds[bar].Pix)
	}
	beat := math.Mod(t/beatTime, 1)
	c.fill(palettes()[bar].disc, circle(middle(), 290+16*math.Exp(-6*beat)))
}

// reveal shows another picture within a circle about the middle.
func (c *canvas) reveal(img *image.RGBA, r float64) {
	m := middle()
	for y := range Height {
		half := math.Sqrt(max(0, r*r-(float64(y)-m.y)*(float64(y)-m.y)))
		from, to := max(0, int(m.x-half)), min(Width, int(m.x+half))
		row := y * img.Stride
		copy(c.img.Pix[row+4*from:row+4*to], img.Pix[row+4*from:row+4*to])
	}
}

func middle() vec { return vec{Width / 2, 370} }

func (c *canvas) ground(p palette, bar int) {
	c.fill(p.ground, []vec{{0, 0}, {Width, 0}, {Width, Height}, {0, Height}})
	switch bar % 3 {
	case 0:
		c.fill(p.pattern, rays()...)
	case 1:
		c.fill(p.pattern, dots()...)
	default:
		c.fill(p.pattern, stripes()...)
	}
}

func rays() (all [][]vec) {
	const n = 14
	for i := range n {
		a := 2 * math.Pi * float64(i) / n
		all = append(all, []vec{middle(), middle().add(polar(a, 900)), middle().add(polar(a+math.Pi/n, 900))})
	}
	return all
}

func dots() (all [][]vec) {
	const step = 92.0
	for row := range 9 {
		shift := step / 2 * float64(row%2)
		for i := range 16 {
			all = append(all, circle(vec{float64(i)*step + shift - 20, float64(row)*step - 10}, 19))
		}
	}
	return all
}

func stripes() (all [][]vec) {
	const step = 150.0
	for x := -Height - step; x < Width; x += step {
		all = append(all, []vec{{x, Height}, {x + step/2, Height}, {x + step/2 + Height, 0}, {x + Height, 0}})
	}
	return all
}
