package clip

import "oneframe/app/store"

// stillsAgain makes the current version's poster and preview once more.
func (s *benchStage) stillsAgain() {
	s.write(func(tx *store.Tx) error { return s.again(tx, Stills) })
	s.until(s.StepStills)
}

// rejoinAgain joins the version before the current one, whose units are all there.
func (s *benchStage) rejoinAgain() {
	s.write(func(tx *store.Tx) error {
		if err := s.again(tx, Rejoined); err != nil {
			return err
		}
		r, err := Current(tx, "c")
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE clip_render SET file = '' WHERE version = $1`, r.Version-1); err != nil {
			return err
		}
		return want(tx, Rejoined, "c", r.Version-1, "bench")
	})
	s.until(s.StepHistory)
}

// again forgets the prints of the kind, and wants the stills.
func (s *benchStage) again(tx *store.Tx, kind string) error {
	done, err := prints(tx, `kind = $1`, kind)
	if err != nil {
		return err
	}
	if _, err := s.drop(tx, done); err != nil {
		return err
	}
	if kind != Stills {
		return nil
	}
	r, err := Current(tx, "c")
	if err != nil {
		return err
	}
	return wantStills(tx, r)
}
