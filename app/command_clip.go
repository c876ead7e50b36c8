package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"oneframe/app/source"
	"oneframe/app/store"
)

// bar draws a progress bar in one line of the terminal.
type bar struct {
	out   io.Writer
	what  string
	begun time.Time
	last  int // the percentage drawn, -1 before the first
}

func newBar(out io.Writer, what string) *bar {
	return &bar{out: out, what: what, begun: time.Now(), last: -1}
}

// draw shows a share from 0 to 1; it writes only where the percentage has changed.
func (b *bar) draw(share float64) {
	percent := int(100 * min(max(share, 0), 1))
	if percent == b.last {
		return
	}
	b.last = percent
	const width = 40
	full := percent * width / 100
	left := ""
	if d, known := source.TimeLeft(time.Since(b.begun), share); known && percent < 100 {
		left = fmt.Sprintf("%d:%02d left", int(d.Minutes()), int(d.Seconds())%60)
	}
	fmt.Fprintf(b.out, "\r%s [%s%s] %3d %%  %-12s", b.what, strings.Repeat("#", full), strings.Repeat(".", width-full), percent, left)
}

// end leaves the line, with a full bar where what it was about succeeded.
func (b *bar) end(err error) {
	if err == nil {
		b.draw(1)
	}
	if b.last >= 0 {
		fmt.Fprintln(b.out)
	}
}

func (c *command) importVideo(ctx context.Context) (err error) {
	fs, config := c.flags("import")
	slug := fs.String("slug", "", "")
	title := fs.String("title", "", "")
	ranges := fs.String("range", "", "")
	hold := fs.Int("hold", 0, "")
	a, names, err := c.open(ctx, fs, config, 1, "one FILE, with --slug and --title")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if *slug == "" || *title == "" {
		return usageError("import takes --slug and --title")
	}
	parsed, err := source.ParseRanges(*ranges)
	if err != nil {
		return err
	}
	b := newBar(c.Err, "importing")
	v, err := a.Importer.Import(ctx, source.Request{File: names[0], Slug: *slug, Title: *title, Ranges: parsed, Hold: *hold}, b.draw)
	b.end(err)
	if err == nil {
		err = a.Studio.RequestDue(ctx) // the running server's work, or the next one's
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "%s: %d frames of %d×%d at %s a second, %d slots\n", v.Slug, v.Frames, v.Width, v.Height, v.FPS, v.Slots)
	return err
}

func (c *command) demo(ctx context.Context) (err error) {
	fs, config := c.flags("demo")
	a, _, err := c.open(ctx, fs, config, 0, "no names")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	b := newBar(c.Err, "making the demo")
	v, err := a.Importer.Demo(ctx, b.draw)
	b.end(err)
	if err == nil {
		err = a.Studio.RequestDue(ctx)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "%s: %d frames, %d slots\n", v.Slug, v.Frames, v.Slots)
	return err
}

func (c *command) render(ctx context.Context) (err error) {
	fs, config := c.flags("render")
	slug := fs.String("clip", "", "")
	a, _, err := c.open(ctx, fs, config, 0, "no names")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	slugs := []string{*slug}
	if *slug == "" {
		if slugs, err = a.slugs(ctx); err != nil {
			return err
		}
	}
	for _, s := range slugs {
		if err := c.renderOne(ctx, a, s); err != nil {
			return err
		}
	}
	return nil
}

func (c *command) renderOne(ctx context.Context, a *App, slug string) error {
	b := newBar(c.Err, "rendering "+slug)
	r, err := a.Studio.Render(ctx, slug, b.draw)
	b.end(err)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "%s: %d slots filled, %d units encoded, %d reused\n", slug, r.SlotsFilled, r.UnitsEncoded, r.UnitsReused)
	return err
}

// slugs lists the clips.
func (a *App) slugs(ctx context.Context) (slugs []string, err error) {
	err = a.DB.Read(ctx, func(tx *store.Tx) error {
		videos, err := source.List(tx)
		for _, v := range videos {
			slugs = append(slugs, v.Slug)
		}
		return err
	})
	return slugs, err
}
