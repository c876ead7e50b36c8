package rendition

import (
	"image"
	"image/color"
)

// This file says what a picture costs in memory, in bytes, from its header alone. The
// figures are those of the decoders' source; a test measures that they are not exceeded.

const fixedCost = 3 << 20 // readers, tables, and the JPEGs that come out

// cost adds up what Make holds at most: the file's copy for mending, the decoder's
// picture, planes made from it, and what scaling needs.
func (h header) cost(size int) int64 {
	pixels := int64(h.width) * int64(h.height)
	cost := fixedCost + 4*int64(size) + h.decoding + scalingCost(pixels)
	if h.flatten {
		cost += pixels*3/2 + 16*int64(h.width)
	}
	return cost
}

// scalingCost is the half-size planes, where the picture is large, and what
// nfnt/resize holds between its two passes.
func scalingCost(pixels int64) int64 { return min(pixels*7/2, pixels*11/20+24<<20) }

// jpegCost is what image/jpeg holds: the planes in whole MCUs; of a progressive file a
// 32-bit coefficient for every sample as well; of RGB and CMYK four bytes a pixel.
func jpegCost(f frame, model color.Model) (decoding int64, flatten bool) {
	across, down := f.blocks()
	var samples int64
	for _, c := range f.comps {
		samples += int64(across*c.h) * int64(down*c.v) * 64
	}
	decoding = samples
	if f.marker == sof2 {
		decoding += 4 * samples
	}
	if flatten = model == color.RGBAModel || len(f.comps) == 4; flatten {
		decoding += 4 * int64(f.width) * int64(f.height)
	}
	return decoding, flatten
}

// pngCost is the image, twice where it is interlaced, and two rows.
func pngCost(h pngHead) int64 {
	perPixel := 4
	switch {
	case h.depth == 16 && h.color == pngGrey && !h.transparent:
		perPixel = 2
	case h.depth == 16:
		perPixel = 8
	case h.color == pngPalette || h.color == pngGrey && !h.transparent:
		perPixel = 1
	}
	if h.interlaced {
		perPixel *= 2
	}
	return int64(h.width)*int64(h.height)*int64(perPixel) + 2*int64(h.rowBytes())
}

// webpCost is the planes of VP8, and of VP8L or a compressed alpha channel its pixels
// before and after unpacking, and its Huffman trees.
func webpCost(f webpFile) int64 {
	pixels := int64(f.size.X) * int64(f.size.Y)
	var cost int64
	if f.pixels.kind == "VP8 " {
		cost += int64((f.size.X+15)/16) * int64((f.size.Y+15)/16) * (256*3/2 + 128)
		if f.alph != nil {
			cost += 9*pixels + treesCost(f.size, len(f.alph))
		}
	} else {
		cost += 8*pixels + treesCost(f.size, len(f.pixels.data))
	}
	if f.size != f.canvas {
		cost += 4 * int64(f.canvas.X) * int64(f.canvas.Y)
	}
	return cost
}

// treesCost bounds the Huffman trees of a VP8L stream. There may be a group of five for
// each tile of 4×4 pixels, up to the 2600 that the decoder allows, of 54 kB each; and
// each costs the stream some bits: at least 18 for a tree of 37 kB and 4 for one of
// half a kB, so a byte of it can't make more than 10 kB.
func treesCost(size image.Point, stream int) int64 {
	tiles := int64((size.X+3)/4) * int64((size.Y+3)/4)
	return min(min(2600, tiles)*(54<<10), int64(stream)*(10<<10))
}
