// Package publish puts a render of the clip where the world watches it: on a PeerTube
// instance, on Vimeo, or wherever a command takes it. The first publication makes the
// video, every later one replaces it under its address. The site's own player stays
// first; a host is a mirror, and a failing host holds up nothing but itself.
//
// Want says which render is current. An Office compares that with what each host shows
// and, at most once in Office.Every, starts an upload. It goes on in moves of one chunk
// or a few small requests each; after every move the position is in the database, so a
// killed process goes on where it was.
//
//	         Want: another file             all bytes sent
//	idle ────────────────────────► sending ───────────────► settling ─► idle
//	 ▲                               │  ▲                      │        it shows the file
//	 │        the host can't use it  │  └── fails: again after Backoff ──┘
//	 ├───────────────────────────────┤      or the host's Retry-After
//	 │ Resume                        │ for good (Barred, Locked)
//	paused ◄─────────────────────────┘
//
// A move is claimed; the claim is renewed while the move lasts, and when its process is
// killed it runs out and another one goes on. What can't be undone is a row first: before
// the last chunk goes out the row says so, and when the reply to it is lost the host is
// asked what it shows, before anything is sent again.
package publish

import (
	"context"
	"fmt"
	"os"
	"time"
)

// Host is a place that shows videos. Its methods may be called from any goroutine.
type Host interface {
	// Name tells the site's hosts apart and is the key of their rows.
	Name() string
	// Move takes the upload of the job one step further and writes into u how far it is.
	// What it wrote is kept also where it fails. Errors are *Trouble, or else passing.
	Move(ctx context.Context, job Job, u *Upload) (Next, error)
}

// Job is one file to be shown at a host.
type Job struct {
	Clip, Render string
	Hash         string // SHA-256 of the file, in hex
	Path, Title  string
	Bytes        int64
}

// open opens the file and makes sure that it is the one that was begun with.
func (j Job) open() (*os.File, error) {
	f, err := os.Open(j.Path)
	if err != nil {
		return nil, &fileError{err}
	}
	info, err := f.Stat()
	if err == nil && info.Size() != j.Bytes {
		err = fmt.Errorf("it has %d bytes and had %d", info.Size(), j.Bytes)
	}
	if err != nil {
		_ = f.Close() // only read from
		return nil, &fileError{err}
	}
	return f, nil
}

// fileError says that the render's own file can't be read, for which no host is to blame.
type fileError struct{ cause error }

func (e *fileError) Error() string { return "the render's file can't be read: " + e.cause.Error() }
func (e *fileError) Unwrap() error { return e.cause }

// Stage is where an upload is.
type Stage string

// The stages, in their order.
const (
	Fresh    Stage = ""         // nothing has been agreed with the host
	Sending  Stage = "sending"  // bytes are on their way
	Looking  Stage = "looking"  // the last reply was lost: has the host got it?
	Settling Stage = "settling" // the host has it and works on it
)

// Upload is how far a job has come at its host. Session may let anybody go on with the
// upload: it is kept in the database and never logged.
type Upload struct {
	Remote   string `json:"-"` // the video's id at the host; columns of their own,
	Page     string `json:"-"` // as they outlive the upload
	Stage    Stage  `json:"stage,omitempty"`
	Session  string `json:"session,omitempty"`
	Offset   int64  `json:"offset,omitempty"`   // bytes that the host has
	Chunk    int64  `json:"chunk,omitempty"`    // bytes a request; 0 is the host's default
	Mark     string `json:"mark,omitempty"`     // what the host said of its video before; another word means replaced
	Final    bool   `json:"final,omitempty"`    // the last chunk goes out, or went
	Unsure   bool   `json:"unsure,omitempty"`   // a reply was lost: ask for the position
	Stalls   int    `json:"stalls,omitempty"`   // requests in a row that brought nothing forward
	Restarts int    `json:"restarts,omitempty"` // sessions that the host forgot
	Looks    int    `json:"looks,omitempty"`    // in this stage
}

// enter goes to the stage.
func (u *Upload) enter(s Stage) { u.Stage, u.Looks, u.Unsure = s, 0, false }

// restart forgets the session; the upload begins again. Once in an upload that happens
// at once, afterwards it is a failure, so that it waits longer each time.
func (u *Upload) restart(why string) error {
	*u = Upload{Remote: u.Remote, Page: u.Page, Chunk: u.Chunk, Restarts: u.Restarts + 1}
	if u.Restarts > 1 {
		return passing(0, "%s", why)
	}
	return nil
}

// at takes over the position that the host told. Four replies in a row without any
// progress are a failure.
func (u *Upload) at(offset, size int64) error {
	if offset < 0 || offset > size {
		return u.restart("The host told a position outside the file.")
	}
	u.Unsure = false
	if offset > u.Offset {
		u.Stalls, u.Offset = 0, offset
		return nil
	}
	u.Offset = offset
	return u.stall("The host takes no more of the file.")
}

// stall counts a request that brought nothing forward.
func (u *Upload) stall(why string) error {
	u.Stalls++
	if u.Stalls > 3 {
		u.Stalls = 0
		return passing(0, "%s", why)
	}
	return nil
}

// Next says how an upload goes on after a move that succeeded.
type Next struct {
	Done bool
	Wait time.Duration // before the next move
	Why  string        // of a wait, for the admin page
}
