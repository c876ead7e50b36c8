package send_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"oneframe/app/deliver"
	"oneframe/app/deliver/send"
	"oneframe/app/picture"
	"oneframe/app/seal"
	database "oneframe/app/store"
)

// BenchmarkOffice is everything between the queue and a real server: pictures of 200 kB are
// claimed, sent to five subscribers over four connections each, compared, renamed, and
// noted durably.
//
//	go test -run '^$' -bench Office -benchtime 2000x ./app/deliver/send
func BenchmarkOffice(b *testing.B) {
	for protocol, server := range map[string]func(testing.TB) *place{"FTP": vsftpd("ftp"), "FTPS": vsftpd("ftpes"), "SFTP": sshd("")} {
		b.Run(protocol, func(b *testing.B) { office(b, server(b)) })
	}
}

func office(b *testing.B, p *place) {
	b.StopTimer()
	dir := b.TempDir()
	box, err := seal.Open(filepath.Join(dir, "key"))
	if err != nil {
		b.Fatal(err)
	}
	db, err := database.Open(b.Context(), filepath.Join(dir, "x.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	queued(b, db, box, p)
	content := bytes.Repeat([]byte("picture."), 25_000)
	sum := sha256.Sum256(content)
	var sent atomic.Int64
	o := &deliver.Office{DB: db, Box: box, Log: slog.New(slog.DiscardHandler), Jitter: func() float64 { return 0.5 },
		Make: func(_ context.Context, o deliver.Order) (send.Parcel, error) {
			return send.Parcel{Delivery: o.Delivery.ID, Picture: string(o.Picture.ID), Version: 1, Kind: string(o.Delivery.Kind), ContentType: "image/jpeg",
				Name: o.Delivery.Subscriber + "/" + string(o.Picture.ID) + ".jpg", Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]),
				Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }}, nil
		},
		Open: func(ctx context.Context, t send.Target) (send.Sender, error) {
			s, err := send.Open(ctx, t, p.Network)
			return counting{s, &sent}, err
		}}
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	before := cpu(b)
	b.StartTimer()
	var g sync.WaitGroup
	g.Go(func() {
		if err := o.Serve(ctx); err != nil {
			b.Error(err)
		}
	})
	for sent.Load() < int64(b.N) && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond) // the servers are real, and so is the time
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pictures/s")
	b.ReportMetric(float64(cpu(b)-before)/1e3/float64(b.N), "cpu-us/op")
	stop()
	g.Wait()
}

// queued makes five subscribers of the place, and b.N deliveries that wait for them.
func queued(b *testing.B, db *database.DB, box *seal.Box, p *place) {
	b.Helper()
	address := p.Target.URL.String()
	if err := db.Write(b.Context(), func(tx *database.Tx) error {
		const subscribers = 5
		for i := range subscribers {
			if _, err := deliver.SetDestination(tx, box, fmt.Sprint("s", i), deliver.NewDestination{URL: &address, Secret: p.Target.Secret, Limits: &deliver.Limits{Connections: 4}}); err != nil {
				return err
			}
		}
		for i := range b.N {
			id := picture.ID(fmt.Sprintf("p%06d", i))
			if _, err := picture.Record(tx, picture.New{ID: id, Origin: "ftp", Account: "a", Original: "00", Type: "image/jpeg", FileName: "x.jpg", Approver: "account:a"}); err != nil {
				return err
			}
			if _, err := deliver.Enqueue(tx, deliver.New{Picture: id, Version: 1, Subscriber: fmt.Sprint("s", i%subscribers), Priority: 500}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
}

// counting counts what its sender has sent.
type counting struct {
	send.Sender
	n *atomic.Int64
}

func (c counting) Send(ctx context.Context, p send.Parcel) (send.Receipt, error) {
	r, err := c.Sender.Send(ctx, p)
	if err == nil {
		c.n.Add(1)
	}
	return r, err
}
