package app

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"oneframe/app/deliver"
	"oneframe/app/feed"
	"oneframe/app/ingest"
	"oneframe/app/people"
)

// BenchmarkAccepted has a whole site at rest take in a photograph of about 200 kB of a
// trusted account, and reports how long it takes from its acceptance until it lies in the
// folder of a subscriber one of whose rules asks for it.
func BenchmarkAccepted(b *testing.B) {
	c := Defaults()
	c.Data, c.Import.Demo, c.Profile.Trusted, c.Deliver.Folders = b.TempDir(), false, true, []string{b.TempDir()}
	a, err := New(context.Background(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	a.Door.Default.Required = nil
	ann, err := a.People.Add(b.Context(), "ann", "a long password", people.Photographer)
	if err != nil {
		b.Fatal(err)
	}
	folder := filepath.Join(c.Deliver.Folders[0], "daily")
	address := "file://" + folder
	s, err := a.Book.Subscribe(b.Context(), "account:a", feed.NewSubscriber{Name: "Daily"}, deliver.NewDestination{URL: &address})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := a.Book.AddRule(b.Context(), "account:a", s.ID, feed.Draft{Text: "not keyword has secret", Active: true}); err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var loops sync.WaitGroup
	loops.Go(func() {
		if err := a.Loops(ctx); err != nil {
			b.Error(err)
		}
	})
	b.Cleanup(func() {
		stop()
		loops.Wait()
		if err := a.Close(); err != nil {
			b.Error(err)
		}
	})
	var all []time.Duration
	for i := range b.N {
		receipt, err := a.Door.Accept(b.Context(), ingest.Upload{Data: noise(b), Origin: "api", Account: ann.ID, FileName: fmt.Sprint(i, ".jpg")})
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		for there := filepath.Join(folder, string(receipt.ID)+".jpg"); ; time.Sleep(time.Millisecond) { // a folder tells nobody: this is how a subscriber watches it
			if _, err := os.Stat(there); err == nil {
				break
			}
			if time.Since(began) > time.Minute {
				b.Fatal("it never came")
			}
		}
		all = append(all, time.Since(began))
		time.Sleep(500 * time.Millisecond) // real time, since the site is real: its renditions are made, and all loops are at rest again
	}
	slices.Sort(all)
	b.ReportMetric(all[len(all)/2].Seconds()*1000, "p50-ms")
	b.ReportMetric(all[len(all)*95/100].Seconds()*1000, "p95-ms")
}

// noise is a JPEG like no other, of about 200 kB.
func noise(b *testing.B) []byte {
	b.Helper()
	img := image.NewGray(image.Rect(0, 0, 560, 400))
	for i := range img.Pix {
		img.Pix[i] = byte(rand.IntN(256))
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 85}); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}
