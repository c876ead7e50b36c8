package deliver

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// Query says which deliveries List gives; what is empty is not asked.
type Query struct {
	Subscriber string
	Picture    picture.ID
	State      State
	Cursor     string // from the page before
	Limit      int    // 1 to 500; 0 means 50
}

// List gives a page of deliveries, the newest first, and the cursor of the next page, ""
// at the end. Its error is Invalid bad_state.
func List(tx *store.Tx, q Query) (page []Delivery, next string, err error) {
	if q.State != "" && !slices.Contains(States(), q.State) {
		return nil, "", fault.New(fault.Invalid, "bad_state", "A delivery is never %q.", q.State)
	}
	where, args := []string{"1 = 1"}, []any{}
	ask := func(cond string, v string) {
		if v != "" {
			args = append(args, v)
			where = append(where, fmt.Sprintf(cond, len(args)))
		}
	}
	ask("subscriber = $%d", q.Subscriber)
	ask("picture = $%d", string(q.Picture))
	ask("state = $%d", string(q.State))
	ask("id < $%d", q.Cursor)
	limit := min(max(q.Limit, 1), 500)
	if q.Limit <= 0 {
		limit = 50
	}
	args = append(args, limit+1)
	page, err = store.Each(tx, scan, fmt.Sprintf(`SELECT %s FROM deliver_delivery WHERE %s ORDER BY id DESC LIMIT $%d`, columns, strings.Join(where, " AND "), len(args)), args...)
	if err != nil || len(page) <= limit {
		return page, "", err
	}
	return page[:limit], page[limit-1].ID, nil
}

// Get gives one delivery; NotFound no_delivery where there is none.
func Get(tx *store.Tx, id string) (d Delivery, err error) {
	all, err := store.Each(tx, scan, `SELECT `+columns+` FROM deliver_delivery WHERE id = $1`, id)
	if err != nil || len(all) > 0 {
		return append(all, d)[0], err
	}
	return d, fault.New(fault.NotFound, "no_delivery", "There is no such delivery.")
}

// Story gives a delivery with all its tries and the messages that take it back, each in
// the order in which it happened. Its error is Get's.
func Story(tx *store.Tx, id string) (d Delivery, tries []Try, recalls []Recalling, err error) {
	if d, err = Get(tx, id); err != nil {
		return d, nil, nil, err
	}
	if tries, err = Tries(tx, id); err != nil {
		return d, nil, nil, err
	}
	all, err := Recalls(tx, d.Picture)
	return d, tries, slices.DeleteFunc(all, func(r Recalling) bool { return r.Delivery != id }), err
}

// CountMost is as far as Count counts.
const CountMost = 10_000

// Count gives how many deliveries of a subscriber are in the state, counting no further
// than CountMost; of all subscribers for "".
func Count(tx *store.Tx, subscriber string, state State) (n int, err error) {
	if subscriber == "" {
		err = tx.QueryRow(`SELECT COUNT(*) FROM (SELECT 1 FROM deliver_delivery WHERE state = $1 LIMIT $2) AS some`, state, CountMost).Scan(&n)
		return n, err
	}
	return countUpTo(tx, subscriber, state, CountMost)
}

func countUpTo(tx *store.Tx, subscriber string, state State, most int) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM (SELECT 1 FROM deliver_delivery WHERE subscriber = $1 AND state = $2 LIMIT $3) AS some`, subscriber, state, most).Scan(&n)
	return n, err
}

// Recalling is a message that takes a delivered picture back.
type Recalling struct {
	ID, Delivery, Subscriber, Reason, State, Error string
	Answer                                         string // what could be done
	Picture                                        picture.ID
	AskedAt, DoneAt                                time.Time
}

// Recalls gives the recalls of a picture in the order in which they were asked for.
func Recalls(tx *store.Tx, p picture.ID) ([]Recalling, error) {
	return store.Each(tx, func(r *sql.Rows, x *Recalling) error {
		var asked, done int64
		err := r.Scan(&x.ID, &x.Delivery, &x.Subscriber, &x.Reason, &x.State, &x.Error, &x.Picture, &asked, &done, &x.Answer)
		x.AskedAt, x.DoneAt = store.Time(asked), store.Time(done)
		return err
	}, `SELECT id, delivery, subscriber, reason, state, error, picture, asked_at, done_at, answer FROM deliver_recall WHERE picture = $1 ORDER BY id`, p)
}
