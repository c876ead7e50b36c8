// Package demo makes the demo clip's source by program: a figure at a desk, before a
// webcam so to speak, that dances through twelve poses on the beat of a short tune.
//
// It is 12 seconds long, at 120 beats a minute: six bars of four beats, each with a
// backdrop of its own; on the first and third beat of each bar a pose lands, together
// with a chord, so that sound and picture being in step can be seen and heard.
package demo

import (
	"context"
	"fmt"
	"image"
	"io"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// What the clip measures.
const (
	Width, Height = 1280, 720
	Rate          = 25 // frames per second
	Frames        = 300
)

// painter draws frames on a canvas of its own; it is used by one goroutine.
type painter struct {
	canvas  *canvas
	grounds []*image.RGBA // shared with other painters
	stances []stance
}

func newPainter(grounds []*image.RGBA) *painter {
	p := &painter{canvas: newCanvas(), grounds: grounds}
	for _, one := range poses() {
		p.stances = append(p.stances, one.stance())
	}
	return p
}

// paint draws the frame, counted from 0.
func (p *painter) paint(n int) {
	t := float64(n) / Rate
	s := stanceAt(t, p.stances)
	figure := newPerson(s, t)
	p.canvas.backdrop(p.grounds, t)
	shadow := figure.silhouette(line)
	for _, points := range shadow {
		for i := range points {
			points[i] = points[i].add(vec{20, 16})
		}
	}
	bar := min(int(t/barTime), len(palettes())-1)
	p.canvas.fill(palettes()[bar].shadow, shadow...)
	p.canvas.draw(figure, s, t)
}

// Video writes all frames as raw planar 4:2:0 in BT.709, limited range, drawn on all
// cores. progress is told the frames written.
func Video(ctx context.Context, w io.Writer, progress func(frames int)) error {
	cores := runtime.GOMAXPROCS(0)
	painters := make(chan *painter, cores)
	shared := grounds()
	for range cores {
		painters <- newPainter(shared)
	}
	g, ctx := errgroup.WithContext(ctx)
	queue := make(chan chan []byte, 2*cores) // in the order of the frames
	g.Go(func() error {
		defer close(queue)
		for n := range Frames {
			drawn := make(chan []byte, 1)
			var p *painter
			select {
			case p = <-painters:
			case <-ctx.Done():
				return ctx.Err()
			}
			select {
			case queue <- drawn:
			case <-ctx.Done():
				return ctx.Err()
			}
			g.Go(func() error {
				raw := make([]byte, Width*Height*3/2)
				p.paint(n)
				p.canvas.yuv(raw)
				painters <- p
				drawn <- raw
				return nil
			})
		}
		return nil
	})
	g.Go(func() error {
		n := 0
		for drawn := range queue {
			if _, err := w.Write(<-drawn); err != nil {
				return fmt.Errorf("write frame %d: %w", n, err)
			}
			n++
			progress(n)
		}
		return nil
	})
	return g.Wait()
}
