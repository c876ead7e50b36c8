// Command receiver takes the pictures that oneframe delivers by HTTP, whole and small, to
// be copied from: it needs nothing but Go's standard library. It checks each message's
// signature, stores pictures under their names in a folder, answers a repeat without
// storing it twice, and deletes what is recalled.
//
// Give the subscriber's destination as https://your.host/pictures, and start this with
// the signing secret of the destination:
//
//	RECEIVER_SECRET=whsec_… go run ./examples/receiver -listen 127.0.0.1:9191 -folder pictures
//
// Behind it, whatever watches the folder never sees half a file.
package main

import (
	"context"
	"encoding/base64"
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
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	listen := flag.String("listen", "127.0.0.1:9191", "address to listen at")
	folder := flag.String("folder", "pictures", "where pictures go")
	flag.Parse()
	keys, err := readSecrets(os.Getenv("RECEIVER_SECRET"))
	if err != nil {
		return err
	}
	s, err := openShelf(*folder)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	r := &receiver{keys: keys, shelf: s, fetch: &http.Client{Timeout: 10 * time.Minute}}
	server := &http.Server{Handler: r.routes(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
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

// readSecrets reads one secret, or two with a space between while they are renewed.
func readSecrets(text string) (keys [][]byte, err error) {
	for _, t := range strings.Fields(text) {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(t, "whsec_"))
		if err != nil {
			return nil, fmt.Errorf("RECEIVER_SECRET is like whsec_ and base64 after it: %w", err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("put the destination's signing secret into the environment variable RECEIVER_SECRET")
	}
	return keys, nil
}
