package deliver

import (
	"encoding/json"

	"oneframe/app/deliver/order"
	"oneframe/app/fault"
	"oneframe/app/store"
)

// SetMade says how the pictures for a subscriber are made, from the next one on. Errors:
// Invalid bad_made, NotFound no_destination.
func SetMade(tx *store.Tx, subscriber string, s order.Spec) error {
	if err := s.Check(); err != nil {
		return err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE deliver_destination SET made = $1, changed_at = $2 WHERE subscriber = $3`, string(text), store.Millis(tx.Now), subscriber)
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "no_destination", "The subscriber has no destination yet.")
	}
	return err
}
