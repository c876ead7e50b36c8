package clip

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	ffmpeg_go "github.com/u2takey/ffmpeg-go"

	"oneframe/app/fault"
	"oneframe/app/ffmpeg"
	"oneframe/app/picture"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// What a preview is: so many pictures of the clip at most, so many a second, on so many
// pixels of the longer side. Of a clip with fewer than previewLeast pictures it also shows
// originals.
const (
	previewMost  = 24
	previewLeast = 8
	previewRate  = 8
	previewSide  = 320
)

// wantStills queues the stills of a version that has just become the clip's current one,
// and forgets those of earlier ones that nobody has begun.
func wantStills(tx *store.Tx, r Render) error {
	if _, err := tx.Exec(`DELETE FROM clip_print WHERE clip = $1 AND kind = 'stills' AND state = 'queued'`, r.Clip); err != nil {
		return err
	}
	return want(tx, Stills, r.Clip, r.Version, "render")
}

// album is the choice of a version's frames for its stills: the places of units in its
// timeline, and which of these is the poster.
type album struct {
	units  []Unit
	poster int
}

// pick chooses the frames. Pictures are spread evenly over the clip, and of the chosen
// ones the poster is that with the best score, the newest among equals.
func pick(t Timeline, score func(picture.ID) float64) (a album) {
	var filled, runs []Unit
	for _, u := range t.Units {
		if u.Picture != "" {
			filled = append(filled, u)
		} else {
			runs = append(runs, u)
		}
	}
	use := map[int]bool{} // by first frame
	for _, u := range spread(filled, previewMost) {
		use[u.First] = true
	}
	for _, u := range spread(runs, previewLeast-len(use)) {
		use[u.First] = true
	}
	best, newest := -1.0, picture.ID("")
	for _, u := range t.Units {
		if !use[u.First] {
			continue
		}
		if n := score(u.Frame); u.Picture != "" && (n > best || n == best && u.Frame > newest) {
			best, newest, a.poster = n, u.Frame, len(a.units)
		}
		a.units = append(a.units, u)
	}
	return a
}

// spread gives at most n of the units, at even distances.
func spread(all []Unit, n int) (some []Unit) {
	n = min(max(n, 0), len(all))
	for i := range n {
		some = append(some, all[(2*i+1)*len(all)/(2*n)])
	}
	return some
}

// still makes a version's poster and preview out of its file: each unit's first sample is
// an IDR picture, so that nothing else has to be decoded.
func (s *Studio) still(ctx context.Context, p Print, m *meter) (done madePrint, err error) {
	var v Version
	var a album
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if v, err = VersionOf(tx, p.Clip, p.Version); err != nil {
			return err
		}
		t, err := PlanOf(tx, v.Render)
		if err != nil {
			return err
		}
		may, err := picture.Showable(tx, p.Clip)
		a = pick(t, func(id picture.ID) float64 { return may[id].Score })
		return err
	})
	if err != nil {
		return done, err
	}
	for _, u := range a.units {
		if u.Picture != "" {
			done.shows = append(done.shows, u.Frame)
		}
	}
	if s.File(v.Render) == "" {
		return done, fault.New(fault.Conflict, "no_file", "The version's file is gone.")
	}
	if err := s.drawStills(ctx, p, v.Render, a, m); err != nil {
		return done, fault.Wrap(fault.Disk(err), fault.Internal, "stills_failed", "The poster and the preview could not be made.")
	}
	done.Hash, done.Bytes, err = seal(s.paths(p))
	return done, err
}

// drawStills runs one ffmpeg for both files.
func (s *Studio) drawStills(ctx context.Context, p Print, r Render, a album, m *meter) (err error) {
	video, err := openTrack(s.File(r), "vide")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, video.Close()) }()
	var spans []span
	for _, u := range a.units {
		spans = append(spans, span{u.First, u.First + 1})
	}
	in, err := video.elementary(spans)
	if err != nil {
		return err
	}
	m.encoding(len(spans), 0)
	graph := stillsGraph(a.poster, s.path(p, posterExt), s.path(p, previewExt))
	res, err := s.Tool.Run(ctx, ffmpeg.Job{Graph: graph, Stdin: in, Stall: stall, Progress: func(now ffmpeg.Progress) { m.encoded(int(now.Frames)) }})
	if err == nil && res.Frames != int64(len(spans)) {
		err = fmt.Errorf("%d frames came out of %d: %s", res.Frames, len(spans), res.Log)
	}
	return err
}

// stillsGraph makes of the frames that come in the moving preview, and of one of them the
// poster. WebP's colours are BT.601 in limited range (RFC 9649 section 2.6.1), JFIF's in
// full range.
func stillsGraph(poster int, posterFile, previewFile string) *ffmpeg_go.Stream {
	convert := func(s *ffmpeg_go.Stream, more ffmpeg_go.KwArgs) *ffmpeg_go.Stream {
		return s.Filter("zscale", nil, ffmpeg_go.MergeKwArgs([]ffmpeg_go.KwArgs{{"filter": "bicubic", "matrixin": "709", "rangein": "limited",
			"primariesin": "709", "transferin": "709", "primaries": "709", "transfer": "709", "matrix": "470bg"}, more}))
	}
	both := ffmpeg_go.Input("pipe:0", ffmpeg_go.KwArgs{"f": "h264", "framerate": previewRate, "threads": 1}).Split()
	side := func(a, b string) string { return fmt.Sprintf("2*round(%d*%s/max(%s,%s)/2)", previewSide, a, a, b) }
	small := convert(both.Get("0"), ffmpeg_go.KwArgs{"w": side("iw", "ih"), "h": side("ih", "iw"), "range": "limited"}).
		Filter("format", ffmpeg_go.Args{"yuv420p"}).Filter("setsar", ffmpeg_go.Args{"1"}).
		Output(ffmpeg.URL(previewFile), ffmpeg_go.KwArgs{"f": "webp", "c:v": "libwebp_anim", "quality": 60, "compression_level": 3, "loop": 0, "fps_mode": "passthrough", "threads": 1})
	one := convert(both.Get("1").Filter("select", ffmpeg_go.Args{fmt.Sprintf("eq(n,%d)", poster)}), ffmpeg_go.KwArgs{"range": "full"}).
		Filter("format", ffmpeg_go.Args{"yuvj420p"}).
		Output(ffmpeg.URL(posterFile), ffmpeg_go.KwArgs{"f": "image2", "update": 1, "frames:v": 1, "c:v": "mjpeg", "q:v": 4, "fps_mode": "passthrough", "threads": 1})
	return ffmpeg_go.MergeOutputs(small, one).GlobalArgs("-filter_complex_threads", "1")
}

// seal gives the SHA-256 over the files, one after the other, and their size, once they
// lie durably on the disk. An empty file is an error.
func seal(paths []string) (hash string, bytes int64, err error) {
	sum := sha256.New()
	for _, path := range paths {
		n, err := sealOne(path, sum)
		if err == nil && n == 0 {
			err = fmt.Errorf("%s is empty", path)
		}
		if err != nil {
			return "", 0, err
		}
		bytes += n
	}
	return hex.EncodeToString(sum.Sum(nil)), bytes, vault.SyncDir(filepath.Dir(paths[0]))
}

func sealOne(path string, sum io.Writer) (n int64, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if n, err = io.Copy(sum, f); err != nil {
		return n, err
	}
	return n, errors.Join(f.Chmod(0o640), f.Sync())
}
