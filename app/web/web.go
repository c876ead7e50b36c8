// Package web is the face that people and programs see: the pages, and the JSON API
// under /api/v1 that openapi.yaml describes. No rule of the business lives here: a
// handler parses, makes one call into a room, and renders.
//
//	visitor ─► observe ─► headers ─► who ─► limits ─► CSRF ─► handler ─► room
//	              ▲                                              │
//	              └──────────── an error: problem+json or page ◄─┘
package web

import (
	"fmt"
	"html/template"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/semaphore"

	"oneframe/app/clip"
	"oneframe/app/deliver"
	"oneframe/app/deliver/order"
	"oneframe/app/fault"
	"oneframe/app/feed"
	"oneframe/app/ingest"
	"oneframe/app/moderation"
	"oneframe/app/moderation/crowd"
	"oneframe/app/people"
	"oneframe/app/publish"
	"oneframe/app/source"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// Rooms are what the faces call.
type Rooms struct {
	DB                    *store.DB
	People                *people.Register
	Door                  *ingest.Door
	Importer              *source.Importer
	Desk                  *moderation.Desk
	Crowds                *crowd.Exchange
	Studio                *clip.Studio
	Office                *publish.Office
	Book                  *feed.Book
	Feed                  *feed.Engine
	Sending               *deliver.Office
	Maker                 *order.Maker
	Links                 *deliver.Links
	Originals, Renditions *vault.Vault
}

// Settings are what the config decides about the site.
type Settings struct {
	URL            string         // public address without trailing slash; "" means as the request names it
	Lease          time.Duration  // how long a visitor may take for a picture
	HomeShow       string         // accepted, or all: waiting frames are public too
	Pick           string         // newest or best: which accepted frame a slot shows
	Proxies        []netip.Prefix // whose X-Forwarded-For and -Proto are believed
	Secure         bool           // visitors come by https: Secure cookies and HSTS
	Limits         bool           // limits per address; false for load tests
	LogAddresses   bool
	MaxVideo       int64  // bytes of a video that an admin may upload
	Consent        string // the text that a contributor agrees to
	ConsentVersion string // kept with each picture
}

// Server holds what the handlers share. Its fields don't change after New.
type Server struct {
	Rooms
	Settings

	log       *slog.Logger
	templates map[string]*template.Template
	assets    map[string]asset
	memory    *cache
	limits    map[string]*limit
	uploads   *semaphore.Weighted // bytes of uploads in memory at once
	measures  *Metrics
}

// uploadMemory bounds the bytes of received pictures that are in memory at once.
const uploadMemory = 64 << 20

// New makes the site's handler.
func New(r Rooms, s Settings, log *slog.Logger) (*echo.Echo, error) {
	srv := &Server{Rooms: r, Settings: s, log: log, memory: newCache(), limits: newLimits(), uploads: semaphore.NewWeighted(uploadMemory),
		measures: &Metrics{DB: r.DB, Sending: r.Sending}}
	var err error
	if srv.assets, err = loadAssets(); err != nil {
		return nil, fmt.Errorf("read the static files: %w", err)
	}
	if srv.templates, err = srv.loadTemplates(); err != nil {
		return nil, fmt.Errorf("read the templates: %w", err)
	}
	if err := os.MkdirAll(r.Importer.Incoming, 0o750); err != nil {
		return nil, fault.Disk(err)
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor, e.SchemeExtractor = extractors(s.Proxies)
	e.HTTPErrorHandler = srv.fail
	csrf, err := srv.csrf()
	if err != nil {
		return nil, err
	}
	e.Use(srv.observe, srv.headers, srv.bodies, srv.who, srv.limited, csrf)
	srv.routes(e)
	return e, nil
}

// base is the site's address as its visitors write it, without a trailing slash.
func (s *Server) base(c echo.Context) string {
	if s.URL != "" {
		return s.URL
	}
	return c.Scheme() + "://" + c.Request().Host
}
