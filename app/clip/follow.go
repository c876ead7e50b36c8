package clip

import (
	"context"
	"errors"
	"time"

	"oneframe/app/fault"
	"oneframe/app/source"
	"oneframe/app/store"
)

// RequestSoon is RequestDue for a site that follows the verdicts: it leaves out clips
// whose latest render was wanted less than the interval ago, and says whether there are
// such clips that would come out otherwise, so that it is worth asking again.
func (s *Studio) RequestSoon(ctx context.Context, interval time.Duration) (later bool, err error) {
	due := map[string]string{}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		videos, err := source.List(tx)
		for _, v := range videos {
			by, why := s.due(tx, v, "follow")
			early, why2 := wantedSince(tx, v.Slug, tx.Now.Add(-interval))
			err = errors.Join(err, why, why2)
			later = later || by != "" && early
			if by != "" && !early {
				due[v.Slug] = by
			}
		}
		return err
	})
	return later, errors.Join(err, s.requestAll(ctx, due))
}

// wantedSince says whether a render of the clip was wanted after the time.
func wantedSince(tx *store.Tx, slug string, at time.Time) (bool, error) {
	r, err := one(tx, `clip = $1 ORDER BY id DESC LIMIT 1`, slug)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return r.Queued.After(at), err
}
