package clip

import (
	"database/sql"
	"fmt"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// Wrong says what is wrong with the room's state, for a check of the house: a row that
// names a file which is missing, and stills that show a picture which was withdrawn.
func (s *Studio) Wrong(tx *store.Tx) (wrong []error, err error) {
	renders, err := store.Each(tx, func(rows *sql.Rows, r *Render) error { return rows.Scan(&r.Clip, &r.File) },
		`SELECT DISTINCT clip, file FROM clip_render WHERE file <> ''`)
	if err != nil {
		return nil, err
	}
	for _, r := range renders {
		if !exists(s.File(r)) {
			wrong = append(wrong, fmt.Errorf("a version of the clip %s names the file %s, which is missing", r.Clip, r.File))
		}
	}
	done, err := prints(tx, `state = 'done'`)
	for _, p := range done {
		for _, path := range s.paths(p) {
			if !exists(path) {
				wrong = append(wrong, fmt.Errorf("the %s of version %d of the clip %s names the file %s, which is missing", p.Kind, p.Version, p.Clip, path))
			}
		}
		for _, id := range p.shows {
			shown, err := picture.Get(tx, id)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return wrong, err
			}
			if err != nil || shown.State == picture.Withdrawn {
				wrong = append(wrong, fmt.Errorf("the stills of version %d of the clip %s show the picture %s, which was withdrawn", p.Version, p.Clip, id))
			}
		}
	}
	return wrong, err
}
