package moderation

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// Gold is a frame whose right answer is known.
type Gold struct {
	Right   Judgment // its Likeness is 0 where any is right; else one more or less is right too
	Reason  string   // what a judge is told who answered wrong
	By      Judge
	At      time.Time
	Retired time.Time // zero while it is handed out
	Seen    int       // answers
	Correct int       // right answers
}

// right reports whether an answer about the frame is right. Who sees nudity says nothing
// of the pose.
func (g Gold) right(j Judgment) bool {
	switch {
	case g.Right.Nudity || j.Nudity:
		return g.Right.Nudity && j.Nudity
	case !g.Right.Trying || !j.Trying:
		return g.Right.Trying == j.Trying
	}
	off := g.Right.Likeness - j.Likeness
	return g.Right.Likeness == 0 || off >= -1 && off <= 1
}

// verdict is what the right answer makes of the frame.
func (g Gold) verdict() (picture.State, string) {
	switch {
	case g.Right.Nudity:
		return picture.Rejected, Nudity
	case !g.Right.Trying:
		return picture.Rejected, NoPose
	}
	return picture.Accepted, ""
}

// MarkGold makes a frame gold, with its right answer and the reason that judges are
// told; doing it again changes both. A frame that waits or is undecided is settled by it;
// one with another verdict must be settled first. A frame that is settled otherwise
// later, or whose decision is taken back, is gold no more. Errors: Invalid no_reason, long_reason
// or bad_likeness; NotFound; Conflict not_judged or gold_contradicts.
func (d *Desk) MarkGold(ctx context.Context, by Judge, right Judgment, reason string) (picture.Picture, error) {
	reason = strings.TrimSpace(reason)
	g := Gold{Right: right, Reason: reason, By: by}
	if err := by.check(); err != nil {
		return picture.Picture{}, err
	}
	switch {
	case reason == "":
		return picture.Picture{}, fault.New(fault.Invalid, "no_reason", "Please say why that is the right answer: judges who err are told so.")
	case utf8.RuneCountInString(reason) > reasonMax || !utf8.ValidString(reason):
		return picture.Picture{}, fault.New(fault.Invalid, "long_reason", "A reason has at most %d characters.", reasonMax)
	case right.Likeness < 0 || right.Likeness > 5:
		return picture.Picture{}, fault.New(fault.Invalid, "bad_likeness", "A likeness is 1 to 5, or left out where any is right.")
	}
	return d.decide(ctx, right.Frame, func(tx *store.Tx, p picture.Picture) error { return d.markGold(tx, p, g) })
}

func (d *Desk) markGold(tx *store.Tx, p picture.Picture, g Gold) error {
	verdict, reason := g.verdict()
	switch {
	case p.Photo():
		return fault.New(fault.Conflict, "not_judged", "A photograph isn't judged by the crowd.")
	case p.State == picture.Waiting || p.State == picture.Undecided:
		if err := d.override(tx, p, g.By, verdict, reason); err != nil {
			return err
		}
	case p.State == verdict:
	case p.State == picture.Accepted || p.State == picture.Rejected:
		return fault.New(fault.Conflict, "gold_contradicts", "This frame is %s, which that answer contradicts. Settle it first.", p.State)
	default:
		return fault.New(fault.Conflict, "not_judged", "This frame can't be judged: it is %s.", p.State)
	}
	if _, err := tx.Exec(`INSERT INTO moderation_gold (frame, nudity, trying, likeness, reason, actor, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (frame) DO UPDATE SET nudity = excluded.nudity, trying = excluded.trying, likeness = excluded.likeness,
			reason = excluded.reason, actor = excluded.actor, at = excluded.at, retired_at = 0`,
		p.ID, flag(g.Right.Nudity), flag(g.Right.Trying), g.Right.Likeness, g.Reason, g.By, store.Millis(tx.Now)); err != nil {
		return err
	}
	return AddAct(tx, g.By, "gold marked", string(p.ID), g.Reason)
}

// retireUnless retires a frame's gold whose right answer makes another verdict than by's.
func retireUnless(tx *store.Tx, by Judge, frame picture.ID, verdict picture.State) error {
	n, err := tx.Exec(`UPDATE moderation_gold SET retired_at = $1 WHERE frame = $2 AND retired_at = 0
		AND CASE WHEN nudity = 1 OR trying = 0 THEN 'rejected' ELSE 'accepted' END <> $3`, store.Millis(tx.Now), frame, verdict)
	if err != nil || n == 0 {
		return err
	}
	return AddAct(tx, by, "gold retired", string(frame), "with the verdict that it stood for")
}

// RetireGold stops handing a gold frame out; what was answered about it counts on.
// Its error is NotFound no_gold.
func (d *Desk) RetireGold(ctx context.Context, by Judge, frame picture.ID) error {
	err := d.DB.Write(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(`UPDATE moderation_gold SET retired_at = $1 WHERE frame = $2 AND retired_at = 0`, store.Millis(tx.Now), frame)
		if err == nil && n == 0 {
			err = fault.New(fault.NotFound, "no_gold", "This frame is not gold.")
		}
		if err != nil {
			return err
		}
		return AddAct(tx, by, "gold retired", string(frame), "")
	})
	d.queue.goldChanged()
	return err
}

const goldColumns = `frame, nudity, trying, likeness, reason, actor, at, retired_at,
	(SELECT COUNT(*) FROM moderation_answer a WHERE a.frame = moderation_gold.frame),
	(SELECT COUNT(*) FROM moderation_answer a WHERE a.frame = moderation_gold.frame AND a.good = 1)`

func scanGold(row interface{ Scan(...any) error }, g *Gold) error {
	var at, retired int64
	err := row.Scan(&g.Right.Frame, &g.Right.Nudity, &g.Right.Trying, &g.Right.Likeness, &g.Reason, &g.By, &at, &retired, &g.Seen, &g.Correct)
	g.At, g.Retired = store.Time(at), store.Time(retired)
	return err
}

// Golds gives the gold that is handed out, the newest first.
func Golds(tx *store.Tx) ([]Gold, error) {
	return store.Each(tx, func(r *sql.Rows, g *Gold) error { return scanGold(r, g) },
		`SELECT `+goldColumns+` FROM moderation_gold WHERE retired_at = 0 ORDER BY at DESC, frame`)
}

// GoldOf gives what is known of a frame as gold, retired or not; ok is false where it never was.
func GoldOf(tx *store.Tx, frame picture.ID) (g Gold, ok bool, err error) {
	err = scanGold(tx.QueryRow(`SELECT `+goldColumns+` FROM moderation_gold WHERE frame = $1`, frame), &g)
	if errors.Is(err, sql.ErrNoRows) {
		return g, false, nil
	}
	return g, err == nil, err
}

// GoldAnswer is what a judge said of a gold frame.
type GoldAnswer struct {
	Given
	Right bool // by what was the right answer then
}

// GoldAnswers gives up to n of a frame's answers as gold, the newest first.
func GoldAnswers(tx *store.Tx, frame picture.ID, n int) ([]GoldAnswer, error) {
	return store.Each(tx, func(r *sql.Rows, a *GoldAnswer) error {
		var at int64
		err := r.Scan(&a.Frame, &a.Judge, &a.Nudity, &a.Trying, &a.Likeness, &a.Right, &at)
		a.At = store.Time(at)
		return err
	}, `SELECT frame, judge, nudity, trying, likeness, good, at FROM moderation_answer WHERE frame = $1 ORDER BY at DESC, judge LIMIT $2`, frame, n)
}

// answer records an answer about gold; a wrong one is explained.
func (s *sitting) answer(j Judgment) error {
	g, _, err := GoldOf(s.tx, j.Frame)
	if err != nil {
		return err
	}
	right := g.right(j)
	if _, err := s.tx.Exec(`INSERT INTO moderation_answer (frame, judge, nudity, trying, likeness, good, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		j.Frame, s.me.Judge, flag(j.Nudity), flag(j.Trying), j.Likeness, flag(right), store.Millis(s.tx.Now)); err != nil {
		return err
	}
	s.me.GoldSeen++
	s.me.GoldRight += flag(right)
	s.answers++
	s.result.Accepted++
	s.changes = append(s.changes, change{frame: j.Frame, gold: true, right: right})
	if !right {
		s.result.Wrong = append(s.result.Wrong, Explanation{Frame: j.Frame, Said: j, Right: g.Right, Reason: g.Reason})
	}
	return nil
}
