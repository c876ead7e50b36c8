package publish

import (
	"net/http"
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	t.Parallel()
	want := map[int]time.Duration{0: 60, 1: 60, 2: 120, 3: 240, 4: 480, 8: 7680, 9: 15360, 10: 21600, 11: 21600, 1 << 30: 21600}
	for failure, seconds := range want {
		if got := Backoff(failure); got != seconds*time.Second {
			t.Errorf("after failure %d: %s, want %d s", failure, got, seconds)
		}
	}
	for looks, seconds := range map[int]time.Duration{0: 10, 1: 10, 2: 20, 6: 320, 7: 600, 100: 600} {
		if got := patience(looks); got != seconds*time.Second {
			t.Errorf("after look %d: %s, want %d s", looks, got, seconds)
		}
	}
}

func TestStored(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]int64{"": 0, "bytes=0--1": 0, "bytes=0-0": 1, "bytes=0-999": 1000, "bytes = 0-9": 10} {
		if got, err := stored(header); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", header, got, err, want)
		}
	}
	for _, header := range []string{"bytes=5-9", "bytes=0--2", "bytes=0-x", "0-9", "bytes=0-", "bytes=0-99999999999999999999"} {
		if got, err := stored(header); err == nil {
			t.Errorf("%q: %d, want an error", header, got)
		}
	}
}

func TestChunks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ want, least, size, chunk int64 }{
		{0, 0, 30 << 20, 8 << 20},
		{1000, 0, 30 << 20, 1000},
		{0, 16 << 20, 30 << 20, 16 << 20},
		{1000, 500, 9_000, 1000},
		{1000, 500, 50_000_001, 5001},
	} {
		if got := chunkFor(c.want, c.least, c.size); got != c.chunk {
			t.Errorf("chunkFor(%d, %d, %d) = %d, want %d", c.want, c.least, c.size, got, c.chunk)
		}
	}
	for _, c := range []struct {
		chunk, smaller int64
		ok             bool
	}{{8 << 20, 4 << 20, true}, {0, 4 << 20, true}, {300 << 10, leastChunk, true}, {leastChunk, leastChunk, false}, {1000, leastChunk, false}} {
		if got, ok := smaller(c.chunk); got != c.smaller || ok != c.ok {
			t.Errorf("smaller(%d) = %d, %t", c.chunk, got, ok)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, "-5": 0, "soon": 0, "999999999999": 24 * time.Hour,
		now.Add(time.Minute).Format(http.TimeFormat): time.Minute, now.Add(-time.Minute).Format(http.TimeFormat): 0,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

func TestProblem(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"status":403,"title":"Forbidden","detail":"Not yours","code":"x_y"}`: "Doing: the host answered 403 Not yours [x_y]",
		`{"error":{"code":"FileNotFound","message":"Not found"}}`:              "Doing: the host answered 403 Not found [FileNotFound]",
		`{"error":"No.","developer_message":"Say please.","error_code":3427}`:  "Doing: the host answered 403 Say please. [3427]",
		`{"code":"invalid_grant","error":"Old words"}`:                         "Doing: the host answered 403 Old words [invalid_grant]",
		"<html>a proxy</html>":          "Doing: the host answered 403 Forbidden",
		"":                              "Doing: the host answered 403 Forbidden",
		`{"detail":"two\nlines  here"}`: "Doing: the host answered 403 two lines here",
	} {
		if got := (reply{status: 403, body: []byte(body)}).says("Doing"); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	long := make([]rune, 200)
	for i := range long {
		long[i] = 'ä'
	}
	for title, want := range map[string]string{"": "The clip", "ab": "The clip ab", " A clip ": "A clip", string(long): string(long[:120])} {
		if got := videoName(title); got != want {
			t.Errorf("%q became %q", title, got)
		}
	}
	a, b := modified("00000000ff11"), modified("00000001ff11")
	if a == b || a != 0xff || modified("not hex") <= 0 {
		t.Errorf("%d, %d, %d", a, b, modified("not hex"))
	}
}
