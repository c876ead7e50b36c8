package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"oneframe/app/clip"
	"oneframe/app/deliver"
	"oneframe/app/deliver/order"
	"oneframe/app/feed"
	"oneframe/app/ffmpeg"
	"oneframe/app/ftp"
	"oneframe/app/ingest"
	"oneframe/app/moderation"
	"oneframe/app/moderation/crowd"
	"oneframe/app/outbound"
	"oneframe/app/people"
	"oneframe/app/publish"
	"oneframe/app/rendition"
	"oneframe/app/seal"
	"oneframe/app/source"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// App is the house: every room, built and connected, with nothing running yet.
type App struct {
	Config     Config
	Log        *slog.Logger
	DB         *store.DB
	Originals  *vault.Vault // what strangers sent, private
	Renditions *vault.Vault // what is served
	People     *people.Register
	Importer   *source.Importer
	Door       *ingest.Door
	Scaler     *ingest.Scaler
	Folder     *ingest.Folder // watched; its Dir is "" where there is none
	Desk       *moderation.Desk
	Crowds     *crowd.Exchange
	Studio     *clip.Studio
	Office     *publish.Office
	FTP        *ftp.Server
	Book       *feed.Book
	Feed       *feed.Engine
	Maker      *order.Maker
	Sending    *deliver.Office
	Links      *deliver.Links
}

// New builds the rooms, ground to roof. The caller closes the App.
func New(ctx context.Context, c Config, log *slog.Logger) (*App, error) {
	tool, err := ffmpeg.Find()
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, c.under(strings.TrimPrefix(c.Database.URL, "sqlite:")))
	if err != nil {
		return nil, err
	}
	a, err := build(c, log, db, tool)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return a, nil
}

func build(c Config, log *slog.Logger, db *store.DB, tool ffmpeg.Tool) (*App, error) {
	media := c.under(strings.TrimPrefix(c.Storage.URL, "file:"))
	originals, err := vault.Open(filepath.Join(media, "original"))
	if err != nil {
		return nil, err
	}
	renditions, err := vault.Open(filepath.Join(media, "rendition"))
	if err != nil {
		return nil, err
	}
	marks, err := vault.Open(c.under("marks"))
	if err != nil {
		return nil, err
	}
	hosts, err := c.Publish.hosts(func() time.Time { return db.Now() })
	if err != nil {
		return nil, err
	}
	box, err := seal.Open(c.under("secret.key"))
	if err != nil {
		return nil, err
	}
	library := source.Library{Dir: c.under("clips")}
	budget := rendition.NewBudget(int64(c.Ingest.Memory))
	limits := rendition.Limits{Bytes: int64(c.Ingest.MaxBytes), Pixels: int64(c.Ingest.MaxPixels) * 1e6}
	desk := &moderation.Desk{DB: db, Judgments: c.Moderation.Judgments, Most: c.Moderation.Most, Confidence: c.Moderation.Confidence,
		MinTrust: c.Moderation.MinTrust, Lease: time.Duration(c.Moderation.Lease), Patience: time.Duration(c.Moderation.Patience), Open: c.Moderation.Open}
	doors, err := c.ftp()
	if err != nil {
		return nil, err
	}
	a := &App{
		Config: c, Log: log, DB: db, Originals: originals, Renditions: renditions,
		People: people.NewRegister(db),
		Importer: &source.Importer{DB: db, Tool: tool, Library: library, Incoming: c.under("incoming"),
			Hold: c.Slot.Hold, MaxDuration: time.Duration(c.Import.MaxDuration)},
		Door: &ingest.Door{DB: db, Originals: originals, Budget: budget, Limits: limits,
			PhotoLimits: rendition.Limits{Bytes: int64(c.Ingest.MaxPhoto), Pixels: limits.Pixels, TIFF: true},
			Default:     c.Profile.rules(), Trust: c.Profile.Trusted, Quarantine: time.Duration(c.Profile.Quarantine), Corrections: time.Duration(c.Profile.Corrections)},
		Scaler: &ingest.Scaler{DB: db, Originals: originals, Renditions: renditions, Budget: budget,
			Tries: c.Ingest.Tries, Claim: 2 * time.Minute, Workers: workers(c.Ingest.Workers)},
		Desk: desk,
		Crowds: &crowd.Exchange{DB: db, Desk: desk, Box: box, Client: outbound.NewClient(c.Moderation.Private, time.Minute),
			Base: c.Web.URL, Private: c.Moderation.Private, Jitter: rand.Float64},
		Studio: &clip.Studio{DB: db, Tool: tool, Library: library, Renditions: renditions, Units: c.under("units"),
			Pick: c.Clip.Pick, Quality: c.Clip.quality(), Keep: c.Clip.Keep},
		Office: &publish.Office{DB: db, Hosts: hosts, Every: time.Duration(c.Publish.Every)},
		Book:   &feed.Book{DB: db, Box: box, Check: c.Deliver.check},
	}
	a.Folder = &ingest.Folder{Door: a.Door, Account: a.folderAccount, Interval: time.Duration(c.Folder.Interval)}
	if c.Folder.Path != "" {
		a.Folder.Dir = c.under(c.Folder.Path)
	}
	a.Feed = &feed.Engine{DB: db, People: a.People}
	a.Maker = &order.Maker{DB: db, Originals: originals, Marks: marks, Dir: c.under("made"), Budget: budget, Limits: a.Door.PhotoLimits}
	a.Sending = a.sending(box)
	a.Links = &deliver.Links{DB: db, Key: box.Key("delivery links"), Base: c.Web.URL, Maker: a.Maker}
	if c.Web.URL != "" {
		a.Maker.Link = a.Links.Link
	}
	a.FTP = &ftp.Server{DB: db, People: a.People, Door: a.Door, Dir: c.under("ftp"), Settings: doors, Log: log}
	return a, nil
}

// folderAccount gives the id of the account that the watched folder's photographs come from.
func (a *App) folderAccount(ctx context.Context) (string, error) {
	all, err := a.People.List(ctx)
	if err != nil {
		return "", err
	}
	for _, one := range all {
		if strings.EqualFold(one.Name, a.Config.Folder.Account) && !one.Disabled {
			return one.ID, nil
		}
	}
	return "", fmt.Errorf("folder.account names %q, and there is no such account", a.Config.Folder.Account)
}

func workers(n int) int {
	if n == 0 {
		return runtime.NumCPU()
	}
	return n
}

// Close ends the database; nothing of the App may be running.
func (a *App) Close() error { return a.DB.Close() }

// newLog writes to w as the config asks.
func newLog(w io.Writer, c LogConfig) *slog.Logger {
	if w == nil {
		w = os.Stderr
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo // Validate has refused anything else
	}
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
