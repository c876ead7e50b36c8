package publish

import (
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"oneframe/app/fault"
	"oneframe/app/store"
)

// The states of the package comment's drawing.
const (
	idle     = "idle"
	sending  = "sending"
	settling = "settling"
	paused   = "paused"
)

// Want says which render of the clip the hosts are to show: its id, the SHA-256 of its
// file, where that lies, and the video's title. Wanting the same again changes nothing,
// so it may be called whenever a render becomes current or by a loop that compares. The
// file must stay where it is while the render is current. Invalid no_render without a hash.
func Want(tx *store.Tx, clip, renderID, hash, path, title string) error {
	if clip == "" || hash == "" || path == "" {
		return fault.New(fault.Invalid, "no_render", "There is no render of this clip to publish.")
	}
	_, err := tx.Exec(`INSERT INTO publish_clip (clip, render, hash, path, title, wanted_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (clip) DO UPDATE SET render = excluded.render, hash = excluded.hash, path = excluded.path, title = excluded.title, wanted_at = excluded.wanted_at
		WHERE publish_clip.hash <> excluded.hash OR publish_clip.path <> excluded.path OR publish_clip.title <> excluded.title`,
		clip, renderID, hash, path, title, store.Millis(tx.Now))
	return err
}

// Drop forgets a clip that the site no longer has. Its videos stay at their hosts.
func Drop(tx *store.Tx, clip string) error {
	if _, err := tx.Exec(`DELETE FROM publish_video WHERE clip = $1`, clip); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM publish_clip WHERE clip = $1`, clip)
	return err
}

// Resume has the paused videos tried again now. For one clip at one host it also ends the
// waiting after a failure, and the refusal of the current file. An empty clip or host
// means all, as the hall wants it at start: the config may be another.
func Resume(tx *store.Tx, clip, host string) error {
	_, err := tx.Exec(`UPDATE publish_video SET state = CASE WHEN job_hash = '' THEN 'idle' ELSE 'sending' END, tries = 0, next_at = 0, refused = ''
		WHERE ($1 = '' OR clip = $1) AND ($2 = '' OR host = $2) AND (state = 'paused' OR $1 <> '' AND $2 <> '' AND (tries > 0 OR refused <> ''))`, clip, host)
	return err
}

// Forget makes the next publication of the clip at the host a new video, as where the
// old one was deleted there. NotFound no_video where there is none; Conflict uploading
// while a move is being made.
func Forget(tx *store.Tx, clip, host string) error {
	var until int64
	err := tx.QueryRow(`SELECT claimed_until FROM publish_video WHERE clip = $1 AND host = $2`, clip, host).Scan(&until)
	if err == sql.ErrNoRows {
		return fault.New(fault.NotFound, "no_video", "The clip has no video at this host.")
	}
	if err != nil {
		return err
	}
	if until > store.Millis(tx.Now) {
		return fault.New(fault.Conflict, "uploading", "The clip is being sent to this host at this moment. Please try again in a minute.")
	}
	_, err = tx.Exec(`DELETE FROM publish_video WHERE clip = $1 AND host = $2`, clip, host)
	return err
}

// Video is a clip at a host, for the admin page.
type Video struct {
	Clip, Host string
	State      string // idle sending settling paused
	Remote     string // the host's id of it; "" before the first publication
	Page       string // its address for viewers, where the host told it
	Current    bool   // it shows the clip's current render
	Refused    bool   // the host could not use the current render; it gets the next
	Sent, Size int64  // bytes of the upload under way
	Waits      string // what it waits for at the host; "" where for nothing
	Error      string // the last, for an admin
	Tries      int    // that failed in a row

	Published, ErrorAt, Next time.Time // last success, last error, next try; zero where there is none
}

// List gives what is known of every clip at every host that has been tried, in the order
// of clips and hosts. Next holds Office.Every only through Office.List.
func List(tx *store.Tx) ([]Video, error) { return list(tx, 0) }

// List is List with the next try as this office will make it.
func (o *Office) List(tx *store.Tx) ([]Video, error) { return list(tx, o.Every) }

func list(tx *store.Tx, every time.Duration) ([]Video, error) {
	return store.Each(tx, func(rows *sql.Rows, v *Video) error { return scanVideo(rows, v, every) },
		`SELECT v.clip, v.host, v.state, v.remote, v.page, v.hash = COALESCE(w.hash, ''), v.refused = COALESCE(w.hash, ''), v.job_bytes, v.upload,
			v.waits, v.error, v.tries, v.published_at, v.error_at, v.next_at, v.begun_at
		FROM publish_video v LEFT JOIN publish_clip w ON w.clip = v.clip ORDER BY v.clip, v.host`)
}

func scanVideo(rows *sql.Rows, v *Video, every time.Duration) error {
	var upload string
	var published, failed, next, begun int64
	err := rows.Scan(&v.Clip, &v.Host, &v.State, &v.Remote, &v.Page, &v.Current, &v.Refused, &v.Size, &upload,
		&v.Waits, &v.Error, &v.Tries, &published, &failed, &next, &begun)
	if err != nil {
		return err
	}
	u, err := decode(upload)
	v.Sent, v.Published, v.ErrorAt = u.Offset, store.Time(published), store.Time(failed)
	switch {
	case v.State == sending || v.State == settling:
		v.Next = store.Time(next)
	case v.State == idle && !v.Current && !v.Refused:
		v.Next = store.Time(max(next, begun+every.Milliseconds()))
	}
	return err
}

func decode(s string) (u Upload, err error) {
	if strings.TrimSpace(s) == "" {
		return u, nil
	}
	err = json.Unmarshal([]byte(s), &u)
	return u, err
}

func encode(u Upload) (string, error) {
	raw, err := json.Marshal(u)
	return string(raw), err
}
