package picture

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"oneframe/app/fault"
	"oneframe/app/metadata"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// Version is one of the files that a photograph was sent as. The newest one's renditions,
// state and metadata are the picture's own; an older one has those of the moment when
// it was replaced.
type Version struct {
	Number               int
	Original             vault.Key
	Type, FileName       string
	Width, Height        int // in pixels, as shown
	Bytes                int64
	ReceivedAt           time.Time
	State                State // "" of the newest; failed where it could not be scaled
	Large, Medium, Thumb vault.Key
	Record               metadata.Record
}

// version writes down what came in.
func version(tx *store.Tx, number int, n New) error {
	_, err := tx.Exec(`INSERT INTO picture_version (picture, number, account, file_name, original, type, width, height, bytes, received_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		n.ID, number, n.Account, n.FileName, n.Original, n.Type, n.Width, n.Height, n.Bytes, store.Millis(tx.Now))
	return err
}

func versionWord(number int) string { return fmt.Sprintf("version %d", number) }

// Versions gives a photograph's versions, the newest first.
func Versions(tx *store.Tx, id ID) ([]Version, error) {
	return store.Each(tx, scanVersion, `SELECT number, original, type, file_name, width, height, bytes, received_at, state, large, medium, thumb, record
		FROM picture_version WHERE picture = $1 ORDER BY number DESC`, id)
}

func scanVersion(r *sql.Rows, v *Version) error {
	var at int64
	var record string
	err := r.Scan(&v.Number, &v.Original, &v.Type, &v.FileName, &v.Width, &v.Height, &v.Bytes, &at, &v.State, &v.Large, &v.Medium, &v.Thumb, &record)
	v.ReceivedAt = store.Time(at)
	if err != nil || record == "" {
		return err
	}
	return json.Unmarshal([]byte(record), &v.Record)
}

// SameBytes gives the account's photograph that has the very file, in any of its versions,
// and the number of that version. Withdrawn ones count; one that failed doesn't.
func SameBytes(tx *store.Tx, account string, original vault.Key) (p Picture, number int, found bool, err error) {
	var id ID
	err = tx.QueryRow(`SELECT v.picture, v.number FROM picture_version v JOIN picture p ON p.id = v.picture
		WHERE v.account = $1 AND v.original = $2 AND v.state <> 'failed' AND p.state <> 'failed' ORDER BY v.picture DESC, v.number DESC LIMIT 1`,
		account, original).Scan(&id, &number)
	if errors.Is(err, sql.ErrNoRows) {
		return p, 0, false, nil
	}
	if err != nil {
		return p, 0, false, err
	}
	p, err = Get(tx, id)
	return p, number, err == nil, err
}

// SameName gives the account's newest photograph of which a version with the file name
// came in after the moment and that was not withdrawn.
func SameName(tx *store.Tx, account, fileName string, after time.Time) (p Picture, found bool, err error) {
	p, err = one(tx.QueryRow(`SELECT `+columns+` FROM picture WHERE state <> 'withdrawn' AND id = (
			SELECT v.picture FROM picture_version v JOIN picture q ON q.id = v.picture
			WHERE v.account = $1 AND v.file_name = $2 AND v.received_at >= $3 AND q.state <> 'withdrawn'
			ORDER BY v.received_at DESC, v.picture DESC LIMIT 1)`, account, fileName, store.Millis(after)))
	if fault.Is(err, fault.NotFound) {
		return p, false, nil
	}
	return p, err == nil, err
}

// Replace makes what came in the next version of a photograph: it is received again, and
// is scaled and settled like a new one, except that its event is updated; one with an
// approver is updated and accepted at once. Until then its renditions are those of the version before. It gives the number of the version.
func Replace(tx *store.Tx, p Picture, n New) (number int, err error) {
	if err := tx.QueryRow(`SELECT MAX(number) + 1 FROM picture_version WHERE picture = $1`, p.ID).Scan(&number); err != nil {
		return 0, err
	}
	if err := keep(tx, p); err != nil {
		return 0, err
	}
	n.ID = p.ID
	if err := version(tx, number, n); err != nil {
		return 0, err
	}
	_, err = tx.Exec(`UPDATE picture SET state = 'received', origin = $1, original = $2, type = $3, width = $4, height = $5, bytes = $6, file_name = $7,
		version = $8, approver = $9, approval = $10, reason = '', error = '', attempts = 0, claimed_until = 0, settled_at = 0, ready_at = 0 WHERE id = $11`,
		n.Origin, n.Original, n.Type, n.Width, n.Height, n.Bytes, n.FileName, number, n.Approver, n.Approval, p.ID)
	if err != nil {
		return 0, err
	}
	if err := note(tx, p.ID, "received", "", versionWord(number)); err != nil || n.Approver == "" {
		return number, err
	}
	if err := note(tx, p.ID, "updated", "", versionWord(number)); err != nil {
		return number, err
	}
	return number, note(tx, p.ID, "accepted", n.Approver, n.Approval)
}

// keep writes down how the version that is being replaced stood.
func keep(tx *store.Tx, p Picture) error {
	_, err := tx.Exec(`UPDATE picture_version SET state = $1, reason = $2, settled_at = $3, large = $4, medium = $5, thumb = $6, large_width = $7, large_height = $8,
		record = COALESCE((SELECT record FROM picture_metadata m WHERE m.picture = $9), '') WHERE picture = $9 AND number = $10`,
		p.State, p.Reason, store.Millis(p.SettledAt), p.Large, p.Medium, p.Thumb, p.LargeWidth, p.LargeHeight, p.ID, p.Version)
	return err
}

// restore takes a photograph back to the newest version before one that can't be scaled.
// Where that had not been scaled yet either, it is received again. It reports whether
// there is such a version.
func restore(tx *store.Tx, p Picture, why string) (found bool, err error) {
	if _, err := tx.Exec(`UPDATE picture_version SET state = 'failed' WHERE picture = $1 AND number = $2`, p.ID, p.Version); err != nil {
		return false, err
	}
	var number int
	err = tx.QueryRow(`UPDATE picture SET (version, state, reason, settled_at, original, type, width, height, bytes, file_name, large, medium, thumb, large_width, large_height) =
			(SELECT number, state, reason, settled_at, original, type, width, height, bytes, file_name, large, medium, thumb, large_width, large_height
			FROM picture_version v WHERE v.picture = $1 AND v.number < $2 AND v.state <> 'failed' ORDER BY v.number DESC LIMIT 1),
		claimed_until = 0, attempts = 0, error = $3
		WHERE id = $1 AND EXISTS (SELECT 1 FROM picture_version v WHERE v.picture = $1 AND v.number < $2 AND v.state <> 'failed')
		RETURNING version`, p.ID, p.Version, why).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if _, err := tx.Exec(`INSERT INTO picture_metadata (picture, record) SELECT picture, record FROM picture_version WHERE picture = $1 AND number = $2 AND record <> ''
		ON CONFLICT (picture) DO UPDATE SET record = excluded.record`, p.ID, number); err != nil {
		return false, err
	}
	return true, note(tx, p.ID, "updated", "", fmt.Sprintf("%s can't be opened, so %s stays", versionWord(p.Version), versionWord(number)))
}

// keysOf gives every file that a picture names, in all its versions, each once.
func keysOf(tx *store.Tx, p Picture) ([]vault.Key, error) {
	all := []vault.Key{p.Original, p.Large, p.Medium, p.Thumb}
	versions, err := Versions(tx, p.ID)
	for _, v := range versions {
		all = append(all, v.Original, v.Large, v.Medium, v.Thumb)
	}
	var keys []vault.Key
	seen := map[vault.Key]bool{"": true}
	for _, k := range all {
		if !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	return keys, err
}

// Files gives every file that a picture names: originals, and renditions.
func Files(tx *store.Tx, p Picture) (originals, renditions []vault.Key, err error) {
	originals, renditions = []vault.Key{p.Original}, []vault.Key{p.Large, p.Medium, p.Thumb}
	versions, err := Versions(tx, p.ID)
	for _, v := range versions {
		originals = append(originals, v.Original)
		renditions = append(renditions, v.Large, v.Medium, v.Thumb)
	}
	return originals, renditions, err
}
