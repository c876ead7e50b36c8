package ftp

import (
	"fmt"
	"runtime/debug"

	ftpserver "github.com/fclairamb/ftpserverlib"
	"github.com/pkg/sftp"

	"oneframe/app/fault"
)

// said is an error in the words that its sender is told, with the code that the two
// protocols have for it. The cause stays here.
type said struct {
	fault *fault.Error
}

// say makes an error fit to be told; nil stays nil.
func say(err error) error {
	if err == nil {
		return nil
	}
	return said{fault.Of(err)}
}

// Error gives the message alone: both libraries send what it says.
func (s said) Error() string { return s.fault.Message }

// Unwrap gives what the libraries make their codes of: 552 and 553 for FTP, no such
// file and permission denied for SFTP. What remains is 550, and failure.
func (s said) Unwrap() []error {
	switch s.fault.Kind {
	case fault.TooLarge, fault.Full, fault.Busy:
		return []error{ftpserver.ErrStorageExceeded, s.fault}
	case fault.NotFound:
		return []error{sftp.ErrSSHFxNoSuchFile, s.fault}
	case fault.Denied, fault.Unsupported:
		return []error{sftp.ErrSSHFxPermissionDenied, ftpserver.ErrFileNameNotAllowed, s.fault}
	}
	return []error{s.fault}
}

// safely turns a panic of f, which a hostile file may find, into an error: pkg/sftp would
// let it end the whole site.
func safely(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return f()
}

func notFound(path string) error {
	return fault.New(fault.NotFound, "no_file", "There is no /%s.", path)
}

func denied(format string, args ...any) error {
	return fault.New(fault.Denied, "denied", "%s", fmt.Sprintf(format, args...))
}
