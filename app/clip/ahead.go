package clip

import (
	"context"

	"oneframe/app/source"
	"oneframe/app/store"
)

// aheadAtOnce is how much is encoded ahead between two looks whether a render waits, in
// pictures a worker (see batch.go): some seconds of work.
const aheadAtOnce = 300

// Ahead encodes what the first picture in a block of the original will need: the block's
// pieces. One goroutine at a time may use it.
type Ahead struct {
	Studio *Studio
	done   map[string]string // of a clip the timeline of which all pieces were there
}

// Run encodes the pieces that are missing, of every clip that has been rendered, giving way
// to everything else. It ends early when a render is wanted.
func (a *Ahead) Run(ctx context.Context) error {
	var videos []source.Video
	err := a.Studio.DB.Read(ctx, func(tx *store.Tx) (err error) {
		videos, err = source.List(tx)
		return err
	})
	for _, v := range videos {
		if err == nil {
			err = a.clip(ctx, a.Studio.yielding(), v.Slug)
		}
	}
	return err
}

func (a *Ahead) clip(ctx context.Context, s *Studio, slug string) error {
	t, current, err := s.planNow(ctx, slug)
	if hash := t.Hash(); err != nil || current.ID == "" || a.done[slug] == hash {
		return err
	}
	jobs := s.cache().absent(t)
	for len(jobs) > 0 {
		if wanted, err := s.wanted(ctx); err != nil || wanted {
			return err
		}
		n := 0
		for cost := 0; n < len(jobs) && cost < aheadAtOnce*s.workers(); n++ {
			cost += jobs[n].cost()
		}
		if err := s.encoder(slug).encode(ctx, t, jobs[:n], new(meter)); err != nil {
			return err
		}
		jobs = jobs[n:]
	}
	if a.done == nil {
		a.done = map[string]string{}
	}
	a.done[slug] = t.Hash()
	return nil
}

// absent gives the pieces to be made ahead that the cache has not.
func (c cache) absent(t Timeline) (jobs []job) {
	for _, u := range t.ahead() {
		k := t.key(u)
		if !exists(c.path(k)) {
			jobs = append(jobs, job{k, u})
		}
	}
	return jobs
}

// wanted says whether a render is queued or running.
func (s *Studio) wanted(ctx context.Context) (yes bool, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		var n int
		err := tx.QueryRow(`SELECT COUNT(*) FROM clip_render WHERE state IN ('queued', 'running')`).Scan(&n)
		yes = n > 0
		return err
	})
	return yes, err
}
