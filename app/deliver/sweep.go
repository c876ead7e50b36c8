package deliver

import (
	"context"
	"database/sql"
	"time"

	"oneframe/app/store"
)

const (
	sweepMost = 500 // deliveries of one transaction
	hoursStay = 7 * 24 * time.Hour
	keepUsual = 30 * 24 * time.Hour
)

// Sweep takes finished deliveries out of the list that ended longer than Keep ago, with
// their tries and recalls; what remains of them are the totals of their days, which were
// counted as they ended. One whose recall isn't through stays. It works in small
// transactions, so that nobody waits for it.
//
// A picture whose delivery is gone counts as never sent: a recall no longer reaches who
// got it then.
func (o *Office) Sweep(ctx context.Context) error {
	keep := o.Keep
	if keep <= 0 {
		keep = keepUsual
	}
	for {
		n := 0
		err := o.DB.Write(ctx, func(tx *store.Tx) (err error) {
			n, err = fold(tx, store.Millis(tx.Now.Add(-keep)))
			return err
		})
		if err != nil {
			return err
		}
		if n < sweepMost {
			break
		}
	}
	return o.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM deliver_hour WHERE hour < $1`, store.Millis(tx.Now.Add(-hoursStay)))
		return err
	})
}

func fold(tx *store.Tx, before int64) (n int, err error) {
	ids, err := store.Each(tx, func(r *sql.Rows, id *string) error { return r.Scan(id) },
		`SELECT d.id FROM deliver_delivery d WHERE d.state IN ('sent', 'dead', 'cancelled', 'recalled') AND d.done_at < $1
			AND NOT EXISTS (SELECT 1 FROM deliver_recall r WHERE r.delivery = d.id AND r.state IN ('waiting', 'claimed', 'due'))
		ORDER BY d.done_at LIMIT $2`, before, sweepMost)
	for _, id := range ids {
		for _, query := range []string{
			`DELETE FROM deliver_recall WHERE delivery = $1`,
			`DELETE FROM deliver_try WHERE delivery = $1`,
			`DELETE FROM deliver_delivery WHERE id = $1`,
		} {
			if _, err := tx.Exec(query, id); err != nil {
				return 0, err
			}
		}
	}
	return len(ids), err
}
