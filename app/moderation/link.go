package moderation

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"oneframe/app/fault"
	"oneframe/app/store"
)

// Link lets whoever opens it judge without an account.
type Link struct {
	ID        string
	Name      string
	Judges    int       // the most volunteers that it lets in; 0: no limit
	Judgments int       // the most judgments that are taken through it; 0: no limit
	Ends      time.Time // zero: never
	Opened    int       // volunteers that it let in
	Given     int       // judgments by them, gold not counted
	By        Judge
	Made      time.Time
	Revoked   time.Time // zero while it is in force
}

// linkNameMax is how long a link's name may be, in characters.
const linkNameMax = 100

// Over says in one word why the link lets nobody judge any more: revoked, ended or
// full; "" while it does.
func (l Link) Over(now time.Time) string {
	switch {
	case !l.Revoked.IsZero():
		return "revoked"
	case !l.Ends.IsZero() && !now.Before(l.Ends):
		return "ended"
	case l.Judgments > 0 && l.Given >= l.Judgments:
		return "full"
	}
	return ""
}

// NewLink is what an admin decides about a link.
type NewLink struct {
	Name              string
	Judges, Judgments int
	Ends              time.Time
}

func (n *NewLink) check(now time.Time) error {
	n.Name = strings.TrimSpace(n.Name)
	switch {
	case n.Name == "":
		return fault.New(fault.Invalid, "no_name", "Please give the link a name, so that you can tell it from others.")
	case utf8.RuneCountInString(n.Name) > linkNameMax || !utf8.ValidString(n.Name):
		return fault.New(fault.Invalid, "long_name", "A link's name has at most %d characters.", linkNameMax)
	case n.Judges < 0 || n.Judgments < 0 || n.Judges > 1e6 || n.Judgments > 1e9:
		return fault.New(fault.Invalid, "bad_limit", "A limit is a whole number above 0, or left out.")
	case !n.Ends.IsZero() && !n.Ends.After(now):
		return fault.New(fault.Invalid, "bad_end", "The end must lie in the future.")
	}
	return nil
}

// MakeLink makes a judging link and gives its secret, of which only the SHA-256 is
// stored: it is told only here. Errors: Invalid no_name, long_name, bad_limit, bad_end.
func (d *Desk) MakeLink(ctx context.Context, by Judge, n NewLink) (l Link, secret string, err error) {
	secret = rand.Text()
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := n.check(tx.Now); err != nil {
			return err
		}
		l = Link{ID: store.NewID(), Name: n.Name, Judges: n.Judges, Judgments: n.Judgments, Ends: n.Ends, By: by, Made: tx.Now}
		if _, err := tx.Exec(`INSERT INTO moderation_link (id, digest, name, judges, judgments, ends_at, actor, made_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			l.ID, digest(secret), l.Name, l.Judges, l.Judgments, store.Millis(l.Ends), by, store.Millis(tx.Now)); err != nil {
			return err
		}
		return AddAct(tx, by, "link made", l.ID, l.Name)
	})
	if err != nil {
		return Link{}, "", err
	}
	return l, secret, nil
}

// RevokeLink ends a link, and the judging of whom it let in; their judgments stay.
// Doing it again changes nothing. Its error is NotFound no_link.
func (d *Desk) RevokeLink(ctx context.Context, by Judge, id string) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		l, err := linkBy(tx, `id = $1`, id)
		if err != nil || !l.Revoked.IsZero() {
			return err
		}
		if _, err := tx.Exec(`UPDATE moderation_link SET revoked_at = $1 WHERE id = $2`, store.Millis(tx.Now), id); err != nil {
			return err
		}
		return AddAct(tx, by, "link revoked", id, l.Name)
	})
}

const linkColumns = `id, name, judges, judgments, ends_at, opened, given, actor, made_at, revoked_at`

func scanLink(row interface{ Scan(...any) error }, l *Link) error {
	var ends, made, revoked int64
	err := row.Scan(&l.ID, &l.Name, &l.Judges, &l.Judgments, &ends, &l.Opened, &l.Given, &l.By, &made, &revoked)
	l.Ends, l.Made, l.Revoked = store.Time(ends), store.Time(made), store.Time(revoked)
	return err
}

// Links gives all judging links, the newest first.
func Links(tx *store.Tx) ([]Link, error) {
	return store.Each(tx, func(r *sql.Rows, l *Link) error { return scanLink(r, l) },
		`SELECT `+linkColumns+` FROM moderation_link ORDER BY id DESC`)
}

func linkBy(tx *store.Tx, where, arg string) (l Link, err error) {
	err = scanLink(tx.QueryRow(`SELECT `+linkColumns+` FROM moderation_link WHERE `+where, arg), &l)
	if errors.Is(err, sql.ErrNoRows) {
		return l, fault.New(fault.NotFound, "no_link", "There is no such judging link. Please ask for a new one.")
	}
	return l, err
}

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// LookLink gives the link of a secret, for the page that asks whether to begin. Its
// error is NotFound no_link; a link that is over is no error here.
func LookLink(tx *store.Tx, secret string) (Link, error) {
	return linkBy(tx, `digest = $1`, digest(secret))
}

// OpenLink lets the visitor judge from now on, as the volunteer that they are. Doing it
// again changes nothing. Errors: NotFound no_link; Gone link_revoked, link_ended or
// link_full.
func (d *Desk) OpenLink(ctx context.Context, secret string, v Visitor) (Judge, error) {
	j := v.Judge()
	if err := j.check(); err != nil {
		return "", err
	}
	return j, d.DB.Write(ctx, func(tx *store.Tx) error {
		l, err := LookLink(tx, secret)
		if err != nil {
			return err
		}
		if why := l.Over(tx.Now); why != "" {
			return linkOver(why)
		}
		in, err := linkOf(tx, j)
		if err != nil || in == l.ID {
			return err
		}
		if l.Judges > 0 && l.Opened >= l.Judges {
			return linkOver("full")
		}
		if err := enlist(tx, j, l.ID); err != nil {
			return err
		}
		_, err = tx.Exec(`UPDATE moderation_link SET opened = opened + 1 WHERE id = $1`, l.ID)
		return err
	})
}

// OpenJudging lets the visitor judge without a link, where the site is open for that.
// Its error is Denied not_open.
func (d *Desk) OpenJudging(ctx context.Context, v Visitor) (Judge, error) {
	j := v.Judge()
	if err := j.check(); err != nil {
		return "", err
	}
	if !d.Open {
		return "", fault.New(fault.Denied, "not_open", "This site's judges come by invitation.")
	}
	return j, d.DB.Write(ctx, func(tx *store.Tx) error { return enlist(tx, j, "") })
}

// enlist makes the volunteer's row; whoever has one keeps it, and changes the link for a new one.
func enlist(tx *store.Tx, j Judge, link string) error {
	_, err := tx.Exec(`INSERT INTO moderation_judge (judge, link, first_at, last_at) VALUES ($1, $2, $3, $3)
		ON CONFLICT (judge) DO UPDATE SET link = CASE WHEN excluded.link = '' THEN moderation_judge.link ELSE excluded.link END`,
		j, link, store.Millis(tx.Now))
	return err
}

// linkOf gives the id of the link that let a volunteer in.
func linkOf(tx *store.Tx, j Judge) (link string, err error) {
	err = tx.QueryRow(`SELECT link FROM moderation_judge WHERE judge = $1`, j).Scan(&link)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return link, err
}

func linkOver(why string) error {
	said := map[string]string{"revoked": "was taken back", "ended": "has ended", "full": "has all the judgments that it was made for, or all its judges"}
	return fault.New(fault.Gone, "link_"+why, "Thank you for coming: this judging link %s.", said[why])
}

// May says whether the judge may judge: volunteers need a link in force, or an open
// site; of others the caller knows. Errors: Denied no_judge; Gone link_….
func (d *Desk) May(tx *store.Tx, j Judge) error {
	_, err := d.admit(tx, j)
	return err
}

// admit is May, and gives the link whose judgments a volunteer's count as; "" for none.
func (d *Desk) admit(tx *store.Tx, j Judge) (link string, err error) {
	if err := j.check(); err != nil || !j.Volunteer() {
		return "", err
	}
	err = tx.QueryRow(`SELECT link FROM moderation_judge WHERE judge = $1`, j).Scan(&link)
	if errors.Is(err, sql.ErrNoRows) || err == nil && link == "" && !d.Open {
		return "", fault.New(fault.Denied, "no_judge", "Please open a judging link first.")
	}
	if err != nil || link == "" {
		return "", err
	}
	l, err := linkBy(tx, `id = $1`, link)
	if err != nil {
		return "", err
	}
	if why := l.Over(tx.Now); why != "" && !d.Open {
		return "", linkOver(why)
	} else if why != "" {
		return "", nil
	}
	return link, nil
}
