package publish

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"time"

	"oneframe/app/store"
)

// task is one upload, claimed for one move.
type task struct {
	Job
	host   Host
	upload Upload
	before Upload // the move
	tries  int    // failed in a row
	claim  string
}

// due is a clip that has something to be done at a host, waiting since next (unix ms).
type due struct {
	clip string
	host Host
	next int64
}

// claim takes the upload that has waited longest; nil where there is none. It looks
// before it writes, so that an idle site writes nothing.
func (o *Office) claim(ctx context.Context) (t *task, err error) {
	var d due
	look := func(tx *store.Tx) (err error) { d, err = o.first(tx); return err }
	if err = o.DB.Read(ctx, look); err != nil || d.host == nil {
		return nil, err
	}
	err = o.DB.Write(ctx, func(tx *store.Tx) error {
		if err := look(tx); err != nil || d.host == nil {
			return err
		}
		t, err = take(tx, d)
		return err
	})
	return t, err
}

// first finds what has waited longest over all hosts. A host that is being worked on is left out.
func (o *Office) first(tx *store.Tx) (best due, err error) {
	for _, h := range o.Hosts {
		d := due{host: h}
		err := tx.QueryRow(`SELECT w.clip, COALESCE(v.next_at, 0) FROM publish_clip w LEFT JOIN publish_video v ON v.clip = w.clip AND v.host = $1
			WHERE NOT EXISTS (SELECT 1 FROM publish_video b WHERE b.host = $1 AND b.claimed_until > $2)
			AND (v.clip IS NULL OR v.next_at <= $2 AND (v.state IN ('sending', 'settling')
				OR v.state = 'idle' AND v.hash <> w.hash AND v.refused <> w.hash AND (v.begun_at = 0 OR v.begun_at <= $3)))
			ORDER BY COALESCE(v.next_at, 0), w.clip LIMIT 1`,
			h.Name(), store.Millis(tx.Now), store.Millis(tx.Now.Add(-o.Every))).Scan(&d.clip, &d.next)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return due{}, err
		}
		if best.host == nil || cmp.Less(d.next, best.next) {
			best = d
		}
	}
	return best, nil
}

// take claims it. An upload that nothing has been agreed about yet takes the current render.
func take(tx *store.Tx, d due) (*task, error) {
	t := &task{host: d.host, claim: store.NewID()}
	var state, former, upload string
	_, err := tx.Exec(`INSERT INTO publish_video (clip, host, state) VALUES ($1, $2, 'idle') ON CONFLICT (clip, host) DO NOTHING`, d.clip, d.host.Name())
	if err != nil {
		return nil, err
	}
	err = tx.QueryRow(`SELECT clip, state, remote, page, job_render, job_hash, job_path, job_title, job_bytes, upload, tries, claim
		FROM publish_video WHERE clip = $1 AND host = $2`, d.clip, d.host.Name()).
		Scan(&t.Clip, &state, &t.upload.Remote, &t.upload.Page, &t.Render, &t.Hash, &t.Path, &t.Title, &t.Bytes, &upload, &t.tries, &former)
	if err != nil {
		return nil, err
	}
	remote, page := t.upload.Remote, t.upload.Page
	if t.upload, err = decode(upload); err != nil {
		return nil, err
	}
	t.upload.Remote, t.upload.Page = remote, page
	t.before = t.upload
	if former != "" { // whoever had it was killed in the middle of a move
		t.upload.Unsure = true
	}
	begun := int64(0)
	if state == idle {
		begun = store.Millis(tx.Now)
	}
	if t.upload.Stage == Fresh {
		if err := t.current(tx); err != nil {
			return nil, err
		}
		state = sending
	}
	_, err = tx.Exec(`UPDATE publish_video SET state = $3, job_render = $4, job_hash = $5, job_path = $6, job_title = $7, job_bytes = $8,
		begun_at = CASE WHEN $9 > 0 THEN $9 ELSE begun_at END, claim = $10, claimed_until = $11 WHERE clip = $1 AND host = $2`,
		d.clip, d.host.Name(), state, t.Render, t.Hash, t.Path, t.Title, t.Bytes, begun, t.claim, store.Millis(tx.Now.Add(claimLasts)))
	return t, err
}

// current makes the clip's current render the job.
func (t *task) current(tx *store.Tx) error {
	t.Bytes = 0
	return tx.QueryRow(`SELECT render, hash, path, title FROM publish_clip WHERE clip = $1`, t.Clip).Scan(&t.Render, &t.Hash, &t.Path, &t.Title)
}

// renew makes the claim last on; errLost where another process has it.
func (t *task) renew(tx *store.Tx) error {
	n, err := tx.Exec(`UPDATE publish_video SET claimed_until = $1 WHERE clip = $2 AND host = $3 AND claim = $4`,
		store.Millis(tx.Now.Add(claimLasts)), t.Clip, t.host.Name(), t.claim)
	if err == nil && n == 0 {
		err = errLost
	}
	return err
}

// settle writes down how the move went and ends the claim.
func (t *task) settle(tx *store.Tx, n Next, failed error) error {
	if failed != nil {
		return t.fail(tx, failed)
	}
	if n.Done {
		return t.update(tx, `state = 'idle', hash = job_hash, job_hash = '', upload = '', waits = '', tries = 0, published_at = $5, next_at = $5`, store.Millis(tx.Now))
	}
	state := sending
	if t.upload.Stage == Settling {
		state = settling
	}
	u, err := encode(t.upload)
	if err != nil {
		return err
	}
	tries := t.tries
	if t.upload.Offset > t.before.Offset || t.upload.Stage == Settling { // it moved: what was wrong is over
		tries = 0
	}
	return t.update(tx, `state = $5, upload = $6, job_bytes = $7, next_at = $8, tries = $9, waits = $10`,
		state, u, t.Bytes, store.Millis(tx.Now.Add(n.Wait)), tries, n.Why)
}

// putDown ends the claim of a move that was broken off since the site stops.
func (t *task) putDown(tx *store.Tx) error {
	t.upload.Unsure = true
	return t.settle(tx, Next{}, nil)
}

// fail writes down what is wrong and what follows from it.
func (t *task) fail(tx *store.Tx, failed error) error {
	why := &Trouble{Severity: Passing, Message: "It failed on our side.", Cause: failed}
	errors.As(failed, &why)
	var file *fileError
	if errors.As(failed, &file) { // the next try takes the current render, if it is another
		why = &Trouble{Severity: Passing, Message: "It failed on our side.", Cause: file}
		t.upload = Upload{Remote: t.upload.Remote, Page: t.upload.Page, Chunk: t.upload.Chunk}
	}
	next := store.Millis(tx.Now.Add(wait(why, t.tries+1)))
	u, err := encode(t.upload)
	if err != nil {
		return err
	}
	state := sending
	switch why.Severity {
	case Refused:
		return t.update(tx, `state = 'idle', refused = job_hash, job_hash = '', upload = '', waits = '', tries = 0, error = $5, error_at = $6, next_at = $6`,
			why.Error(), store.Millis(tx.Now))
	case Barred, Locked:
		state = paused
	case Passing, Busy:
		if t.upload.Stage == Settling {
			state = settling
		}
	}
	if err := t.others(tx, why, next); err != nil {
		return err
	}
	return t.update(tx, `state = $5, upload = $6, job_bytes = $7, error = $8, error_at = $9, tries = tries + 1, next_at = $10`,
		state, u, t.Bytes, why.Error(), store.Millis(tx.Now), next)
}

// others has the host's other videos wait or pause too, where it is the host's word to us.
func (t *task) others(tx *store.Tx, why *Trouble, next int64) (err error) {
	switch why.Severity {
	case Busy:
		_, err = tx.Exec(`UPDATE publish_video SET next_at = $1 WHERE host = $2 AND next_at < $1`, next, t.host.Name())
	case Locked:
		_, err = tx.Exec(`UPDATE publish_video SET state = 'paused', error = $1, error_at = $2 WHERE host = $3`, why.Error(), store.Millis(tx.Now), t.host.Name())
	case Passing, Refused, Barred:
	}
	return err
}

// wait is until the next try after the nth failure in a row.
func wait(why *Trouble, failure int) time.Duration {
	if why.After > 0 {
		return why.After
	}
	return Backoff(failure)
}

// update writes the row, unless another process has taken it over meanwhile; then what
// that one does holds. Parameters of set begin at $5.
func (t *task) update(tx *store.Tx, set string, args ...any) error {
	_, err := tx.Exec(`UPDATE publish_video SET remote = $1, page = $2, claim = '', claimed_until = 0, `+set+` WHERE host = $3 AND claim = $4`,
		append([]any{t.upload.Remote, t.upload.Page, t.host.Name(), t.claim}, args...)...)
	return err
}
