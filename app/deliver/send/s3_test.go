package send_test

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"oneframe/app/deliver/send"
)

func TestS3(t *testing.T) {
	t.Parallel()
	at, dir, _ := store(t)
	s := open(t, target(t, at, "secret"), local())
	p := parcel("d1", "2026/grüße +1.jpg", strings.Repeat("first", 50_000))
	for range 2 {
		r, err := s.Send(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if r.Remote != "s3://pictures/from/us/2026/grüße +1.jpg" || r.Sidecar != r.Remote+".xmp" || r.Bytes != p.Size+4 || r.Verified != "md5" {
			t.Errorf("the receipt is %+v", r)
		}
		if got := files(t, dir); len(got) != 2 || got["from/us/2026/grüße +1.jpg"] != strings.Repeat("first", 50_000) {
			t.Errorf("the bucket holds %d objects", len(got))
		}
	}
	recall := send.Recall{ID: "r1", Delivery: "d1", Remote: "s3://pictures/from/us/2026/grüße +1.jpg"}
	if r, err := s.Recall(t.Context(), recall); err != nil || !strings.Contains(r.Answer, "doesn't allow it") || len(files(t, dir)) != 2 {
		t.Errorf("recalled where deleting is not allowed: %+v, %v", r, err)
	}
	recall.Delete, recall.Sidecar = true, recall.Remote+".xmp"
	for range 2 {
		if r, err := s.Recall(t.Context(), recall); err != nil || r.Answer != "Deleted." || len(files(t, dir)) != 0 {
			t.Errorf("recalled: %+v, %v", r, err)
		}
	}
	recall.Remote = "s3://other/a.jpg"
	_, err := s.Recall(t.Context(), recall)
	wants(t, "another bucket's object", err, send.Refused)

	for name, c := range map[string]struct {
		at, secret string
		edit       func(*send.Parcel)
		kind       send.Kind
	}{
		"another secret": {at, "guess", nil, send.Hopeless},
		"another key":    {strings.Replace(at, "AKID", "NOBODY", 1), "secret", nil, send.Hopeless},
		"another bucket": {strings.Replace(at, "pictures", "nothing", 1), "secret", nil, send.Hopeless},
		"a changed file": {at, "secret", func(p *send.Parcel) { p.SHA256 = strings.Repeat("0", 64) }, send.Down},
		"a short file":   {at, "secret", func(p *send.Parcel) { p.Size++ }, send.Ours},
	} {
		p := parcel("d2", "b.jpg", "content")
		p.Sidecar = nil
		if c.edit != nil {
			c.edit(&p)
		}
		_, err := open(t, target(t, c.at, c.secret), local()).Send(t.Context(), p)
		wants(t, name, err, c.kind)
	}
	if got := files(t, dir); !maps.Equal(got, map[string]string{}) {
		t.Errorf("the bucket holds %v", got)
	}
}

// What a store says in its error document decides, then its status.
func TestFailuresOfStores(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code, status, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/pictures/"), "/")
		n := map[string]int{"403": 403, "503": 503, "500": 500, "400": 400, "301": 301}[status[:3]]
		w.WriteHeader(n)
		_, _ = w.Write([]byte("<Error><Code>" + code + "</Code><Message>because\u202e</Message></Error>")) // the sender sees how it ends
	}))
	defer s.Close()
	for what, kind := range map[string]send.Kind{"AccessDenied/403": send.Hopeless, "SlowDown/503": send.Busy, "EntityTooLarge/400": send.Hopeless, "BadDigest/400": send.Down,
		"RequestTimeTooSkewed/403": send.Ours, "Novel/403": send.Hopeless, "Novel/400": send.Refused, "Novel/500": send.Down, "Novel/503": send.Busy, "Novel/301": send.Hopeless} {
		sender := open(t, target(t, "s3://AKID@pictures/"+what+"?endpoint="+url.QueryEscape(s.URL), "secret"), local())
		p := parcel("d1", "a.jpg", "content")
		p.Sidecar = nil
		_, err := sender.Send(t.Context(), p)
		wants(t, what, err, kind)
		if e, ok := errors.AsType[*send.Error](err); ok && strings.Contains(e.Answer+e.Message, "\u202e") {
			t.Errorf("%s: %q, %q", what, e.Message, e.Answer)
		}
	}
	for name, c := range map[string]struct {
		at   string
		n    send.Network
		kind send.Kind
	}{
		"a private network": {"s3://AKID@pictures?endpoint=https://127.0.0.1", send.Network{}, send.Hopeless},
		"by http":           {"s3://AKID@pictures?endpoint=http://1.1.1.1", send.Network{}, send.Hopeless},
		"no key":            {"s3://pictures?endpoint=https://1.1.1.1", send.Network{}, send.Hopeless},
		"nobody there":      {"s3://AKID@pictures?endpoint=http://127.0.0.1:1", local(), send.Down},
	} {
		sender, err := send.Open(t.Context(), target(t, c.at, "secret"), c.n)
		if err == nil {
			_, err = sender.Send(t.Context(), parcel("d1", "a.jpg", "content"))
			sender.Close()
		}
		wants(t, name, err, c.kind)
	}
}
