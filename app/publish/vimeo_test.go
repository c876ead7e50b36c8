package publish_test

import (
	"testing"
	"time"

	"oneframe/app/publish"
	"oneframe/app/store"
)

func TestVimeoReplies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, path string
		status       int
		body         string
		header       []string
		state        string // "" where it arrives at once
		words        string
		after        time.Duration
	}{
		"begin 400":             {"POST", "/versions", 400, `{"error":"Bad input.","error_code":2204}`, nil, "paused", "2204", 0},
		"begin 401":             {"POST", "/versions", 401, `{"error":"No token.","error_code":8003}`, nil, "paused", "8003", 0},
		"begin 403":             {"POST", "/versions", 403, `{"error":"You can't edit this.","error_code":3427}`, nil, "paused", "3427", 0},
		"begin 404":             {"POST", "/versions", 404, `{"error":"Wrong version.","error_code":5013}`, nil, "paused", "5013", 0},
		"begin 429":             {"POST", "/versions", 429, ``, []string{"Retry-After", "40"}, "sending", "429", 40 * time.Second},
		"begin 500":             {"POST", "/versions", 500, ``, nil, "sending", "500", time.Minute},
		"begin without a link":  {"POST", "/versions", 201, `{"upload":{}}`, nil, "sending", "no safe address", time.Minute},
		"begin with http":       {"POST", "/versions", 201, `{"upload":{"upload_link":"http://elsewhere.example/x"}}`, nil, "sending", "no safe address", time.Minute},
		"video gone":            {"GET", "/videos/1", 404, `{}`, nil, "paused", "no longer on Vimeo", 0},
		"chunk 308":             {"PATCH", "/tus/", 308, ``, []string{"Location", "http://127.0.0.1:1/"}, "sending", "308", time.Minute},
		"chunk 403, once":       {"PATCH", "/tus/", 403, ``, nil, "", "", 0},
		"chunk 404":             {"PATCH", "/tus/", 404, ``, nil, "", "", 0},
		"chunk 409":             {"PATCH", "/tus/", 409, ``, nil, "", "", 0},
		"chunk 410":             {"PATCH", "/tus/", 410, ``, nil, "", "", 0},
		"chunk 412":             {"PATCH", "/tus/", 412, ``, nil, "paused", "412", 0},
		"chunk 413":             {"PATCH", "/tus/", 413, ``, nil, "paused", "413", 0},
		"chunk 423":             {"PATCH", "/tus/", 423, ``, nil, "sending", "423", time.Minute},
		"chunk 429":             {"PATCH", "/tus/", 429, ``, []string{"Retry-After", "9"}, "sending", "429", 9 * time.Second},
		"chunk 460":             {"PATCH", "/tus/", 460, ``, nil, "", "", 0},
		"chunk 503":             {"PATCH", "/tus/", 503, ``, nil, "sending", "503", time.Minute},
		"chunk, other position": {"PATCH", "/tus/", 204, ``, []string{"Upload-Offset", "0"}, "", "", 0},
		"chunk, no position":    {"PATCH", "/tus/", 204, ``, nil, "", "", 0},
		"chunk, beyond the end": {"PATCH", "/tus/", 204, ``, []string{"Upload-Offset", "99999"}, "", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newVim(t)
			s := newSite(t, vimeo(t, f))
			s.want("c", bytesOf('a', 2500))
			s.settle()
			s.pass(time.Hour)
			s.want("c", bytesOf('b', 3500))
			f.once(c.method, c.path, c.status, c.body, c.header...)
			s.work()
			if c.state != "" {
				s.failed(c.state, c.words, c.after)
				s.write(func(tx *store.Tx) error { return publish.Resume(tx, "c", "vimeo") })
			}
			v := s.settle()
			if !v.Current || v.Remote != "1" || v.Page != "https://vimeo.com/1" || c.state == "" && v.Error != "" {
				t.Errorf("in the end: %+v", v)
			}
			if got := f.shown(); len(got) != 1 || got[0] != bytesOf('b', 3500) {
				t.Errorf("Vimeo shows %s", sizes(got))
			}
		})
	}
}

func TestVimeoTranscodes(t *testing.T) {
	t.Parallel()
	f := newVim(t)
	f.working = 2
	s := newSite(t, vimeo(t, f))
	s.want("c", bytesOf('a', 500))
	for _, want := range []time.Duration{10 * time.Second, 20 * time.Second} {
		s.work()
		if v := s.video(); v.State != "settling" || v.Next.Sub(s.clock()) != want || v.Waits == "" {
			t.Errorf("%+v, want it looked at again after %s", v, want)
		}
		s.pass(want)
	}
	s.work()
	if v := s.video(); !v.Current {
		t.Errorf("%+v", v)
	}
	s.pass(time.Hour)
	s.want("c", bytesOf('b', 500))
	f.working = 1
	s.work()
	f.once("GET", "/videos/1", 200, `{"upload":{"status":"complete"},"transcode":{"status":"error"}}`)
	s.pass(time.Minute)
	s.work()
	if v := s.video(); !v.Refused {
		t.Errorf("%+v", v)
	}
}

// Vimeo says that all is complete, of the version before: that is not an end.
func TestVimeoStillShowsTheOldVersion(t *testing.T) {
	t.Parallel()
	f := newVim(t)
	s := newSite(t, vimeo(t, f))
	s.want("c", bytesOf('a', 500))
	s.settle()
	s.pass(time.Hour)
	s.want("c", bytesOf('b', 500))
	s.step() // begun, with the version before noted
	f.once("GET", "/videos/1", 200, `{"upload":{"status":"complete"},"transcode":{"status":"complete"},"metadata":{"connections":{"versions":{"current_uri":"/videos/1/versions/1"}}}}`)
	s.work()
	if v := s.video(); v.Current || v.State != "settling" {
		t.Errorf("%+v", v)
	}
	s.settle()
}

func TestVimeoSettings(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]publish.VimeoAccount{
		"no token": {Name: "v"}, "no name": {Token: "t"}, "http": {Name: "v", Token: "t", URL: "http://api.example.org"},
	} {
		if _, err := publish.NewVimeo(a); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
