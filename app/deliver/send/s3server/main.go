// Command s3server is an S3-compatible store for tests: Versity's gateway over a folder,
// which checks signatures and digests as stores do. It is a module of its own, so that
// nothing of it goes into the product.
//
//	s3server -key ID -secret SECRET FOLDER
//
// It prints its address, 127.0.0.1 and a free port, and runs until it is interrupted or
// its standard input ends. Each folder inside FOLDER is a bucket.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

func main() {
	key := flag.String("key", "id", "access key id")
	secret := flag.String("secret", "secret", "secret access key")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // its end is what counts
		stop()
	}()
	if err := run(ctx, flag.Arg(0), *key, *secret); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func run(ctx context.Context, folder, key, secret string) error {
	// What the gateway knows of objects lies beside them: not every file system has
	// extended attributes.
	known, err := os.MkdirTemp("", "s3server")
	if err != nil {
		return err
	}
	defer os.RemoveAll(known)
	about, err := meta.NewSideCar(known)
	if err != nil {
		return err
	}
	store, err := posix.New(folder, about, posix.PosixOpts{SideCarDir: known})
	if err != nil {
		return err
	}
	socket := filepath.Join(known, "s3.sock")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		for ctx.Err() == nil {
			if c, err := net.Dial("unix", socket); err == nil {
				c.Close()
				fmt.Printf("http://%s\n", l.Addr())
				forward(l, socket)
			}
			time.Sleep(10 * time.Millisecond) // the gateway does not say when it listens
		}
	}()
	return embedgw.RunVersityGW(ctx, store, &embedgw.Config{RootUserAccess: key, RootUserSecret: secret, Ports: []string{socket},
		MaxConnections: 100, MaxRequests: 100, MultipartMaxParts: 100, KeepAlive: true, Quiet: true})
}

// forward brings connections to the gateway, which can't listen at whatever port is free.
func forward(l net.Listener, socket string) {
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer in.Close()
			out, err := net.Dial("unix", socket)
			if err != nil {
				return
			}
			defer out.Close()
			go func() { _, _ = io.Copy(in, out); in.Close() }()
			_, _ = io.Copy(out, in) // whoever ends it
		}()
	}
}
