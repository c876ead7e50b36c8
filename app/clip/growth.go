package clip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	ffmpeg_go "github.com/u2takey/ffmpeg-go"

	"oneframe/app/fault"
	"oneframe/app/ffmpeg"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/source"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// The film of a clip's growth is a wall of all its slots, in clip order. Each begins as a
// dim still of the original, and lights up when a version first shows a picture in it.
// However many versions there are, the film is short: half a second each, all of them in
// at most twelve, and two seconds in which the last one stands.
const (
	growthRate  = 25
	growthEach  = 12              // frames of a version, where there are few
	growthMost  = 12 * growthRate // frames of all versions
	growthStand = 2 * growthRate  // frames of the last one
	growthWide  = 1280
	growthHigh  = 720
)

// growthLimit ends a film that does not get on. There is no watch on each frame: before
// the first of them thousands of pictures may have to be decoded.
const growthLimit = 30 * time.Minute

// growth is the script of a film: what each slot shows since when.
type growth struct {
	video    source.Video
	slots    []slot.Slot
	versions []moment // ascending
	turns    []turn   // ascending by version
}

// moment is a version's.
type moment struct {
	version int
	at      time.Time
}

// turn is the change of a slot from a version on: to a picture, or back to the original.
type turn struct {
	version, slot int // slot is its place in growth.slots
	picture       picture.ID
	thumb, large  vault.Key // "" for the original
}

// length is how many frames the growth itself has.
func (g growth) length() int { return min(max(len(g.versions)*growthEach, 1), growthMost) }

// frameOf is the frame at which the n-th version is reached.
func (g growth) frameOf(n int) int { return n * g.length() / len(g.versions) }

// script reads what a clip's growth to the version was, without what may no longer be shown.
func script(tx *store.Tx, slug string, version int) (g growth, err error) {
	if g.video, err = source.Get(tx, slug); err != nil {
		return g, err
	}
	if g.slots, err = slot.List(tx, slug); err != nil {
		return g, err
	}
	all, err := Versions(tx, slug, version+1, 1<<30)
	if err != nil {
		return g, err
	}
	for _, v := range slices.Backward(all) {
		g.versions = append(g.versions, moment{v.Version, v.Finished})
	}
	may, err := picture.Showable(tx, slug)
	if err != nil {
		return g, err
	}
	was, err := shownBy(tx, `clip = $1 AND since <= $2 ORDER BY since, number`, slug, version)
	g.turns = turnsOf(g.slots, was, may, version)
	return g, err
}

// turnsOf makes the script of which picture was shown where and when.
func turnsOf(slots []slot.Slot, was []shown, may map[picture.ID]picture.Approved, version int) (all []turn) {
	place := map[int]int{}
	for i, s := range slots {
		place[s.Number] = i
	}
	type at struct{ version, slot int }
	taken := map[at]bool{} // a picture follows at once where another ends
	for _, c := range was {
		i, ok := place[c.Slot.Number]
		if a, may := may[c.Picture]; ok && may {
			all = append(all, turn{c.since, i, c.Picture, a.Thumb, a.Large})
			taken[at{c.since, i}] = true
		}
	}
	for _, c := range was {
		i, ok := place[c.Slot.Number]
		if ok && c.until > 0 && c.until <= version && !taken[at{c.until, i}] {
			all = append(all, turn{version: c.until, slot: i})
		}
	}
	slices.SortStableFunc(all, func(a, b turn) int { return a.version - b.version })
	return all
}

// grow makes the film.
func (s *Studio) grow(ctx context.Context, p Print, m *meter) (done madePrint, err error) {
	var g growth
	err = s.DB.Read(ctx, func(tx *store.Tx) (err error) { g, err = script(tx, p.Clip, p.Version); return err })
	if err == nil && (len(g.slots) == 0 || len(g.versions) == 0) {
		err = fault.New(fault.Conflict, "no_growth", "The clip has no versions to show.")
	}
	if err != nil {
		return done, err
	}
	for _, t := range g.turns {
		if t.picture != "" {
			done.shows = append(done.shows, t.picture)
		}
	}
	if err = s.film(ctx, g, s.PrintFile(p), m); err != nil {
		return done, fault.Wrap(fault.Disk(err), fault.Internal, "growth_failed", "The film of the growth could not be made.")
	}
	done.Hash, done.Bytes, err = seal(s.paths(p))
	return done, err
}

// film draws the frames and has them encoded as they come.
func (s *Studio) film(ctx context.Context, g growth, file string, m *meter) error {
	w, err := newWall(len(g.slots), g.video.Width, g.video.Height)
	if err != nil {
		return err
	}
	if err := s.backdrop(ctx, g, w); err != nil {
		return err
	}
	frames := g.length() + growthStand
	m.encoding(frames, 0)
	in := &pieces{next: s.wallFrames(g, w)}
	said := 0
	res, err := s.Tool.Run(ctx, ffmpeg.Job{Graph: growthGraph(file), Stdin: in, Limit: growthLimit, Progress: func(now ffmpeg.Progress) {
		m.encoded(int(now.Frames) - said)
		said = int(now.Frames)
	}})
	if err == nil && res.Frames != int64(frames) {
		err = fmt.Errorf("%d frames came out of %d: %s", res.Frames, frames, res.Log)
	}
	return err
}

func growthGraph(file string) *ffmpeg_go.Stream {
	return ffmpeg_go.Input("pipe:0", ffmpeg_go.KwArgs{"f": "rawvideo", "pix_fmt": "rgb0", "s": fmt.Sprintf("%dx%d", growthWide, growthHigh), "framerate": growthRate}).
		Filter("format", ffmpeg_go.Args{"gbrp"}).
		Filter("zscale", nil, ffmpeg_go.KwArgs{"matrixin": "gbr", "rangein": "full", "primariesin": "709", "transferin": "709",
			"matrix": "709", "range": "limited", "primaries": "709", "transfer": "709"}).
		Filter("format", ffmpeg_go.Args{"yuv420p"}).
		Output(ffmpeg.URL(file), ffmpeg_go.KwArgs{"f": "mp4", "c:v": "libx264", "preset": "veryfast", "crf": 20, "threads": 1, "g": 2 * growthRate,
			"movflags": "+faststart", "fps_mode": "passthrough",
			"color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709", "color_range": "tv"}).
		GlobalArgs("-filter_complex_threads", "1")
}

// wallFrames gives the film's frames one by one, as rows of red, green, blue and nothing.
func (s *Studio) wallFrames(g growth, w *wall) func() ([]byte, error) {
	n, next, reached := -1, 0, -1 // the frame, the first turn that is to come, the version reached
	return func() ([]byte, error) {
		if n++; n == g.length()+growthStand {
			return nil, io.EOF
		}
		for reached+1 < len(g.versions) && g.frameOf(reached+1) <= n {
			reached++
		}
		for now := g.versions[reached]; next < len(g.turns) && g.turns[next].version <= now.version; next++ {
			if err := s.turn(g.turns[next], w); err != nil {
				return nil, err
			}
		}
		now := g.versions[reached]
		return w.frame(fmt.Sprintf("Version %d", now.version), now.at.UTC().Format("2 January 2006, 15:04 MST")), nil
	}
}

// turn changes what a slot of the wall shows.
func (s *Studio) turn(t turn, w *wall) error {
	key := t.thumb
	if w.cell.X > 160 { // a thumb's width
		key = t.large
	}
	if t.picture == "" || key == "" {
		w.empty(t.slot)
		return nil
	}
	data, err := s.Renditions.Read(key)
	if errors.Is(err, fs.ErrNotExist) {
		w.empty(t.slot) // it has just been withdrawn, which settlePrint will find
		return nil
	}
	var img image.Image
	if err == nil {
		img, err = jpeg.Decode(bytes.NewReader(data))
	}
	if err != nil {
		return fault.Wrap(err, fault.Internal, "bad_picture", "The picture of slot %d can't be read.", t.slot+1)
	}
	w.light(t.slot, img)
	return nil
}

// backdrop gives the wall the originals: of each slot the frame from which the mezzanine
// can be decoded, up to half a second earlier, which spares decoding the whole of it.
func (s *Studio) backdrop(ctx context.Context, g growth, w *wall) (err error) {
	video, err := openTrack(filepath.Clean(s.Library.Mezzanine(g.video.Slug)), "vide")
	if err != nil {
		return fault.Wrap(err, fault.Internal, "no_mezzanine", "The source's video can't be read.")
	}
	defer func() { err = errors.Join(err, video.Close()) }()
	var wanted []span
	users := map[int][]int{} // sync sample → the slots that show it
	for i, sl := range g.slots {
		at := max(video.syncBefore(sl.First), 0)
		if users[at] == nil {
			wanted = append(wanted, span{at, at + 1})
		}
		users[at] = append(users[at], i)
	}
	slices.SortFunc(wanted, func(a, b span) int { return a.From - b.From })
	in, err := video.elementary(wanted)
	if err != nil {
		return err
	}
	n := 0
	tiles := &tiler{size: 4 * w.cell.X * w.cell.Y, each: func(rgb0 []byte) {
		for _, i := range users[wanted[min(n, len(wanted)-1)].From] {
			w.original(i, rgb0)
		}
		n++
	}}
	graph := ffmpeg_go.Input("pipe:0", ffmpeg_go.KwArgs{"f": "h264", "framerate": growthRate, "threads": 1}).
		Filter("scale", ffmpeg_go.Args{fmt.Sprintf("%d:%d", w.cell.X, w.cell.Y)}, ffmpeg_go.KwArgs{"in_color_matrix": "bt709", "flags": "area"}).
		Output("pipe:1", ffmpeg_go.KwArgs{"f": "rawvideo", "pix_fmt": "rgb0", "fps_mode": "passthrough"}).GlobalArgs("-filter_complex_threads", "1")
	_, err = s.Tool.Run(ctx, ffmpeg.Job{Graph: graph, Stdin: in, Stdout: tiles, Stall: stall})
	if err == nil && n != len(wanted) {
		err = fmt.Errorf("%d stills came out of %d", n, len(wanted))
	}
	return err
}

// tiler cuts what is written to it into pieces of the size.
type tiler struct {
	size int
	each func([]byte)
	rest []byte
}

// Write never fails.
func (t *tiler) Write(b []byte) (int, error) {
	n := len(b)
	t.rest = append(t.rest, b...)
	for len(t.rest) >= t.size {
		t.each(t.rest[:t.size])
		t.rest = t.rest[t.size:]
	}
	return n, nil
}
