package moderation

import (
	"context"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// batchMax bounds how long one call holds the database.
const batchMax = 100

// Refusal says why a judgment was not taken.
type Refusal struct {
	Frame picture.ID
	// Code is unknown_frame; bad_likeness; own_frame: the judge sent it; already_judged,
	// by this judge; already_settled: the verdict was in, and stays; or not_waiting: it
	// is not ready, or was withdrawn.
	Code string
}

// Judge takes a judge's judgments, each by itself: what is refused doesn't hold up the
// rest. A judgment and the verdict that it completes are recorded together; a refused
// one changes nothing. Its error is Invalid too_many for more than 100 at once.
func (d *Desk) Judge(ctx context.Context, j Judge, js []Judgment) (accepted int, refused []Refusal, err error) {
	if err := j.check(); err != nil {
		return 0, nil, err
	}
	if len(js) > batchMax {
		return 0, nil, fault.New(fault.Invalid, "too_many", "At most %d judgments are taken at once.", batchMax)
	}
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		for _, g := range js {
			code, err := d.judge(tx, j, g)
			if err != nil {
				return err
			}
			if code != "" {
				refused = append(refused, Refusal{Frame: g.Frame, Code: code})
			}
		}
		return nil
	})
	if err != nil {
		return 0, nil, err
	}
	return len(js) - len(refused), refused, nil
}

// judge takes one judgment, or gives the code of its refusal.
func (d *Desk) judge(tx *store.Tx, j Judge, g Judgment) (code string, err error) {
	p, err := picture.Get(tx, g.Frame)
	if fault.Is(err, fault.NotFound) {
		return "unknown_frame", nil
	}
	if err != nil {
		return "", err
	}
	if code, err = refusal(tx, p, j, g); err != nil || code != "" {
		return code, err
	}
	// The frame's row first: where the database lets writers go side by side, it is
	// what makes the second wait, and then count the first's judgment too.
	if err := touch(tx, p, 1); err != nil {
		return "", err
	}
	if _, err = tx.Exec(`INSERT INTO moderation_judgment (frame, judge, nudity, trying, likeness, at)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		g.Frame, j, flag(g.Nudity), flag(g.Trying), g.Likeness, store.Millis(tx.Now)); err != nil {
		return "", err
	}
	if _, err = tx.Exec(`DELETE FROM moderation_open WHERE frame = $1 AND judge = $2`, g.Frame, j); err != nil {
		return "", err
	}
	o, err := d.tally(tx, p.ID)
	if err != nil || o.State == picture.Waiting {
		return "", err
	}
	return "", settle(tx, p, Crowd, o)
}

func refusal(tx *store.Tx, p picture.Picture, j Judge, g Judgment) (code string, err error) {
	var before int
	err = tx.QueryRow(`SELECT COUNT(*) FROM moderation_judgment WHERE frame = $1 AND judge = $2`, g.Frame, j).Scan(&before)
	switch {
	case err != nil:
		return "", err
	case !g.validLikeness():
		return "bad_likeness", nil
	case sent(p, j):
		return "own_frame", nil
	case before > 0:
		return "already_judged", nil
	case p.Photo():
		return "not_waiting", nil // a photograph is a moderator's to settle
	}
	switch p.State {
	case picture.Waiting:
		return "", nil
	case picture.Accepted, picture.Rejected, picture.Undecided:
		return "already_settled", nil
	}
	return "not_waiting", nil
}

// touch makes sure that the frame has its row, and counts judgments in it.
func touch(tx *store.Tx, p picture.Picture, judgments int) error {
	_, err := tx.Exec(`INSERT INTO moderation_frame (frame, owner, given, waiting) VALUES ($1, $2, $3, $4)
		ON CONFLICT (frame) DO UPDATE SET given = moderation_frame.given + excluded.given, waiting = excluded.waiting`,
		p.ID, p.Account, judgments, flag(p.State == picture.Waiting))
	return err
}

// strike strikes a frame off the list of those that wait, and off every judge's page.
func strike(tx *store.Tx, id picture.ID) error {
	if _, err := tx.Exec(`UPDATE moderation_frame SET waiting = 0 WHERE frame = $1`, id); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM moderation_open WHERE frame = $1`, id)
	return err
}

// tally tallies a frame's judgments.
func (d *Desk) tally(tx *store.Tx, id picture.ID) (Outcome, error) {
	js, err := judgments(tx, id)
	return Tally(js, d.needed()), err
}

// flag is a truth as the tables keep it.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
