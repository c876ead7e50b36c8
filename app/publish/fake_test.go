package publish_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// rule answers a request instead of the fake; false leaves it to the fake.
type rule func(w http.ResponseWriter, r *http.Request) bool

// wall is what both fakes share: the requests that came, and rules that answer first.
type wall struct {
	t   *testing.T
	url string

	mu      sync.Mutex // guards all below, and the fakes' own fields
	seen    []string   // "PUT /path", with upload queries left out
	rules   []rule
	down    bool // hangs up on everybody
	forever bool // a rule answers more than once
}

// serve starts the fake on this machine.
func (w *wall) serve(t *testing.T, h http.HandlerFunc) {
	w.t = t
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, r.Method+" "+r.URL.Path)
		if w.down {
			hangUp(rw)
			return
		}
		for i, rule := range w.rules {
			if rule != nil && rule(rw, r) {
				if !w.forever {
					w.rules[i] = nil
				}
				return
			}
		}
		h(rw, r)
	}))
	w.url = s.URL
	t.Cleanup(s.Close)
}

// once has the next request of the method whose path has the part answered with the status.
func (w *wall) once(method, part string, status int, body string, header ...string) {
	w.rule(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != method || !strings.Contains(r.URL.Path, part) {
			return false
		}
		_, _ = io.Copy(io.Discard, r.Body)
		answer(rw, status, body, header...)
		return true
	})
}

func (w *wall) rule(r rule) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rules = append(w.rules, r)
}

// fall has the host hang up on everybody, or no longer.
func (w *wall) fall(down bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = down
}

// count is how many requests came whose line has the part.
func (w *wall) count(part string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.seen {
		if strings.Contains(s, part) {
			n++
		}
	}
	return n
}

func answer(rw http.ResponseWriter, status int, body string, header ...string) {
	for i := 0; i+1 < len(header); i += 2 {
		rw.Header().Set(header[i], header[i+1])
	}
	if strings.HasPrefix(body, "{") {
		rw.Header().Set("Content-Type", "application/json")
	}
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, body)
}

// hangUp ends the connection without a reply.
func hangUp(rw http.ResponseWriter) {
	c, _, err := rw.(http.Hijacker).Hijack()
	if err == nil {
		_ = c.Close()
	}
}

// tube is a PeerTube instance as far as uploads go, with the server's own oddities: 308
// without being a redirect, "bytes=0--1", a Location without scheme.
type tube struct {
	wall
	videos   []*tubeVideo
	uploads  map[string]*tubeUpload
	access   string
	refresh  string
	logins   int // with the password
	renewals int
	disabled bool
	least    int64
	loseLast bool // the reply to the last chunk
	forgets  bool // a finished upload is cleaned away at once
	state    int  // of a video whose file has just come
	seconds  int  // that a video plays
}

type tubeVideo struct {
	uuid, name, updated string
	state               int
	file                string
}

type tubeUpload struct {
	video *tubeVideo // nil: a new one
	name  string
	size  int64
	data  []byte
}

func newTube(t *testing.T) *tube {
	f := &tube{uploads: map[string]*tubeUpload{}, access: "none", state: 1}
	f.serve(t, f.handle)
	return f
}

func (f *tube) handle(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/api/v1")
	switch {
	case path == "/config":
		answer(w, 200, fmt.Sprintf(`{"videoFile":{"update":{"enabled":%t}},"client":{"videos":{"resumableUpload":{"minChunkSize":%d}}}}`, !f.disabled, f.least))
		return
	case path == "/oauth-clients/local":
		answer(w, 200, `{"client_id":"cid","client_secret":"csecret"}`)
		return
	case path == "/users/token":
		f.login(w, r)
		return
	case r.Header.Get("Authorization") != "Bearer "+f.access:
		answer(w, 401, `{"status":401,"code":"invalid_token","detail":"Token is invalid"}`)
		return
	case path == "/users/me":
		answer(w, 200, `{"videoChannels":[{"id":7,"name":"main"},{"id":8,"name":"clips"}]}`)
		return
	case path == "/users/me/videos":
		f.own(w, r)
		return
	case path == "/videos/upload-resumable":
		f.upload(w, r, nil)
		return
	}
	rest := strings.TrimPrefix(path, "/videos/")
	uuid, tail, _ := strings.Cut(rest, "/")
	for _, v := range f.videos {
		if v.uuid == uuid && tail == "" {
			answer(w, 200, strings.Replace(v.json(), "{", fmt.Sprintf(`{"duration":%d,`, f.seconds), 1))
			return
		} else if v.uuid == uuid && tail == "source/replace-resumable" {
			f.upload(w, r, v)
			return
		}
	}
	answer(w, 404, `{"status":404,"detail":"Video not found"}`)
}

func (v *tubeVideo) json() string {
	return fmt.Sprintf(`{"uuid":%q,"shortUUID":"s%s","name":%q,"state":{"id":%d,"label":"State %d"},"inputFileUpdatedAt":%s}`,
		v.uuid, v.uuid, v.name, v.state, v.state, v.updated)
}

func (f *tube) login(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	switch {
	case r.PostForm.Get("grant_type") == "refresh_token" && r.PostForm.Get("refresh_token") == f.refresh && f.refresh != "":
		f.renewals++
	case r.PostForm.Get("grant_type") == "password" && r.PostForm.Get("password") == "secret-word" && r.PostForm.Get("client_secret") == "csecret":
		f.logins++
	default:
		answer(w, 400, `{"status":400,"code":"invalid_grant","detail":"Invalid grant: user credentials are invalid"}`)
		return
	}
	n := f.logins + f.renewals
	f.access, f.refresh = fmt.Sprintf("access-%d", n), fmt.Sprintf("refresh-%d", n)
	answer(w, 200, fmt.Sprintf(`{"token_type":"Bearer","access_token":%q,"refresh_token":%q,"expires_in":14399}`, f.access, f.refresh))
}

func (f *tube) own(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.URL.Query().Get("count"))
	var all []string
	for i := len(f.videos) - 1; i >= 0 && len(all) < n; i-- {
		all = append(all, f.videos[i].json())
	}
	answer(w, 200, `{"total":9,"data":[`+strings.Join(all, ",")+`]}`)
}

func (f *tube) upload(w http.ResponseWriter, r *http.Request, v *tubeVideo) {
	if r.Method == "POST" {
		f.begin(w, r, v)
		return
	}
	id := r.URL.Query().Get("upload_id")
	u := f.uploads[id]
	if u == nil {
		answer(w, 404, `{"error":{"code":"FileNotFound","message":"Not found"}}`)
		return
	}
	if r.Method == "DELETE" {
		delete(f.uploads, id)
		w.WriteHeader(204)
		return
	}
	var first, last, total int64
	span := r.Header.Get("Content-Range")
	body, _ := io.ReadAll(r.Body)
	if _, err := fmt.Sscanf(span, "bytes */%d", &total); err == nil {
		first = int64(len(u.data))
	} else if _, err := fmt.Sscanf(span, "bytes %d-%d/%d", &first, &last, &total); err != nil || last-first+1 != int64(len(body)) {
		f.t.Errorf("range %q with %d bytes", span, len(body))
	}
	if first > int64(len(u.data)) {
		f.t.Errorf("a gap: byte %d sent where %d are stored", first, len(u.data))
	}
	if total != u.size {
		answer(w, 409, `{"error":{"code":"FileConflict","message":"File conflict"}}`)
		return
	}
	if f.least > 0 && len(body) > 0 && int64(len(body)) < f.least && last+1 != total {
		answer(w, 400, `{"status":400,"detail":"Chunk too small"}`)
		return
	}
	u.data = append(u.data[:first], body...)
	if int64(len(u.data)) == u.size && len(body) > 0 {
		f.finish(w, id, u)
		return
	}
	answer(w, 308, "", "Range", fmt.Sprintf("bytes=0-%d", len(u.data)-1))
}

func (f *tube) begin(w http.ResponseWriter, r *http.Request, v *tubeVideo) {
	body, _ := io.ReadAll(r.Body)
	size, err := strconv.ParseInt(r.Header.Get("X-Upload-Content-Length"), 10, 64)
	if err != nil || r.Header.Get("X-Upload-Content-Type") != "video/mp4" {
		answer(w, 400, `{"status":400,"detail":"Incorrect request parameters: X-Upload-Content-Length"}`)
		return
	}
	name := field(string(body), "name")
	if v == nil && (name == "" || field(string(body), "channelId") == "") {
		answer(w, 400, `{"status":400,"detail":"Incorrect request parameters: name"}`)
		return
	}
	if v != nil && (v.state == 2 || v.state == 9) {
		answer(w, 409, `{"status":409,"detail":"Cannot edit video that is already waiting for transcoding/edition"}`)
		return
	}
	id := fmt.Sprintf("%s-%d-%s", field(string(body), "filename"), size, field(string(body), "lastModified"))
	where := "//videos.example.org/elsewhere?upload_id=" + id
	if u := f.uploads[id]; u != nil {
		answer(w, 200, "", "Location", where, "Range", fmt.Sprintf("bytes=0-%d", len(u.data)-1))
		return
	}
	f.uploads[id] = &tubeUpload{video: v, name: name, size: size}
	answer(w, 201, "", "Location", where)
}

// field reads a field of flat JSON.
func field(json, key string) string {
	_, rest, ok := strings.Cut(json, `"`+key+`":`)
	if !ok {
		return ""
	}
	end := strings.IndexAny(rest, ",}")
	return strings.Trim(rest[:end], `"`)
}

func (f *tube) finish(w http.ResponseWriter, id string, u *tubeUpload) {
	body := `{"inputFilename":"clip.mp4"}`
	if u.video == nil {
		u.video = &tubeVideo{uuid: fmt.Sprintf("uuid-%d", len(f.videos)+1), name: u.name, updated: "null"}
		f.videos = append(f.videos, u.video)
		body = fmt.Sprintf(`{"video":{"id":1,"uuid":%q,"shortUUID":"s%s"}}`, u.video.uuid, u.video.uuid)
	} else {
		u.video.updated = fmt.Sprintf(`"2026-01-01T00:00:00Z %x"`, sha256.Sum256(u.data))
	}
	u.video.file, u.video.state = string(u.data), f.state
	if f.forgets {
		delete(f.uploads, id)
	}
	if f.loseLast {
		f.loseLast = false
		hangUp(w)
		return
	}
	answer(w, 200, body)
}

// shown is what viewers get of the first video.
func (f *tube) shown() (files []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, v := range f.videos {
		files = append(files, v.file)
	}
	return files
}
