package moderation

import (
	"database/sql"
	"errors"
	"time"

	"oneframe/app/store"
)

// Trust is the share of gold that a judge answers right, smoothed as by a Beta(2, 1)
// prior (Laplace's rule of succession with two right answers and a wrong one to begin
// with): a newcomer has 2/3, one right answer makes 3/4, five of five 7/8, three of five 5/8.
func Trust(seen, right int) float64 { return float64(right+2) / float64(seen+3) }

// quiz is how many gold answers it takes before a judge can lose their voice.
const quiz = 5

// Profile is what is known of a judge.
type Profile struct {
	Judge       Judge
	Link        string // id of the link that let a volunteer in
	Judgments   int    // gold answers not counted
	GoldSeen    int
	GoldRight   int
	Trust       float64       // see Trust
	Counts      bool          // their judgments count
	Likeness    float64       // the mean likeness that they give; 0 before the first
	Pace        time.Duration // for one answer, mean; 0 where it isn't known
	Estimate    float64       // accuracy by the last re-estimate, 0 to 1; 0 before the first
	Estimated   time.Time
	Agreed      int // judgments that said what the verdict in force says
	Settled     int // judgments of frames that are accepted or rejected
	First, Last time.Time
}

// ledger is a judge's row.
type ledger struct {
	Profile
	likes, likeness int
	timed           int
	spent           int64 // ms
	retally         bool
}

const ledgerColumns = `judge, link, judgments, likes, likeness, gold_seen, gold_right, timed, spent, estimate, estimated_at, retally, first_at, last_at`

func scanLedger(row interface{ Scan(...any) error }, l *ledger) error {
	var estimated, first, last int64
	err := row.Scan(&l.Judge, &l.Link, &l.Judgments, &l.likes, &l.likeness, &l.GoldSeen, &l.GoldRight, &l.timed, &l.spent,
		&l.Estimate, &estimated, &l.retally, &first, &last)
	l.Estimated, l.First, l.Last = store.Time(estimated), store.Time(first), store.Time(last)
	return err
}

// ledgerOf gives the judge's row, an empty one for a newcomer.
func ledgerOf(tx *store.Tx, j Judge) (l ledger, err error) {
	err = scanLedger(tx.QueryRow(`SELECT `+ledgerColumns+` FROM moderation_judge WHERE judge = $1`, j), &l)
	if errors.Is(err, sql.ErrNoRows) {
		return ledger{Profile: Profile{Judge: j, First: tx.Now}}, nil
	}
	return l, err
}

// counts reports whether a judge with these gold answers is heard.
func (d *Desk) counts(seen, right int) bool { return seen < quiz || Trust(seen, right) >= d.minTrust() }

// save writes the row; retally has the judge's frames tallied anew from the first one on.
func (l ledger) save(tx *store.Tx, retally bool) error {
	_, err := tx.Exec(`INSERT INTO moderation_judge (judge, link, judgments, likes, likeness, gold_seen, gold_right, timed, spent, retally, first_at, last_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (judge) DO UPDATE SET judgments = excluded.judgments, likes = excluded.likes, likeness = excluded.likeness,
			gold_seen = excluded.gold_seen, gold_right = excluded.gold_right, timed = excluded.timed, spent = excluded.spent,
			retally = CASE WHEN excluded.retally = 1 THEN 1 ELSE moderation_judge.retally END,
			retally_after = CASE WHEN excluded.retally = 1 THEN '' ELSE moderation_judge.retally_after END,
			last_at = excluded.last_at`,
		l.Judge, l.Link, l.Judgments, l.likes, l.likeness, l.GoldSeen, l.GoldRight, l.timed, l.spent, flag(retally),
		store.Millis(l.First), store.Millis(tx.Now))
	return err
}

// profile completes the row's figures.
func (d *Desk) profile(l ledger) Profile {
	p := l.Profile
	p.Trust, p.Counts = Trust(p.GoldSeen, p.GoldRight), d.counts(p.GoldSeen, p.GoldRight)
	if l.likes > 0 {
		p.Likeness = float64(l.likeness) / float64(l.likes)
	}
	if l.timed > 0 {
		p.Pace = time.Duration(l.spent/int64(l.timed)) * time.Millisecond
	}
	return p
}

// middle is the likeness that stands for a site on which nobody has judged.
const middle = 3.0

// anchor is how many likenesses of the site's mean a judge's own mean begins with, so
// that a judge of few frames isn't centred on them alone.
const anchor = 5

// meanOf is a judge's mean likeness on a site of that mean.
func meanOf(likes, likeness int, site float64) float64 {
	return (float64(likeness) + anchor*site) / float64(likes+anchor)
}

// site is how alike frames are found on the whole.
type site struct{ likes, likeness int }

func (s site) mean() float64 {
	if s.likes == 0 {
		return middle
	}
	return float64(s.likeness) / float64(s.likes)
}

func siteOf(tx *store.Tx) (s site, err error) {
	err = tx.QueryRow(`SELECT likes, likeness FROM moderation_site WHERE id = 1`).Scan(&s.likes, &s.likeness)
	return s, err
}

// weigh gives the frame's judgments that count, with their judges' trust and means.
// Where me has a judge, it goes before what the judge's row says.
func (d *Desk) weigh(tx *store.Tx, frame string, s site, me ledger) ([]Weighed, error) {
	type row struct {
		Weighed
		judge                        Judge
		seen, right, likes, likeness int
	}
	rows, err := store.Each(tx, func(r *sql.Rows, v *row) error {
		return r.Scan(&v.Frame, &v.judge, &v.Nudity, &v.Trying, &v.Likeness, &v.seen, &v.right, &v.likes, &v.likeness)
	}, `SELECT g.frame, g.judge, g.nudity, g.trying, g.likeness,
			COALESCE(j.gold_seen, 0), COALESCE(j.gold_right, 0), COALESCE(j.likes, 0), COALESCE(j.likeness, 0)
		FROM moderation_judgment g LEFT JOIN moderation_judge j ON j.judge = g.judge WHERE g.frame = $1`, frame)
	if err != nil {
		return nil, err
	}
	var all []Weighed
	for _, v := range rows {
		if me.Judge != "" && v.judge == me.Judge {
			v.seen, v.right, v.likes, v.likeness = me.GoldSeen, me.GoldRight, me.likes, me.likeness
		}
		if d.counts(v.seen, v.right) {
			v.Trust, v.Mean = Trust(v.seen, v.right), meanOf(v.likes, v.likeness, s.mean())
			all = append(all, v.Weighed)
		}
	}
	return all, nil
}
