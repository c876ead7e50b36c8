package moderation

import (
	"context"
	"database/sql"

	"oneframe/app/picture"
	"oneframe/app/store"
)

// Next gives the judge up to n frames to judge (PageMax where n is 0 or more than
// that), each waiting, sent by somebody else, and never judged by this judge. First
// come frames that judgments have begun on, the most judged and then the oldest first;
// then the oldest of the others; and only where both run out, those that get all the
// judgments they need from others if everybody judges what lies open before them.
//
// The frames lie open before the judge from now on, in place of those of the call before.
func (d *Desk) Next(ctx context.Context, j Judge, n int) ([]picture.Picture, error) {
	if err := j.check(); err != nil {
		return nil, err
	}
	if n <= 0 || n > PageMax {
		n = PageMax
	}
	var page []picture.Picture
	err := d.DB.Write(ctx, func(tx *store.Tx) (err error) {
		s := search{tx: tx, judge: j, needed: d.needed(), want: n}
		if page, err = s.run(); err != nil {
			return err
		}
		return d.open(tx, j, page)
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// open replaces what lies open before the judge.
func (d *Desk) open(tx *store.Tx, j Judge, page []picture.Picture) error {
	if _, err := tx.Exec(`DELETE FROM moderation_open WHERE judge = $1`, j); err != nil {
		return err
	}
	until := store.Millis(tx.Now.Add(d.openFor()))
	for _, p := range page {
		if _, err := tx.Exec(`INSERT INTO moderation_open (frame, judge, until) VALUES ($1, $2, $3)`,
			p.ID, j, until); err != nil {
			return err
		}
	}
	return nil
}

// search is one judge's search for frames, in one transaction.
type search struct {
	tx     *store.Tx
	judge  Judge
	needed int
	want   int

	page []picture.Picture // found so far
	late []picture.Picture // unbegun, but others have enough of them open; at most want
}

func (s *search) run() ([]picture.Picture, error) {
	if _, err := s.tx.Exec(`DELETE FROM moderation_open WHERE until <= $1`, store.Millis(s.tx.Now)); err != nil {
		return nil, err
	}
	if err := s.begun(`others = 0 OR given + others < $2`); err != nil {
		return nil, err
	}
	if err := s.unbegun(); err != nil {
		return nil, err
	}
	if err := s.begun(`others > 0 AND given + others >= $2`); err != nil {
		return nil, err
	}
	s.page = append(s.page, s.late[:min(len(s.late), s.missing())]...)
	return s.page, nil
}

func (s *search) missing() int { return s.want - len(s.page) }

// begun adds frames that have judgments and fulfil the condition, which may speak of
// given, of others (judges before whom the frame lies open) and of $2, the judgments needed.
func (s *search) begun(condition string) error {
	for s.missing() > 0 {
		ids, err := store.Each(s.tx, func(r *sql.Rows, id *picture.ID) error { return r.Scan(id) }, `
			SELECT frame FROM (
				SELECT f.frame, f.given,
					(SELECT COUNT(*) FROM moderation_open o WHERE o.frame = f.frame AND o.judge <> $1) AS others
				FROM moderation_frame f
				WHERE f.waiting = 1 AND f.given > 0 AND (f.owner = '' OR f.owner <> $3)
				AND NOT EXISTS (SELECT 1 FROM moderation_judgment g WHERE g.frame = f.frame AND g.judge = $1)
			) AS candidate
			WHERE `+condition+` ORDER BY given DESC, frame LIMIT $4`,
			s.judge, s.needed, s.judge.Account(), s.missing())
		if err != nil {
			return err
		}
		found, stale, err := s.waiting(ids)
		if err != nil {
			return err
		}
		if !stale {
			s.page = append(s.page, found...)
			return nil
		}
	}
	return nil
}

// waiting gives the pictures, all of them waiting. Frames that were withdrawn after
// somebody judged them it strikes off, so that the same search finds others.
func (s *search) waiting(ids []picture.ID) (found []picture.Picture, stale bool, err error) {
	for _, id := range ids {
		p, err := picture.Get(s.tx, id)
		if err != nil {
			return nil, false, err
		}
		if p.State == picture.Waiting {
			found = append(found, p)
			continue
		}
		stale = true
		if err := strike(s.tx, id); err != nil {
			return nil, false, err
		}
	}
	return found, stale, nil
}

// unbegun adds the oldest waiting frames that nobody has judged.
func (s *search) unbegun() error {
	q := picture.Query{Kind: picture.Frames, States: []picture.State{picture.Waiting}, Sort: "oldest", Limit: 100}
	for s.missing() > 0 {
		ps, next, err := picture.List(s.tx, q)
		if err != nil || len(ps) == 0 {
			return err
		}
		if err := s.addUnbegun(ps); err != nil || next == "" {
			return err
		}
		q.Cursor = next
	}
	return nil
}

// addUnbegun goes through a page of waiting frames, which is in the order of their ids.
func (s *search) addUnbegun(ps []picture.Picture) error {
	from, to := ps[0].ID, ps[len(ps)-1].ID
	begun, err := s.counts(`SELECT frame, given FROM moderation_frame
		WHERE frame >= $1 AND frame <= $2 AND waiting = 1 AND given > 0`, from, to)
	if err != nil {
		return err
	}
	others, err := s.counts(`SELECT frame, COUNT(*) FROM moderation_open
		WHERE frame >= $1 AND frame <= $2 AND judge <> $3 GROUP BY frame`, from, to, s.judge)
	if err != nil {
		return err
	}
	for _, p := range ps {
		switch {
		case begun[p.ID] > 0 || sent(p, s.judge):
		case others[p.ID] >= s.needed:
			s.late = append(s.late, p)
		case s.missing() > 0:
			s.page = append(s.page, p)
		}
	}
	s.late = s.late[:min(len(s.late), s.want)]
	return nil
}

func (s *search) counts(query string, args ...any) (map[picture.ID]int, error) {
	type row struct {
		id picture.ID
		n  int
	}
	rows, err := store.Each(s.tx, func(r *sql.Rows, v *row) error { return r.Scan(&v.id, &v.n) }, query, args...)
	n := make(map[picture.ID]int, len(rows))
	for _, r := range rows {
		n[r.id] = r.n
	}
	return n, err
}

// sent reports whether the judge is the one who sent the picture.
func sent(p picture.Picture, j Judge) bool { return p.Account != "" && p.Account == j.Account() }
