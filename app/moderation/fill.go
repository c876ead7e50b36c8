package moderation

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// portion is how many events or frames are read at once.
const portion = 500

// catchUp brings the queue to what is committed by now. Calls that come together share
// one look at the register's log.
func (d *Desk) catchUp(ctx context.Context) error {
	q := &d.queue
	mine := q.asked.Add(1)
	q.reading.Lock()
	defer q.reading.Unlock()
	if q.done >= mine {
		return nil
	}
	upTo := q.asked.Load()
	for more := true; more; {
		err := d.DB.Read(ctx, func(tx *store.Tx) (err error) { more, err = d.readOn(tx); return err })
		if err != nil {
			return err
		}
	}
	q.done = upTo
	return nil
}

// readOn reads a portion of what is new, and says whether there is more.
func (d *Desk) readOn(tx *store.Tx) (more bool, err error) {
	q := &d.queue
	q.mu.Lock()
	filled, seq, goldNew := q.filled, q.seq, q.goldNew
	q.goldNew = false
	q.mu.Unlock()
	if !filled {
		return false, d.fill(tx)
	}
	events, err := picture.Since(tx, seq, portion)
	if err != nil {
		return false, err
	}
	if len(events) > 0 {
		if err := d.follow(tx, events); err != nil {
			return false, err
		}
	}
	if goldNew {
		if err := d.readGold(tx); err != nil {
			q.goldChanged()
			return false, err
		}
	}
	return len(events) == portion, nil
}

// fill makes the queue anew, of one committed state.
func (d *Desk) fill(tx *store.Tx) error {
	q := &d.queue
	seq, err := picture.Revision(tx)
	if err != nil {
		return err
	}
	if err := d.readGold(tx); err != nil {
		return err
	}
	var all []*entry
	for query := (picture.Query{Kind: picture.Frames, States: []picture.State{picture.Waiting}, Sort: "oldest", Limit: portion}); ; {
		pics, next, err := picture.List(tx, query)
		if err != nil {
			return err
		}
		es, err := d.entries(tx, pics)
		if err != nil {
			return err
		}
		if all = append(all, es...); next == "" {
			break
		}
		query.Cursor = next
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.frames, q.by = make(map[picture.ID]*entry, len(all)), nil
	if q.open == nil {
		q.open = map[Judge]page{}
	}
	for _, e := range all {
		q.put(e)
	}
	q.seq, q.filled = seq, true
	return nil
}

// follow does what events say. What may wait again is looked at as it is by now; the
// rest is out.
func (d *Desk) follow(tx *store.Tx, events []picture.Event) error {
	waits := map[picture.ID]bool{}
	for _, e := range events {
		waits[e.Picture] = e.Kind == "ready" || e.Kind == "reopened" || e.Kind == "updated"
	}
	var pics []picture.Picture
	for id, w := range waits {
		if !w {
			continue
		}
		p, err := picture.Get(tx, id)
		if err != nil {
			return err
		}
		if waits[id] = p.State == picture.Waiting && !p.Photo(); waits[id] {
			pics = append(pics, p)
		}
	}
	es, err := d.entries(tx, pics)
	if err != nil {
		return err
	}
	q := &d.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	for id, w := range waits {
		if !w {
			q.take(id)
		}
	}
	for _, e := range es {
		q.put(e)
	}
	q.seq = events[len(events)-1].Seq
	return nil
}

// entries adds to waiting pictures what the judgments say.
func (d *Desk) entries(tx *store.Tx, pics []picture.Picture) ([]*entry, error) {
	all, by := make([]*entry, len(pics)), map[picture.ID]*entry{}
	for i, p := range pics {
		all[i] = &entry{pic: p, wanted: d.least()}
		by[p.ID] = all[i]
	}
	if len(pics) == 0 {
		return nil, nil
	}
	in, args := among(pics)
	type row struct {
		frame         picture.ID
		judge, sender Judge
		given, wanted int
		blurred       bool
	}
	frames, err := store.Each(tx, func(r *sql.Rows, v *row) error { return r.Scan(&v.frame, &v.given, &v.wanted, &v.blurred) },
		`SELECT frame, given, wanted, blurred FROM moderation_frame WHERE frame IN (`+in+`)`, args...)
	if err != nil {
		return nil, err
	}
	for _, v := range frames {
		e := by[v.frame]
		e.given, e.wanted, e.blurred = v.given, max(v.wanted, d.least()), v.blurred
	}
	judged, err := store.Each(tx, func(r *sql.Rows, v *row) error { return r.Scan(&v.frame, &v.judge) },
		`SELECT frame, judge FROM moderation_judgment WHERE frame IN (`+in+`)`, args...)
	if err != nil {
		return nil, err
	}
	for _, v := range judged {
		by[v.frame].judged = append(by[v.frame].judged, v.judge)
	}
	senders, err := store.Each(tx, func(r *sql.Rows, v *row) error { return r.Scan(&v.frame, &v.sender) },
		`SELECT frame, sender FROM moderation_sender WHERE frame IN (`+in+`)`, args...)
	for _, v := range senders {
		by[v.frame].sender = v.sender
	}
	return all, err
}

// among writes the pictures' ids for an IN.
func among(pics []picture.Picture) (in string, args []any) {
	marks := make([]string, len(pics))
	for i, p := range pics {
		marks[i] = fmt.Sprintf("$%d", i+1)
		args = append(args, p.ID)
	}
	return strings.Join(marks, ", "), args
}

// readGold reads the pictures that are gold.
func (d *Desk) readGold(tx *store.Tx) error {
	golds, err := Golds(tx)
	if err != nil {
		return err
	}
	var pics []picture.Picture
	nudity := map[picture.ID]bool{}
	for _, g := range golds {
		p, err := picture.Get(tx, g.Right.Frame)
		if fault.Is(err, fault.NotFound) || err == nil && p.State != picture.Accepted && p.State != picture.Rejected {
			continue // withdrawn: Step retires it
		}
		if err != nil {
			return err
		}
		p.State, p.Reason, p.Score, p.Judgments = picture.Waiting, "", 0, 0 // as the others are
		pics, nudity[p.ID] = append(pics, p), g.Right.Nudity
	}
	all, err := d.entries(tx, pics)
	if err != nil {
		return err
	}
	for _, e := range all {
		e.blurred = nudity[e.id()]
	}
	d.queue.mu.Lock()
	defer d.queue.mu.Unlock()
	d.queue.gold = all
	return nil
}

// meet gives what is known of a judge who comes for a page.
func (d *Desk) meet(ctx context.Context, j Judge) (who *person, err error) {
	q := &d.queue
	q.mu.Lock()
	who = q.judges[j]
	q.mu.Unlock()
	if who != nil {
		return who, nil
	}
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) { who, err = personOf(tx, j); return err })
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.judges == nil || len(q.judges) >= peopleMax {
		q.judges = map[Judge]*person{}
	}
	q.judges[j] = who
	return who, nil
}

func personOf(tx *store.Tx, j Judge) (*person, error) {
	who := &person{same: []Judge{j}, seen: map[picture.ID]bool{}}
	rows, err := tx.Query(`SELECT 'other', other, 0 FROM moderation_alias WHERE judge = $1
		UNION ALL SELECT 'gold', frame, good FROM moderation_answer WHERE judge = $1`, j)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var what, id string
		var right int
		if err := rows.Scan(&what, &id, &right); err != nil {
			return nil, err
		}
		if what == "other" {
			who.same = append(who.same, Judge(id))
			continue
		}
		who.seen[picture.ID(id)] = true
		who.gold.seen++
		who.gold.right += right
	}
	return who, rows.Err()
}
