package send

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A receiver that takes nothing any more ends a try, one that is merely slow does not.
func TestStillness(t *testing.T) {
	t.Parallel()
	still, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer still.Close() // who connects is never accepted
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer slow.Close()
	size := 20 << 20 // more than the system holds on the way
	for at, want := range map[string]Kind{"http://" + still.Addr().String(): Down, slow.URL: ""} {
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		s, err := openHTTP(Target{URL: u, Secret: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}, Network{Private: true})
		if err != nil {
			t.Fatal(err)
		}
		if s.still = 20 * time.Second; want == Down {
			s.still = 200 * time.Millisecond
		}
		_, err = s.Send(t.Context(), Parcel{Delivery: "d1", Name: "a", ContentType: "image/jpeg", Size: int64(size),
			Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(strings.Repeat("x", size))), nil }})
		if want == "" && err != nil || want != "" && (KindOf(err) != want || !strings.Contains(err.Error(), "no answer in time")) {
			t.Errorf("%s: %v, want %q", at, err, want)
		}
		s.Close()
	}
}

func TestPulse(t *testing.T) {
	t.Parallel()
	ctx, p, stop := watch(t.Context(), time.Hour)
	p.hold()
	p.beat()
	p.last()
	if ctx.Err() != nil {
		t.Error("it ended early")
	}
	stop()
	if context.Cause(ctx) != context.Canceled {
		t.Errorf("stopped with %v", context.Cause(ctx))
	}
}

func TestTidy(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"": "", " 200  OK\r\n": "200 OK", "a\x00b\x1b[31mc\u202ed\ufeff\xff": "ab[31mcd", strings.Repeat("ü", 300): strings.Repeat("ü", 250),
		"x" + strings.Repeat("ü", 300): "x" + strings.Repeat("ü", 249),
	} {
		if got := tidy(said); got != want {
			t.Errorf("%q is %q", said, got)
		}
	}
}

// What failed is told apart, where the system does, and names nothing but the host.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		err  error
		word string
	}{
		{syscall.ECONNREFUSED, "at that port"}, {syscall.EHOSTUNREACH, "No way"}, {syscall.ECONNRESET, "broke"}, {io.ErrUnexpectedEOF, "broke"},
		{os.ErrDeadlineExceeded, "in time"}, {errors.New("odd"), "can't be reached"},
	} {
		e := unreachable(&url.Error{Op: "Post", URL: "https://h/?key=secret", Err: &net.OpError{Op: "dial", Err: x.err}}, "h")
		if e.Kind != Down || !strings.Contains(e.Message, x.word) || strings.Contains(e.Error(), "secret") {
			t.Errorf("%v is %s: %s", x.err, e.Kind, e)
		}
	}
}
