package web

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/ingest"
)

// pipes is a listener whose one connection is a pipe in memory, so that a test's clock
// rules its deadlines.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	c, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.conns) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// slowly serves the handler behind the bodies' bounds to the visitor, in a bubble of time
// (testing/synctest): what sleeps in it takes none.
func slowly(t *testing.T, path string, h echo.HandlerFunc, visitor func(net.Conn)) {
	slowlyBy(t, nil, path, h, visitor)
}

// slowlyBy does so by the protocols; nil is HTTP/1.1.
func slowlyBy(t *testing.T, by *http.Protocols, path string, h echo.HandlerFunc, visitor func(net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{Rooms: Rooms{Door: &ingest.Door{}}, log: quietLog()}
		e := echo.New()
		e.HTTPErrorHandler = s.fail
		e.Use(s.observe, s.bodies)
		e.POST(path, h)
		l, server := &pipes{conns: make(chan net.Conn, 1)}, newServer(e, quietLog())
		server.Protocols = by
		ours, theirs := net.Pipe()
		l.conns <- theirs
		over := make(chan error)
		go func() { over <- server.Serve(l) }()
		visitor(ours)
		_ = ours.Close()
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-over; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
}

const framePath = "/api/v1/leases/:token/frame"

func TestASenderWhoStallsIsHungUpOn(t *testing.T) {
	t.Parallel()
	var got error
	var after time.Duration
	slowly(t, framePath, func(c echo.Context) error {
		begun := time.Now()
		_, got = io.ReadAll(c.Request().Body)
		after = time.Since(begun)
		return c.NoContent(http.StatusNoContent)
	}, func(conn net.Conn) {
		if _, err := io.WriteString(conn, "POST /api/v1/leases/x/frame HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nab"); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		_, _ = bufio.NewReader(conn).ReadString('\n')
	})
	if !errors.Is(got, os.ErrDeadlineExceeded) || after != patience {
		t.Errorf("after %v: %v, want the deadline after %v", after, got, patience)
	}
}

func TestASlowSenderIsHeardToTheEnd(t *testing.T) {
	t.Parallel()
	var got string
	slowly(t, framePath, func(c echo.Context) error {
		body, err := io.ReadAll(c.Request().Body)
		got = string(body)
		time.Sleep(5 * time.Minute) // the work takes its time as well
		if err == nil {
			err = c.Request().Context().Err()
		}
		if err != nil {
			return err
		}
		return c.String(http.StatusOK, "taken")
	}, func(conn net.Conn) {
		_, err := io.WriteString(conn, "POST /api/v1/leases/x/frame HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
		for range 10 {
			time.Sleep(50 * time.Second)
			if err == nil {
				_, err = io.WriteString(conn, "x")
			}
		}
		if err != nil {
			t.Error(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "taken" {
			t.Errorf("%q, %v", body, err)
		}
	})
	if got != strings.Repeat("x", 10) {
		t.Errorf("heard %q", got)
	}
}

// dribble is a body of ten bytes that come 50 seconds apart.
type dribble struct{ left int }

func (d *dribble) Read(b []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	time.Sleep(50 * time.Second)
	d.left--
	b[0] = 'x'
	return 1, nil
}

func TestASlowSenderIsHeardToTheEndOverHTTP2(t *testing.T) {
	t.Parallel()
	by := new(http.Protocols)
	by.SetUnencryptedHTTP2(true)
	slowlyBy(t, by, framePath, func(c echo.Context) error {
		body, err := io.ReadAll(c.Request().Body)
		if err != nil {
			return err
		}
		return c.String(http.StatusOK, string(body))
	}, func(conn net.Conn) {
		tr := &http.Transport{Protocols: by, DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}
		defer tr.CloseIdleConnections()
		resp, err := (&http.Client{Transport: tr}).Post("http://x/api/v1/leases/x/frame", "text/plain", &dribble{left: 10})
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); err != nil || string(body) != strings.Repeat("x", 10) {
			t.Errorf("%d %q, %v", resp.StatusCode, body, err)
		}
	})
}

func TestASenderCannotDribbleForever(t *testing.T) {
	t.Parallel()
	var got error
	var after time.Duration
	slowly(t, "/small", func(c echo.Context) error {
		begun := time.Now()
		_, got = io.ReadAll(c.Request().Body)
		after = time.Since(begun)
		return c.NoContent(http.StatusNoContent)
	}, func(conn net.Conn) {
		_, err := io.WriteString(conn, "POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
		for err == nil && got == nil {
			_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
			_, err = io.WriteString(conn, "x")
			time.Sleep(7 * time.Second)
			synctest.Wait()
		}
	})
	if !errors.Is(got, os.ErrDeadlineExceeded) || after != time.Minute {
		t.Errorf("after %v: %v, want the deadline after a minute", after, got)
	}
}

func TestAReceiverWhoStallsIsHungUpOn(t *testing.T) {
	t.Parallel()
	var got error
	var after time.Duration
	slowly(t, framePath, func(c echo.Context) error {
		c.Response().WriteHeader(http.StatusOK)
		begun := time.Now()
		for got == nil {
			_, got = c.Response().Write(make([]byte, 64<<10))
		}
		after = time.Since(begun)
		return nil
	}, func(conn net.Conn) {
		if _, err := io.WriteString(conn, "POST /api/v1/leases/x/frame HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Error(err)
		}
		b := make([]byte, 70<<10)
		for range 3 { // reads a while, slowly, then no more
			time.Sleep(50 * time.Second)
			if _, err := io.ReadFull(conn, b); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(2 * patience)
	})
	if !errors.Is(got, os.ErrDeadlineExceeded) || after < 150*time.Second || after > 150*time.Second+patience {
		t.Errorf("after %v: %v", after, got)
	}
}
