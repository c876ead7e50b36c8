package source

import (
	"database/sql"
	"errors"
	"path/filepath"
	"time"

	"oneframe/app/fault"
	"oneframe/app/store"
)

// State is how far an import has come; the package comment draws the states.
type State string

// The states of an import.
const (
	Queued    State = "queued"
	Running   State = "running"
	Done      State = "done"
	Refused   State = "refused"   // the video or the request can't be taken; Error says why
	Failed    State = "failed"    // our side; Error says what is known
	Cancelled State = "cancelled" // somebody asked for it
)

// Import is one video on its way in, or what came of it.
type Import struct {
	ID       string
	Slug     string
	Title    string
	Uploaded bool // by an admin's page; else by the command
	State    State
	Progress float64 // 0 to 1
	Code     string  // of a refusal or failure
	Error    string  // a sentence for a person
	Attempts int
	Queued   time.Time
	Started  time.Time
	Finished time.Time

	request Request
	cancel  bool
}

// Left estimates how long a running import still takes: what is left goes as fast as what
// is done went. known is false until that says something, and where nothing runs.
func (i Import) Left(now time.Time) (left time.Duration, known bool) {
	if i.State != Running {
		return 0, false
	}
	return TimeLeft(now.Sub(i.Started), i.Progress)
}

// TimeLeft is that estimate for any work of which a share from 0 to 1 took so long.
func TimeLeft(elapsed time.Duration, share float64) (left time.Duration, known bool) {
	const least, soonest = 0.03, 2 * time.Second
	if share < least || share > 1 || elapsed < soonest {
		return 0, false
	}
	return time.Duration(float64(elapsed) * (1 - share) / share), true
}

const importColumns = `id, slug, title, file, ranges, hold, uploaded, state, progress, cancel, attempts, code, error, queued_at, started_at, finished_at`

func scanImport(row interface{ Scan(...any) error }, i *Import) error {
	var ranges string
	var queued, started, finished int64
	err := row.Scan(&i.ID, &i.Slug, &i.Title, &i.request.File, &ranges, &i.request.Hold, &i.Uploaded, &i.State, &i.Progress,
		&i.cancel, &i.Attempts, &i.Code, &i.Error, &queued, &started, &finished)
	if err != nil {
		return err
	}
	i.Queued, i.Started, i.Finished = store.Time(queued), store.Time(started), store.Time(finished)
	i.request.Slug, i.request.Title = i.Slug, i.Title
	i.request.Ranges, err = ParseRanges(ranges)
	return err
}

// Imports gives the n latest imports, the latest first.
func Imports(tx *store.Tx, n int) ([]Import, error) {
	return store.Each(tx, func(r *sql.Rows, i *Import) error { return scanImport(r, i) },
		`SELECT `+importColumns+` FROM source_import ORDER BY queued_at DESC, id DESC LIMIT $1`, n)
}

// ImportByID gives one import; fault.NotFound no_import where there is none.
func ImportByID(tx *store.Tx, id string) (Import, error) {
	var i Import
	err := scanImport(tx.QueryRow(`SELECT `+importColumns+` FROM source_import WHERE id = $1`, id), &i)
	if errors.Is(err, sql.ErrNoRows) {
		return i, fault.New(fault.NotFound, "no_import", "There is no such import.")
	}
	return i, err
}

func inState(tx *store.Tx, s State) ([]Import, error) {
	return store.Each(tx, func(r *sql.Rows, i *Import) error { return scanImport(r, i) },
		`SELECT `+importColumns+` FROM source_import WHERE state = $1 ORDER BY queued_at, id`, string(s))
}

// admit writes the row of a new import, in the given state. A slug that a video has or
// another import is about to take is fault.Conflict slug_taken.
func admit(tx *store.Tx, id string, r Request, uploaded bool, state State) error {
	if err := free(tx, r.Slug); err != nil {
		return err
	}
	var started int64
	attempts := 0
	if state == Running {
		started, attempts = store.Millis(tx.Now), 1
	}
	_, err := tx.Exec(`INSERT INTO source_import (id, slug, title, file, ranges, hold, uploaded, state, attempts, queued_at, started_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		id, r.Slug, r.Title, filepath.Base(r.File), formatRanges(r.Ranges), r.Hold, number(uploaded), string(state), attempts, store.Millis(tx.Now), started)
	return err
}

// number is a yes or no as the tables keep it.
func number(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// free fails where the slug is somebody's.
func free(tx *store.Tx, slug string) error {
	var n int
	err := tx.QueryRow(`SELECT (SELECT COUNT(*) FROM source_video WHERE slug = $1) +
		(SELECT COUNT(*) FROM source_import WHERE slug = $1 AND state IN ('queued', 'running'))`, slug).Scan(&n)
	if err == nil && n > 0 {
		return taken(slug)
	}
	return err
}

func taken(slug string) error {
	return fault.New(fault.Conflict, "slug_taken", "There is a clip named %q already.", slug)
}

// begin claims a queued import; false where somebody else was first or it was cancelled.
func begin(tx *store.Tx, id string) (bool, error) {
	n, err := tx.Exec(`UPDATE source_import SET state = 'running', progress = 0, attempts = attempts + 1, started_at = $1
		WHERE id = $2 AND state = 'queued'`, store.Millis(tx.Now), id)
	return n == 1, err
}

// advance notes how far a running import has come and says whether it shall stop: it was
// cancelled, or is no longer ours.
func advance(tx *store.Tx, id string, share float64) (stop bool, err error) {
	var cancel int
	err = tx.QueryRow(`UPDATE source_import SET progress = $1 WHERE id = $2 AND state = 'running' RETURNING cancel`, share, id).Scan(&cancel)
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	return cancel == 1, err
}

// settle ends a running import.
func settle(tx *store.Tx, id string, s State, code, message string) error {
	progress := "progress"
	if s == Done {
		progress = "1"
	}
	n, err := tx.Exec(`UPDATE source_import SET state = $1, code = $2, error = $3, finished_at = $4, progress = `+progress+`
		WHERE id = $5 AND state = 'running'`, string(s), code, message, store.Millis(tx.Now), id)
	if err == nil && n == 0 && s == Done {
		return fault.New(fault.Conflict, "import_over", "This import is over.")
	}
	return err
}

// requeue puts an interrupted import back, to be begun anew.
func requeue(tx *store.Tx, id string) error {
	_, err := tx.Exec(`UPDATE source_import SET state = 'queued', progress = 0 WHERE id = $1 AND state = 'running'`, id)
	return err
}

// postpone does so for one that was stopped together with the server, which is none of
// its tries; one that was cancelled in the same moment is over.
func postpone(tx *store.Tx, id string) error {
	_, err := tx.Exec(`UPDATE source_import SET progress = 0,
		state = CASE WHEN cancel = 1 THEN 'cancelled' ELSE 'queued' END, attempts = attempts - 1 WHERE id = $1 AND state = 'running'`, id)
	return err
}

// cancel ends a queued import and asks a running one to end.
func cancel(tx *store.Tx, i Import) error {
	switch i.State {
	case Queued:
		_, err := tx.Exec(`UPDATE source_import SET state = 'cancelled', cancel = 1, finished_at = $1 WHERE id = $2`, store.Millis(tx.Now), i.ID)
		return err
	case Running:
		_, err := tx.Exec(`UPDATE source_import SET cancel = 1 WHERE id = $1`, i.ID)
		return err
	default:
		return fault.New(fault.Conflict, "import_over", "This import is over already.")
	}
}
