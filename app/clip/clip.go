// Package clip renders the crowd-made clip: only what changed.
//
// Plan lays the accepted pictures over the original as a list of units: a picture held
// for its slot's frames, or a run of original frames between two pictures or two fixed
// cuts, where there are pictures nearby finer ones. Each unit is a closed piece of H.264 that can stand anywhere, is found by the
// hash of all that decides it, and is encoded once in its life. A render encodes the
// units that are missing, in few ffmpeg processes (encode.go), and joins all of them
// with the source's sound by writing the MP4 itself (layout.go, join.go). The new file
// is checked before it becomes the current one (check.go), so a failed or killed render
// leaves the old clip as it was.
//
//	Request ─► queued ─claim─► running ─┬─► done    the clip's current render, or, where
//	                              │ ▲   │           nothing had changed, the former file again
//	           its claim runs out │ │   ├─► failed  with the reason; also after too many tries
//	           or it is put down  └─┘   │
//	                            claim again
//
// At most one render of a clip is queued and one is running. A running one holds a claim
// that it renews; when its process is killed the claim runs out and the next Step, in
// this process or another, takes it up again from the units that are there.
//
// Every version stays as its plan, in a few kB. What is made of versions beside the
// renders are prints (print.go): stills of each new version, and, where somebody asks, an
// earlier version joined again or the film of the clip's growth. Only pictures that are
// accepted today are in a print, and one that shows a picture which is withdrawn goes at
// once (forget.go).
//
// On disk: encoded units in Studio.Units, a cache that may be deleted at any time; the
// clips and their prints in the library's renders folders.
package clip

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"oneframe/app/fault"
	"oneframe/app/ffmpeg"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/source"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// The states of the package comment's drawing.
const (
	Queued  = "queued"
	Running = "running"
	Done    = "done"
	Failed  = "failed"
)

// Render is one rendering of a clip.
type Render struct {
	ID    string
	Clip  string
	State string
	By    string // who wanted it
	Tries int

	Progress     float64 // 0 to 1
	SlotsFilled  int     // that show a picture
	UnitsEncoded int     // in this render
	UnitsReused  int
	Error        string // why it failed, for an admin

	Queued, Started, Finished time.Time // zero while it hasn't come to that

	// Of a render that is done:
	Current bool   // the site shows it
	Version int    // of the clip; counts its files from 1
	File    string // its name without .mp4, the former render's where nothing had changed; "" once it is removed
	Hash    string // SHA-256 of the file, hexadecimal
	Bytes   int64
	Frames  int

	Quality Quality // it was made in
	Units   int     // it consists of

	plan  string // the timeline's hash
	claim string
}

// Studio renders clips. Several, in several processes, may share a database and folders.
type Studio struct {
	DB         *store.DB
	Tool       ffmpeg.Tool
	Library    source.Library
	Renditions *vault.Vault
	Units      string // folder of the encoded units
	Pick       string // newest or best: which accepted picture a slot shows
	Quality           // how the clip looks from the next render on
	Keep       int    // how many files of a clip stay on disk; 0 means 3
	Workers    int    // ffmpeg processes at a time; 0 means one a core
	Tries      int    // how often a render that was killed is taken up; 0 means 3

	nice int // of ffmpeg, in a copy made for one render
}

func (s *Studio) cache() cache { return cache{s.Units} }

func (s *Studio) keep() int { return orElse(s.Keep, 3) }

func (s *Studio) tries() int { return orElse(s.Tries, 3) }

func (s *Studio) workers() int { return orElse(s.Workers, runtime.GOMAXPROCS(0)) }

func orElse(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

// File is where a render's file lies; "" where it has none, or none any more.
func (s *Studio) File(r Render) string {
	if r.File == "" {
		return ""
	}
	return filepath.Join(s.Library.Renders(r.Clip), r.File+".mp4")
}

// Request queues a render of the clip, or gives the one that is queued already; by says
// who wants it. NotFound no_clip where there is no such clip.
func (s *Studio) Request(ctx context.Context, slug, by string) (r Render, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := source.Get(tx, slug); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO clip_render (id, clip, state, wanted_by, queued_at) VALUES ($1, $2, 'queued', $3, $4)
			ON CONFLICT (clip) WHERE state = 'queued' DO NOTHING`, store.NewID(), slug, by, store.Millis(tx.Now))
		if err != nil {
			return err
		}
		r, err = one(tx, `clip = $1 AND state = 'queued'`, slug)
		return err
	})
	return r, err
}

// RequestDue queues a render of every clip that would come out other than its current
// render, or has none. A clip that can't be planned doesn't hold up the others.
func (s *Studio) RequestDue(ctx context.Context) error {
	due := map[string]string{}
	err := s.DB.Read(ctx, func(tx *store.Tx) error {
		videos, err := source.List(tx)
		for _, v := range videos {
			by, why := s.due(tx, v, "schedule")
			err = errors.Join(err, why)
			if by != "" {
				due[v.Slug] = by
			}
		}
		return err
	})
	return errors.Join(err, s.requestAll(ctx, due))
}

// requestAll queues a render of each clip, wanted by who is named.
func (s *Studio) requestAll(ctx context.Context, due map[string]string) (err error) {
	for _, slug := range slices.Sorted(maps.Keys(due)) {
		_, why := s.Request(ctx, slug, due[slug])
		err = errors.Join(err, why)
	}
	return err
}

// due says who wants a render of a clip that has changed since its current one, or since
// the plan of the one that is running: settings where those have changed, else by; "" where
// none is due.
func (s *Studio) due(tx *store.Tx, v source.Video, by string) (string, error) {
	t, err := s.plan(tx, v)
	if err != nil {
		return "", err
	}
	if r, err := one(tx, `clip = $1 AND state = 'running'`, v.Slug); err == nil {
		if r.plan != "" && r.plan != t.Hash() {
			return by, nil
		}
		return "", nil
	} else if !fault.Is(err, fault.NotFound) {
		return "", err
	}
	r, err := Current(tx, v.Slug)
	switch {
	case fault.Is(err, fault.NotFound):
		return by, nil
	case err != nil, r.plan == t.Hash() && exists(s.File(r)):
		return "", err
	case r.Quality != t.Quality:
		return "settings", nil
	default:
		return by, nil
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// plan makes the clip's timeline from what is accepted now.
func (s *Studio) plan(tx *store.Tx, v source.Video) (Timeline, error) {
	slots, err := slot.List(tx, v.Slug)
	if err != nil {
		return Timeline{}, err
	}
	choices, err := picture.Choose(tx, v.Slug, s.Pick)
	return Plan(factsOf(v), slots, choices, s.Quality), err
}

const columns = `id, clip, state, wanted_by, tries, progress, slots_filled, units_encoded, units_reused, error, queued_at, started_at, finished_at,
	current, version, file, hash, bytes, frames, plan, fit, quality, units, claim`

func scan(row interface{ Scan(...any) error }, r *Render) error {
	var queued, started, finished int64
	var fit, quality string
	err := row.Scan(&r.ID, &r.Clip, &r.State, &r.By, &r.Tries, &r.Progress, &r.SlotsFilled, &r.UnitsEncoded, &r.UnitsReused, &r.Error,
		&queued, &started, &finished, &r.Current, &r.Version, &r.File, &r.Hash, &r.Bytes, &r.Frames, &r.plan, &fit, &quality, &r.Units, &r.claim)
	r.Quality = qualityOf(quality, fit)
	r.Queued, r.Started, r.Finished = store.Time(queued), store.Time(started), store.Time(finished)
	return err
}

func one(tx *store.Tx, where string, args ...any) (Render, error) {
	var r Render
	err := scan(tx.QueryRow(`SELECT `+columns+` FROM clip_render WHERE `+where, args...), &r)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "no_render", "There is no such render.")
	}
	return r, err
}

// Current gives the render that the site shows; NotFound no_render before the first.
func Current(tx *store.Tx, slug string) (Render, error) {
	return one(tx, `clip = $1 AND current = 1`, slug)
}

// Get gives one render; NotFound no_render where there is none.
func Get(tx *store.Tx, id string) (Render, error) { return one(tx, `id = $1`, id) }

// List gives the latest n renders of a clip, or, for "", of all, newest first.
func List(tx *store.Tx, slug string, n int) ([]Render, error) {
	return store.Each(tx, func(rows *sql.Rows, r *Render) error { return scan(rows, r) },
		`SELECT `+columns+` FROM clip_render WHERE ($1 = '' OR clip = $1) ORDER BY id DESC LIMIT $2`, slug, n)
}
