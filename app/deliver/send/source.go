package send

import (
	"fmt"
	"io"
)

// source is a file on its way out. It counts, it keeps its own failures apart from the
// connection's, and the time that it takes isn't held against the server.
type source struct {
	content io.Reader
	size    int64 // that it should have
	wire    *wire

	begun bool
	n     int64
	err   error // of reading
}

// Size tells the SFTP library how many packets are worth having on the way at once.
func (s *source) Size() int64 { return s.size }

func (s *source) Read(b []byte) (int, error) {
	s.wire.pause()
	s.begun = true
	n, err := s.content.Read(b)
	s.n += int64(n)
	patience := s.wire.quiet
	if err == io.EOF {
		patience = max(patience, answerTime(s.n))
	} else if err != nil {
		s.err = err
	}
	s.wire.resume(patience)
	return n, err
}

// whole says whether the source gave what it should, once it was read.
func (s *source) whole() error {
	if s.err != nil {
		return &Error{Kind: Ours, Message: "The file could not be read.", Cause: s.err}
	}
	if s.n != s.size {
		return &Error{Kind: Ours, Message: fmt.Sprintf("The file has %d bytes where %d were expected.", s.n, s.size)}
	}
	return nil
}
