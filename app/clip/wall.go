package clip

import (
	"image"
	"image/color"
	"slices"
	"strconv"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// The wall's measures in pixels, and its inks, which are the site's own (static/app.css).
const (
	wallPad     = 16
	wallCaption = 56 // below the wall
	wallBar     = 8  // at the bottom of the caption
	wallText    = 26
	flashFrames = 12 // for which a new picture glows
)

func ink() color.RGBA   { return color.RGBA{0x14, 0x0c, 0x20, 255} }
func ink3() color.RGBA  { return color.RGBA{0x35, 0x23, 0x4c, 255} }
func lamp() color.RGBA  { return color.RGBA{0xff, 0xd2, 0x3d, 255} }
func paper() color.RGBA { return color.RGBA{0xff, 0xf4, 0xe0, 255} }
func dim() color.RGBA   { return color.RGBA{0xc6, 0xb8, 0xd6, 255} }

// wall draws the frames of a film of growth.
type wall struct {
	canvas  *image.RGBA
	face    font.Face
	columns int
	step    image.Point // from one cell to the next
	cell    image.Point // a cell without the gap
	origin  image.Point
	slots   int

	tiles   [][]byte // originals, cell by cell, dimmed
	lit     []*image.RGBA
	age     []int // of a picture, in frames; -1 for an original
	changed []int // slots to draw anew
	filled  int
}

// newWall lays out a wall of so many slots of the clip's shape.
func newWall(slots, width, height int) (*wall, error) {
	parsed, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return nil, err
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: wallText, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, err
	}
	w := &wall{canvas: image.NewRGBA(image.Rect(0, 0, growthWide, growthHigh)), face: face, slots: slots,
		tiles: make([][]byte, slots), lit: make([]*image.RGBA, slots), age: make([]int, slots)}
	for i := range w.age {
		w.age[i] = -1
	}
	area := growthArea()
	w.columns, w.step = cells(slots, width, height, area)
	gap := min(4, max(w.step.X, w.step.Y)/10)
	w.cell = image.Pt(max(1, w.step.X-gap), max(1, w.step.Y-gap))
	rows := (slots + w.columns - 1) / w.columns
	w.origin = image.Pt((growthWide-w.columns*w.step.X+gap)/2, wallPad+(area.Y-rows*w.step.Y+gap)/2)
	draw.Draw(w.canvas, w.canvas.Bounds(), image.NewUniform(ink()), image.Point{}, draw.Src)
	return w, nil
}

// growthArea is what a frame has for the slots.
func growthArea() image.Point {
	return image.Pt(growthWide-2*wallPad, growthHigh-wallCaption-2*wallPad)
}

// cells finds the largest cells of the shape width to height with which n of them fit
// into the area, row by row.
func cells(n, width, height int, area image.Point) (columns int, step image.Point) {
	for columns = 1; ; columns++ {
		x := area.X / columns
		y := max(1, x*height/width)
		if x <= 1 || (n+columns-1)/columns*y <= area.Y {
			return columns, image.Pt(max(x, 1), y)
		}
	}
}

func (w *wall) at(slot int) image.Rectangle {
	p := w.origin.Add(image.Pt(slot%w.columns*w.step.X, slot/w.columns*w.step.Y))
	return image.Rectangle{p, p.Add(w.cell)}
}

// original gives a slot the still that it shows while it is empty, as rows of red, green,
// blue and nothing, and dims it.
func (w *wall) original(slot int, rgb0 []byte) {
	tile := slices.Clone(rgb0)
	for i := 0; i < len(tile); i += 4 {
		grey := (2*int(tile[i]) + 5*int(tile[i+1]) + int(tile[i+2])) / 8
		for c, base := range []int{0x20, 0x14, 0x2f} {
			tile[i+c] = byte(base + (grey*3+int(tile[i+c]))/4*38/100)
		}
		tile[i+3] = 255
	}
	w.tiles[slot] = tile
	w.changed = append(w.changed, slot)
}

// empty has a slot show its original again.
func (w *wall) empty(slot int) {
	if w.lit[slot] != nil {
		w.filled--
	}
	w.lit[slot], w.age[slot] = nil, -1
	w.changed = append(w.changed, slot)
}

// light gives a slot a picture, cropped to the cell's shape.
func (w *wall) light(slot int, img image.Image) {
	if w.lit[slot] == nil {
		w.filled++
	}
	tile := image.NewRGBA(image.Rectangle{Max: w.cell})
	shape := Timeline{Facts: Facts{Width: w.cell.X, Height: w.cell.Y}}
	draw.BiLinear.Scale(tile, tile.Bounds(), img, fill(img.Bounds(), shape), draw.Src, nil)
	w.lit[slot], w.age[slot] = tile, 0
	w.changed = append(w.changed, slot)
}

// frame draws the next frame and gives its pixels, which stay the wall's.
func (w *wall) frame(left, middle string) []byte {
	slices.Sort(w.changed)
	todo := slices.Compact(w.changed)
	w.changed = nil
	for _, slot := range todo {
		w.draw(slot)
		if w.age[slot] >= 0 && w.age[slot] < flashFrames { // it glows on
			w.age[slot]++
			w.changed = append(w.changed, slot)
		}
	}
	w.caption(left, middle)
	return w.canvas.Pix
}

func (w *wall) draw(slot int) {
	at := w.at(slot)
	if tile := w.lit[slot]; tile != nil {
		draw.Draw(w.canvas, at, tile, image.Point{}, draw.Src)
		if left := flashFrames - w.age[slot]; left > 0 {
			glow := lamp()
			mask := image.NewUniform(color.Alpha{uint8(200 * left * left / (flashFrames * flashFrames))})
			draw.DrawMask(w.canvas, at, image.NewUniform(glow), image.Point{}, mask, image.Point{}, draw.Over)
		}
		return
	}
	if tile := w.tiles[slot]; tile != nil {
		img := &image.RGBA{Pix: tile, Stride: 4 * w.cell.X, Rect: image.Rectangle{Max: w.cell}}
		draw.Draw(w.canvas, at, img, image.Point{}, draw.Src)
	}
}

// caption writes the line below the wall, and the bar of how many slots are filled.
func (w *wall) caption(left, middle string) {
	top := growthHigh - wallCaption
	draw.Draw(w.canvas, image.Rect(0, top, growthWide, growthHigh), image.NewUniform(ink()), image.Point{}, draw.Src)
	right := strconv.Itoa(w.filled) + " of " + strconv.Itoa(w.slots)
	base := top + 34
	w.text(wallPad, base, left, lamp())
	w.text((growthWide-w.measure(middle))/2, base, middle, dim())
	w.text(growthWide-wallPad-w.measure(right), base, right, paper())
	draw.Draw(w.canvas, image.Rect(0, growthHigh-wallBar, growthWide, growthHigh), image.NewUniform(ink3()), image.Point{}, draw.Src)
	full := growthWide * w.filled / max(w.slots, 1)
	draw.Draw(w.canvas, image.Rect(0, growthHigh-wallBar, full, growthHigh), image.NewUniform(lamp()), image.Point{}, draw.Src)
}

func (w *wall) measure(s string) int { return font.MeasureString(w.face, s).Ceil() }

func (w *wall) text(x, y int, s string, c color.RGBA) {
	d := font.Drawer{Dst: w.canvas, Src: image.NewUniform(c), Face: w.face, Dot: fixed.P(x, y)}
	d.DrawString(s)
}
