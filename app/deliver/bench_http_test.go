package deliver

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"oneframe/app/deliver/send"
	"oneframe/app/store"
)

// BenchmarkSustained has b.N pictures of 200 kB wait for 20 subscribers and sends them by
// HTTP to examples/receiver, which checks and stores each durably, as the office notes each
// durably. -benchtime says for how long.
func BenchmarkSustained(b *testing.B) {
	b.StopTimer()
	const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	s, address, names := newSite(b), receiver(b, secret), []string{}
	for i := range 20 {
		name := fmt.Sprint("s", i)
		write(b, s.DB, func(tx *store.Tx) error {
			_, err := SetDestination(tx, s.Office.Box, name, NewDestination{URL: &address, Secret: secret})
			return err
		})
		names = append(names, name)
	}
	content := make([]byte, 200_000)
	_, _ = rand.Read(content) // never fails (crypto/rand)
	sum := sha256.Sum256(content)
	s.Office.Make = func(_ context.Context, o Order) (send.Parcel, error) {
		return send.Parcel{Delivery: o.Delivery.ID, Picture: string(o.Picture.ID), Version: o.Delivery.Version, Kind: string(o.Delivery.Kind), ContentType: "image/jpeg",
			Name: o.Delivery.Subscriber + "/" + string(o.Picture.ID) + ".jpg", Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]),
			Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }}, nil
	}
	var sent atomic.Int64
	s.Office.Open = func(ctx context.Context, t send.Target) (send.Sender, error) {
		to, err := send.Open(ctx, t, send.Network{Private: true})
		return counted{to, &sent}, err
	}
	s.queue((b.N+len(names)-1)/len(names), names...)
	before := cpu(b)
	b.StartTimer()
	stop := s.serve()
	for sent.Load() < int64(b.N) {
		time.Sleep(10 * time.Millisecond)
		if b.Context().Err() != nil {
			b.Fatal("it never ended")
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pictures/s")
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N)/1000, "cpu-ms/op")
	stop()
}

// counted counts what its sender has sent.
type counted struct {
	send.Sender
	n *atomic.Int64
}

func (c counted) Send(ctx context.Context, p send.Parcel) (send.Receipt, error) {
	r, err := c.Sender.Send(ctx, p)
	if err == nil {
		c.n.Add(1)
	}
	return r, err
}

// receiver starts examples/receiver and gives its address.
func receiver(b *testing.B, secret string) string {
	b.Helper()
	dir := b.TempDir()
	path := filepath.Join(dir, "receiver")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", path, "../../examples/receiver").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	c := exec.Command(path, "-listen", "127.0.0.1:0", "-folder", filepath.Join(dir, "pictures"))
	c.Env, c.Stderr = append(os.Environ(), "RECEIVER_SECRET="+secret), os.Stderr
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = c.Process.Kill() // it has not ended by itself
		_ = c.Wait()         // it was killed
	})
	said := bufio.NewScanner(out)
	if !said.Scan() {
		b.Fatalf("the receiver said nothing: %v", said.Err())
	}
	return said.Text() + "/pictures"
}
