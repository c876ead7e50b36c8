package web

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// ok answers everything.
var ok = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })

func quietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// logged keeps what the site logs.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.b.Write(p) }

func (l *logged) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

// listening is a running Serve.
type listening struct {
	address string
	log     *logged
	stop    func() // ends it and waits
	end     context.CancelFunc
	over    <-chan error
}

// listen serves until the test ends or stop is called.
func listen(t *testing.T, l Listen, h http.Handler) *listening {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &listening{log: &logged{}, end: cancel}
	ready, over := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		over <- Serve(ctx, h, l, slog.New(slog.NewJSONHandler(s.log, nil)), func(a net.Addr) { ready <- a })
		close(over)
	}()
	select {
	case a := <-ready:
		s.address = a.String()
	case err := <-over:
		t.Fatal(err)
	}
	s.over = over
	s.stop = func() {
		cancel()
		if err := <-over; err != nil {
			t.Errorf("the end of serving: %v", err)
		}
	}
	t.Cleanup(s.stop)
	return s
}

func TestStoppingFinishesWhatIsInFlight(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	site := listen(t, Listen{Address: "127.0.0.1:0"}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(arrived)
			if _, err := io.ReadAll(r.Body); err != nil || r.Context().Err() != nil {
				t.Errorf("the request was disturbed: %v, %v", err, r.Context().Err())
			}
		}
		_, _ = io.WriteString(w, "finished")
	}))
	conn, err := net.Dial("tcp", site.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab"); err != nil {
		t.Fatal(err)
	}
	<-arrived
	site.end()
	eventually(t, "no new connection is taken", func() bool {
		c, err := net.Dial("tcp", site.address)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	select {
	case err := <-site.over:
		t.Fatalf("serving ended (%v) while a request was in flight", err)
	default:
	}
	if _, err := io.WriteString(conn, "cd"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || string(body) != "finished" {
		t.Errorf("the request in flight got %q, %v", body, err)
	}
	if err := <-site.over; err != nil {
		t.Errorf("serving ended with %v", err)
	}
}

func TestTheServersOwnLogNamesNobody(t *testing.T) {
	t.Parallel()
	log := &logged{}
	l := quietly(slog.New(slog.NewJSONHandler(log, nil)))
	l.Print("http: TLS handshake error from 192.0.2.7:1234: EOF")
	l.Print("http2: server connection error from 192.0.2.7:1234: boom")
	l.Print("http: Accept error: too many open files; retrying in 5ms")
	got := log.String()
	if strings.Contains(got, "192.0.2.7") || strings.Contains(got, "handshake") {
		t.Errorf("the log has an address: %s", got)
	}
	for _, want := range []string{"from a visitor", "too many open files"} {
		if !strings.Contains(got, want) {
			t.Errorf("the log lost %q: %s", want, got)
		}
	}
}
