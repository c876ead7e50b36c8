package send

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"unicode"
	"unicode/utf8"

	"oneframe/app/fault"
)

// answerMost is how much of what a server says is kept, in bytes.
const answerMost = 500

// notDeleted is what a recall says where a subscriber keeps what it has.
const notDeleted = "Nothing was deleted: this subscriber doesn't allow it."

// tidy makes what a server said safe to show: valid UTF-8 of one line, without control
// characters and marks that turn the direction of writing, at most answerMost bytes.
func tidy(said string) string {
	said = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(said, ""))
	said = strings.Join(strings.Fields(said), " ")
	if len(said) > answerMost {
		said = strings.ToValidUTF8(said[:answerMost], "")
	}
	return said
}

// errStill ends a try in which nothing moves any more.
var errStill = errors.New("nothing moved for too long")

// unreachable words why a connection failed or broke off. It names the host at most,
// since the rest of an address may hold a key.
func unreachable(err error, host string) *Error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	if refused, ok := errors.AsType[*fault.Error](err); ok {
		return &Error{Kind: Hopeless, Message: refused.Message, Cause: err}
	}
	if bare, ok := errors.AsType[*url.Error](err); ok {
		err = bare.Err // which doesn't name the address
	}
	e := &Error{Kind: Down, Message: host + " can't be reached, or broke off.", Cause: err}
	wait, timed := errors.AsType[net.Error](err)
	dns, named := errors.AsType[*net.DNSError](err)
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case errors.Is(err, context.Canceled):
		e.Kind, e.Message = Ours, "The try was stopped from this side."
	case named && dns.IsNotFound:
		e.Message = "There is no host called " + host + "."
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Message = host + " takes no connection at that port: nothing runs there, or a firewall says no."
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		e.Message = "No way leads to " + host + " from here."
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		e.Message = host + " broke the connection off."
	case unverified:
		e.Message = "The certificate of " + host + " is not valid: " + certificate(err) + "."
	case errors.Is(err, errStill), errors.Is(err, context.DeadlineExceeded), timed && wait.Timeout():
		e.Message = host + " gave no answer in time."
	}
	return e
}

// again does something over HTTP, and once more where a kept connection broke off: the
// server may have closed it while nothing was sent.
func again(ctx context.Context, do func(context.Context) error) error {
	var kept atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { kept.Store(c.Reused) }})
	err := do(ctx)
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == Down && e.Answer == "" && kept.Load() && ctx.Err() == nil {
		err = do(ctx)
	}
	return err
}

// certificate words what is wrong with one.
func certificate(err error) string {
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired {
		return "it has run out, or is not valid yet"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "it is another host's"
	}
	return "nobody who is trusted here has signed it"
}
