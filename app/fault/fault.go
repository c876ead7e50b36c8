// Package fault names the kinds of failure and keeps apart what a stranger is told
// and what the log sees. Every room returns these errors; the faces turn a Kind into
// a status code in one table.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what sort of failure it was, and so what the caller can do about it.
type Kind int

// The kinds, with the HTTP status that the web face gives each.
const (
	Internal    Kind = iota // 500: our fault; the message never reaches a stranger
	Invalid                 // 422: the request can't be right; change it
	NotFound                // 404
	Conflict                // 409: somebody else was first
	Gone                    // 410: it was there and has ended
	Unknown                 // 401: say who you are
	Denied                  // 403: known, and not allowed
	Busy                    // 429: try again after RetryAfter
	TooLarge                // 413
	Unsupported             // 415: a type of file that is not taken
	Full                    // 507: the disk is full
)

// Error is a failure with two faces: Code and Message are for the person or program
// that asked, Cause is for the log.
type Error struct {
	Kind       Kind
	Code       string        // stable, snake_case; clients switch on it
	Message    string        // one sentence for a person, without internals
	RetryAfter time.Duration // for Busy
	Cause      error
}

// Error gives the message with its cause: for logs, not for strangers.
func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Message + ": " + e.Cause.Error()
	}
	return e.Message
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Cause }

// New makes an error whose message is formatted as by fmt.Sprintf.
func New(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an error with a cause that only the log will see.
func Wrap(cause error, kind Kind, code, format string, args ...any) *Error {
	e := New(kind, code, format, args...)
	e.Cause = cause
	return e
}

// Of finds the Error in err's chain; any other error is Internal, with a message
// that tells a stranger nothing. Of(nil) is nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Internal, Code: "internal", Message: "Something went wrong on our side.", Cause: err}
}

// Is reports whether err is of the kind.
func Is(err error, kind Kind) bool { return err != nil && Of(err).Kind == kind }

// Has reports whether err carries the stable code.
func Has(err error, code string) bool { return err != nil && Of(err).Code == code }
