package clip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	ffmpeg_go "github.com/u2takey/ffmpeg-go"
	"golang.org/x/sync/errgroup"

	"oneframe/app/fault"
	"oneframe/app/ffmpeg"
	"oneframe/app/vault"
)

// What decides how a unit is encoded. stitchable keeps the parameter sets the same
// whatever the batch, and so does stating the colours here instead of leaving them to
// what ffmpeg finds; a min-keyint above block leaves every run its one IDR picture, while
// a change of scene inside it still gets an I picture. Pictures have nothing to do with
// their neighbours in a batch: looking ahead, for changes of scene or for what is
// referred to (mbtree), would be in vain.
const (
	x264Common = "stitchable=1:keyint=250:min-keyint=125:colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv:chromaloc=0"
	x264Run    = x264Common + ":scenecut=40"
	x264Still  = x264Common + ":scenecut=0:no-mbtree=1:rc-lookahead=0"

	// making is part of every unit's key. Its number grows with any change to how units
	// are made that the rest does not show.
	making = "2 libx264"
)

// stall is how long an ffmpeg may make no progress; patience the same of one that gives
// way, which on a busy machine may long get next to nothing.
const (
	stall    = 2 * time.Minute
	patience = 30 * time.Minute
)

func stallOf(nice int) time.Duration {
	if nice > 0 {
		return patience
	}
	return stall
}

// encoder makes units.
type encoder struct {
	tool      ffmpeg.Tool
	pictures  *vault.Vault
	mezzanine string
	pose      func(slot int) string // its reference picture
	cache     cache
	workers   int
	nice      int // of the ffmpegs
}

// encode makes the units of the jobs and puts them into the cache; those that are done
// when an error ends it stay there. The meter hears of both.
func (e encoder) encode(ctx context.Context, t Timeline, jobs []job, m *meter) error {
	dir, err := e.cache.temp()
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(e.workers)
	for _, b := range batches(jobs, e.workers) {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			return e.batch(ctx, t, b, dir, m)
		})
	}
	return g.Wait()
}

// batch runs one ffmpeg and takes its units into the cache.
func (e encoder) batch(ctx context.Context, t Timeline, b batch, dir string, m *meter) (err error) {
	out, err := os.CreateTemp(dir, "batch-*.mp4")
	if err != nil {
		return fault.Disk(err)
	}
	defer func() { err = errors.Join(err, os.Remove(out.Name())) }()
	if err := out.Close(); err != nil {
		return err
	}
	in, input, release, err := e.input(t, b)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := e.run(ctx, output(t, b, input, out.Name()), in, m.encoded); err != nil {
		return err
	}
	if err := e.keep(b, out.Name()); err != nil {
		return err
	}
	m.kept(len(b.jobs))
	return nil
}

// run runs the graph; an error of its input comes before what ffmpeg made of it.
func (e encoder) run(ctx context.Context, graph *ffmpeg_go.Stream, in *pieces, told func(int)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	next := in.next
	in.next = func() ([]byte, error) {
		b, err := next()
		if err != nil && !errors.Is(err, io.EOF) {
			stop(err)
		}
		return b, err
	}
	var before int64
	res, err := e.tool.Run(ctx, ffmpeg.Job{Graph: graph, Stdin: in, Stall: stallOf(e.nice), Nice: e.nice, Progress: func(p ffmpeg.Progress) {
		told(int(p.Frames - before))
		before = p.Frames
	}})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if why := starved(err, res.Log); why != nil || err == nil {
		return why
	}
	return fault.Wrap(fmt.Errorf("%w\n%s", err, res.Log), fault.Internal, "encode_failed", "ffmpeg could not encode a part of the clip.")
}

// input gives the bytes for ffmpeg's standard input and the graph that makes of them the
// batch's frames: the clip's size and colours, one after the other. release ends it.
func (e encoder) input(t Timeline, b batch) (in *pieces, graph *ffmpeg_go.Stream, release func() error, err error) {
	if b.pictures() {
		return e.stills(t, b), stillGraph(t), func() error { return nil }, nil
	}
	mezzanine, err := openTrack(e.mezzanine, "vide")
	if err != nil {
		return nil, nil, nil, fault.Wrap(err, fault.Internal, "no_mezzanine", "The source's video can't be read.")
	}
	in, graph, err = runs(t, b, mezzanine)
	if err != nil {
		return nil, nil, nil, errors.Join(fault.Wrap(err, fault.Internal, "no_mezzanine", "The source's video is not what its import made."), mezzanine.Close())
	}
	return in, graph, mezzanine.Close, nil
}

// runs feeds the groups of pictures that the batch's runs lie in, and selects from their
// frames by number: exact wherever it starts, and as long as what is asked for.
func runs(t Timeline, b batch, mezzanine *track) (*pieces, *ffmpeg_go.Stream, error) {
	if n := len(mezzanine.sizes); n != t.Frames {
		return nil, nil, fmt.Errorf("it has %d frames instead of %d", n, t.Frames)
	}
	var want []span
	for _, j := range b.jobs {
		want = add(want, span{j.unit.First, j.unit.First + j.unit.Frames})
	}
	samples, decoded, err := mezzanine.gops(want)
	if err != nil {
		return nil, nil, err
	}
	in, err := mezzanine.elementary(samples)
	graph := ffmpeg_go.Input("pipe:0", ffmpeg_go.KwArgs{"f": "h264", "framerate": t.FPS.String(), "threads": 1}).
		Filter("select", ffmpeg_go.Args{anyOf(decoded)}).
		Filter("settb", ffmpeg_go.Args{fmt.Sprintf("%d/%d", t.FPS.Den, t.FPS.Num)}).
		Filter("setpts", ffmpeg_go.Args{"N"})
	if t.Scaled {
		graph = graph.Filter("zscale", nil, ffmpeg_go.KwArgs{"filter": "bicubic", "w": t.Width, "h": t.Height})
	}
	return in, graph.Filter("setsar", ffmpeg_go.Args{"1"}), err
}

// anyOf is the ffmpeg expression that is 1 for the frames n of the spans.
func anyOf(spans []span) string {
	var terms []string
	for _, s := range spans {
		terms = append(terms, fmt.Sprintf("between(n,%d,%d)", s.From, s.To-1))
	}
	return ffmpeg.Sum(terms)
}

// output encodes the batch's frames with a unit's beginning at each start.
func output(t Timeline, b batch, frames *ffmpeg_go.Stream, file string) *ffmpeg_go.Stream {
	x264 := x264Run
	if b.pictures() {
		x264 = x264Still
	}
	scale, _ := ticks(t.FPS)
	return frames.Output(file, ffmpeg_go.KwArgs{
		"f": "mp4", "c:v": "libx264", "preset": t.Preset, "crf": t.CRF, "pix_fmt": "yuv420p", "threads": 1,
		"x264-params": x264, "forced-idr": 1, "force_key_frames": keyTimes(t, b),
		"r": t.FPS.String(), "fps_mode": "cfr", "frames:v": b.frames, "video_track_timescale": scale,
	}).GlobalArgs("-filter_complex_threads", "1")
}

// keyTimes lists the starts in seconds, a quarter of a frame early: ffmpeg rounds them to
// whole frames, which makes a start on the dot late now and then, and one half a frame
// before it early. Of pictures every frame is a start.
func keyTimes(t Timeline, b batch) string {
	if b.pictures() {
		return "expr:1"
	}
	var all []string
	for _, n := range b.starts() {
		s := (float64(n) - 0.25) * float64(t.FPS.Den) / float64(t.FPS.Num)
		all = append(all, fmt.Sprintf("%.6f", max(s, 0)))
	}
	return strings.Join(all, ",")
}

// keep reads the batch's units back, and lets them into the cache if all of them are right.
func (e encoder) keep(b batch, file string) error {
	out, err := openTrack(filepath.Clean(file), "vide")
	if err == nil {
		err = errors.Join(e.keepFrom(b, out), out.Close())
	}
	if err != nil && fault.Of(err).Kind == fault.Internal {
		err = fault.Wrap(err, fault.Internal, "bad_units", "A part of the clip came out of ffmpeg wrong.")
	}
	return err
}

func (e encoder) keepFrom(b batch, out *track) error {
	r, err := newReadback(b, out)
	if err != nil {
		return err
	}
	for i, j := range b.jobs {
		unit, err := r.unit(i)
		if err != nil {
			return fmt.Errorf("unit at frame %d: %w", j.unit.First, err)
		}
		if err := e.cache.put(j.key, unit); err != nil {
			return err
		}
	}
	return nil
}
