package moderation

import (
	"database/sql"
	"errors"
	"time"

	"oneframe/app/picture"
	"oneframe/app/store"
)

// Decision is who decided what about a frame, and when, with how the judgments stood.
type Decision struct {
	By      Judge         // Everybody, or the moderator
	Verdict picture.State // accepted, rejected or undecided
	Reason  string
	At      time.Time
	Score   float64 // mean likeness where accepted, 0 where nobody had judged

	Judgments, Nudity, NoPose, Fine int // how many there were, and how many said what

	UndoneAt time.Time // zero while it was not taken back
	UndoneBy Judge

	seq int64
}

// Undone reports whether the decision was taken back.
func (d Decision) Undone() bool { return !d.UndoneAt.IsZero() }

const decisionColumns = `seq, actor, verdict, reason, score, judgments, nudity, no_pose, fine, at, undone_at, undone_by`

func scanDecision(row interface{ Scan(...any) error }, d *Decision) error {
	var at, undone int64
	err := row.Scan(&d.seq, &d.By, &d.Verdict, &d.Reason, &d.Score,
		&d.Judgments, &d.Nudity, &d.NoPose, &d.Fine, &at, &undone, &d.UndoneBy)
	d.At, d.UndoneAt = store.Time(at), store.Time(undone)
	return err
}

// Decisions gives what was decided about a frame, in order, undone decisions too.
func Decisions(tx *store.Tx, frame picture.ID) ([]Decision, error) {
	return store.Each(tx, func(r *sql.Rows, d *Decision) error { return scanDecision(r, d) },
		`SELECT `+decisionColumns+` FROM moderation_decision WHERE frame = $1 ORDER BY seq`, frame)
}

// Given is a judgment with who gave it, and when.
type Given struct {
	Judgment
	Judge Judge
	At    time.Time
}

// JudgmentsOf gives a frame's judgments in the order they came.
func JudgmentsOf(tx *store.Tx, frame picture.ID) ([]Given, error) {
	return store.Each(tx, func(r *sql.Rows, g *Given) error {
		var at int64
		err := r.Scan(&g.Frame, &g.Judge, &g.Nudity, &g.Trying, &g.Likeness, &at)
		g.At = store.Time(at)
		return err
	}, `SELECT frame, judge, nudity, trying, likeness, at FROM moderation_judgment WHERE frame = $1 ORDER BY at, judge`, frame)
}

// Progress gives how many judgments of a frame count and how many a verdict takes, by
// what is known now, for a contributor who waits. A rejection may come earlier.
func (d *Desk) Progress(tx *store.Tx, frame picture.ID) (given, needed int, err error) {
	err = tx.QueryRow(`SELECT given, wanted FROM moderation_frame WHERE frame = $1`, frame).Scan(&given, &needed)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, d.least(), nil
	}
	return given, max(needed, d.least()), err
}

// Figures are the counts of the admin's overview.
type Figures struct {
	Today     int // judgments given since midnight UTC
	Waiting   int // frames that wait for judgments
	Undecided int // frames that wait for a moderator
}

// Stats counts what the admin's overview shows.
func Stats(tx *store.Tx) (Figures, error) {
	var f Figures
	err := tx.QueryRow(`SELECT COUNT(*) FROM moderation_judgment WHERE at >= $1`,
		store.Millis(tx.Now.Truncate(24*time.Hour))).Scan(&f.Today)
	if err != nil {
		return f, err
	}
	counts, err := picture.Counts(tx, "")
	f.Waiting, f.Undecided = counts[picture.Waiting], counts[picture.Undecided]
	return f, err
}
