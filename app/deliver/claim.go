package deliver

import (
	"database/sql"
	"errors"
	"slices"

	"oneframe/app/store"
)

// take claims what was asked for, until the instant: recalls in the order in which they
// were asked for, then deliveries by priority and age. A daily cap lowers a.regular to
// what it leaves; ended is what was written down before.
func (o *Office) take(tx *store.Tx, a *ask, ended []outcome, until int64) (all []*job, err error) {
	l := a.line
	if a.recalls > 0 {
		if all, err = takeRecalls(tx, l, a.recalls, until); err != nil {
			return nil, err
		}
	}
	if a.ahead > 0 {
		jobs, err := takeDeliveries(tx, l, 1, a.ahead, until)
		if err != nil {
			return nil, err
		}
		all = append(all, jobs...)
	}
	if a.regular > 0 && a.perDay > 0 {
		if err := o.leave(tx, a, ended, len(all)); err != nil {
			return nil, err
		}
	}
	if a.regular > 0 {
		jobs, err := takeDeliveries(tx, l, 0, a.regular, until)
		if err != nil {
			return nil, err
		}
		all = append(all, jobs...)
	}
	return all, nil
}

// leave lowers the ask to what the daily cap leaves, counting what is claimed and may yet
// be sent, but for what this very transaction has written down.
func (o *Office) leave(tx *store.Tx, a *ask, ended []outcome, more int) error {
	o.mu.Lock()
	l := a.line
	day, inHand := l.day(tx.Now), l.held+more
	o.mu.Unlock()
	for _, e := range ended {
		if e.job.line == l {
			inHand--
		}
	}
	var sent int
	err := tx.QueryRow(`SELECT n FROM deliver_day WHERE subscriber = $1 AND day = $2 AND what = 'sent'`, l.subscriber, day).Scan(&sent)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	a.regular = min(a.regular, max(a.perDay-sent-inHand, 0))
	a.full, a.short = sent >= a.perDay, a.regular == 0
	return nil
}

func takeDeliveries(tx *store.Tx, l *line, ahead, n int, until int64) (jobs []*job, err error) {
	all, err := store.Each(tx, func(r *sql.Rows, d *Delivery) error {
		var queued int64
		err := r.Scan(&d.ID, &d.Picture, &d.Version, &d.Priority, &d.Attempts, &queued)
		d.Subscriber, d.QueuedAt = l.subscriber, store.Time(queued)
		return err
	}, `UPDATE deliver_delivery SET state = 'claimed', claimed_until = $1 WHERE id IN (
			SELECT id FROM deliver_delivery WHERE subscriber = $2 AND state = 'waiting' AND ahead = $3 ORDER BY priority DESC, queued_at, id LIMIT $4)
		RETURNING id, picture, version, priority, attempts, queued_at`, until, l.subscriber, ahead, n)
	slices.SortFunc(all, inTurn)
	for _, d := range all {
		jobs = append(jobs, &job{line: l, id: d.ID, delivery: d, ahead: ahead == 1, attempts: d.Attempts, until: until})
	}
	return jobs, err
}

// inTurn orders deliveries of a subscriber as the index does: RETURNING has no order.
func inTurn(a, b Delivery) int {
	if a.Priority != b.Priority {
		return b.Priority - a.Priority
	}
	if c := a.QueuedAt.Compare(b.QueuedAt); c != 0 {
		return c
	}
	if a.ID < b.ID {
		return -1
	}
	return 1
}

func takeRecalls(tx *store.Tx, l *line, n int, until int64) (jobs []*job, err error) {
	jobs, err = store.Each(tx, func(r *sql.Rows, j **job) error {
		*j = &job{line: l, recall: true, until: until}
		return r.Scan(&(*j).id, &(*j).delivery.ID, &(*j).delivery.Picture, &(*j).attempts)
	}, `UPDATE deliver_recall SET state = 'claimed', claimed_until = $1 WHERE id IN (
			SELECT id FROM deliver_recall WHERE subscriber = $2 AND state = 'waiting' ORDER BY id LIMIT $3)
		RETURNING id, delivery, picture, attempts`, until, l.subscriber, n)
	slices.SortFunc(jobs, func(a, b *job) int {
		if a.id < b.id {
			return -1
		}
		return 1
	})
	return jobs, err
}

// renew keeps a claim; one that was lost stays so.
func (j *job) renew(tx *store.Tx, until int64) error {
	if j.recall {
		_, err := tx.Exec(`UPDATE deliver_recall SET claimed_until = $1 WHERE id = $2 AND state = 'claimed' AND claimed_until = $3`, until, j.id, j.until)
		return err
	}
	_, err := tx.Exec(`UPDATE deliver_delivery SET claimed_until = $1 WHERE id = $2 AND state = 'claimed' AND claimed_until = $3`, until, j.id, j.until)
	return err
}

// moveMost is how many rows of a kind one transaction moves.
const moveMost = 500

// move has wait again what is due, and what was claimed by a process that is gone.
func (o *Office) move(tx *store.Tx) (moved int64, err error) {
	now := store.Millis(tx.Now)
	for _, query := range []string{
		`UPDATE deliver_delivery SET state = 'waiting', next_at = 0 WHERE id IN (SELECT id FROM deliver_delivery WHERE state = 'due' AND next_at <= $1 ORDER BY next_at LIMIT $2)`,
		`UPDATE deliver_recall SET state = 'waiting', next_at = 0 WHERE id IN (SELECT id FROM deliver_recall WHERE state = 'due' AND next_at <= $1 ORDER BY next_at LIMIT $2)`,
	} {
		n, err := tx.Exec(query, now, moveMost)
		if err != nil {
			return 0, err
		}
		moved += n
	}
	for query, free := range map[string]string{
		`SELECT id FROM deliver_delivery WHERE state = 'claimed' AND claimed_until <= $1 ORDER BY claimed_until LIMIT $2`: `UPDATE deliver_delivery SET state = 'waiting', claimed_until = 0 WHERE id = $1`,
		`SELECT id FROM deliver_recall WHERE state = 'claimed' AND claimed_until <= $1 ORDER BY claimed_until LIMIT $2`:   `UPDATE deliver_recall SET state = 'waiting', claimed_until = 0 WHERE id = $1`,
	} {
		ids, err := store.Each(tx, func(r *sql.Rows, id *string) error { return r.Scan(id) }, query, now, moveMost)
		if err != nil {
			return 0, err
		}
		for _, id := range ids {
			if o.holds(id) {
				continue // renewed in the next round: this process was asleep
			}
			n, err := tx.Exec(free, id)
			if err != nil {
				return 0, err
			}
			moved += n
		}
	}
	return moved, nil
}

func (o *Office) holds(id string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.held[id] != nil
}
