package picture

import (
	"database/sql"
	"errors"
	"time"

	"oneframe/app/store"
	"oneframe/app/vault"
)

// Claim takes up to n received pictures for scaling, the oldest first: those that
// nobody has claimed, those whose claim ran out, and those whose next try is due. It
// counts an attempt for each.
func Claim(tx *store.Tx, n int, lasts time.Duration) ([]Picture, error) {
	now := store.Millis(tx.Now)
	return store.Each(tx, func(r *sql.Rows, p *Picture) error { return scan(r, p) },
		`UPDATE picture SET claimed_until = $1, attempts = attempts + 1
		WHERE id IN (SELECT id FROM picture WHERE state = 'received' AND claimed_until <= $2 ORDER BY claimed_until, id LIMIT $3)
		RETURNING `+columns, store.Millis(tx.Now.Add(lasts)), now, n)
}

// Unscaled reports whether Claim would find something.
func Unscaled(tx *store.Tx) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM (SELECT 1 FROM picture WHERE state = 'received' AND claimed_until <= $1 LIMIT 1) AS due`,
		store.Millis(tx.Now)).Scan(&n)
	return n > 0, err
}

// Renditions are the scaled copies of a picture, durable already. Width and Height
// are of the large one, in pixels.
type Renditions struct {
	Large, Medium, Thumb vault.Key
	Width, Height        int
}

// Ready names the renditions: the picture now waits for its verdict, or is accepted
// where it came in with an approver. A picture that was withdrawn meanwhile, or made ready by
// another worker, is left as it is.
func Ready(tx *store.Tx, id ID, r Renditions) error {
	var version int
	var approver string
	err := tx.QueryRow(`UPDATE picture SET state = CASE approver WHEN '' THEN 'waiting' ELSE 'accepted' END,
		settled_at = CASE approver WHEN '' THEN settled_at ELSE $6 END, large = $1, medium = $2, thumb = $3, large_width = $4, large_height = $5,
		ready_at = $6, claimed_until = 0, error = '' WHERE id = $7 AND state = 'received' RETURNING version, approver`,
		r.Large, r.Medium, r.Thumb, r.Width, r.Height, store.Millis(tx.Now), id).Scan(&version, &approver)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return noteReady(tx, id, version, approver != "")
}

// noteReady appends the event: a first version is ready, a later one is an update, of
// which one that came in as accepted has told already.
func noteReady(tx *store.Tx, id ID, version int, told bool) error {
	if version > 1 && told {
		return note(tx, id, "ready", "", versionWord(version))
	}
	if version > 1 {
		return note(tx, id, "updated", "", versionWord(version))
	}
	return note(tx, id, "ready", "", "")
}

// Retry puts off a picture that could not be scaled until the time.
func Retry(tx *store.Tx, id ID, why string, at time.Time) error {
	_, err := tx.Exec(`UPDATE picture SET error = $1, claimed_until = $2 WHERE id = $3 AND state = 'received'`, why, store.Millis(at), id)
	return err
}

// Fail gives a picture up that can't be scaled; its slot reopens. A photograph whose
// corrected version it is goes back to the version before, as it was.
func Fail(tx *store.Tx, id ID, why string) error {
	p, err := Get(tx, id)
	if err != nil || p.State != Received {
		return err
	}
	if found, err := restore(tx, p, why); err != nil || found {
		return err
	}
	if _, err := tx.Exec(`UPDATE picture SET state = 'failed', error = $1, claimed_until = 0, settled_at = $2 WHERE id = $3`,
		why, store.Millis(tx.Now), id); err != nil {
		return err
	}
	if err := recount(tx, p, Failed); err != nil {
		return err
	}
	return note(tx, id, "failed", "", why)
}
