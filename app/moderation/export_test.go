package moderation

import (
	"fmt"
	"math/rand/v2"

	"oneframe/app/store"
)

// FakeJudgments writes four judgments of each of n frames, from one number on, by judges
// drawn from so many, with the crowd's verdicts.
func FakeJudgments(tx *store.Tx, rng *rand.Rand, from, n, judges int) error {
	for f := from; f < from+n; f++ {
		frame, truth := fmt.Sprintf("frame-%08d", f), class(rng.IntN(int(classCount)))
		if _, err := tx.Exec(`INSERT INTO moderation_frame (frame, given, verdict, crowd) VALUES ($1, 4, 'accepted', 1)`, frame); err != nil {
			return err
		}
		for k := range 4 {
			j, says := ByAccount(fmt.Sprint((f*4+k)%judges)), truth
			if rng.IntN(5) == 0 {
				says = class(rng.IntN(int(classCount)))
			}
			if _, err := tx.Exec(`INSERT INTO moderation_judgment (frame, judge, nudity, trying, likeness, at) VALUES ($1, $2, $3, $4, 3, 1)`,
				frame, j, flag(says == isNudity), flag(says != isNoPose)); err != nil {
				return err
			}
			if _, err := tx.Exec(`INSERT INTO moderation_judge (judge, first_at, last_at) VALUES ($1, 1, 1) ON CONFLICT (judge) DO NOTHING`, j); err != nil {
				return err
			}
		}
	}
	return nil
}
