package feed

import (
	"context"

	"oneframe/app/deliver"
	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// demandMost is how many deliveries may be asked for at once.
const demandMost = 2000

// Demand has pictures go to subscribers now, whatever their rules say. It gives the
// deliveries, picture by picture. Its errors: Invalid nothing_to_send or too_many; NotFound
// no_subscriber or no_frame; Conflict ended, or not_accepted.
func (b *Book) Demand(ctx context.Context, by string, pictures []picture.ID, subscribers []string) (all []deliver.Delivery, err error) {
	if len(pictures)*len(subscribers) > demandMost {
		return nil, fault.New(fault.Invalid, "too_many", "At most %d deliveries can be asked for at once.", demandMost)
	}
	err = b.DB.Write(ctx, func(tx *store.Tx) error {
		for _, id := range subscribers {
			s, err := GetSubscriber(tx, id)
			if err != nil {
				return err
			}
			if s.State == Ended {
				return fault.New(fault.Conflict, "ended", "%s subscribes no more.", s.Name)
			}
		}
		all, err = deliver.OnDemand(tx, pictures, subscribers, by)
		return err
	})
	return all, err
}

// Resume has pictures go to a subscriber again whose destination had failed, and writes
// down who said so. Its error is NotFound no_subscriber.
func (b *Book) Resume(ctx context.Context, by, id string) error {
	return b.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := GetSubscriber(tx, id); err != nil {
			return err
		}
		d, _, err := deliver.GetDestination(tx, id)
		if err != nil {
			return err
		}
		resumed, err := deliver.Resume(tx, id)
		if err != nil || !resumed {
			return err
		}
		return note(tx, change{kind: "subscriber", subject: id, subscriber: id, action: "changed", by: by,
			was: map[string]string{"destination": "failed", "reason": d.Reason}, now: map[string]string{"destination": "resumed"}})
	})
}

// RetryDead has everything go again that was given up for a subscriber. It gives how many
// deliveries that are, and writes down who said so. Its error is NotFound no_subscriber.
func (b *Book) RetryDead(ctx context.Context, by, id string) (n int64, err error) {
	err = b.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := GetSubscriber(tx, id); err != nil {
			return err
		}
		if n, err = deliver.RetryDead(tx, id); err != nil || n == 0 {
			return err
		}
		return note(tx, change{kind: "subscriber", subject: id, subscriber: id, action: "changed", by: by, now: map[string]int64{"sent_again": n}})
	})
	return n, err
}
