package moderation

import (
	"database/sql"
	"strings"
	"time"

	"oneframe/app/picture"
	"oneframe/app/store"
)

// Act is one line of the audit: who did what, beside judging.
type Act struct {
	Seq     int64
	By      Judge  // "" where the site did it of itself
	Action  string // accepted, rejected, taken back, withdrawn, gold marked, gold retired, link …, crowd …
	Subject string // a frame's id, a link's, or an outside crowd's
	Detail  string // the reason, the name, or the verdict that was taken back; never a secret
	At      time.Time
}

// Frame gives the frame that it was done to; "" where it was a link or a crowd.
func (a Act) Frame() picture.ID {
	if strings.HasPrefix(a.Action, "link ") || strings.HasPrefix(a.Action, "crowd ") {
		return ""
	}
	return picture.ID(a.Subject)
}

// AddAct adds a line to the audit. Moderators read it, so a secret has no place in it.
func AddAct(tx *store.Tx, by Judge, action, subject, detail string) error {
	_, err := tx.Exec(`INSERT INTO moderation_act (seq, actor, action, subject, detail, at)
		VALUES ((SELECT COALESCE(MAX(seq), 0) + 1 FROM moderation_act), $1, $2, $3, $4, $5)`,
		by, action, subject, detail, store.Millis(tx.Now))
	return err
}

// Audit gives up to n lines before the line before (0 for the newest), the newest first;
// by one actor, or by everybody for "".
func Audit(tx *store.Tx, by Judge, before int64, n int) ([]Act, error) {
	return store.Each(tx, func(r *sql.Rows, a *Act) error {
		var at int64
		err := r.Scan(&a.Seq, &a.By, &a.Action, &a.Subject, &a.Detail, &at)
		a.At = store.Time(at)
		return err
	}, `SELECT seq, actor, action, subject, detail, at FROM moderation_act
		WHERE ($1 = '' OR actor = $1) AND ($2 = 0 OR seq < $2) ORDER BY seq DESC LIMIT $3`, by, before, n)
}
