package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"oneframe/app/web"
)

// serve runs the site until SIGTERM or an interrupt, then finishes what is in flight.
func (c *command) serve(ctx context.Context) (err error) {
	fs, config := c.flags("serve")
	a, _, err := c.open(ctx, fs, config, 0, "no names")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.Importer.Sweep(ctx); err != nil {
		return err
	}
	return a.Serve(ctx, func(addr net.Addr) { c.greet(ctx, a, addr) })
}

// Serve serves the site and runs the loops until the context ends; ready is called
// when the site answers.
func (a *App) Serve(ctx context.Context, ready func(net.Addr)) error {
	settings, err := a.settings()
	if err != nil {
		return err
	}
	handler, err := web.New(a.rooms(), settings, a.Log)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.FTP.Serve(ctx, nil) })
	g.Go(func() error { return web.Serve(ctx, handler, a.listen(), a.Log, ready) })
	g.Go(func() error { return a.Loops(ctx) })
	if at := a.Config.Metrics.Address; at != "" {
		g.Go(func() error { return web.ServeMetrics(ctx, &web.Metrics{DB: a.DB, Sending: a.Sending}, at, a.Log) })
	}
	return g.Wait()
}

func (a *App) rooms() web.Rooms {
	return web.Rooms{DB: a.DB, People: a.People, Door: a.Door, Importer: a.Importer, Desk: a.Desk, Crowds: a.Crowds, Studio: a.Studio, Office: a.Office, Book: a.Book, Feed: a.Feed, Sending: a.Sending,
		Originals: a.Originals, Renditions: a.Renditions, Maker: a.Maker, Links: a.Links}
}

// greet says where the site is, and how to become its first admin.
func (c *command) greet(ctx context.Context, a *App, addr net.Addr) {
	site := a.address(addr)
	fmt.Fprintf(c.Err, "oneframe is at %s\n", site)
	secret, needed, err := a.People.SetupSecret(ctx)
	if err != nil {
		a.Log.Error("the setup link could not be made", "error", err)
		return
	}
	if needed {
		fmt.Fprintf(c.Err, "There is no admin yet. Open this link once to become it:\n\n  %s/setup?secret=%s\n\n", site, secret)
	}
}

// address is the site's public address, or where this machine reaches it.
func (a *App) address(addr net.Addr) string {
	if a.Config.Web.URL != "" {
		return a.Config.Web.URL
	}
	scheme := "http"
	if a.Config.Web.TLS != "off" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return scheme + "://" + addr.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

func (a *App) settings() (web.Settings, error) {
	c := a.Config
	proxies, err := c.Web.proxies()
	return web.Settings{
		URL: c.Web.URL, Lease: time.Duration(c.Slot.Lease), HomeShow: c.Home.Show, Pick: c.Clip.Pick, Proxies: proxies,
		Secure: c.Web.TLS != "off" || strings.HasPrefix(c.Web.URL, "https://"),
		Limits: c.Limits.Enabled, LogAddresses: c.Log.Addresses, MaxVideo: int64(c.Import.MaxBytes),
		Consent: c.Consent.Text, ConsentVersion: c.Consent.Version,
	}, err
}

// listen says where the site listens, and how it gets its certificate.
func (a *App) listen() web.Listen {
	w := a.Config.Web
	return web.Listen{Address: w.Address, TLS: w.TLS, Cert: w.Cert, Key: w.Key, URL: w.URL,
		Cache: a.Config.under("acme"), ACME: w.ACME, Roots: w.ACMERoots, HTTP: w.ACMEHTTP}
}
