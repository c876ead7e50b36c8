package moderation

import (
	"database/sql"
	"time"

	"oneframe/app/picture"
	"oneframe/app/store"
)

// Depth is how much waited at a moment.
type Depth struct {
	At                 time.Time
	Waiting, Undecided int // for judgments, for a moderator
}

// Depths gives what was noted from one time up to another, a quarter of an hour apart
// while the site ran.
func Depths(tx *store.Tx, from, to time.Time) ([]Depth, error) {
	return store.Each(tx, func(r *sql.Rows, v *Depth) error {
		var at int64
		err := r.Scan(&at, &v.Waiting, &v.Undecided)
		v.At = store.Time(at)
		return err
	}, `SELECT at, waiting, undecided FROM moderation_depth WHERE at >= $1 AND at < $2 ORDER BY at`, store.Millis(from), store.Millis(to))
}

// Hour is how many judgments came in an hour.
type Hour struct {
	Start     time.Time
	Judgments int
}

// Hours gives the judgments of each hour (UTC) from one time up to another; hours
// without any are left out.
func Hours(tx *store.Tx, from, to time.Time) ([]Hour, error) {
	return store.Each(tx, func(r *sql.Rows, v *Hour) error {
		var hour int64
		err := r.Scan(&hour, &v.Judgments)
		v.Start = time.UnixMilli(hour * time.Hour.Milliseconds()).UTC()
		return err
	}, `SELECT at / 3600000 AS hour, COUNT(*) FROM moderation_judgment WHERE at >= $1 AND at < $2 GROUP BY at / 3600000 ORDER BY hour`, store.Millis(from), store.Millis(to))
}

// Share is how many frames have a verdict, by whom.
type Share struct {
	Verdict picture.State // accepted, rejected or undecided
	Crowd   bool          // the crowd's, not a moderator's
	Frames  int
}

// Shares counts the verdicts in force.
func Shares(tx *store.Tx) ([]Share, error) {
	return store.Each(tx, func(r *sql.Rows, v *Share) error { return r.Scan(&v.Verdict, &v.Crowd, &v.Frames) },
		`SELECT verdict, crowd, COUNT(*) FROM moderation_frame WHERE verdict <> '' GROUP BY verdict, crowd ORDER BY verdict, crowd`)
}
