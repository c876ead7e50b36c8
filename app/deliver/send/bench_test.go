package send_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
)

// cpu is the CPU time of this process so far, in nanoseconds.
func cpu(t testing.TB) int64 {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkHTTP sends pictures of 200 kB over eight kept connections. Put is the baseline:
// plain requests of net/http to the same server, which throws away what it reads.
// Receiver is examples/receiver, which checks everything and stores it durably.
func BenchmarkHTTP(b *testing.B) {
	const senders = 8
	picture := bytes.Repeat([]byte("picture."), 25_000)
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // the sender sees how it ends
	}))
	defer sink.Close()
	durable := receiver(b, b.TempDir()).address + "/pictures"
	var number atomic.Int64
	run := func(b *testing.B, one func() func() error) {
		b.SetParallelism((senders + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
		start := cpu(b)
		b.RunParallel(func(pb *testing.PB) {
			do := one()
			for pb.Next() {
				if err := do(); err != nil {
					b.Error(err)
					return
				}
			}
		})
		b.ReportMetric(float64(cpu(b)-start)/1e3/float64(b.N), "cpu-us/op")
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pictures/s")
	}
	parcels := func(b *testing.B, at string) func() func() error {
		like := parcel("", "", string(picture))
		return func() func() error {
			s := open(b, target(b, at, secret), local())
			return func() error {
				p := like
				n := number.Add(1)
				p.Delivery, p.Name, p.Sidecar = fmt.Sprintf("d%d", n), fmt.Sprintf("%d/%d.jpg", n%100, n), nil
				p.Open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(picture)), nil }
				_, err := s.Send(b.Context(), p)
				return err
			}
		}
	}
	b.Run("Put", func(b *testing.B) {
		run(b, func() func() error {
			c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
			return func() error {
				q, err := http.NewRequestWithContext(b.Context(), http.MethodPut, sink.URL, bytes.NewReader(picture))
				if err != nil {
					return err
				}
				res, err := c.Do(q)
				if err != nil {
					return err
				}
				return res.Body.Close()
			}
		})
	})
	b.Run("Send", func(b *testing.B) { run(b, parcels(b, sink.URL)) })
	b.Run("Receiver", func(b *testing.B) { run(b, parcels(b, durable)) })
}
