// Package picture is the register of pictures, from any door, and the log of what
// happened to each.
//
//	Record ─► received ─Ready─► waiting ─Settle─► accepted | rejected | undecided
//	             │                 ▲                    │  (a moderator may settle again,
//	             └─Fail─► failed   └───── reopened ─────┘   or take the decision back)
//
//	any state but failed ─Withdraw─► withdrawn
//
// A corrected version takes a photograph back to received, from any of them but
// withdrawn; see Replace. A picture with an approver is accepted from the beginning: its
// event accepted stands right behind the one of its arrival, so that the feed doesn't
// wait for renditions, though its state is received until it has them.
//
// A picture stands while it is received, waiting, undecided or accepted; a standing
// picture fills its slot. The transitions here keep the slot's count in step, so no
// caller can forget to. Every transition appends one event in the same transaction.
package picture

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"oneframe/app/fault"
	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// ID names a picture: a UUIDv7.
type ID string

// State is where a picture is on its way.
type State string

// The states of the package comment's drawing.
const (
	Received  State = "received"
	Waiting   State = "waiting"
	Accepted  State = "accepted"
	Rejected  State = "rejected"
	Undecided State = "undecided"
	Withdrawn State = "withdrawn"
	Failed    State = "failed"
)

// Standing reports whether a picture in this state fills its slot.
func (s State) Standing() bool {
	return s == Received || s == Waiting || s == Accepted || s == Undecided
}

// Picture is one row of the register.
type Picture struct {
	ID            ID
	Origin        string // webcam, upload, api, ftp or folder
	Slot          slot.ID
	Account, Name string
	Consent       string // version of the text that was agreed to
	State         State
	Reason        string  // why it was rejected
	Score         float64 // mean likeness, 1 to 5; 0 before a verdict
	Judgments     int     // that led to the verdict
	Original      vault.Key
	Type          string // of the original, as image/jpeg
	Width, Height int    // of the original, as shown, in pixels
	Bytes         int64  // of the original; 0 where it was not noted
	FileName      string // as a photograph's sender called it
	Version       int    // from 1; grows with each correction
	Approver      string // who had it accepted when it came in, as account:…; "" where nobody did

	Large, Medium, Thumb    vault.Key
	LargeWidth, LargeHeight int

	Error      string // of the last try to scale it
	Attempts   int
	ReceivedAt time.Time
	SettledAt  time.Time // of the verdict, or the withdrawal
}

// New is what a door knows of a picture.
type New struct {
	ID                     ID // from store.NewID
	Origin                 string
	Slot                   slot.ID
	Account, Name, Consent string
	Original               vault.Key
	Type                   string
	Width, Height          int
	Secret                 string // of the contributor's own link; "" draws one

	// Of photographs:
	FileName string
	Bytes    int64
	Approver string // who has it accepted at once, as account:…; "" leaves that to a moderator
	Approval string // why, as trusted
}

// Photo reports whether the picture fills no slot: it came in for the feed, not for a
// clip. Moderators settle it; it is not for the crowd to judge.
func (p Picture) Photo() bool { return p.Slot.Number == 0 }

// Record registers a received picture and gives the secret of its contributor's own
// link, of which only the SHA-256 is stored. The original must be durable already, and
// its slot filled in the same transaction.
func Record(tx *store.Tx, n New) (secret string, err error) {
	if secret = n.Secret; secret == "" {
		secret = rand.Text()
	}
	_, err = tx.Exec(`INSERT INTO picture (id, origin, clip, number, account, name, consent, secret_hash, state, original, type, width, height, received_at,
			file_name, bytes, approver, approval)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'received', $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		n.ID, n.Origin, n.Slot.Clip, n.Slot.Number, n.Account, n.Name, n.Consent, hash(secret), n.Original, n.Type, n.Width, n.Height, store.Millis(tx.Now),
		n.FileName, n.Bytes, n.Approver, n.Approval)
	if err != nil {
		return "", err
	}
	if n.Slot.Number == 0 {
		if err := version(tx, 1, n); err != nil {
			return "", err
		}
	}
	if err := note(tx, n.ID, "received", "", ""); err != nil || n.Approver == "" {
		return secret, err
	}
	return secret, note(tx, n.ID, "accepted", n.Approver, n.Approval)
}

// Approved reports whether the picture may go out: it was accepted, or came in as
// accepted and is only waiting for its renditions.
func (p Picture) Approved() bool {
	return p.State == Accepted || p.State == Received && p.Approver != ""
}

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

const columns = `id, origin, clip, number, account, name, consent, state, reason, score, judgments, original, type, width, height,
	large, medium, thumb, large_width, large_height, error, attempts, received_at, settled_at, bytes, file_name, version, approver`

func scan(row interface{ Scan(...any) error }, p *Picture) error {
	var received, settled int64
	err := row.Scan(&p.ID, &p.Origin, &p.Slot.Clip, &p.Slot.Number, &p.Account, &p.Name, &p.Consent, &p.State, &p.Reason, &p.Score, &p.Judgments,
		&p.Original, &p.Type, &p.Width, &p.Height, &p.Large, &p.Medium, &p.Thumb, &p.LargeWidth, &p.LargeHeight,
		&p.Error, &p.Attempts, &received, &settled, &p.Bytes, &p.FileName, &p.Version, &p.Approver)
	p.ReceivedAt, p.SettledAt = store.Time(received), store.Time(settled)
	return err
}

func one(row *store.Row) (Picture, error) {
	var p Picture
	err := scan(row, &p)
	if errors.Is(err, sql.ErrNoRows) {
		return p, fault.New(fault.NotFound, "no_frame", "There is no such frame.")
	}
	return p, err
}

// Get gives one picture; NotFound no_frame where there is none.
func Get(tx *store.Tx, id ID) (Picture, error) {
	return one(tx.QueryRow(`SELECT `+columns+` FROM picture WHERE id = $1`, id))
}

// BySecret gives the picture whose contributor's link has the secret.
func BySecret(tx *store.Tx, secret string) (Picture, error) {
	return one(tx.QueryRow(`SELECT `+columns+` FROM picture WHERE secret_hash = $1`, hash(secret)))
}

// Names gives a picture that names the file; see Naming.
func Names(tx *store.Tx, k vault.Key) (p Picture, found bool, err error) {
	all, err := Naming(tx, k, 1)
	if err != nil || len(all) == 0 {
		return p, false, err
	}
	return all[0], true, nil
}

// Naming gives up to n pictures that name the file: frames before photographs, those that
// have it as a rendition before those that have it as their original or in an older
// version, accepted ones before others, then the newest. Withdrawn pictures name nothing
// any more.
func Naming(tx *store.Tx, k vault.Key, n int) ([]Picture, error) {
	return store.Each(tx, func(r *sql.Rows, p *Picture) error { return scan(r, p) }, `SELECT `+columns+` FROM picture WHERE state <> 'withdrawn' AND id IN (
			SELECT id FROM picture WHERE original = $1
			UNION SELECT id FROM picture WHERE large = $1 AND large <> ''
			UNION SELECT id FROM picture WHERE medium = $1 AND medium <> ''
			UNION SELECT id FROM picture WHERE thumb = $1 AND thumb <> ''
			UNION SELECT picture FROM picture_version WHERE original = $1
			UNION SELECT picture FROM picture_version WHERE large = $1 AND large <> ''
			UNION SELECT picture FROM picture_version WHERE medium = $1 AND medium <> ''
			UNION SELECT picture FROM picture_version WHERE thumb = $1 AND thumb <> '')
		ORDER BY CASE WHEN number > 0 THEN 0 ELSE 1 END, CASE WHEN large = $1 OR medium = $1 OR thumb = $1 THEN 0 ELSE 1 END,
			CASE state WHEN 'accepted' THEN 0 ELSE 1 END, id DESC LIMIT $2`, k, n)
}
