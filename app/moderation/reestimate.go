package moderation

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"oneframe/app/picture"
	"oneframe/app/store"
)

// Estimate is what a re-estimate came to.
type Estimate struct {
	At                        time.Time
	Judges, Frames, Judgments int
	Doubts                    int // verdicts that it would not have given
}

// votesMax bounds the re-estimate's memory: the newest frames' judgments are taken, up
// to so many (some 40 MB).
const votesMax = 2_000_000

// Reestimate estimates every judge anew from all judgments, as estimate says, stores
// what came of it with each judge, and lists the crowd's verdicts that it contradicts for
// a moderator: see Doubts. It changes no verdict and nobody's trust. It reads in
// portions, so that nobody waits for it.
func (d *Desk) Reestimate(ctx context.Context) (Estimate, error) {
	p, err := d.poll(ctx)
	if err != nil {
		return Estimate{}, err
	}
	accuracy, truth := estimate(p.votes, p.gold, len(p.frames))
	e := Estimate{At: d.DB.Now().UTC().Truncate(time.Millisecond), Judges: len(p.judges), Frames: len(p.frames), Judgments: len(p.votes)}
	if err := d.saveEstimates(ctx, p.judges, accuracy, e.At); err != nil {
		return Estimate{}, err
	}
	e.Doubts, err = d.saveDoubts(ctx, p.frames, truth, e.At)
	return e, err
}

// poll is everything that the re-estimate works on.
type poll struct {
	votes  []vote
	frames []picture.ID
	judges []Judge
	gold   []record // of each judge
	number map[Judge]int32
}

// poll reads judges and judgments, a portion to a transaction.
func (d *Desk) poll(ctx context.Context) (*poll, error) {
	p := &poll{number: map[Judge]int32{}}
	if err := d.pollJudges(ctx, p); err != nil {
		return nil, err
	}
	const portion = 20_000
	for from := picture.ID(""); len(p.votes) < votesMax; {
		n := 0
		err := d.DB.Read(ctx, func(tx *store.Tx) (err error) { n, err = p.read(tx, from, portion); return err })
		if err != nil {
			return nil, err
		}
		if n < portion {
			return p, nil
		}
		from = p.dropLast()
	}
	return p, nil
}

func (d *Desk) pollJudges(ctx context.Context, p *poll) error {
	return d.DB.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT judge, gold_seen, gold_right FROM moderation_judge`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var j Judge
			var g record
			if err := rows.Scan(&j, &g.seen, &g.right); err != nil {
				return err
			}
			p.enter(j, g)
		}
		return rows.Err()
	})
}

func (p *poll) enter(j Judge, g record) int32 {
	n := int32(len(p.judges))
	p.number[j] = n
	p.judges, p.gold = append(p.judges, j), append(p.gold, g)
	return n
}

// read adds up to n judgments of frames before one, the newest frames first.
func (p *poll) read(tx *store.Tx, before picture.ID, n int) (got int, err error) {
	rows, err := tx.Query(`SELECT frame, judge, nudity, trying FROM moderation_judgment
		WHERE ($1 = '' OR frame < $1) ORDER BY frame DESC LIMIT $2`, before, n)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var frame, judge sql.RawBytes
	for rows.Next() {
		var nudity, trying bool
		if err := rows.Scan(&frame, &judge, &nudity, &trying); err != nil {
			return got, err
		}
		if len(p.frames) == 0 || string(p.frames[len(p.frames)-1]) != string(frame) {
			p.frames = append(p.frames, picture.ID(frame))
		}
		j, ok := p.number[Judge(judge)]
		if !ok { // who came since
			j = p.enter(Judge(string(judge)), record{})
		}
		p.votes = append(p.votes, vote{int32(len(p.frames) - 1), j, classOf(nudity, trying)})
		got++
	}
	return got, rows.Err()
}

// dropLast drops the last frame, which may have been read in part, and gives the one
// before, from which reading goes on.
func (p *poll) dropLast() picture.ID {
	last := int32(len(p.frames) - 1)
	for len(p.votes) > 0 && p.votes[len(p.votes)-1].frame == last {
		p.votes = p.votes[:len(p.votes)-1]
	}
	p.frames = p.frames[:last]
	return p.frames[last-1]
}

func (d *Desk) saveEstimates(ctx context.Context, judges []Judge, accuracy []float64, at time.Time) error {
	numbers := make([]int, len(judges))
	for i := range numbers {
		numbers[i] = i
	}
	for part := range slices.Chunk(numbers, 200) {
		err := d.DB.Write(ctx, func(tx *store.Tx) error {
			for _, i := range part {
				if _, err := tx.Exec(`UPDATE moderation_judge SET estimate = $1, estimated_at = $2 WHERE judge = $3`,
					accuracy[i], store.Millis(at), judges[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Doubt is a verdict of the crowd that the last re-estimate would not have given.
type Doubt struct {
	Frame      picture.ID
	Verdict    picture.State // in force
	Would      picture.State // accepted or rejected
	Reason     string        // of a rejection
	Confidence float64       // 0 to 1
	At         time.Time     // of the re-estimate
}

// Doubts gives up to n doubts, the surest first. A moderator who settles such a frame,
// either way, takes it off the list.
func Doubts(tx *store.Tx, n int) ([]Doubt, error) {
	return store.Each(tx, func(r *sql.Rows, v *Doubt) error {
		var at int64
		err := r.Scan(&v.Frame, &v.Verdict, &v.Would, &v.Reason, &v.Confidence, &at)
		v.At = store.Time(at)
		return err
	}, `SELECT frame, verdict, would, reason, confidence, run_at FROM moderation_doubt ORDER BY confidence DESC, frame LIMIT $1`, n)
}

// doubtOf says what the probabilities make of a frame, and whether that contradicts its verdict.
func doubtOf(p [classCount]float64, verdict picture.State) (Doubt, bool) {
	x := Doubt{Verdict: verdict, Would: picture.Accepted, Confidence: p[isFine]}
	if p[isFine] < 0.5 {
		x.Would, x.Confidence, x.Reason = picture.Rejected, 1-p[isFine], NoPose
		if p[isNudity] > p[isNoPose] {
			x.Reason = Nudity
		}
	}
	return x, verdict != x.Would
}

// saveDoubts replaces the list by this run's.
func (d *Desk) saveDoubts(ctx context.Context, frames []picture.ID, truth [][classCount]float64, at time.Time) (n int, err error) {
	var all []Doubt
	for from := 0; from < len(frames); from += portion {
		to := min(from+portion, len(frames))
		verdicts, err := d.crowdVerdicts(ctx, frames[to-1], frames[from])
		if err != nil {
			return 0, err
		}
		for i := from; i < to; i++ {
			verdict, ok := verdicts[frames[i]]
			if x, doubted := doubtOf(truth[i], verdict); ok && doubted {
				x.Frame, x.At = frames[i], at
				all = append(all, x)
			}
		}
	}
	for part := range slices.Chunk(all, batch) {
		err := d.DB.Write(ctx, func(tx *store.Tx) error {
			for _, x := range part {
				if err := x.save(tx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return len(all), d.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM moderation_doubt WHERE run_at <> $1`, store.Millis(at))
		return err
	})
}

// save notes the doubt, where the verdict is still the crowd's and the same.
func (x Doubt) save(tx *store.Tx) error {
	_, err := tx.Exec(`INSERT INTO moderation_doubt (frame, verdict, would, reason, confidence, run_at)
		SELECT frame, verdict, $1, $2, $3, $4 FROM moderation_frame WHERE frame = $5 AND verdict = $6 AND crowd = 1
		ON CONFLICT (frame) DO UPDATE SET verdict = excluded.verdict, would = excluded.would, reason = excluded.reason,
			confidence = excluded.confidence, run_at = excluded.run_at`,
		x.Would, x.Reason, x.Confidence, store.Millis(x.At), x.Frame, x.Verdict)
	return err
}

// crowdVerdicts gives the crowd's verdicts in force, accepted or rejected, on the frames
// from one id to another.
func (d *Desk) crowdVerdicts(ctx context.Context, from, to picture.ID) (map[picture.ID]picture.State, error) {
	type row struct {
		id      picture.ID
		verdict picture.State
	}
	all := map[picture.ID]picture.State{}
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		rows, err := store.Each(tx, func(r *sql.Rows, v *row) error { return r.Scan(&v.id, &v.verdict) },
			`SELECT frame, verdict FROM moderation_frame WHERE frame >= $1 AND frame <= $2 AND crowd = 1 AND verdict IN ('accepted', 'rejected')`, from, to)
		for _, v := range rows {
			all[v.id] = v.verdict
		}
		return err
	})
	return all, err
}
