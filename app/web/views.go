package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"oneframe/app/clip"
	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/source"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// clipView is a clip as the pages show it.
type clipView struct {
	Slug, Title   string
	Width, Height int
	Slots, Filled int // Filled have a standing picture
	Frames        int // that are shown to everybody
	Hold          int
	Duration      time.Duration
	Video         string // "" before the first render
	Rendered      time.Time
	Sound         bool
	Stills        string // names the newest poster and preview; "" before the first
	Version       int    // the current one; 0 before the first render
}

// Tall reports whether the clip is higher than wide.
func (v clipView) Tall() bool { return v.Height > v.Width }

// Poster is the address of its still; the original's before the first render.
func (v clipView) Poster() string { return posterPath(v.Slug, v.Stills) }

// Original is the address of a still of the original video.
func (v clipView) Original() string { return posterPath(v.Slug, original) }

// Preview is the address of a moving preview, "" before the first.
func (v clipView) Preview() string {
	if v.Stills == "" {
		return ""
	}
	return previewPath(v.Slug, v.Stills)
}

// History is the address of the page with all its versions.
func (v clipView) History() string { return "/clips/" + url.PathEscape(v.Slug) + "/versions" }

// Page is the address of the home page with this clip.
func (v clipView) Page() string { return "/?clip=" + url.QueryEscape(v.Slug) }

// Shoot is the address where a frame for it is shot.
func (v clipView) Shoot() string { return "/shoot?clip=" + url.QueryEscape(v.Slug) }

// Holes is how many slots have no picture.
func (v clipView) Holes() int { return v.Slots - v.Filled }

// Digits is how long the count of frames is, 1 to 6, for the size of its letters.
func (v clipView) Digits() int { return min(6, len(strconv.Itoa(v.Frames))) }

// viewClip reads what the pages show of a video.
func (s *Server) viewClip(tx *store.Tx, v source.Video) (clipView, error) {
	slots, filled, err := slot.Counts(tx, v.Slug)
	if err != nil {
		return clipView{}, err
	}
	states, err := picture.Counts(tx, v.Slug)
	if err != nil {
		return clipView{}, err
	}
	r, err := current(tx, v.Slug)
	if err != nil {
		return clipView{}, err
	}
	st, err := clip.StillsOf(tx, v.Slug, "")
	if err != nil {
		return clipView{}, err
	}
	view := clipView{Slug: v.Slug, Title: v.Title, Stills: st.Hash, Version: r.Version, Width: v.Width, Height: v.Height, Slots: slots, Filled: filled,
		Hold: v.Hold, Duration: v.Duration(), Sound: v.Sound, Rendered: r.Finished}
	for _, state := range s.public() {
		view.Frames += states[state]
	}
	if r.ID != "" {
		view.Video = videoPath(r)
	}
	return view, nil
}

// oneClip gives the clip with the slug, or the featured one for "", and the others.
// one is nil where the site has no clip at all.
func (s *Server) oneClip(tx *store.Tx, slug string) (one *clipView, others []clipView, err error) {
	videos, err := source.List(tx)
	if err != nil {
		return nil, nil, err
	}
	for _, v := range videos {
		view, err := s.viewClip(tx, v)
		switch {
		case err != nil:
			return nil, nil, err
		case one == nil && (slug == "" || slug == v.Slug):
			one = &view
		default:
			others = append(others, view)
		}
	}
	if one == nil && slug != "" {
		return nil, nil, fault.New(fault.NotFound, "no_clip", "There is no such clip.")
	}
	return one, others, nil
}

// frameView is a frame as the pages show it.
type frameView struct {
	picture.Picture
	Start time.Duration // of its slot, in the clip
}

// Number is the frame's slot's.
func (f frameView) Number() int { return f.Slot.Number }

// Page is the frame's own address.
func (f frameView) Page() string { return "/f/" + string(f.ID) }

// Admin is the address of the moderators' page about it.
func (f frameView) Admin() string { return "/admin/frames/" + string(f.ID) }

// Pose is the address of the original that it copies.
func (f frameView) Pose() string { return posePath(f.Slot) }

// LargeURL, MediumURL and ThumbURL are the addresses of its renditions, "" where there are none yet.
func (f frameView) LargeURL() string  { return pictureURL(f.Large) }
func (f frameView) MediumURL() string { return pictureURL(f.Medium) }
func (f frameView) ThumbURL() string  { return pictureURL(f.Thumb) }

// Moment is the address at which the clip is at the frame.
func (f frameView) Moment() string {
	return "/?clip=" + url.QueryEscape(f.Slot.Clip) + "&t=" + strconv.FormatFloat(f.Start.Seconds(), 'f', -1, 64)
}

// Again is where somebody else can shoot the same slot.
func (f frameView) Again() string {
	return "/shoot?clip=" + url.QueryEscape(f.Slot.Clip) + "&slot=" + strconv.Itoa(f.Slot.Number)
}

// viewFrame adds to a picture what its slot knows; a slot that is gone leaves Start 0.
func viewFrame(tx *store.Tx, p picture.Picture) (frameView, error) {
	sl, err := slot.Get(tx, p.Slot)
	if err != nil && !notFound(err) {
		return frameView{}, err
	}
	return frameView{Picture: p, Start: sl.Start}, nil
}

func viewFrames(tx *store.Tx, ps []picture.Picture) ([]frameView, error) {
	var all []frameView
	for _, p := range ps {
		f, err := viewFrame(tx, p)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// holes draws a clip's slots as one letter each: x shows an accepted frame, w has a
// picture that waits, and . is empty.
func (s *Server) holes(tx *store.Tx, slug string) (string, error) {
	slots, err := slot.List(tx, slug)
	if err != nil {
		return "", err
	}
	choices, err := picture.Choose(tx, slug, s.Pick)
	if err != nil {
		return "", err
	}
	shown := map[int]bool{}
	for _, c := range choices {
		shown[c.Slot.Number] = true
	}
	var b strings.Builder
	for _, sl := range slots {
		switch {
		case shown[sl.Number]:
			b.WriteByte('x')
		case sl.Filled > 0:
			b.WriteByte('w')
		default:
			b.WriteByte('.')
		}
	}
	return b.String(), nil
}

// firstWith gives the earliest finished render that began after the moment, the zero
// Render where none has.
func firstWith(renders []clip.Render, after time.Time) clip.Render {
	var first clip.Render
	for _, r := range renders {
		if r.State == "done" && !r.Started.Before(after) && (first.ID == "" || r.Finished.Before(first.Finished)) {
			first = r
		}
	}
	return first
}

func pictureURL(k vault.Key) string {
	if k == "" {
		return ""
	}
	return mediaPath(k)
}

// shapes gives the clips that the frames are for, by slug. A clip that is gone is
// missing from it.
func (s *Server) shapes(tx *store.Tx, frames []frameView) (map[string]clipView, error) {
	all := map[string]clipView{}
	for _, f := range frames {
		if _, known := all[f.Slot.Clip]; known {
			continue
		}
		v, err := source.Get(tx, f.Slot.Clip)
		if notFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if all[f.Slot.Clip], err = s.viewClip(tx, v); err != nil {
			return nil, err
		}
	}
	return all, nil
}
