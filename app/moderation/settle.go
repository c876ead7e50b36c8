package moderation

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"unicode/utf8"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// reasonMax is how long a reason may be, in characters.
const reasonMax = 500

// Settle gives a moderator's verdict, accepted or rejected, on a frame that waits or
// that has another verdict; a rejection needs a reason. It counts whatever the
// judgments say, before and after. Doing the same again changes nothing. Its errors:
// Invalid bad_verdict, no_reason or long_reason; NotFound; Conflict not_judged.
func (d *Desk) Settle(ctx context.Context, by Judge, frame picture.ID, verdict picture.State, reason string) (picture.Picture, error) {
	reason = strings.TrimSpace(reason)
	if err := by.check(); err != nil {
		return picture.Picture{}, err
	}
	if err := checkVerdict(verdict, reason); err != nil {
		return picture.Picture{}, err
	}
	return d.decide(ctx, frame, func(tx *store.Tx, p picture.Picture) error {
		last, err := lastDecision(tx, frame)
		if err != nil {
			return err
		}
		if last.By == by && !last.Undone() && last.Verdict == verdict && last.Reason == reason && p.State == verdict {
			return nil
		}
		return d.override(tx, p, by, verdict, reason)
	})
}

// override settles a frame whatever its judgments say.
func (d *Desk) override(tx *store.Tx, p picture.Picture, by Judge, verdict picture.State, reason string) error {
	s, err := siteOf(tx)
	if err != nil {
		return err
	}
	js, err := d.weigh(tx, string(p.ID), s, ledger{})
	if err != nil {
		return err
	}
	o := count(js)
	o.State, o.Reason = verdict, reason
	if verdict == picture.Accepted {
		o.Score = score(js, s.mean())
	}
	if err := settle(tx, p, by, o); err != nil {
		return err
	}
	if err := AddAct(tx, by, string(verdict), string(p.ID), reason); err != nil {
		return err
	}
	return retireUnless(tx, by, p.ID, verdict)
}

func checkVerdict(verdict picture.State, reason string) error {
	switch {
	case verdict != picture.Accepted && verdict != picture.Rejected:
		return fault.New(fault.Invalid, "bad_verdict", "A verdict is accepted or rejected.")
	case verdict == picture.Rejected && reason == "":
		return fault.New(fault.Invalid, "no_reason", "Please give a reason for rejecting the frame.")
	case utf8.RuneCountInString(reason) > reasonMax || !utf8.ValidString(reason):
		return fault.New(fault.Invalid, "long_reason", "A reason has at most %d characters.", reasonMax)
	}
	return nil
}

// Undo takes back the decision on a frame, where it is a moderator's: the frame goes
// back to what its judgments say by now, and waits again where they are too few. Its
// errors: NotFound; Conflict nothing_to_undo, or not_judged where the frame was
// withdrawn since.
func (d *Desk) Undo(ctx context.Context, by Judge, frame picture.ID) (picture.Picture, error) {
	if err := by.check(); err != nil {
		return picture.Picture{}, err
	}
	return d.decide(ctx, frame, func(tx *store.Tx, p picture.Picture) error {
		last, err := lastDecision(tx, frame)
		if err != nil {
			return err
		}
		if last.By == "" || last.By == Everybody || last.Undone() {
			return fault.New(fault.Conflict, "nothing_to_undo", "No moderator's decision on this frame is in force.")
		}
		if _, err := tx.Exec(`UPDATE moderation_decision SET undone_at = $1, undone_by = $2 WHERE seq = $3`,
			store.Millis(tx.Now), by, last.seq); err != nil {
			return err
		}
		if err := AddAct(tx, by, "taken back", string(frame), string(last.Verdict)); err != nil {
			return err
		}
		if err := retireUnless(tx, by, frame, ""); err != nil {
			return err
		}
		return d.again(tx, p, by)
	})
}

// again tallies a frame anew: it goes to what its judgments say by now.
func (d *Desk) again(tx *store.Tx, p picture.Picture, by Judge) error {
	o, err := d.outcome(tx, p.ID)
	if err != nil {
		return err
	}
	if o.State != picture.Waiting {
		return settle(tx, p, Everybody, o)
	}
	return reopen(tx, p, by)
}

// outcome tallies a frame by what all rows say.
func (d *Desk) outcome(tx *store.Tx, frame picture.ID) (Outcome, error) {
	s, err := siteOf(tx)
	if err != nil {
		return Outcome{}, err
	}
	return d.tally(tx, frame, s, ledger{})
}

// decide runs f on the frame and gives the frame as f left it. What it did to gold is
// read again.
func (d *Desk) decide(ctx context.Context, frame picture.ID, f func(*store.Tx, picture.Picture) error) (p picture.Picture, err error) {
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		if p, err = picture.Get(tx, frame); err != nil {
			return err
		}
		if err = touch(tx, frame); err != nil { // locks it, as Judge does
			return err
		}
		if err = f(tx, p); err != nil {
			return err
		}
		p, err = picture.Get(tx, frame)
		return err
	})
	d.queue.goldChanged()
	if err != nil {
		return picture.Picture{}, err
	}
	return p, nil
}

// settle carries an outcome out and records who decided it.
func settle(tx *store.Tx, p picture.Picture, by Judge, o Outcome) error {
	if _, err := picture.Settle(tx, p.ID, picture.Verdict{
		State: o.State, Reason: o.Reason, By: string(by), Score: o.Score, Judgments: o.Judgments,
	}); err != nil {
		return err
	}
	if err := note(tx, p.ID, o.State, by == Everybody); err != nil {
		return err
	}
	_, err := tx.Exec(`
		INSERT INTO moderation_decision (seq, frame, actor, verdict, reason, score, judgments, nudity, no_pose, fine, at)
		VALUES ((SELECT COALESCE(MAX(seq), 0) + 1 FROM moderation_decision), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		p.ID, by, o.State, o.Reason, o.Score, o.Judgments, o.Nudity, o.NoPose, o.Fine, store.Millis(tx.Now))
	return err
}

// reopen lets a frame wait for judgments again.
func reopen(tx *store.Tx, p picture.Picture, by Judge) error {
	if _, err := picture.Settle(tx, p.ID, picture.Verdict{State: picture.Waiting, By: string(by)}); err != nil {
		return err
	}
	return note(tx, p.ID, "", false)
}

// note notes the verdict in force with the frame, "" for none.
func note(tx *store.Tx, frame picture.ID, verdict picture.State, crowd bool) error {
	if _, err := tx.Exec(`UPDATE moderation_frame SET verdict = $1, crowd = $2 WHERE frame = $3`, verdict, flag(crowd), frame); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM moderation_doubt WHERE frame = $1`, frame)
	return err
}

// lastDecision gives the frame's last decision, undone or not; the zero Decision where
// there is none.
func lastDecision(tx *store.Tx, frame picture.ID) (Decision, error) {
	var x Decision
	err := scanDecision(tx.QueryRow(`SELECT `+decisionColumns+`
		FROM moderation_decision WHERE frame = $1 ORDER BY seq DESC LIMIT 1`, frame), &x)
	if errors.Is(err, sql.ErrNoRows) {
		return Decision{}, nil
	}
	return x, err
}
