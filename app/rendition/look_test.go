package rendition

import (
	"image"
	"image/color"
	"image/draw"
	"path/filepath"
	"testing"

	"github.com/nfnt/resize"

	"oneframe/app/fault"
	"oneframe/app/testdata"
)

func look(t *testing.T, data []byte) uint64 {
	t.Helper()
	l, err := Look(data)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// photographs are the renditions of real photographs, none of which shows what another does.
func photographs(t *testing.T) map[string]Set {
	t.Helper()
	sets := map[string]Set{}
	names := []string{"photos/usmc-helicopter.jpg", "photos/press-cp1251-noflag.jpg", "photos/nps-falcon.jpg", "photos/hubble-jupiter-esa.jpg",
		"photos/sunrise-ccbysa.jpg", "photos/usarmy-portrait-dvids.jpeg", "photos/pixel-gps-1012x759.jpg", "photos/iphone4-gps.jpg",
		"photos/seibert-iim-xmp.jpg", "photos/orient-landscape-6.jpg", "photos/loc-thompson-springs.jpg"}
	for _, p := range testdata.Glob(t, "faces/portrait-[013]*.jpg") {
		names = append(names, "faces/"+filepath.Base(p))
	}
	for _, name := range names {
		_, set := made(t, read(t, name))
		sets[name] = set
	}
	return sets
}

// Copies of a photograph, smaller, compressed again, brighter, are within Alike of it;
// different photographs are not, nor is one that is mirrored.
func TestLook(t *testing.T) {
	t.Parallel()
	sets, looks := photographs(t), map[string]uint64{}
	most, worst := 0, ""
	for name, set := range sets {
		looks[name] = look(t, set.Thumb)
		looks[name+" mirrored"] = look(t, mirrored(t, set.Thumb))
		for what, copied := range copies(t, set) {
			if d := Distance(looks[name], look(t, copied)); d > most {
				most, worst = d, name+" "+what
			}
		}
	}
	least, pair := 64, ""
	for a, la := range looks {
		for b, lb := range looks {
			if d := Distance(la, lb); a < b && d < least {
				least, pair = d, a+" and "+b
			}
		}
	}
	t.Logf("%d photographs; of the copies the furthest: %d bits, %s; of the others the closest: %d bits, %s", len(sets), most, worst, least, pair)
	if most > Alike || least <= Alike {
		t.Errorf("Alike is %d", Alike)
	}
}

// copies are what becomes of a picture on its way through other hands.
func copies(t *testing.T, set Set) map[string][]byte {
	t.Helper()
	img := opened(t, set.Medium)
	small := resize.Resize(300, 0, img, resize.Bicubic)
	return map[string][]byte{
		"medium":           set.Medium,
		"large":            set.Large,
		"quality 30":       asJPEG(t, img, 30),
		"300 pixels wide":  asJPEG(t, small, 70),
		"80 pixels wide":   asJPEG(t, resize.Resize(80, 0, img, resize.Lanczos3), 60),
		"a fifth brighter": asJPEG(t, brighter(small), 85),
	}
}

func mirrored(t *testing.T, data []byte) []byte {
	t.Helper()
	m, err := planesOf(opened(t, data)).each(func(g *image.Gray) *image.Gray { return turn(g, 2) }).encode()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func brighter(img image.Image) image.Image {
	out := image.NewRGBA(img.Bounds())
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			r, g, b, _ := img.At(x, y).RGBA()
			out.SetRGBA(x, y, color.RGBA{uint8(min(255, r>>8*6/5)), uint8(min(255, g>>8*6/5)), uint8(min(255, b>>8*6/5)), 255})
		}
	}
	return out
}

func TestLookOfNothing(t *testing.T) {
	t.Parallel()
	for _, data := range [][]byte{nil, []byte("hello"), read(t, "bad/i-truncated-10000.png"), read(t, "bad/i-corrupt-header.jpg")} {
		if _, err := Look(data); !fault.Has(err, "broken_image") {
			t.Errorf("%.10q: %v", data, err)
		}
	}
	if _, err := Look(read(t, "bad/i-giant-image.jpg")); !fault.Has(err, "too_many_pixels") {
		t.Errorf("a giant: %v", err)
	}
	even := image.NewGray(image.Rect(0, 0, 1, 1))
	draw.Draw(even, even.Rect, image.White, image.Point{}, draw.Src)
	if l := look(t, asJPEG(t, even, 90)); l != 0 {
		t.Errorf("an even picture: %x", l)
	}
}
