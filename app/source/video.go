package source

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"oneframe/app/fault"
	"oneframe/app/store"
)

// Rate is a constant number of frames per second, as an exact fraction.
type Rate struct{ Num, Den int64 }

// At gives the time at which the frame, counted from 0, begins, rounded down to a nanosecond.
func (r Rate) At(frame int) time.Duration {
	return time.Duration(int64(frame) * r.Den * int64(time.Second) / r.Num)
}

// start gives that time in whole microseconds, as slots are kept, rounded up: whoever
// goes there sees the frame and not the one before.
func (r Rate) start(frame int) time.Duration {
	per := int64(time.Second/time.Microsecond) * r.Den
	return time.Duration((int64(frame)*per+r.Num-1)/r.Num) * time.Microsecond
}

// frameFrom gives the first frame that begins at the time or later.
func (r Rate) frameFrom(t time.Duration) int {
	per := r.Den * int64(time.Second)
	return int((int64(t)*r.Num + per - 1) / per)
}

// frames gives how many frames fill the time, rounded to the nearest.
func (r Rate) frames(t time.Duration) int {
	per := r.Den * int64(time.Second)
	return int((int64(t)*r.Num + per/2) / per)
}

// Float gives frames per second.
func (r Rate) Float() float64 { return float64(r.Num) / float64(r.Den) }

// String gives "25" or "30000/1001", as ffmpeg reads it.
func (r Rate) String() string {
	if r.Den == 1 {
		return fmt.Sprint(r.Num)
	}
	return fmt.Sprintf("%d/%d", r.Num, r.Den)
}

// Video is an original video that was imported. Its slug is its id everywhere.
type Video struct {
	Slug, Title   string
	FPS           Rate
	Frames        int // of the mezzanine, counted
	Width, Height int // of the mezzanine, even
	Hold          int // frames that one slot covers
	Slots         int
	Sound         bool
	Created       time.Time
	Featured      time.Time // the site shows the one that was featured last
}

// Duration is the time that the frames take.
func (v Video) Duration() time.Duration { return v.FPS.At(v.Frames) }

const videoColumns = `slug, title, rate_num, rate_den, frames, width, height, hold, slots, sound, created_at, featured_at`

func scanVideo(row interface{ Scan(...any) error }, v *Video) error {
	var created, featured int64
	err := row.Scan(&v.Slug, &v.Title, &v.FPS.Num, &v.FPS.Den, &v.Frames, &v.Width, &v.Height, &v.Hold, &v.Slots, &v.Sound, &created, &featured)
	v.Created, v.Featured = store.Time(created), store.Time(featured)
	return err
}

func (v Video) insert(tx *store.Tx) error {
	_, err := tx.Exec(`INSERT INTO source_video (`+videoColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		v.Slug, v.Title, v.FPS.Num, v.FPS.Den, v.Frames, v.Width, v.Height, v.Hold, v.Slots, number(v.Sound),
		store.Millis(v.Created), store.Millis(v.Featured))
	return err
}

// Get gives one video; fault.NotFound no_clip where there is none.
func Get(tx *store.Tx, slug string) (Video, error) {
	var v Video
	err := scanVideo(tx.QueryRow(`SELECT `+videoColumns+` FROM source_video WHERE slug = $1`, slug), &v)
	if errors.Is(err, sql.ErrNoRows) {
		return v, noClip(slug)
	}
	return v, err
}

// List gives all videos, the one featured last first.
func List(tx *store.Tx) ([]Video, error) {
	return store.Each(tx, func(r *sql.Rows, v *Video) error { return scanVideo(r, v) },
		`SELECT `+videoColumns+` FROM source_video ORDER BY featured_at DESC, created_at DESC, slug`)
}

// Feature makes a video the one that the site shows first.
func Feature(tx *store.Tx, slug string) error {
	return one(tx, slug, `UPDATE source_video SET featured_at = $1 WHERE slug = $2`, store.Millis(tx.Now), slug)
}

// Rename gives a video another title; fault.Invalid bad_title where it is none.
func Rename(tx *store.Tx, slug, title string) error {
	title, err := cleanTitle(title)
	if err != nil {
		return err
	}
	return one(tx, slug, `UPDATE source_video SET title = $1 WHERE slug = $2`, title, slug)
}

func one(tx *store.Tx, slug, query string, args ...any) error {
	n, err := tx.Exec(query, args...)
	if err == nil && n == 0 {
		return noClip(slug)
	}
	return err
}

func noClip(slug string) error {
	return fault.New(fault.NotFound, "no_clip", "There is no clip %q.", slug)
}

const (
	titleMax = 200 // characters
	slugMax  = 64
)

func cleanTitle(title string) (string, error) {
	title = strings.Join(strings.Fields(strings.ToValidUTF8(title, "")), " ")
	if n := utf8.RuneCountInString(title); n == 0 || n > titleMax {
		return "", fault.New(fault.Invalid, "bad_title", "A title has 1 to %d characters.", titleMax)
	}
	return title, nil
}

func checkSlug(slug string) error {
	ok := slug != "" && len(slug) <= slugMax && slug[0] != '-' && slug[len(slug)-1] != '-'
	for _, c := range slug {
		ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-')
	}
	if !ok {
		return fault.New(fault.Invalid, "bad_slug",
			"A clip's short name has at most %d lower-case letters, digits and hyphens, none of these at an end.", slugMax)
	}
	return nil
}
