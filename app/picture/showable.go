package picture

import (
	"database/sql"

	"oneframe/app/store"
)

// Approved is an accepted picture, as one that a slot shows or showed.
type Approved struct {
	Choice
	Score float64
}

// Showable gives every accepted picture of a clip's slots: those of them that may still
// be shown, whichever a slot shows now.
func Showable(tx *store.Tx, clip string) (map[ID]Approved, error) {
	all, err := store.Each(tx, func(r *sql.Rows, a *Approved) error {
		return r.Scan(&a.Slot.Clip, &a.Slot.Number, &a.Picture, &a.Large, &a.Thumb, &a.Score)
	}, `SELECT clip, number, id, large, thumb, score FROM picture WHERE clip = $1 AND state = 'accepted' AND number > 0`, clip)
	byID := make(map[ID]Approved, len(all))
	for _, a := range all {
		byID[a.Picture] = a
	}
	return byID, err
}
