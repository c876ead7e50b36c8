// Package send carries pictures to their destinations: one Sender for each kind, and one
// behaviour that all of them share. A Sender is one connection; it is used by one
// goroutine at a time and is kept for the next picture.
//
// Every Sender writes to a temporary name and renames it, where the protocol has names,
// so that a subscriber never sees half a file; a repeat of a delivery has the same name
// and replaces what the first try left. Where the protocol can tell, size or checksum are
// compared afterwards.
package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"
)

// Target is a destination as a Sender needs it.
type Target struct {
	URL    *url.URL // without a password
	Secret string   // a password, a PEM private key, an S3 secret key or a webhook's signing secret; never logged
	Style  string   // of HTTP: multipart or link
	// HostKey is the pinned key of an SFTP server, as a line of authorized_keys; where it is
	// "", Pin is called with the key that the server has, and keeps it.
	HostKey string
	Pin     func(hostKey string) error
}

// Network is where the site may send to at all.
type Network struct {
	Private bool     // destinations in private networks are allowed
	Folders []string // in which a file: destination may lie, absolute
}

// Parcel is one delivery, made to the subscriber's order.
type Parcel struct {
	Delivery    string // the delivery's id, the same on every try
	Picture     string
	Version     int
	Kind        string // first, update or demand
	Name        string // a relative path of safe elements, parted by "/"; the same on every try
	ContentType string
	Size        int64
	SHA256      string // hex
	// Open gives the content from its beginning; a try may be repeated. What it gives may
	// be throttled.
	Open     func() (io.ReadCloser, error)
	Metadata []byte // JSON, a metadata.Record
	Sidecar  *File  // goes beside the picture, before it
	// Link makes the address that the picture can be fetched at for a while, of HTTP's style
	// link.
	Link func() (address string, until time.Time)
}

// File is a small file of its own.
type File struct {
	Name, ContentType string
	Data              []byte
}

// Recall takes back what a Parcel brought.
type Recall struct {
	ID, Delivery, Picture string
	Reason                string
	Remote                string // the receipt's; "" where the program ended before it had one
	Name                  string // the parcel's, where there is no Remote: it may lie there, or not
	Sidecar               string // its remote name; "" where there was none
	Delete                bool   // the subscriber allows that it is deleted
}

// Receipt says what became of a try that succeeded.
type Receipt struct {
	Remote   string // where it lies over there: a path, a key, what the server's Location says
	Sidecar  string // where the sidecar lies
	Bytes    int64  // that were sent
	Answer   string // what the server said last, at most 500 bytes, no control characters
	Verified string // what was compared afterwards: "", size, md5, sha256
}

// Sender is one connection to one destination.
type Sender interface {
	// Send brings a parcel. Its error is an *Error.
	Send(ctx context.Context, p Parcel) (Receipt, error)
	// Recall takes one back: what can be deleted is, and what can be told is told. The
	// receipt's Answer says what could be done. Its error is an *Error.
	Recall(ctx context.Context, r Recall) (Receipt, error)
	// Close ends the connection.
	Close() error
}

// Kind says what a failure means for the next try.
type Kind string

// The kinds of failure.
const (
	Down     Kind = "down"     // the destination can't be reached, or broke off: nothing else goes there for a while
	Busy     Kind = "busy"     // it asks for patience: 429, 503, 421, 450
	Refused  Kind = "refused"  // it doesn't want this picture; others may go
	Hopeless Kind = "hopeless" // nothing will go until somebody mends it: login refused, 410, too large, an address that is not allowed
	Ours     Kind = "ours"     // the fault lies on this side, as a file that can't be read
)

// Error is why a try failed, in words for the subscriber's page.
type Error struct {
	Kind       Kind
	Message    string        // one sentence
	Answer     string        // what the server said, at most 500 bytes, no control characters
	RetryAfter time.Duration // what it asked for; 0 where it did not
	Cause      error
}

func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Message
	}
	return fmt.Sprintf("%s (%v)", e.Message, e.Cause)
}

func (e *Error) Unwrap() error { return e.Cause }

// KindOf gives the kind of a failure; what is no *Error counts as Ours.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Ours
}
