package moderation

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"oneframe/app/picture"
	"oneframe/app/store"
)

// Filter says which frames the moderators' desk lists.
type Filter struct {
	// States; none means what waits for somebody: the undecided first, then the waiting.
	States             []picture.State
	Kind               picture.Kind
	Clip               string // slug; "" for every clip
	Slot               int    // number; 0 for every slot
	Judge              Judge  // only frames that this judge has judged
	MinScore, MaxScore float64
	Cursor             string // of the page before
	Limit              int    // 1 to 500; 0 means 50
}

// Item is a frame on the desk, with how its judging stands.
type Item struct {
	picture.Picture
	Waits      time.Duration // since it was received, while nothing is settled
	Given      int           // judgments that count
	Wanted     int           // judgments that a verdict takes, by what is known now
	Confidence float64       // of the likeliest answer, 0 to 1
	Blurred    bool          // somebody saw nudity
	Gold       bool
}

// Frames gives a page of the desk and the cursor of the next one, "" at the end. What
// waits comes oldest first; with States given, the newest comes first.
func (d *Desk) Frames(tx *store.Tx, f Filter) (page []Item, next string, err error) {
	q := picture.Query{Kind: f.Kind, Clip: f.Clip, Number: f.Slot, MinScore: f.MinScore, MaxScore: f.MaxScore, States: f.States, Limit: f.Limit}
	pics, next, err := d.pictures(tx, q, f)
	if err != nil {
		return nil, "", err
	}
	page, err = d.items(tx, pics)
	return page, next, err
}

// pictures finds the frames. What waits is two lists one after the other; the cursor
// says which.
func (d *Desk) pictures(tx *store.Tx, q picture.Query, f Filter) (pics []picture.Picture, next string, err error) {
	if f.Judge != "" {
		return d.judgedBy(tx, q, f)
	}
	if len(f.States) > 0 {
		q.Cursor = f.Cursor
		return picture.List(tx, q)
	}
	q.Sort = "oldest"
	waiting := strings.HasPrefix(f.Cursor, "w")
	if !waiting {
		q.States, q.Cursor = []picture.State{picture.Undecided}, strings.TrimPrefix(f.Cursor, "u")
		if pics, next, err = picture.List(tx, q); err != nil || next != "" {
			return pics, "u" + next, err
		}
		f.Cursor = ""
		if q.Limit = or(f.Limit, 50) - len(pics); q.Limit <= 0 {
			return pics, "w", nil
		}
	}
	q.States, q.Cursor = []picture.State{picture.Waiting}, strings.TrimPrefix(f.Cursor, "w")
	more, next, err := picture.List(tx, q)
	if next != "" {
		next = "w" + next
	}
	return append(pics, more...), next, err
}

// judgedBy goes through what the judge has judged, the newest frames first.
func (d *Desk) judgedBy(tx *store.Tx, q picture.Query, f Filter) (pics []picture.Picture, next string, err error) {
	limit, before := or(f.Limit, 50), f.Cursor
	for {
		ids, err := store.Each(tx, func(r *sql.Rows, id *picture.ID) error { return r.Scan(id) },
			`SELECT frame FROM moderation_judgment WHERE judge = $1 AND ($2 = '' OR frame < $2) ORDER BY frame DESC LIMIT $3`,
			f.Judge, before, portion)
		if err != nil {
			return nil, "", err
		}
		for _, id := range ids {
			p, err := picture.Get(tx, id)
			if err != nil {
				return nil, "", err
			}
			before = string(id)
			if !q.Holds(p) {
				continue
			}
			if pics = append(pics, p); len(pics) == limit {
				return pics, before, nil
			}
		}
		if len(ids) < portion {
			return pics, "", nil
		}
	}
}

// items adds how the judging stands.
func (d *Desk) items(tx *store.Tx, pics []picture.Picture) ([]Item, error) {
	all := make([]Item, len(pics))
	for i, p := range pics {
		it := Item{Picture: p, Wanted: d.least()}
		if p.State == picture.Waiting || p.State == picture.Undecided {
			it.Waits = tx.Now.Sub(p.ReceivedAt)
		}
		err := tx.QueryRow(`SELECT given, wanted, confidence, blurred, (SELECT COUNT(*) FROM moderation_gold g WHERE g.frame = f.frame AND g.retired_at = 0)
			FROM moderation_frame f WHERE frame = $1`, p.ID).Scan(&it.Given, &it.Wanted, &it.Confidence, &it.Blurred, &it.Gold)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
		it.Wanted = max(it.Wanted, d.least())
		all[i] = it
	}
	return all, nil
}

// Judges gives a page of judges, those who judged last first, from the cursor of the
// page before on, and the cursor of the next one, "" at the end. Limit is 1 to 500; 0
// means 50.
func (d *Desk) Judges(tx *store.Tx, cursor string, limit int) (page []Profile, next string, err error) {
	limit = min(or(limit, 50), 500)
	last, id := int64(1)<<62, ""
	if cursor != "" {
		if _, err := fmt.Sscanf(cursor, "%d %s", &last, &id); err != nil {
			return nil, "", picture.BadCursor(err)
		}
	}
	rows, err := store.Each(tx, func(r *sql.Rows, l *ledger) error { return scanLedger(r, l) },
		`SELECT `+ledgerColumns+` FROM moderation_judge WHERE last_at < $1 OR (last_at = $1 AND judge > $2) ORDER BY last_at DESC, judge LIMIT $3`,
		last, id, limit+1)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		end := rows[limit-1]
		next = fmt.Sprintf("%d %s", store.Millis(end.Last), end.Judge)
	}
	for _, l := range rows {
		p := d.profile(l)
		if err := agreement(tx, &p); err != nil {
			return nil, "", err
		}
		page = append(page, p)
	}
	return page, next, nil
}

// ProfileOf gives what is known of one judge; a newcomer's for whoever never judged.
func (d *Desk) ProfileOf(tx *store.Tx, j Judge) (Profile, error) {
	l, err := ledgerOf(tx, j)
	if err != nil {
		return Profile{}, err
	}
	p := d.profile(l)
	return p, agreement(tx, &p)
}

// agreement counts how often the judge said what the verdict says that is in force.
func agreement(tx *store.Tx, p *Profile) error {
	return tx.QueryRow(`SELECT COUNT(*), COALESCE(SUM(CASE WHEN (f.verdict = 'accepted') = (g.nudity = 0 AND g.trying = 1) THEN 1 ELSE 0 END), 0)
		FROM moderation_judgment g JOIN moderation_frame f ON f.frame = g.frame
		WHERE g.judge = $1 AND f.verdict IN ('accepted', 'rejected')`, p.Judge).Scan(&p.Settled, &p.Agreed)
}
