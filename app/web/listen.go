package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// grace is how long requests in flight have to finish when the site stops.
const grace = 20 * time.Second

// Listen says where the site listens and where its certificate comes from.
type Listen struct {
	Address string // host:port
	TLS     string // off, auto or files

	Cert, Key string // files: PEM files, read again when they change

	URL   string // auto: the site's public https address, whose host gets the certificate
	Cache string // auto: the folder that keeps the account and the certificate
	ACME  string // auto: the authority's directory; "" is Let's Encrypt
	Roots string // auto: PEM file with the roots to trust for ACME; "" are the system's
	HTTP  string // auto: where http-01 and the redirect to https are answered; "" is nowhere
}

// Serve serves the site until the context ends. Then it takes no new connections,
// finishes what is in flight within 20 seconds, and returns. ready, where it isn't
// nil, is called once, with the address that the site listens on.
func Serve(ctx context.Context, h http.Handler, l Listen, to *slog.Logger, ready func(net.Addr)) error {
	c, err := l.certificates(to)
	if err != nil {
		return err
	}
	main, err := net.Listen("tcp", l.Address)
	if err != nil {
		return fmt.Errorf("web.address %s: %w", l.Address, err)
	}
	address, g := main.Addr(), new(errgroup.Group)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	start := func(l net.Listener, h http.Handler) {
		g.Go(func() error { defer stop(); return run(ctx, l, h, to) })
	}
	if c.plain != nil {
		second, err := net.Listen("tcp", l.HTTP)
		if err != nil {
			return errors.Join(fmt.Errorf("web.acme_http %s: %w", l.HTTP, err), main.Close())
		}
		start(second, c.plain)
	}
	if c.config != nil {
		main = tls.NewListener(main, c.config)
	}
	start(main, h)
	if c.fetch != nil {
		go c.fetch() // may outlive us by minutes, and then has nobody to tell
	}
	if ready != nil {
		ready(address)
	}
	return g.Wait()
}

// run serves one listener until the context ends, and then what is in flight.
func run(ctx context.Context, l net.Listener, h http.Handler, to *slog.Logger) error {
	srv := newServer(h, to)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := srv.Shutdown(end)
	if errors.Is(err, context.DeadlineExceeded) {
		to.Warn("requests were still running after the time to finish, and were cut off", "seconds", grace.Seconds())
		err = srv.Close()
	}
	return err
}

// newServer bounds what a connection may cost before a handler sees it; for the rest
// see patience.
func newServer(h http.Handler, to *slog.Logger) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 16 << 10, ErrorLog: quietly(to)}
}

// quietly makes a log for what net/http has to say: without visitors' addresses, and
// without every scanner's failed handshake.
func quietly(to *slog.Logger) *log.Logger {
	peer := regexp.MustCompile(`\b(from|serving) \S+`)
	return log.New(lines(func(line string) {
		if strings.Contains(line, "TLS handshake error") {
			return
		}
		to.Warn("net/http says", "message", peer.ReplaceAllString(line, "$1 a visitor"))
	}), "", 0)
}

// lines is an io.Writer that is given one line at a time.
type lines func(string)

func (f lines) Write(b []byte) (int, error) { f(strings.TrimSpace(string(b))); return len(b), nil }
