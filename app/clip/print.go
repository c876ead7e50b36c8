package clip

import (
	"database/sql"
	"encoding/json"
	"errors"
	"path/filepath"
	"time"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// The kinds of prints.
const (
	Rejoined = "version" // a version whose file was gone, joined again
	Stills   = "stills"  // a version's poster and its moving preview
	Growth   = "growth"  // the film of how the clip filled up, to a version
)

// Gone is the state of a print whose file was removed again: long unused, or because it
// showed a picture that was withdrawn. The other states are those of a render.
const Gone = "gone"

// Print is a file made of a clip's versions, beside its renders. There is one a kind and
// version:
//
//	wish ─► queued ─claim─► running ─┬─► done ─► gone ─► a new wish queues it again
//	             ▲             │     └─► failed ────────────────┘
//	             └─ put down, killed, or a picture in it was withdrawn meanwhile
type Print struct {
	ID       string
	Clip     string
	Kind     string
	Version  int
	State    string // "" where nobody wanted it yet
	By       string // who wanted it
	Tries    int
	Progress float64 // 0 to 1
	Error    string  // why it failed, for an admin
	File     string  // its name without extension; "" where it isn't done
	Hash     string  // SHA-256, hexadecimal
	Bytes    int64

	Queued, Finished time.Time

	shows []picture.ID // of stills
	claim string
}

// The suffixes of prints' files. Stills have both of the latter.
const (
	videoExt   = ".mp4"
	posterExt  = ".jpg"
	previewExt = ".webp"
)

// extensions are those of a kind's files.
func extensions(kind string) []string {
	if kind == Stills {
		return []string{posterExt, previewExt}
	}
	return []string{videoExt}
}

// path is where the print's file with the extension lies, once there is one.
func (s *Studio) path(p Print, ext string) string {
	return filepath.Join(s.Library.Renders(p.Clip), p.File+ext)
}

// paths are all files of the print.
func (s *Studio) paths(p Print) (all []string) {
	for _, ext := range extensions(p.Kind) {
		all = append(all, s.path(p, ext))
	}
	return all
}

// PrintFile is where the file of a print that is done lies: the video, or of stills the
// poster. "" where it has none.
func (s *Studio) PrintFile(p Print) string {
	if p.File == "" {
		return ""
	}
	return s.paths(p)[0]
}

// PreviewFile is where the moving preview of stills that are done lies, or "".
func (s *Studio) PreviewFile(p Print) string {
	if p.File == "" || p.Kind != Stills {
		return ""
	}
	return s.path(p, previewExt)
}

const printColumns = `id, clip, kind, version, state, wanted_by, tries, progress, error, file, hash, bytes, queued_at, finished_at, shows, claim`

func scanPrint(row interface{ Scan(...any) error }, p *Print) error {
	var queued, finished int64
	var shows string
	err := row.Scan(&p.ID, &p.Clip, &p.Kind, &p.Version, &p.State, &p.By, &p.Tries, &p.Progress, &p.Error, &p.File, &p.Hash, &p.Bytes,
		&queued, &finished, &shows, &p.claim)
	p.Queued, p.Finished = store.Time(queued), store.Time(finished)
	if err == nil && shows != "" {
		err = json.Unmarshal([]byte(shows), &p.shows)
	}
	return err
}

// prints gives those that the condition names.
func prints(tx *store.Tx, where string, args ...any) ([]Print, error) {
	return store.Each(tx, func(rows *sql.Rows, p *Print) error { return scanPrint(rows, p) },
		`SELECT `+printColumns+` FROM clip_print WHERE `+where, args...)
}

// print gives one, or the zero Print.
func onePrint(tx *store.Tx, where string, args ...any) (p Print, err error) {
	err = scanPrint(tx.QueryRow(`SELECT `+printColumns+` FROM clip_print WHERE `+where, args...), &p)
	if errors.Is(err, sql.ErrNoRows) {
		return Print{}, nil
	}
	return p, err
}

// StillsOf gives a clip's newest stills, those with the hash where it isn't "", or the
// zero Print where there are none.
func StillsOf(tx *store.Tx, slug, hash string) (Print, error) {
	return onePrint(tx, `clip = $1 AND kind = 'stills' AND state = 'done' AND ($2 = '' OR hash = $2) ORDER BY version DESC LIMIT 1`, slug, hash)
}

// GrowthOf gives the film of a clip's growth: done is the newest there is, last the one
// that was wanted last, which may be the same. Each is the zero Print where there is none.
func GrowthOf(tx *store.Tx, slug string) (done, last Print, err error) {
	if done, err = onePrint(tx, `clip = $1 AND kind = 'growth' AND state = 'done' ORDER BY version DESC LIMIT 1`, slug); err != nil {
		return done, last, err
	}
	last, err = onePrint(tx, `clip = $1 AND kind = 'growth' ORDER BY queued_at DESC, version DESC LIMIT 1`, slug)
	return done, last, err
}

// Prints gives the latest n prints of all clips that are open or failed, newest first.
func Prints(tx *store.Tx, n int) ([]Print, error) {
	return prints(tx, `state IN ('queued', 'running', 'failed') ORDER BY queued_at DESC, id DESC LIMIT $1`, n)
}

// ByHash gives the path of a version's file by its hash: a render's, or one that was
// joined again. NotFound no_version where none is on disk.
func (s *Studio) ByHash(tx *store.Tx, slug, hash string) (string, error) {
	r, err := one(tx, `clip = $1 AND hash = $2 AND file <> '' ORDER BY id LIMIT 1`, slug, hash)
	if err == nil || !fault.Is(err, fault.NotFound) {
		return s.File(r), err
	}
	p, err := onePrint(tx, `clip = $1 AND kind = 'version' AND state = 'done' AND hash = $2 LIMIT 1`, slug, hash)
	if err == nil && p.ID == "" {
		err = fault.New(fault.NotFound, "no_version", "This version of the clip is not on the disk.")
	}
	return s.PrintFile(p), err
}
