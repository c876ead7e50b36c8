// Command crowd is an outside crowd for oneframe, whole and small, to be copied from: it
// takes jobs, shows them to workers on a page, and gives their judgments back. Only the
// signatures come from oneframe (app/webhook); any Standard Webhooks library does the same.
//
// Add a crowd at /admin/crowds of the site, then start this with the secret shown there:
//
//	CROWD_SECRET=whsec_… go run ./examples/crowd -listen 127.0.0.1:9090 -site http://localhost:8080
//
// For http-push its jobs go to http://127.0.0.1:9090/jobs. With -poll it keeps the
// judgments until the site collects them at http://127.0.0.1:9090/judgments (http-poll).
// Workers judge at http://127.0.0.1:9090/?worker=ann; with -robots 3, three that don't
// look judge every job by themselves, to try the connection out.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"oneframe/app/webhook"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	listen := flag.String("listen", "127.0.0.1:9090", "address to listen at")
	site := flag.String("site", "http://localhost:8080", "the site's address, without a slash at its end")
	poll := flag.Bool("poll", false, "keep judgments until the site collects them")
	robots := flag.Int("robots", 0, "workers that judge every job by themselves")
	flag.Parse()
	secrets, err := readSecrets(os.Getenv("CROWD_SECRET"))
	if err != nil {
		return err
	}
	c := newCrowd(*site, secrets, *poll, *robots)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: c.routes(), ReadHeaderTimeout: 10 * time.Second}
	go c.deliver(ctx)
	go func() {
		<-ctx.Done()
		_ = server.Close() // Serve says so
	}()
	fmt.Printf("http://%s\n", l.Addr())
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// readSecrets reads one secret, or two with a space between while they are rotated.
func readSecrets(text string) (all []webhook.Secret, err error) {
	for _, t := range strings.Fields(text) {
		s, err := webhook.ParseSecret(t)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, errors.New("put the secret into the environment variable CROWD_SECRET")
	}
	return all, nil
}
