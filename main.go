// Command oneframe serves a crowd-made music video; see package app for the tour.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"oneframe/app"
)

// version is set by the Makefile.
var version = "development"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := app.Main(ctx, app.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, version, os.Args[1:], os.Environ())
	stop()
	os.Exit(code)
}
