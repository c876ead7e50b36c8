package picture

import (
	"cmp"

	"oneframe/app/fault"
	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// Verdict is what was decided about a picture, and by whom. State Waiting takes a
// decision back.
type Verdict struct {
	State     State // accepted, rejected, undecided, or waiting
	Reason    string
	By        string // "crowd", or who
	Detail    string // of the event, where it isn't the reason
	Score     float64
	Judgments int
}

// event is the kind of event that a verdict appends.
func (v Verdict) event() string {
	if v.State == Waiting {
		return "reopened"
	}
	return string(v.State)
}

// Settle gives a verdict on a picture that has its renditions, first or again, and
// keeps its slot's count in step. It reports whether anything changed; a picture that
// is not judged (received, withdrawn, failed) is Conflict not_judged.
func Settle(tx *store.Tx, id ID, v Verdict) (changed bool, err error) {
	p, err := Get(tx, id)
	if err != nil {
		return false, err
	}
	switch p.State {
	case Waiting, Undecided, Accepted, Rejected:
	default:
		return false, fault.New(fault.Conflict, "not_judged", "This frame can't be judged: it is %s.", p.State)
	}
	if p.State == v.State && p.Reason == v.Reason && p.Score == v.Score && p.Judgments == v.Judgments {
		return false, nil
	}
	if _, err := tx.Exec(`UPDATE picture SET state = $1, reason = $2, score = $3, judgments = $4, settled_at = $5 WHERE id = $6`,
		v.State, v.Reason, v.Score, v.Judgments, settledAt(tx, v), id); err != nil {
		return false, err
	}
	if err := recount(tx, p, v.State); err != nil {
		return false, err
	}
	return true, note(tx, id, v.event(), v.By, cmp.Or(v.Reason, v.Detail))
}

func settledAt(tx *store.Tx, v Verdict) int64 {
	if v.State == Waiting {
		return 0
	}
	return store.Millis(tx.Now)
}

// recount keeps the slot's count of standing pictures in step with a change of state.
func recount(tx *store.Tx, was Picture, now State) error {
	if was.Slot.Number == 0 || was.State.Standing() == now.Standing() {
		return nil
	}
	if now.Standing() {
		return slot.Restore(tx, was.Slot)
	}
	return slot.Reopen(tx, was.Slot)
}

// Withdraw takes a picture back for good, in any state; doing it again changes nothing.
// The row stays as a tombstone; of a frame nothing is left that tells of its contributor. Its files are Forget's.
func Withdraw(tx *store.Tx, id ID, by string) error {
	p, err := Get(tx, id)
	if err != nil || p.State == Withdrawn {
		return err
	}
	return withdraw(tx, p, by)
}

func withdraw(tx *store.Tx, p Picture, by string) error {
	if _, err := tx.Exec(`UPDATE picture SET state = 'withdrawn', name = '', reason = '', claimed_until = 0, settled_at = $1 WHERE id = $2`,
		store.Millis(tx.Now), p.ID); err != nil {
		return err
	}
	if err := recount(tx, p, Withdrawn); err != nil {
		return err
	}
	if err := forgetWho(tx, p); err != nil {
		return err
	}
	return note(tx, p.ID, "withdrawn", by, "")
}

// forgetWho takes out of a withdrawn frame's records what tells of its contributor: the
// account, what the file said about itself, and words that were written about it. A
// photograph's stay: whoever received it is told what is taken back.
func forgetWho(tx *store.Tx, p Picture) error {
	if p.Photo() {
		return nil
	}
	for _, q := range []string{
		`UPDATE picture SET account = '' WHERE id = $1`,
		`UPDATE picture_event SET detail = '' WHERE picture = $1`,
		`DELETE FROM picture_metadata WHERE picture = $1`,
	} {
		if _, err := tx.Exec(q, p.ID); err != nil {
			return err
		}
	}
	return nil
}

// Forget removes those files of a withdrawn picture that no other picture names. It
// works inside a transaction of its own, after the withdrawal's commit: so no picture
// with the same content can be recorded between the look and the removal, provided that
// whoever records one looks in the same transaction whether its file is still there.
func Forget(tx *store.Tx, id ID, remove func(vault.Key) error) error {
	p, err := Get(tx, id)
	if err != nil || p.State != Withdrawn {
		return err
	}
	keys, err := keysOf(tx, p)
	if err != nil {
		return err
	}
	for _, k := range keys {
		_, named, err := Names(tx, k)
		if err != nil {
			return err
		}
		if named {
			continue
		}
		if err := remove(k); err != nil {
			return err
		}
	}
	return nil
}
