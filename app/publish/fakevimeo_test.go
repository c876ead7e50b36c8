package publish_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// vim is Vimeo as far as uploads go.
type vim struct {
	wall
	videos   []*vimVideo
	loseLast bool
	working  int // looks until a version is transcoded
}

type vimVideo struct {
	file     string
	versions int
	size     int64
	data     []byte
	working  int
}

func newVim(t *testing.T) *vim {
	f := &vim{}
	f.serve(t, f.handle)
	return f
}

func (f *vim) handle(w http.ResponseWriter, r *http.Request) {
	if n, ok := strings.CutPrefix(r.URL.Path, "/tus/"); ok {
		f.tus(w, r, n)
		return
	}
	if r.Header.Get("Authorization") != "bearer vimeo-token" || !strings.Contains(r.Header.Get("Accept"), "version=3.4") {
		answer(w, 401, `{"error":"You must provide a valid authenticated access token.","error_code":8003}`)
		return
	}
	body, _ := io.ReadAll(r.Body)
	size, _ := strconv.ParseInt(field(string(body), "size"), 10, 64)
	if r.URL.Path == "/me/videos" && r.Method == "POST" {
		f.videos = append(f.videos, &vimVideo{size: size, working: f.working})
		n := len(f.videos)
		answer(w, 201, fmt.Sprintf(`{"uri":"/videos/%d","link":"https://vimeo.com/%d","upload":{"status":"in_progress","upload_link":"%s/tus/%d?key=hidden"}}`, n, n, f.url, n))
		return
	}
	id, tail, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/videos/"), "/")
	n, _ := strconv.Atoi(id)
	if n < 1 || n > len(f.videos) {
		answer(w, 404, `{"error":"The requested video couldn't be found.","error_code":5000}`)
		return
	}
	v := f.videos[n-1]
	if tail == "versions" {
		v.size, v.data, v.working = size, nil, f.working
		answer(w, 201, fmt.Sprintf(`{"upload":{"status":"in_progress","upload_link":"%s/tus/%d?key=hidden"}}`, f.url, n))
		return
	}
	status := "complete"
	if int64(len(v.data)) < v.size || v.working > 0 {
		v.working, status = v.working-1, "in_progress"
	}
	answer(w, 200, fmt.Sprintf(`{"link":"https://vimeo.com/%d","upload":{"status":%q},"transcode":{"status":%q},"metadata":{"connections":{"versions":{"current_uri":"/videos/%d/versions/%d"}}}}`,
		n, status, status, n, v.versions))
}

func (f *vim) tus(w http.ResponseWriter, r *http.Request, id string) {
	n, _ := strconv.Atoi(id)
	v := f.videos[n-1]
	if r.Header.Get("Tus-Resumable") != "1.0.0" || r.Header.Get("Authorization") != "" || r.URL.RawQuery != "key=hidden" {
		f.t.Errorf("a tus request with %v to %s", r.Header, r.URL)
	}
	if r.Method == "HEAD" {
		answer(w, 200, "", "Upload-Offset", strconv.Itoa(len(v.data)), "Upload-Length", strconv.FormatInt(v.size, 10))
		return
	}
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("Upload-Offset") != strconv.Itoa(len(v.data)) {
		answer(w, 409, "")
		return
	}
	v.data = append(v.data, body...)
	if int64(len(v.data)) == v.size {
		v.file, v.versions = string(v.data), v.versions+1
		if f.loseLast {
			f.loseLast = false
			hangUp(w)
			return
		}
	}
	answer(w, 204, "", "Upload-Offset", strconv.Itoa(len(v.data)))
}

func (f *vim) shown() (files []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, v := range f.videos {
		files = append(files, v.file)
	}
	return files
}
