package web

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

const (
	smallBody    = 1 << 20  // of every request that sends no file, in bytes
	formOverhead = 64 << 10 // what a form may have beside its file
	hearOut      = 64 << 20 // how much of a body that is too large is still read
)

// bound is what a request may send, and how long it may take for it.
type bound struct {
	bytes  int64
	within time.Duration
}

// bounds gives the routes that take files, by method and pattern, theirs.
func (s *Server) bounds() map[string]bound {
	photo := s.Door.Limits.Bytes
	if photo <= 0 {
		photo = 12_000_000
	}
	return map[string]bound{
		"POST /api/v1/leases/:token/frame":       {photo + formOverhead, 15 * time.Minute},
		"POST /api/v1/pictures":                  {cmp.Or(s.Door.PhotoLimits.Bytes, photo) + formOverhead, 15 * time.Minute},
		"POST /api/v1/clips":                     {s.MaxVideo + formOverhead, 12 * time.Hour},
		"POST /admin/subscribers/:id/order":      {markMost + formOverhead, time.Minute},
		"POST /admin/subscribers/:id/order/mark": {markMost + formOverhead, time.Minute},
	}
}

// bodies bounds what a request may send: past the bound reading fails with
// *http.MaxBytesError, whether the length was declared or not. Who sends too much is
// heard out for a while before the answer, else most clients would see a broken
// connection and never learn why.
func (s *Server) bodies(next echo.HandlerFunc) echo.HandlerFunc {
	bounds := s.bounds()
	return func(c echo.Context) error {
		r := c.Request()
		if r.Body == nil || r.Body == http.NoBody {
			return next(c)
		}
		b, ok := bounds[r.Method+" "+c.Path()]
		if !ok {
			b = bound{smallBody, time.Minute}
		}
		body := newPatientReader(r.Body, c.Response(), b.within)
		err := error(&http.MaxBytesError{Limit: b.bytes})
		if r.ContentLength <= b.bytes {
			r.Body = http.MaxBytesReader(c.Response(), body, b.bytes)
			err = next(c)
		}
		var large *http.MaxBytesError
		if errors.As(err, &large) && r.ContentLength <= hearOut && r.Header.Get("Expect") == "" {
			_, _ = io.CopyN(io.Discard, body, hearOut) // however it ends, the answer is the same
		}
		return err
	}
}

// patience is how long a sender or a receiver may stall before we hang up. The server
// itself bounds neither reading nor writing: a slow phone's upload, a clip's download
// and the making of a certificate all take as long as they need.
const patience = 60 * time.Second

// patientReader is a request's body that may take its time while it doesn't stall.
type patientReader struct {
	io.ReadCloser
	conn *http.ResponseController
	last time.Time // by when it must have ended
}

func newPatientReader(body io.ReadCloser, w http.ResponseWriter, within time.Duration) *patientReader {
	p := &patientReader{body, http.NewResponseController(w), time.Now().Add(within)}
	p.wait()
	return p
}

// wait sets the connection's deadline anew. A test's recorder has none, and a
// connection that is gone says so when it is read.
func (p *patientReader) wait() {
	at := time.Now().Add(patience)
	if at.After(p.last) {
		at = p.last
	}
	_ = p.conn.SetReadDeadline(at)
}

func (p *patientReader) Read(b []byte) (int, error) {
	p.wait()
	n, err := p.ReadCloser.Read(b)
	if errors.Is(err, io.EOF) {
		_ = p.conn.SetReadDeadline(time.Time{}) // one to come would cancel the request's context
	}
	return n, err
}

// patientWriter is an answer that may take its time while its receiver doesn't stall.
// Its deadline runs only while something is written: over HTTP/2 one that passes ends
// the stream at once, though the handler may still be reading what is sent to it.
type patientWriter struct {
	http.ResponseWriter
	conn *http.ResponseController
}

func newPatientWriter(w http.ResponseWriter) *patientWriter {
	p := &patientWriter{w, http.NewResponseController(w)}
	p.rest() // the connection may come from a request before
	return p
}

func (p *patientWriter) wait() { _ = p.conn.SetWriteDeadline(time.Now().Add(patience)) }
func (p *patientWriter) rest() { _ = p.conn.SetWriteDeadline(time.Time{}) }

func (p *patientWriter) Write(b []byte) (int, error) {
	p.wait()
	defer p.rest()
	return p.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (p *patientWriter) Unwrap() http.ResponseWriter { return p.ResponseWriter }
