package send_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"oneframe/app/deliver/send"
	"oneframe/app/webhook"
)

func TestTheReceiverOfTheExamples(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := receiver(t, dir).address + "/pictures"
	s := open(t, target(t, at, secret), local())
	want := func(what string, all map[string]string) {
		t.Helper()
		if got := files(t, dir); !maps.Equal(got, all) {
			t.Errorf("%s: the folder holds %v, want %v", what, got, all)
		}
	}
	put := func(p send.Parcel, kind send.Kind, answer string) {
		t.Helper()
		r, err := s.Send(t.Context(), p)
		wants(t, p.Name, err, kind)
		if kind == "" && (!strings.HasPrefix(r.Answer, answer) || r.Remote != p.Name || r.Bytes < p.Size) {
			t.Errorf("%s: the receipt is %+v", p.Name, r)
		}
	}
	first := parcel("d1", "2026/11/a.jpg", "first")
	put(first, "", "201")
	put(first, "", "200")
	want("a repeat", map[string]string{"2026/11/a.jpg": "first", "2026/11/a.jpg.xmp": "<x/>"})

	second := parcel("d1", "2026/11/b.jpg", "second")
	second.Version, second.Kind, second.Sidecar = 2, "update", nil
	put(second, "", "201")
	want("another version takes the old one's place", map[string]string{"2026/11/b.jpg": "second"})

	changed := parcel("d2", "c.jpg", "third")
	changed.SHA256, changed.Sidecar = first.SHA256, nil
	put(changed, send.Refused, "")
	outside := parcel("d3", "../c.jpg", "fourth")
	put(outside, send.Refused, "")
	want("nothing half, nothing outside", map[string]string{"2026/11/b.jpg": "second"})

	stranger := open(t, target(t, at, "whsec_"+strings.Repeat("QUJD", 10)), local())
	_, err := stranger.Send(t.Context(), parcel("d4", "d.jpg", "fifth"))
	wants(t, "another secret", err, send.Hopeless)

	if _, err := s.Recall(t.Context(), send.Recall{ID: "r1", Delivery: "d1", Picture: "p1", Reason: "withdrawn", Delete: true}); err != nil {
		t.Error(err)
	}
	want("recalled", map[string]string{})
	second.Version++
	put(second, "", "201")
	want("given again after the recall", map[string]string{"2026/11/b.jpg": "second"})
}

func TestALinkIsFetched(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "linked") }))
	defer site.Close()
	to := target(t, receiver(t, dir).address+"/pictures", secret)
	to.Style = send.Link
	s := open(t, to, local())
	p := parcel("d1", "a.jpg", "linked")
	p.Open = func() (io.ReadCloser, error) { return nil, errors.New("the picture is not sent") }
	if _, err := s.Send(t.Context(), p); send.KindOf(err) != send.Ours {
		t.Errorf("without a link: %v", err)
	}
	p.Link = func() (string, time.Time) { return site.URL + "/x", time.Now().Add(time.Hour) }
	if _, err := s.Send(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if got := files(t, dir); got["a.jpg"] != "linked" || got["a.jpg.xmp"] != "<x/>" {
		t.Errorf("the folder holds %v", got)
	}
}

// What any library of Standard Webhooks checks is enough to trust the form.
func TestTheFirstPartIsSigned(t *testing.T) {
	t.Parallel()
	key, err := webhook.ParseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form, err := r.MultipartReader()
		var part *multipart.Part
		var msg []byte
		if err == nil {
			part, err = form.NextPart()
		}
		if err == nil {
			msg, err = io.ReadAll(part)
		}
		id, wrong := webhook.Verify(r.Header, msg, time.Now(), key)
		if err = errors.Join(err, wrong); err != nil || r.ContentLength <= 0 || part.FormName() != "message" ||
			!strings.Contains(string(msg), `"type":"picture.delivered"`) || !strings.Contains(string(msg), `"headline":"Grüße"`) {
			t.Errorf("%d bytes, %v: %s", r.ContentLength, err, msg)
		}
		ids = append(ids, id)
		w.Header().Set("Location", "/stored/17?x=1")
		http.Error(w, "thank\x1b[31m you\r\n\u202e", http.StatusCreated)
	}))
	defer s.Close()
	sender := open(t, target(t, s.URL+"/in?tenant=1", secret), local())
	p := parcel("d1", "a.jpg", "content")
	for range 2 {
		r, err := sender.Send(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if r.Remote != s.URL+"/stored/17?x=1" || r.Answer != "201 Created thank[31m you" {
			t.Errorf("the receipt is %+v", r)
		}
	}
	p.Version, p.Kind = 2, "update"
	if _, err := sender.Send(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if len(ids) != 3 || ids[0] != ids[1] || ids[1] == ids[2] {
		t.Errorf("a try again has the same id, another version another one: %q", ids)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	followed := false
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, after := 0, ""
		fmt.Sscanf(r.URL.Path, "/%d", &status)
		if r.URL.Path == "/there" {
			followed = true
			return
		}
		if status == 429 {
			after = "120"
		}
		w.Header().Set("Retry-After", after)
		w.Header().Set("Location", "/there?key=abc")
		w.WriteHeader(status)
		fmt.Fprint(w, strings.Repeat("x\x00", 100_000))
	}))
	defer s.Close()
	for status, want := range map[int]send.Kind{200: "", 202: "", 204: "", 301: send.Hopeless, 302: send.Hopeless, 307: send.Hopeless, 400: send.Refused,
		401: send.Hopeless, 403: send.Hopeless, 404: send.Refused, 408: send.Down, 409: send.Refused, 410: send.Hopeless, 413: send.Hopeless,
		415: send.Refused, 422: send.Refused, 429: send.Busy, 500: send.Busy, 502: send.Down, 503: send.Busy, 504: send.Down} {
		sender := open(t, target(t, fmt.Sprintf("%s/%d", s.URL, status), secret), local())
		_, err := sender.Send(t.Context(), parcel("d1", "a.jpg", strings.Repeat("content", 100_000)))
		wants(t, fmt.Sprint(status), err, want)
		e, _ := errors.AsType[*send.Error](err)
		switch {
		case e == nil:
		case len(e.Answer) > 500 || strings.Contains(e.Answer, "\x00") || e.Message == "":
			t.Errorf("%d: %q, %q", status, e.Message, e.Answer)
		case status < 400 && (!strings.Contains(e.Message, s.URL+"/there") || strings.Contains(e.Message, "abc")):
			t.Errorf("%d: where it redirects to is named without its query: %s", status, e.Message)
		case (status == 429) != (e.RetryAfter == 2*time.Minute):
			t.Errorf("%d: again after %s", status, e.RetryAfter)
		}
	}
	if followed {
		t.Error("a redirect was followed")
	}
}

func TestAConnectionIsKept(t *testing.T) {
	t.Parallel()
	var made atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // the sender sees how it ends
		w.WriteHeader(http.StatusNoContent)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			made.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	sender := open(t, target(t, s.URL, secret), local())
	send := func() {
		t.Helper()
		if _, err := sender.Send(t.Context(), parcel("d1", "a.jpg", strings.Repeat("x", 200_000))); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		send()
	}
	if n := made.Load(); n != 1 {
		t.Errorf("%d connections for five pictures", n)
	}
	s.CloseClientConnections()
	send() // over a new one
}

func TestWhatCantBeSent(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	gone := s.URL
	defer s.Close()
	for name, c := range map[string]struct {
		to   send.Target
		n    send.Network
		edit func(p *send.Parcel)
		kind send.Kind
	}{
		"a private network":     {to: target(t, strings.Replace(gone, "http:", "https:", 1), secret), kind: send.Hopeless},
		"http is not https":     {to: target(t, "http://1.1.1.1/", secret), kind: send.Hopeless},
		"no secret":             {to: target(t, gone, ""), n: local(), kind: send.Hopeless},
		"no webhook secret":     {to: target(t, gone, "abc"), n: local(), kind: send.Hopeless},
		"nobody there":          {to: target(t, "http://127.0.0.1:1/", secret), n: local(), kind: send.Down},
		"no such host":          {to: target(t, "http://nobody.invalid/", secret), n: local(), kind: send.Down},
		"a file that is gone":   {to: target(t, gone, secret), n: local(), kind: send.Ours, edit: func(p *send.Parcel) { p.Open = func() (io.ReadCloser, error) { return nil, errors.New("gone") } }},
		"a file that is short":  {to: target(t, gone, secret), n: local(), kind: send.Ours, edit: func(p *send.Parcel) { p.Size++ }},
		"a file that is longer": {to: target(t, gone, secret), n: local(), kind: send.Ours, edit: func(p *send.Parcel) { p.Size-- }},
		"no metadata":           {to: target(t, gone, secret), n: local(), kind: send.Ours, edit: func(p *send.Parcel) { p.Metadata = []byte("{") }},
		"another scheme":        {to: target(t, "gopher://1.1.1.1/", secret), n: local(), kind: send.Hopeless},
	} {
		sender, err := send.Open(t.Context(), c.to, c.n)
		if err == nil {
			p := parcel("d1", "a.jpg", strings.Repeat("content", 10_000))
			if c.edit != nil {
				c.edit(&p)
			}
			_, err = sender.Send(t.Context(), p)
			sender.Close()
		}
		wants(t, name, err, c.kind)
		if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "?")) {
			t.Errorf("%s: the error tells too much: %v", name, err)
		}
	}
}
