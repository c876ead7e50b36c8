package moderation

import (
	"context"
	"time"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// batchMax bounds how long one call holds the database.
const batchMax = 100

// Refusal says why a judgment was not taken.
type Refusal struct {
	Frame picture.ID
	// Code is unknown_frame; bad_likeness; own_frame: the judge sent it; already_judged,
	// by this judge; already_settled: the verdict was in, and stays; or not_waiting: it
	// is not ready, or was withdrawn. Settling many at once adds a fault's own codes.
	Code string
}

// Explanation is what a judge is told of a gold frame that they answered wrong.
type Explanation struct {
	Frame  picture.ID
	Said   Judgment
	Right  Judgment
	Reason string // the moderator's words
}

// Result is what came of a judge's judgments.
type Result struct {
	Accepted int // judgments taken, gold answers among them
	Refused  []Refusal
	Wrong    []Explanation // in the order of the judgments
}

// Judge takes a judge's judgments, each by itself: what is refused doesn't hold up the
// rest. A judgment and the verdict that it completes are recorded together; a refused
// one changes nothing. Its errors are Invalid too_many for more than 100 at once, and
// those of May.
func (d *Desk) Judge(ctx context.Context, j Judge, js []Judgment) (Result, error) {
	if err := j.check(); err != nil {
		return Result{}, err
	}
	if len(js) > batchMax {
		return Result{}, fault.New(fault.Invalid, "too_many", "At most %d judgments are taken at once.", batchMax)
	}
	spent := d.queue.spent(j, js, d.DB.Now())
	var s *sitting
	err := d.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if s, err = d.sit(tx, j); err != nil {
			return err
		}
		for _, g := range js {
			if err := s.take(g); err != nil {
				return err
			}
		}
		return s.end(spent)
	})
	if err != nil {
		return Result{}, err
	}
	d.queue.judged(j, s.changes)
	return s.result, nil
}

// sitting is one judge's judgments in one transaction.
type sitting struct {
	*Desk
	tx      *store.Tx
	me      ledger
	site    site
	link    string  // that the judgments count for
	same    []Judge // the judge, and whom else they are
	heard   bool    // the judge's judgments counted at the beginning
	taken   int     // judgments that were not gold
	answers int     // about gold
	result  Result
	changes []change
}

// change is what a judgment did to a frame, for the queue.
type change struct {
	frame   picture.ID
	outcome Outcome
	gold    bool
	right   bool // the answer, where it is gold
}

func (d *Desk) sit(tx *store.Tx, j Judge) (s *sitting, err error) {
	s = &sitting{Desk: d, tx: tx}
	if s.link, err = d.admit(tx, j); err != nil {
		return nil, err
	}
	if s.me, err = ledgerOf(tx, j); err != nil {
		return nil, err
	}
	if s.site, err = siteOf(tx); err != nil {
		return nil, err
	}
	s.heard = d.counts(s.me.GoldSeen, s.me.GoldRight)
	s.same, err = same(tx, j)
	return s, err
}

// take takes one judgment, or notes its refusal.
func (s *sitting) take(g Judgment) error {
	p, err := picture.Get(s.tx, g.Frame)
	if fault.Is(err, fault.NotFound) {
		return s.refuse(g, "unknown_frame")
	}
	if err != nil {
		return err
	}
	k, err := known(s.tx, p.ID, s.me.Judge)
	if err != nil {
		return err
	}
	if code := s.refusal(p, k, g); code != "" {
		return s.refuse(g, code)
	}
	if k.gold {
		return s.answer(g)
	}
	return s.judge(p, g)
}

func (s *sitting) refuse(g Judgment, code string) error {
	s.result.Refused = append(s.result.Refused, Refusal{Frame: g.Frame, Code: code})
	return nil
}

// judge records a judgment, and the verdict that it completes.
func (s *sitting) judge(p picture.Picture, g Judgment) error {
	// The frame's row first: where the database lets writers go side by side, it is
	// what makes the second wait, and then count the first's judgment too.
	if err := touch(s.tx, p.ID); err != nil {
		return err
	}
	if _, err := s.tx.Exec(`INSERT INTO moderation_judgment (frame, judge, nudity, trying, likeness, at)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		g.Frame, s.me.Judge, flag(g.Nudity), flag(g.Trying), g.Likeness, store.Millis(s.tx.Now)); err != nil {
		return err
	}
	s.taken++
	s.me.Judgments++
	if g.fine() {
		s.me.likes++
		s.me.likeness += g.Likeness
		s.site.likes++
		s.site.likeness += g.Likeness
	}
	o, err := s.tally(s.tx, p.ID, s.site, s.me)
	if err != nil {
		return err
	}
	s.result.Accepted++
	s.changes = append(s.changes, change{frame: p.ID, outcome: o})
	if o.State == picture.Waiting {
		return nil
	}
	return settle(s.tx, p, Everybody, o)
}

// end writes what the sitting changed of the judge, the link and the site.
func (s *sitting) end(spent time.Duration) error {
	if s.taken+s.answers == 0 {
		return nil
	}
	if spent > 0 {
		s.me.timed += s.taken + s.answers
		s.me.spent += spent.Milliseconds()
	}
	flipped := s.heard != s.counts(s.me.GoldSeen, s.me.GoldRight)
	if err := s.me.save(s.tx, flipped); err != nil {
		return err
	}
	if _, err := s.tx.Exec(`UPDATE moderation_site SET likes = $1, likeness = $2 WHERE id = 1`, s.site.likes, s.site.likeness); err != nil {
		return err
	}
	if s.link == "" {
		return nil
	}
	_, err := s.tx.Exec(`UPDATE moderation_link SET given = given + $1 WHERE id = $2`, s.taken, s.link)
	return err
}

// past is what is known of a frame and a judge before a judgment.
type past struct {
	judged bool // by this judge, as gold or not
	gold   bool
	sender Judge // without an account
}

func known(tx *store.Tx, frame picture.ID, j Judge) (k past, err error) {
	var judged, answered, gold int
	err = tx.QueryRow(`SELECT (SELECT COUNT(*) FROM moderation_judgment WHERE frame = $1 AND judge = $2),
			(SELECT COUNT(*) FROM moderation_answer WHERE frame = $1 AND judge = $2),
			(SELECT COUNT(*) FROM moderation_gold WHERE frame = $1 AND retired_at = 0),
			COALESCE((SELECT sender FROM moderation_sender WHERE frame = $1), '')`, frame, j).Scan(&judged, &answered, &gold, &k.sender)
	k.judged, k.gold = judged+answered > 0, gold > 0
	return k, err
}

func (s *sitting) refusal(p picture.Picture, k past, g Judgment) (code string) {
	switch {
	case !g.validLikeness():
		return "bad_likeness"
	case own(s.same, p.Account, k.sender):
		return "own_frame"
	case k.judged:
		return "already_judged"
	case p.Photo():
		return "not_waiting" // a photograph is a moderator's to settle
	}
	switch p.State {
	case picture.Waiting:
		return ""
	case picture.Accepted, picture.Rejected, picture.Undecided:
		if k.gold {
			return ""
		}
		return "already_settled"
	}
	return "not_waiting"
}

// touch makes sure that the frame has its row.
func touch(tx *store.Tx, frame picture.ID) error {
	_, err := tx.Exec(`INSERT INTO moderation_frame (frame, given) VALUES ($1, 0)
		ON CONFLICT (frame) DO UPDATE SET given = moderation_frame.given`, frame)
	return err
}

// tally tallies a frame's judgments and notes how it stands. Where me has a judge, it
// goes before what the judge's row says.
func (d *Desk) tally(tx *store.Tx, frame picture.ID, s site, me ledger) (Outcome, error) {
	js, err := d.weigh(tx, string(frame), s, me)
	if err != nil {
		return Outcome{}, err
	}
	o := Tally(js, d.rules(s.mean()))
	_, err = tx.Exec(`UPDATE moderation_frame SET given = $1, wanted = $2, confidence = $3, blurred = $4 WHERE frame = $5`,
		o.Judgments, o.Wanted, o.Confidence, flag(o.Blurred), frame)
	return o, err
}
