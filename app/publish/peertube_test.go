package publish_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"oneframe/app/publish"
	"oneframe/app/store"
)

// afterFirst is a site whose clip has its video on the instance and a second file wanted.
func afterFirst(t *testing.T, f *tube, file string, change ...func(*publish.PeerTubeAccount)) *site {
	t.Helper()
	s := newSite(t, peerTube(t, f, change...))
	s.want("c", bytesOf('a', 2500))
	s.settle()
	s.pass(time.Hour)
	s.want("c", file)
	return s
}

const replace = "/source/replace-resumable"

// Every reply of the protocol's tables to the request that opens or continues an upload,
// and what follows: the file arrives all the same, or the state with its words and the
// time of the next try.
func TestPeerTubeReplies(t *testing.T) {
	t.Parallel()
	const min1 = time.Minute
	for name, c := range map[string]struct {
		method, path string
		status       int
		body         string
		header       []string
		state        string // "" where it arrives at once
		words        string
		after        time.Duration
	}{
		"begin 400":                 {"POST", replace, 400, `{"status":400,"detail":"Incorrect request parameters"}`, nil, "paused", "Incorrect request parameters", 0},
		"begin 401":                 {"POST", replace, 401, `{"status":401,"code":"invalid_token"}`, nil, "", "", 0},
		"begin 403":                 {"POST", replace, 403, `{"detail":"Cannot update video of another user"}`, nil, "paused", "another user", 0},
		"begin 404":                 {"POST", replace, 404, `{"detail":"Video not found"}`, nil, "paused", "Video not found", 0},
		"begin 409":                 {"POST", replace, 409, `{"detail":"Cannot edit video that is already waiting for transcoding/edition"}`, nil, "sending", "waiting for transcoding", min1},
		"begin 413 quota":           {"POST", replace, 413, `{"code":"quota_reached","detail":"The user video quota is exceeded"}`, nil, "paused", "quota_reached", 0},
		"begin 415":                 {"POST", replace, 415, `{"detail":"File type not supported"}`, nil, "paused", "not supported", 0},
		"begin 429":                 {"POST", replace, 429, ``, []string{"Retry-After", "30"}, "sending", "429", 30 * time.Second},
		"begin 500":                 {"POST", replace, 500, ``, nil, "sending", "500", min1},
		"begin without an id":       {"POST", replace, 201, ``, []string{"Location", "/nowhere"}, "sending", "without saying which", min1},
		"video gone":                {"GET", "/videos/uuid-1", 404, `{}`, nil, "paused", "no longer on the instance", 0},
		"video being transcoded":    {"GET", "/videos/uuid-1", 200, `{"uuid":"uuid-1","state":{"id":2}}`, nil, "", "", 0},
		"video moved":               {"GET", "/videos/uuid-1", 200, `{"uuid":"uuid-1","state":{"id":6}}`, nil, "", "", 0},
		"video failed to transcode": {"GET", "/videos/uuid-1", 200, `{"uuid":"uuid-1","state":{"id":7},"inputFileUpdatedAt":null}`, nil, "", "", 0},
		"video is a live":           {"GET", "/videos/uuid-1", 200, `{"uuid":"uuid-1","state":{"id":4,"label":"Waiting for live"}}`, nil, "paused", "Waiting for live", 0},
		"config is another's":       {"GET", "/config", 200, `<html>`, nil, "sending", "isn't its API's", min1},
		"config not there":          {"GET", "/config", 404, `{}`, nil, "paused", "is url the address", 0},
		"replacing switched off":    {"GET", "/config", 200, `{"videoFile":{"update":{"enabled":false}}}`, nil, "paused", "doesn't allow", 0},
		"older than 6":              {"GET", "/config", 200, `{}`, nil, "paused", "doesn't allow", 0},
		"chunk 308, none stored":    {"PUT", replace, 308, ``, []string{"Range", "bytes=0--1"}, "", "", 0},
		"chunk 308 to elsewhere":    {"PUT", replace, 308, ``, []string{"Location", "http://127.0.0.1:1/", "Range", "bytes=0--1"}, "", "", 0},
		"chunk 308, nonsense":       {"PUT", replace, 308, ``, []string{"Range", "pages=1-2"}, "", "", 0},
		"chunk 308, beyond the end": {"PUT", replace, 308, ``, []string{"Range", "bytes=0-99999"}, "", "", 0},
		"chunk 400":                 {"PUT", replace, 400, `{}`, nil, "", "", 0},
		"chunk 401":                 {"PUT", replace, 401, `{}`, nil, "", "", 0},
		"chunk 403":                 {"PUT", replace, 403, `{}`, nil, "", "", 0},
		"chunk 404":                 {"PUT", replace, 404, `{"error":{"code":"FileNotFound","message":"Not found"}}`, nil, "", "", 0},
		"chunk 409":                 {"PUT", replace, 409, `{"error":{"code":"FileConflict","message":"File conflict"}}`, nil, "", "", 0},
		"chunk 413 of the host":     {"PUT", replace, 413, `{"code":"max_file_size_reached","detail":"Too large"}`, nil, "paused", "max_file_size_reached", 0},
		"chunk 413 of a proxy":      {"PUT", replace, 413, `<html>nginx</html>`, nil, "paused", "The proxy before the instance", 0},
		"chunk 415":                 {"PUT", replace, 415, `{}`, nil, "paused", "415", 0},
		"chunk 429":                 {"PUT", replace, 429, ``, []string{"Retry-After", "9"}, "sending", "429", 9 * time.Second},
		"chunk 460":                 {"PUT", replace, 460, `{"error":{"code":"ChecksumMismatch","message":"Checksum mismatch"}}`, nil, "", "", 0},
		"chunk 502":                 {"PUT", replace, 502, `<html>`, nil, "sending", "502", min1},
		"chunk 503":                 {"PUT", replace, 503, `{"detail":"The upload is already being processed"}`, []string{"Retry-After", "300"}, "sending", "already being processed", 5 * time.Minute},
		"clean-up 404":              {"DELETE", replace, 404, `{}`, nil, "", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newTube(t)
			s := afterFirst(t, f, bytesOf('b', 3500))
			f.once(c.method, c.path, c.status, c.body, c.header...)
			s.work()
			if c.state != "" {
				s.failed(c.state, c.words, c.after)
				if v := s.video(); v.Current || v.Page == "" {
					t.Errorf("%+v", v)
				}
				s.write(func(tx *store.Tx) error { return publish.Resume(tx, "c", "peertube") })
			}
			v := s.settle()
			if !v.Current || v.Remote != "uuid-1" || c.state == "" && v.Error != "" {
				t.Errorf("in the end: %+v", v)
			}
			if got := f.shown(); len(got) != 1 || got[0] != bytesOf('b', 3500) {
				t.Errorf("the instance shows %s", sizes(got))
			}
		})
	}
}

func TestPeerTubeCantReadTheFile(t *testing.T) {
	t.Parallel()
	f := newTube(t)
	s := afterFirst(t, f, bytesOf('b', 1500))
	f.once("PUT", replace, 422, `{"status":422,"detail":"Video file unreadable."}`)
	s.work()
	if v := s.video(); !v.Refused || v.State != "idle" || v.Current || !strings.Contains(v.Error, "unreadable") || !v.Next.IsZero() {
		t.Errorf("%+v", v)
	}
	s.pass(10 * time.Hour)
	if s.step() {
		t.Error("the same file was sent again")
	}
	s.want("c", bytesOf('c', 1500))
	if v := s.settle(); !v.Current || v.Refused {
		t.Errorf("%+v", v)
	}
}

func TestPeerTubeTokenIsKeptAndRenewed(t *testing.T) {
	t.Parallel()
	f := newTube(t)
	var s *site
	clock := func(a *publish.PeerTubeAccount) { a.Now = func() time.Time { return s.clock() } }
	s = newSite(t)
	s.office.Hosts = []publish.Host{peerTube(t, f, clock)}
	next := func(file string) {
		t.Helper()
		s.want("c", file)
		if v := s.settle(); !v.Current {
			t.Errorf("%+v", v)
		}
	}
	next(bytesOf('a', 1500))
	s.pass(time.Hour)
	next(bytesOf('b', 1500))
	if f.logins != 1 || f.renewals != 0 {
		t.Errorf("%d logins and %d renewals within the token's time, want one login", f.logins, f.renewals)
	}
	s.pass(4 * time.Hour) // it lasts 14,399 s
	next(bytesOf('c', 1500))
	if f.logins != 1 || f.renewals != 1 {
		t.Errorf("%d logins and %d renewals, want it renewed once", f.logins, f.renewals)
	}
	s.pass(time.Hour)
	f.access = "revoked" // in the middle of its time
	next(bytesOf('d', 1500))
	if f.logins != 1 || f.renewals != 2 {
		t.Errorf("%d logins and %d renewals, want it renewed twice", f.logins, f.renewals)
	}
	s.pass(time.Hour)
	f.access, f.refresh = "revoked", "revoked"
	next(bytesOf('e', 1500))
	if f.logins != 2 {
		t.Errorf("%d logins, want a second after the refresh token was refused", f.logins)
	}
}

func TestPeerTubeLogin(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		header []string
		state  string
		words  string
		after  time.Duration
	}{
		"wrong password": {400, `{"code":"invalid_grant","detail":"Invalid grant: user credentials are invalid"}`, nil, "paused", "invalid_grant", 0},
		"wrong client":   {400, `{"code":"invalid_client"}`, nil, "paused", "invalid_client", 0},
		"blocked":        {400, `{"code":"account_blocked"}`, nil, "paused", "account_blocked", 0},
		"second factor":  {401, `{"code":"missing_two_factor"}`, []string{"X-Peertube-Otp", "required; app"}, "paused", "second factor", 0},
		"too many":       {429, ``, []string{"Retry-After", "200"}, "sending", "429", 200 * time.Second},
		"down":           {502, ``, nil, "sending", "502", time.Minute},
		"no token":       {200, `{}`, nil, "sending", "without a token", time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newTube(t)
			s := newSite(t, peerTube(t, f))
			s.want("c", "file")
			f.once("POST", "/users/token", c.status, c.body, c.header...)
			s.work()
			s.failed(c.state, c.words, c.after)
		})
	}
}

func TestPeerTubeSmallerChunksBehindAProxy(t *testing.T) {
	t.Parallel()
	f := newTube(t)
	file := bytesOf('b', 3<<20)
	s := afterFirst(t, f, file, func(a *publish.PeerTubeAccount) { a.Chunk = 4 << 20 })
	for range 2 {
		f.once("PUT", replace, 413, `<html>413 Request Entity Too Large</html>`)
	}
	if v := s.settle(); !v.Current || v.Error != "" {
		t.Errorf("%+v", v)
	}
	if got := f.shown(); got[0] != file {
		t.Errorf("the instance shows %s", sizes(got))
	}
}

func TestPeerTubeLeastChunk(t *testing.T) {
	t.Parallel()
	f := newTube(t)
	f.least = 2000
	file := bytesOf('b', 7000)
	s := afterFirst(t, f, file)
	if v := s.settle(); !v.Current || v.Error != "" {
		t.Errorf("%+v", v)
	}
	if n := f.count("PUT /api/v1/videos/uuid-1"); n != 4 {
		t.Errorf("%d chunks, want 4 of at least 2000 bytes", n)
	}
}

// Half of a chunk arrived before the connection broke: the rest goes out, not the whole.
func TestPeerTubeHalfAChunk(t *testing.T) {
	t.Parallel()
	f := newTube(t)
	s := afterFirst(t, f, bytesOf('b', 3500))
	f.rule(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != "PUT" || !strings.HasPrefix(r.Header.Get("Content-Range"), "bytes 1000-") {
			return false
		}
		half := make([]byte, 500)
		if _, err := io.ReadFull(r.Body, half); err != nil {
			t.Error(err)
		}
		u := f.uploads[r.URL.Query().Get("upload_id")]
		u.data = append(u.data, half...)
		hangUp(w)
		return true
	})
	s.work()
	s.failed("sending", "can't be reached", time.Minute)
	s.pass(time.Minute)
	s.work()
	if v := s.settle(); !v.Current {
		t.Errorf("%+v", v)
	}
	if got := f.shown(); got[0] != bytesOf('b', 3500) {
		t.Errorf("the instance shows %s", sizes(got))
	}
}

// The reply to the last chunk is lost and the upload cleaned away: it is not made twice.
func TestPeerTubeLostAndCleanedAway(t *testing.T) {
	t.Parallel()
	f := newTube(t)
	f.forgets, f.loseLast = true, true
	f.videos = []*tubeVideo{{uuid: "old", name: "The clip c", updated: "null", state: 1, file: "another's"}}
	s := newSite(t, peerTube(t, f))
	s.want("c", bytesOf('a', 2500))
	if v := s.settle(); !v.Current || v.Remote != "uuid-2" || v.Page != f.url+"/w/suuid-2" {
		t.Errorf("%+v", v)
	}
	s.pass(time.Hour)
	f.loseLast = true
	s.want("c", bytesOf('b', 2500))
	s.settle()
	if got := f.shown(); len(got) != 2 || got[0] != "another's" || got[1] != bytesOf('b', 2500) {
		t.Errorf("the instance shows %s", sizes(got))
	}
}

// The whole file lies there and the instance makes nothing of it: once is mended by
// sending the last chunk again, more often by beginning anew.
func TestPeerTubeLeftLying(t *testing.T) {
	t.Parallel()
	for _, often := range []int{1, 2} {
		f := newTube(t)
		s := afterFirst(t, f, bytesOf('b', 2500))
		deletes, begins := f.count("DELETE"), f.count("POST /api/v1/videos/uuid-1")
		for range often {
			f.rule(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != "PUT" || !strings.HasSuffix(r.Header.Get("Content-Range"), "-2499/2500") {
					return false
				}
				rest, _ := io.ReadAll(r.Body)
				u := f.uploads[r.URL.Query().Get("upload_id")]
				u.data = append(u.data[:2500-len(rest)], rest...)
				answer(w, 502, "")
				return true
			})
		}
		if v := s.settle(); !v.Current {
			t.Errorf("%d times: %+v", often, v)
		}
		if got := f.shown(); len(got) != 1 || got[0] != bytesOf('b', 2500) {
			t.Errorf("%d times: the instance shows %s", often, sizes(got))
		}
		deletes, begins = f.count("DELETE")-deletes, f.count("POST /api/v1/videos/uuid-1")-begins
		if deletes != often || begins != often {
			t.Errorf("%d times: begun %d times, cleaned away %d times", often, begins, deletes)
		}
	}
}

func TestPeerTubeTranscoding(t *testing.T) {
	t.Parallel()
	f := newTube(t)
	s := afterFirst(t, f, bytesOf('b', 500))
	f.state = 2
	s.work()
	if v := s.video(); v.State != "settling" || v.Current || v.Waits == "" || v.Next.Sub(s.clock()) != 10*time.Second {
		t.Errorf("%+v", v)
	}
	f.videos[0].state = 1
	s.pass(10 * time.Second)
	s.work()
	if v := s.video(); !v.Current || v.Waits != "" {
		t.Errorf("%+v", v)
	}
	s.pass(time.Hour)
	f.state = 7
	s.want("c", bytesOf('c', 500))
	s.work()
	if v := s.video(); !v.Refused || !strings.Contains(v.Error, "transcode") {
		t.Errorf("%+v", v)
	}
}

func TestPeerTubeChannelAndSettings(t *testing.T) {
	t.Parallel()
	f := newTube(t)
	s := newSite(t, peerTube(t, f, func(a *publish.PeerTubeAccount) { a.Channel, a.Privacy = "clips", "unlisted" }))
	var made string
	f.rule(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == "POST" && strings.HasSuffix(r.URL.Path, "/upload-resumable") {
			raw, _ := io.ReadAll(r.Body)
			made, r.Body = string(raw), io.NopCloser(strings.NewReader(string(raw)))
		}
		return false
	})
	s.want("c", "file")
	s.settle()
	if field(made, "channelId") != "8" || field(made, "privacy") != "2" || field(made, "name") != "The clip c" || field(made, "waitTranscoding") != "false" {
		t.Errorf("made with %s", made)
	}
	s = newSite(t, peerTube(t, f, func(a *publish.PeerTubeAccount) { a.Channel = "none" }))
	s.want("c", "file")
	s.work()
	s.failed("paused", `no channel "none"`, 0)
	for name, a := range map[string]publish.PeerTubeAccount{
		"http":     {Name: "p", URL: "http://videos.example.org", User: "u", Password: "p"},
		"no url":   {Name: "p", User: "u", Password: "p"},
		"userinfo": {Name: "p", URL: "https://u:p@videos.example.org", User: "u", Password: "p"},
		"no user":  {Name: "p", URL: "https://videos.example.org", Password: "p"},
		"privacy":  {Name: "p", URL: "https://videos.example.org", User: "u", Password: "p", Privacy: "secret"},
	} {
		if _, err := publish.NewPeerTube(a); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// A video that plays shorter than the clip is not taken for it.
func TestPeerTubeLooksAtTheDuration(t *testing.T) {
	t.Parallel()
	f := newTube(t)
	// ftyp, and moov with an mvhd of 220,500 ms.
	file := "\x00\x00\x00\x0cftypisom\x00\x00\x00\x74moov\x00\x00\x00\x6cmvhd" + strings.Repeat("\x00", 12) + "\x00\x00\x03\xe8\x00\x03\x5d\x54" + strings.Repeat("\x00", 80)
	s := afterFirst(t, f, file)
	f.seconds = 100
	s.work()
	if v := s.video(); v.Current || v.State != "settling" {
		t.Errorf("100 s of 220: %+v", v)
	}
	f.seconds = 221
	if v := s.settle(); !v.Current {
		t.Errorf("221 s of 220: %+v", v)
	}
}
