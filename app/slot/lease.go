package slot

import (
	"database/sql"
	"errors"
	"time"

	"oneframe/app/fault"
	"oneframe/app/store"
)

// Lease is a slot in one visitor's hands until it expires.
type Lease struct {
	Token   Token
	Slot    Slot
	Expires time.Time
}

// Take hands out a slot for a while: the one with the number, or, where number is 0,
// the next of the queue. Conflict slot_taken where somebody holds the one asked for,
// NotFound no_clip where the clip has no slots.
func Take(tx *store.Tx, clip string, number int, lasts time.Duration) (Lease, error) {
	if err := expire(tx); err != nil {
		return Lease{}, err
	}
	s, err := pick(tx, clip, number)
	if err != nil {
		return Lease{}, err
	}
	l := Lease{Token: newToken(), Slot: s, Expires: tx.Now.Add(lasts)}
	l.Slot.Leases++
	_, err = tx.Exec(`INSERT INTO slot_lease (token_hash, clip, number, state, taken_at, expires_at) VALUES ($1, $2, $3, 'held', $4, $5)`,
		l.Token.hash(), s.Clip, s.Number, store.Millis(tx.Now), store.Millis(l.Expires))
	if err != nil {
		return Lease{}, err
	}
	return l, hold(tx, s.ID, +1)
}

func pick(tx *store.Tx, clip string, number int) (Slot, error) {
	if number != 0 {
		s, err := Get(tx, ID{clip, number})
		if err == nil && s.Leases > 0 {
			err = fault.New(fault.Conflict, "slot_taken", "Somebody is shooting slot %d right now.", number)
		}
		return s, err
	}
	var s Slot
	err := scan(tx.QueryRow(`SELECT `+columns+` FROM slot WHERE clip = $1 ORDER BY leases, filled, number LIMIT 1`, clip), &s)
	if errors.Is(err, sql.ErrNoRows) {
		return s, fault.New(fault.NotFound, "no_clip", "There is no such clip.")
	}
	return s, err
}

func hold(tx *store.Tx, id ID, by int) error {
	_, err := tx.Exec(`UPDATE slot SET leases = leases + $1 WHERE clip = $2 AND number = $3`, by, id.Clip, id.Number)
	return err
}

// expire returns the slots of leases whose time has run out.
func expire(tx *store.Tx) error {
	due, err := store.Each(tx, func(r *sql.Rows, id *ID) error { return r.Scan(&id.Clip, &id.Number) },
		`SELECT clip, number FROM slot_lease WHERE state = 'held' AND expires_at <= $1`, store.Millis(tx.Now))
	if err != nil || len(due) == 0 {
		return err
	}
	for _, id := range due {
		if err := hold(tx, id, -1); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`UPDATE slot_lease SET state = 'expired' WHERE state = 'held' AND expires_at <= $1`, store.Millis(tx.Now))
	return err
}

// Look gives the lease while it is held; Gone lease_expired or Conflict lease_used
// when it has ended, NotFound no_lease where the token was never one.
func Look(tx *store.Tx, token Token) (Lease, error) {
	var id ID
	var state string
	var expires int64
	err := tx.QueryRow(`SELECT clip, number, state, expires_at FROM slot_lease WHERE token_hash = $1`, token.hash()).
		Scan(&id.Clip, &id.Number, &state, &expires)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Lease{}, fault.New(fault.NotFound, "no_lease", "There is no such lease.")
	case err != nil:
		return Lease{}, err
	case state == "filled":
		return Lease{}, fault.New(fault.Conflict, "lease_used", "A picture was already sent for this slot.")
	case state != "held" || expires <= store.Millis(tx.Now):
		return Lease{}, fault.New(fault.Gone, "lease_expired", "The time for this slot has run out. Please take it again.")
	}
	s, err := Get(tx, id)
	return Lease{Token: token, Slot: s, Expires: store.Time(expires)}, err
}

// Renew lets a held lease last from now on; errors as Look.
func Renew(tx *store.Tx, token Token, lasts time.Duration) (Lease, error) {
	l, err := Look(tx, token)
	if err != nil {
		return l, err
	}
	l.Expires = tx.Now.Add(lasts)
	_, err = tx.Exec(`UPDATE slot_lease SET expires_at = $1 WHERE token_hash = $2`, store.Millis(l.Expires), token.hash())
	return l, err
}

// Release gives the slot back; a lease that has ended already is left as it is.
func Release(tx *store.Tx, token Token) error {
	l, err := Look(tx, token)
	if fault.Is(err, fault.Gone) || fault.Is(err, fault.Conflict) {
		return nil
	}
	if err != nil {
		return err
	}
	return end(tx, l, "released")
}

// Fill uses the lease up for a picture that is being recorded in the same
// transaction, and counts it; errors as Look.
func Fill(tx *store.Tx, token Token) (ID, error) {
	l, err := Look(tx, token)
	if err != nil {
		return ID{}, err
	}
	if err := end(tx, l, "filled"); err != nil {
		return ID{}, err
	}
	return l.Slot.ID, Restore(tx, l.Slot.ID)
}

func end(tx *store.Tx, l Lease, state string) error {
	if _, err := tx.Exec(`UPDATE slot_lease SET state = $1 WHERE token_hash = $2`, state, l.Token.hash()); err != nil {
		return err
	}
	return hold(tx, l.Slot.ID, -1)
}

// Purge forgets leases that ended before the time.
func Purge(tx *store.Tx, before time.Time) error {
	_, err := tx.Exec(`DELETE FROM slot_lease WHERE state <> 'held' AND expires_at < $1`, store.Millis(before))
	return err
}
