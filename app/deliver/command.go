package deliver

import (
	"database/sql"
	"errors"
	"slices"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// Pause has nothing sent to the subscriber any more, or again. Its queue stays and keeps
// growing; only recalls still go, since what was sent before must be taken back.
func Pause(tx *store.Tx, subscriber string, paused bool) error {
	_, err := tx.Exec(`INSERT INTO deliver_pause (subscriber, paused, changed_at) VALUES ($1, $2, $3)
		ON CONFLICT (subscriber) DO UPDATE SET paused = excluded.paused, changed_at = excluded.changed_at`, subscriber, paused, store.Millis(tx.Now))
	return err
}

// Resume opens a subscriber's destination again after it had failed, and lets its breaker
// try at once. It reports whether the destination had failed.
func Resume(tx *store.Tx, subscriber string) (changed bool, err error) {
	if changed, err = OpenDestination(tx, subscriber); err != nil {
		return false, err
	}
	_, err = tx.Exec(`INSERT INTO deliver_pause (subscriber, paused, changed_at) VALUES ($1, 0, $2)
		ON CONFLICT (subscriber) DO UPDATE SET changed_at = excluded.changed_at`, subscriber, store.Millis(tx.Now))
	return changed, err
}

// OnDemand has these pictures go to these subscribers now: ahead of everything that waits
// for them, whatever the rules say and past their hours and counts, though not past an
// embargo. What was sent before is sent again, in a delivery of its own. It gives the
// deliveries, picture by picture. Its errors: Invalid nothing_to_send; NotFound no_frame;
// Conflict not_accepted.
func OnDemand(tx *store.Tx, pictures []picture.ID, subscribers []string, by string) (all []Delivery, err error) {
	pictures, subscribers = slices.Compact(slices.Sorted(slices.Values(pictures))), slices.Compact(slices.Sorted(slices.Values(subscribers)))
	if len(pictures) == 0 || len(subscribers) == 0 {
		return nil, fault.New(fault.Invalid, "nothing_to_send", "Please say which pictures go to which subscribers.")
	}
	for _, id := range pictures {
		p, err := picture.Get(tx, id)
		if err != nil {
			return nil, err
		}
		if !p.Approved() {
			return nil, fault.New(fault.Conflict, "not_accepted", "Only an accepted picture is delivered; this one is %s.", p.State)
		}
		for _, s := range subscribers {
			d, err := demand(tx, p, s, by)
			if err != nil {
				return nil, err
			}
			all = append(all, d...)
		}
	}
	return all, nil
}

// demand makes one row; one that already waits on demand is not doubled.
func demand(tx *store.Tx, p picture.Picture, subscriber, by string) ([]Delivery, error) {
	waiting, err := store.Each(tx, scan, `SELECT `+columns+` FROM deliver_delivery
		WHERE picture = $1 AND subscriber = $2 AND ahead = 1 AND state IN ('waiting', 'due') AND version = $3`, p.ID, subscriber, max(p.Version, 1))
	if err != nil || len(waiting) > 0 {
		return waiting, err
	}
	return store.Each(tx, scan, `INSERT INTO deliver_delivery (id, picture, subscriber, repeat, kind, version, rules, priority, state, queued_at, ahead, asked_by)
		VALUES ($1, $2, $3, (SELECT COALESCE(MAX(repeat), 0) + 1 FROM deliver_delivery WHERE picture = $2 AND subscriber = $3), 'demand', $4, '[]', 1000, 'waiting', $5, 1, $6)
		RETURNING `+columns, store.NewID(), p.ID, subscriber, max(p.Version, 1), store.Millis(tx.Now), by)
}

// Retry has a dead delivery, or one that is due later, wait again as if it had never been
// tried. Its errors: NotFound no_delivery; Conflict bad_state.
func Retry(tx *store.Tx, delivery string) error {
	var state State
	err := tx.QueryRow(`SELECT state FROM deliver_delivery WHERE id = $1`, delivery).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "no_delivery", "There is no such delivery.")
	}
	if err != nil {
		return err
	}
	if state != Dead && state != Due {
		return fault.New(fault.Conflict, "bad_state", "Only a delivery that is dead, or due again later, can be sent again; this one is %s.", state)
	}
	_, err = tx.Exec(`UPDATE deliver_delivery SET `+anew+` WHERE id = $1`, delivery)
	return err
}

// RetryDead has all dead deliveries of a subscriber wait again, and its dead recalls. It
// gives how many deliveries these are.
func RetryDead(tx *store.Tx, subscriber string) (n int64, err error) {
	if _, err := tx.Exec(`UPDATE deliver_recall SET state = 'waiting', attempts = 0, next_at = 0 WHERE subscriber = $1 AND state = 'dead'`, subscriber); err != nil {
		return 0, err
	}
	return tx.Exec(`UPDATE deliver_delivery SET `+anew+` WHERE subscriber = $1 AND state = 'dead'`, subscriber)
}

// anew is what makes a row wait as if nothing had been tried; its age stays.
const anew = `state = 'waiting', attempts = 0, claimed_until = 0, next_at = 0, done_at = 0, failed = '', error = ''`
