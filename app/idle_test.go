package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"oneframe/app/feed"
	"oneframe/app/ingest"
	"oneframe/app/moderation/crowd"
	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/testdata"
)

// restless is a site that has had some of everything to do: a photograph for a
// subscriber, an outside crowd, a slot, a watched folder.
func restless(t *testing.T) *App {
	t.Helper()
	c := Defaults()
	c.Data, c.Import.Demo, c.Moderation.Private, c.Web.URL = t.TempDir(), false, true, "http://127.0.0.1:1"
	c.Folder.Path, c.Folder.Account = "folder", "ann"
	a, err := New(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	a.Door.Default.Required = nil
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(a.Folder.Dir, 0o750))
	ann, err := a.People.Add(t.Context(), "ann", "a long password", "photographer")
	must(err)
	s, err := a.Book.AddSubscriber(t.Context(), "account:a", feed.NewSubscriber{Name: "Daily"})
	must(err)
	_, err = a.Book.AddRule(t.Context(), "account:a", s.ID, feed.Draft{Text: "byline is present or headline contains falcon", Active: true})
	must(err)
	_, _, err = a.Crowds.Add(t.Context(), "account:a", crowd.New{Name: "outside", Kind: crowd.Push, URL: "http://127.0.0.1:1/"})
	must(err)
	must(a.DB.Write(t.Context(), func(tx *store.Tx) error {
		return slot.Add(tx, []slot.Slot{{ID: slot.ID{Clip: "c", Number: 1}, Hold: 2}})
	}))
	b, err := os.ReadFile(testdata.Path(t, "photos/nps-falcon.jpg"))
	must(err)
	_, err = a.Door.Accept(t.Context(), ingest.Upload{Data: b, Origin: "api", Account: ann.ID, FileName: "a.jpg"})
	must(err)
	return a
}

// Once there is nothing to do a site does nothing: what its loops look at in vain changes
// nothing, so that none of them wakes the others. Time is the test's own.
func TestAnIdleSiteComesToRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := restless(t)
		ctx, stop := context.WithCancel(t.Context())
		over := make(chan error, 1)
		go func() { over <- a.Loops(ctx) }()
		quiet := func(d time.Duration) bool {
			changed := a.DB.Changed()
			time.Sleep(d) // takes no time
			select {
			case <-changed:
				return false
			default:
				return true
			}
		}
		busy := 0
		for ; busy < 5 && !quiet(time.Minute/2); busy++ {
		}
		if busy == 0 || !quiet(10*time.Minute) {
			t.Errorf("after %d half minutes of work somebody changes something still", busy)
		}
		stop()
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
}

// A round that fails, or panics, is tried again later each time, however much else
// happens on the site.
func TestAFailingRoundIsTriedLaterEachTime(t *testing.T) {
	t.Parallel()
	for what, fail := range map[string]step{
		"error": func(context.Context) (bool, error) { return true, errors.New("no luck") },
		"panic": func(context.Context) (bool, error) { panic("no luck") },
	} {
		synctest.Test(t, func(t *testing.T) {
			db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "x.db"))
			if err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			a := &App{DB: db, Log: slog.New(slog.NewTextHandler(&log, nil))}
			ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute) // which take no time
			rounds := 0
			a.loop(ctx, "unlucky", func(ctx context.Context) (bool, error) {
				rounds++
				if err := db.Write(ctx, func(tx *store.Tx) error {
					return slot.Add(tx, []slot.Slot{{ID: slot.ID{Clip: "c", Number: rounds}, Hold: 2}})
				}); err != nil {
					t.Error(err)
				}
				return fail(ctx)
			})
			stop()
			if rounds < 10 || rounds > 20 || strings.Count(log.String(), "no luck") != rounds {
				t.Errorf("%s: %d rounds in ten minutes: %s", what, rounds, &log)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
