package web

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"oneframe/app/deliver"
	"oneframe/app/deliver/pace"
	"oneframe/app/deliver/send"
	"oneframe/app/people"
)

func TestPrometheusReadsTheDeliveries(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	boss, mod := s.hire("boss", people.Admin), s.hire("mod", people.Moderator)
	sea := s.subscribed(`sea "quoted"`)
	s.accepted("Ann", mod)
	s.follow()
	for day, n := range map[string]int{"2026-03-01": 3, "2026-02-28": 4, "2025-01-01": 5} {
		s.alter(`INSERT INTO deliver_day (subscriber, day, what, n) VALUES ($1, $2, 'sent', $3), ($1, $2, 'down', 1), ($1, $2, $4, $3)`, sea, day, n, fmt.Sprintf("latency %02d", pace.Bucket(time.Second)))
	}
	if rec := s.send("GET", "/metrics", nil, mod); rec.Code != http.StatusForbidden {
		t.Errorf("a moderator: %d", rec.Code)
	}
	if rec := s.send("GET", "/metrics", nil); rec.Code != http.StatusUnauthorized {
		t.Errorf("a Prometheus without a token: %d", rec.Code)
	}
	for range 2 { // the second time what is past comes from memory
		rec := s.send("GET", "/metrics", nil, boss)
		for _, want := range []string{"# TYPE oneframe_delivery_queue gauge\n", `oneframe_delivery_queue{subscriber="` + sea + `",state="waiting"} 1` + "\n", `oneframe_deliveries_sent_total{subscriber="` + sea + `"} 12` + "\n",
			`,kind="down"} 3` + "\n", `le="0.64"} 0` + "\n", `le="2.56"} 12` + "\n", `le="+Inf"} 12` + "\n", `_count{subscriber="` + sea + `"} 12` + "\n", `\"quoted\"`} {
			if got := rec.Body.String(); rec.Code != http.StatusOK || !strings.Contains(got, want) {
				t.Fatalf("%d, no %q in\n%s", rec.Code, want, got)
			}
		}
	}
}

// However many subscribers there are, the number of series is bounded.
func TestTheMetricsAreBounded(t *testing.T) {
	t.Parallel()
	var all []measure
	for i := range labelsMost + 50 {
		all = append(all, measure{id: fmt.Sprintf("%04d", i), glance: deliver.Glance{Waiting: 1, Destination: deliver.Destination{Failed: i == labelsMost}},
			ever: deliver.Totals{Sent: 2, Failed: map[send.Kind]int64{send.Down: 1}}, behind: time.Duration(i)})
	}
	got := fold(all)
	rest := got[len(got)-1]
	if len(got) != labelsMost+1 || rest.id != "other" || rest.glance.Waiting != 50 || rest.ever.Sent != 100 || rest.ever.Failed[send.Down] != 50 || !rest.glance.Destination.Failed || rest.behind != labelsMost+49 {
		t.Errorf("%d, %+v", len(got), rest)
	}
	if len(fold(all[:3])) != 3 {
		t.Error("few are folded")
	}
}

func TestTheMetricsHaveAnAddressOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := ServeMetrics(t.Context(), &Metrics{}, address, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "metrics.address") {
		t.Errorf("an address that is taken: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- ServeMetrics(ctx, &Metrics{DB: s.rooms.DB, Sending: s.rooms.Sending}, address, slog.New(slog.DiscardHandler))
	}()
	var resp *http.Response
	for resp == nil && t.Context().Err() == nil {
		if resp, err = http.Get("http://" + address + "/metrics"); err != nil {
			select {
			case err := <-ended:
				t.Fatal(err)
			default:
			}
		}
	}
	raw, err := io.ReadAll(resp.Body)
	if resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(raw), "oneframe_subscriber_info") {
		t.Errorf("%d %s %v", resp.StatusCode, raw, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
