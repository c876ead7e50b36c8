package web

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// crowded fills two thirds of a clip of 3:40, 2,750 slots, with accepted frames.
func crowded(b *testing.B, s *site) {
	b.Helper()
	err := s.rooms.DB.Write(b.Context(), func(tx *store.Tx) error {
		for n := 13; n <= 2750; n++ {
			id := slot.ID{Clip: "dance", Number: n}
			if err := slot.Add(tx, []slot.Slot{{ID: id, First: 2 * n, Hold: 2, Start: time.Duration(n) * 80 * time.Millisecond}}); err != nil {
				return err
			}
			if n%3 == 0 {
				continue
			}
			if err := fill(tx, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// fill puts an accepted frame into a slot, without its files.
func fill(tx *store.Tx, at slot.ID) error {
	l, err := slot.Take(tx, at.Clip, at.Number, time.Hour)
	if err != nil {
		return err
	}
	if _, err := slot.Fill(tx, l.Token); err != nil {
		return err
	}
	id := picture.ID(store.NewID())
	key := func(size string) vault.Key { return vault.KeyOf([]byte(size + string(id))) }
	if _, err := picture.Record(tx, picture.New{ID: id, Origin: "webcam", Slot: at, Name: "Ann", Consent: "1", Original: key("o"), Type: "image/jpeg", Width: 1280, Height: 720}); err != nil {
		return err
	}
	if err := picture.Ready(tx, id, picture.Renditions{Large: key("l"), Medium: key("m"), Thumb: key("t"), Width: 1280, Height: 720}); err != nil {
		return err
	}
	_, err = picture.Settle(tx, id, picture.Verdict{State: picture.Accepted, By: "crowd", Score: 4, Judgments: 3})
	return err
}

// load asks a handler for the path over loopback, from 32 connections, and reports
// requests a second and the wait that 99 % stayed under. The clients run on the same
// cores as the site.
func load(b *testing.B, h http.Handler, path string) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	defer server.Close()
	request := "GET " + path + " HTTP/1.1\r\nHost: frames.example\r\nAccept-Encoding: gzip\r\n\r\n"

	const clients = 32
	took := make([][]time.Duration, clients)
	var left atomic.Int64
	left.Store(int64(b.N))
	size := get(b, l.Addr().String(), request)
	var all sync.WaitGroup
	b.ResetTimer()
	for i := range clients {
		all.Go(func() {
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			r := bufio.NewReaderSize(conn, 64<<10)
			for left.Add(-1) >= 0 {
				begun := time.Now()
				if _, err := ask(conn, r, request); err != nil {
					b.Error(err)
					return
				}
				took[i] = append(took[i], time.Since(begun))
			}
		})
	}
	all.Wait()
	b.StopTimer()
	every := slices.Concat(took...)
	slices.Sort(every)
	b.ReportMetric(float64(len(every))/b.Elapsed().Seconds(), "req/s")
	b.ReportMetric(float64(every[len(every)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(size), "bytes")
}

func get(b *testing.B, address, request string) int {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	n, err := ask(conn, bufio.NewReader(conn), request)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// ask sends a request and reads the answer to its end; it must be 200.
func ask(conn io.Writer, r *bufio.Reader, request string) (length int, err error) {
	if _, err := io.WriteString(conn, request); err != nil {
		return 0, err
	}
	status, err := r.ReadString('\n')
	if err != nil || !strings.Contains(status, " 200 ") {
		return 0, fmt.Errorf("%q: %w", status, err)
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return 0, err
		}
		if line == "\r\n" {
			break
		}
		if n, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			if _, err := fmt.Sscan(n, &length); err != nil {
				return 0, err
			}
		}
	}
	_, err = r.Discard(length)
	return length, err
}

// busy is a site with a crowd, for load.
func busy(b *testing.B) *echo.Echo {
	s := newSite(b, func(s *Settings) { s.Limits = false })
	crowded(b, s)
	return s.e
}

// BenchmarkBare is the least that net/http does for an answer as long as the home page's.
func BenchmarkBare(b *testing.B) {
	page := make([]byte, 3500)
	load(b, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(page)))
		_, _ = w.Write(page)
	}), "/")
}

func BenchmarkHome(b *testing.B) { load(b, busy(b), "/") }

func BenchmarkTimeline(b *testing.B) { load(b, busy(b), "/api/v1/clips/dance/timeline") }

func BenchmarkRevision(b *testing.B) {
	s := newSite(b)
	crowded(b, s)
	srv := &Server{Rooms: s.rooms, memory: newCache()}
	for b.Loop() {
		if _, err := srv.readRevision(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTimelineAnew is what the first visitor after a change costs.
func BenchmarkTimelineAnew(b *testing.B) {
	s := newSite(b)
	crowded(b, s)
	srv := &Server{Rooms: s.rooms, Settings: Settings{Pick: "newest"}}
	for b.Loop() {
		if err := s.rooms.DB.Read(b.Context(), func(tx *store.Tx) error { _, _, err := srv.places(tx, "dance", "", 0, 1<<30); return err }); err != nil {
			b.Fatal(err)
		}
	}
}
