// Package slot is the frame queue: which place of a clip's timeline the next visitor fills.
//
// A slot is handed out by a lease. The order is: slots that nobody holds before slots
// that somebody does, the fewest standing pictures first, then clip order, so that
// neighbours fill up together and a movement continues. When every slot has a picture
// the next round begins by itself, and when every slot is held two people share one:
// the queue never runs dry.
//
//	          Renew
//	          ┌──┐
//	Take ──► held ──Fill────► filled
//	           ├────Release─► released
//	           └──its time──► expired
//
// filled counts the slot's standing pictures (received, waiting, undecided, accepted);
// leases counts its held leases. Both live in the slot's row, so that taking the next
// slot is one step down an index, whatever the clip's length. Leases whose time has
// run out are returned by the next Take of any visitor, in the same transaction.
package slot

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"oneframe/app/fault"
	"oneframe/app/store"
)

// ID names a slot: its clip by slug, and its number, which starts at 1.
type ID struct {
	Clip   string
	Number int
}

// Slot is a place in a clip's timeline. It covers Hold original frames from First
// (0-based) on, and begins at Start.
type Slot struct {
	ID
	First  int
	Hold   int
	Start  time.Duration
	Filled int // standing pictures
	Leases int // people who hold it now
}

// Add puts slots into the queue; their Filled and Leases are ignored.
func Add(tx *store.Tx, slots []Slot) error {
	for _, s := range slots {
		_, err := tx.Exec(`INSERT INTO slot (clip, number, first_frame, hold, start_us) VALUES ($1, $2, $3, $4, $5)`,
			s.Clip, s.Number, s.First, s.Hold, s.Start.Microseconds())
		if err != nil {
			return err
		}
	}
	return nil
}

// Remove takes a clip's slots and their leases away.
func Remove(tx *store.Tx, clip string) error {
	_, err := tx.Exec(`DELETE FROM slot WHERE clip = $1`, clip)
	return err
}

const columns = `clip, number, first_frame, hold, start_us, filled, leases`

func scan(row interface{ Scan(...any) error }, s *Slot) error {
	var us int64
	err := row.Scan(&s.Clip, &s.Number, &s.First, &s.Hold, &us, &s.Filled, &s.Leases)
	s.Start = time.Duration(us) * time.Microsecond
	return err
}

// Get gives one slot; NotFound where there is none.
func Get(tx *store.Tx, id ID) (Slot, error) {
	var s Slot
	err := scan(tx.QueryRow(`SELECT `+columns+` FROM slot WHERE clip = $1 AND number = $2`, id.Clip, id.Number), &s)
	if errors.Is(err, sql.ErrNoRows) {
		return s, noSlot(id.Number)
	}
	return s, err
}

// List gives a clip's slots in clip order.
func List(tx *store.Tx, clip string) ([]Slot, error) {
	return store.Each(tx, func(r *sql.Rows, s *Slot) error { return scan(r, s) },
		`SELECT `+columns+` FROM slot WHERE clip = $1 ORDER BY number`, clip)
}

// Counts gives how many slots a clip has and how many of them have a standing picture.
func Counts(tx *store.Tx, clip string) (slots, filled int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*), COUNT(CASE WHEN filled > 0 THEN 1 END) FROM slot WHERE clip = $1`, clip).Scan(&slots, &filled)
	return slots, filled, err
}

// Reopen counts one standing picture fewer: it was rejected, withdrawn or failed.
func Reopen(tx *store.Tx, id ID) error { return count(tx, id, -1) }

// Restore counts one standing picture more: a moderator took a rejection back.
func Restore(tx *store.Tx, id ID) error { return count(tx, id, +1) }

func count(tx *store.Tx, id ID, by int) error {
	n, err := tx.Exec(`UPDATE slot SET filled = filled + $1 WHERE clip = $2 AND number = $3`, by, id.Clip, id.Number)
	if err == nil && n == 0 {
		return noSlot(id.Number)
	}
	return err
}

func noSlot(number int) error {
	return fault.New(fault.NotFound, "no_slot", "This clip has no slot %d.", number)
}

// Token is the secret of a lease. Only its SHA-256 is stored.
type Token string

func newToken() Token { return Token(rand.Text()) }

func (t Token) hash() string {
	sum := sha256.Sum256([]byte(t))
	return hex.EncodeToString(sum[:])
}
