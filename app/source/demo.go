package source

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	ffmpeg_go "github.com/u2takey/ffmpeg-go"
	"golang.org/x/sync/errgroup"

	"oneframe/app/fault"
	"oneframe/app/ffmpeg"
	"oneframe/app/source/demo"
)

const (
	demoSlug  = "demo"
	demoTitle = "Dance along"
	// drawnShare is how far the demo's import has come when its source is made.
	drawnShare = 0.4
)

// Demo makes the demo clip's source by program and imports it like any other video,
// under the slug demo.
func (im *Importer) Demo(ctx context.Context, progress func(share float64)) (Video, error) {
	return im.here(ctx, Request{File: "demo", Slug: demoSlug, Title: demoTitle}, drawDemo, progress)
}

// drawDemo makes the source in the import's work folder.
func drawDemo(ctx context.Context, j *job) (string, error) {
	dir := filepath.Join(j.folder(), rawName)
	file, sound := filepath.Join(dir, "demo.mkv"), filepath.Join(dir, "demo.wav")
	err := os.Mkdir(dir, 0o750)
	if err == nil {
		err = os.WriteFile(sound, demo.WAV(), 0o640)
	}
	if err != nil {
		return "", fault.Disk(err)
	}
	r, w := io.Pipe()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		err := demo.Video(ctx, w, func(n int) { j.report(ctx, drawnShare*float64(n)/demo.Frames) })
		return w.CloseWithError(err) // nil: ffmpeg's reader gets the error, and Run gives it
	})
	g.Go(func() error {
		res, err := j.Tool.Run(ctx, ffmpeg.Job{Graph: demoGraph(file, sound), Stdin: r, Limit: convertLimit})
		switch {
		case err != nil && full(res):
			err = noRoom(err)
		case err == nil && res.Frames != demo.Frames:
			err = fault.New(fault.Internal, "internal", "The demo has %d frames instead of %d.", res.Frames, demo.Frames)
		}
		return err
	})
	return file, g.Wait()
}

// demoGraph encodes raw frames from standard input, and the sound, nearly without loss.
func demoGraph(file, sound string) *ffmpeg_go.Stream {
	picture := ffmpeg_go.Input("pipe:0", args{"f": "rawvideo", "pix_fmt": "yuv420p", "s": fmt.Sprintf("%dx%d", demo.Width, demo.Height), "r": demo.Rate})
	return ffmpeg_go.Output([]*ffmpeg_go.Stream{picture, ffmpeg_go.Input(ffmpeg.URL(sound))}, ffmpeg.URL(file), args{
		"f": "matroska", "c:v": "libx264", "preset": "ultrafast", "crf": 8, "c:a": "pcm_s16le", "fps_mode": "passthrough",
		"color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709", "color_range": "tv",
	})
}
