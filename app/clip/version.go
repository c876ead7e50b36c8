package clip

import (
	"context"
	"database/sql"
	"strings"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/source"
	"oneframe/app/store"
)

// Version is one version of a clip: the render that made it, and what there is of it.
type Version struct {
	Render
	Rejoined Print // the wish to have it joined again; zero where there was none
	Stills   Print // zero where there are none
}

// Ready says that the version can be played.
func (v Version) Ready() bool { return v.PlayHash() != "" }

// PlayHash names the file that plays the version; "" where there is none on disk.
func (v Version) PlayHash() string {
	if v.File != "" {
		return v.Hash
	}
	return v.Rejoined.Hash
}

// Open says that the version is being joined again, or waits for it.
func (v Version) Open() bool { return v.Rejoined.State == Queued || v.Rejoined.State == Running }

// firstOf makes a condition: of the renders of a version the one that made it; later ones
// found nothing changed.
const firstOf = `state = 'done' AND NOT EXISTS (SELECT 1 FROM clip_render o WHERE o.clip = clip_render.clip AND o.version = clip_render.version
	AND o.state = 'done' AND o.id < clip_render.id)`

// Versions gives n versions of a clip before the one with the number, or for 0 from the
// last, newest first.
func Versions(tx *store.Tx, slug string, before, n int) ([]Version, error) {
	renders, err := store.Each(tx, func(rows *sql.Rows, r *Render) error { return scan(rows, r) },
		`SELECT `+columns+` FROM clip_render WHERE clip = $1 AND ($2 = 0 OR version < $2) AND `+firstOf+` ORDER BY version DESC LIMIT $3`, slug, before, n)
	if err != nil || len(renders) == 0 {
		return nil, err
	}
	made, err := prints(tx, `clip = $1 AND kind <> 'growth' AND version >= $2 AND version <= $3`, slug, renders[len(renders)-1].Version, renders[0].Version)
	if err != nil {
		return nil, err
	}
	all := make([]Version, len(renders))
	place := map[int]int{}
	for i, r := range renders {
		all[i].Render, place[r.Version] = r, i
	}
	for _, p := range made {
		i, ok := place[p.Version]
		switch {
		case ok && p.Kind == Rejoined:
			all[i].Rejoined = p
		case ok && p.State == Done:
			all[i].Stills = p
		}
	}
	return all, nil
}

// VersionOf gives one version of a clip; NotFound no_version where there is none.
func VersionOf(tx *store.Tx, slug string, version int) (Version, error) {
	all, err := Versions(tx, slug, version+1, 1)
	if err == nil && (len(all) == 0 || all[0].Version != version || version < 1) {
		err = fault.New(fault.NotFound, "no_version", "The clip has no such version.")
	}
	if err != nil {
		return Version{}, err
	}
	return all[0], nil
}

// standingAt gives the pictures of a version that may still be shown, in slot order: one
// that was withdrawn, or rejected after all, leaves its slot to the original.
func standingAt(tx *store.Tx, clip string, version int) ([]picture.Choice, error) {
	was, err := choicesAt(tx, clip, version)
	if err != nil {
		return nil, err
	}
	may, err := picture.Showable(tx, clip)
	if err != nil {
		return nil, err
	}
	still := was[:0]
	for _, c := range was {
		if a, ok := may[c.Picture]; ok {
			c.Thumb = a.Thumb
			still = append(still, c)
		}
	}
	return still, nil
}

// MapOf draws a version's slots as one letter each: x shows a picture, . the original.
func MapOf(tx *store.Tx, slug string, version int) (string, error) {
	slots, err := slot.List(tx, slug)
	if err != nil {
		return "", err
	}
	shown, err := standingAt(tx, slug, version)
	if err != nil {
		return "", err
	}
	filled := map[int]bool{}
	for _, c := range shown {
		filled[c.Slot.Number] = true
	}
	var b strings.Builder
	for _, sl := range slots {
		if filled[sl.Number] {
			b.WriteByte('x')
		} else {
			b.WriteByte('.')
		}
	}
	return b.String(), nil
}

// replay plans a version again as it may be shown now, and names its pictures.
func replay(tx *store.Tx, r Render) (t Timeline, shows []picture.ID, err error) {
	v, err := source.Get(tx, r.Clip)
	if err != nil {
		return t, nil, err
	}
	slots, err := slot.List(tx, r.Clip)
	if err != nil {
		return t, nil, err
	}
	choices, err := standingAt(tx, r.Clip, r.Version)
	for _, c := range choices {
		shows = append(shows, c.Picture)
	}
	return Plan(factsOf(v), slots, choices, r.Quality), shows, err
}

// rejoinFrames is how many frames may be encoded to join a version that a visitor asked
// for: some ten seconds of clip, which mends what a withdrawal left open. More of it
// waits for an admin.
const rejoinFrames = 250

// rejoin joins a version again from the units in the cache. Those that were swept are
// encoded anew.
func (s *Studio) rejoin(ctx context.Context, p Print, m *meter) (done madePrint, err error) {
	var t Timeline
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		v, err := VersionOf(tx, p.Clip, p.Version)
		if err == nil {
			t, done.shows, err = replay(tx, v.Render)
		}
		return err
	})
	if err != nil {
		return done, err
	}
	if err := s.affordable(p, t); err != nil {
		return done, err
	}
	r := Render{Clip: p.Clip, File: p.File}
	err = s.write(ctx, &r, t, m)
	done.Hash, done.Bytes = r.Hash, r.Bytes
	return done, err
}

// affordable refuses what would cost a visitor's wish too much.
func (s *Studio) affordable(p Print, t Timeline) error {
	if p.By != Visitor {
		return nil
	}
	_, jobs, err := s.cache().missing(t, t.keys(), nil)
	if err != nil {
		return err
	}
	frames := 0
	for _, j := range jobs {
		frames += j.frames()
	}
	if frames > rejoinFrames {
		return fault.New(fault.Conflict, "needs_admin", "Too much of this version would have to be encoded anew; only an admin can have it made.")
	}
	return nil
}
