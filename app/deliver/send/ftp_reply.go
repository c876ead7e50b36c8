package send

import (
	"bytes"
	"strconv"
)

// reply says what a server's reply means (RFC 959 section 4.2, RFC 4217 section 10).
func reply(host string, code int, said string) *Error {
	e := &Error{Answer: tidy(said)}
	switch {
	case code == 421:
		e.Kind, e.Message = Busy, host+" ended the connection: it is busy, or goes down."
	case code == 425 || code == 426:
		e.Kind, e.Message = Down, "The connection for the file could not be made, or broke off."
	case code == 452:
		e.Kind, e.Message = Busy, host+" has no room at the moment."
	case code >= 400 && code < 500 && code != 430:
		e.Kind, e.Message = Busy, host+" can't do it at the moment."
	case code == 430 || code == 530 || code == 532:
		e.Kind, e.Message = Hopeless, host+" refused the login."
	case code == 431 || code == 521 || code == 522 || code >= 533 && code <= 537:
		e.Kind, e.Message = Hopeless, host+" wants another kind of encryption."
	case code == 552:
		e.Kind, e.Message = Hopeless, host+" has no room left for this account, or takes no file as large as this one."
	case code == 502 || code == 504:
		e.Kind, e.Message = Hopeless, host+" doesn't know a command that is needed."
	case code == 550 || code == 551 || code == 553:
		e.Kind, e.Message = Refused, host+" refused the file."
	default: // 500 and 501 are what servers say that have lost the thread
		e.Kind, e.Message = Down, host+" gave an answer that makes no sense."
	}
	return e
}

// replies keeps the last line of a reply out of all that passes over the control
// connection; nothing else of it, since that holds the password.
type replies struct {
	last string
	line []byte
}

// Write implements io.Writer.
func (r *replies) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		part, after, ended := bytes.Cut(rest, []byte("\n"))
		if len(r.line) < answerMost {
			r.line = append(r.line, part[:min(len(part), answerMost)]...)
		}
		if ended {
			if isReply(r.line) {
				r.last = string(r.line)
			}
			clear(r.line)
			r.line = r.line[:0]
		}
		rest = after
	}
	return len(b), nil
}

// isReply tells the last line of a reply from those before it and from commands.
func isReply(line []byte) bool {
	if len(line) < 4 || line[3] != ' ' {
		return false
	}
	_, err := strconv.ParseUint(string(line[:3]), 10, 16)
	return err == nil
}

// code is that of the last reply; 0 before the first.
func (r *replies) code() int {
	if r.last == "" {
		return 0
	}
	n, err := strconv.Atoi(r.last[:3])
	if err != nil {
		return 0
	}
	return n
}
