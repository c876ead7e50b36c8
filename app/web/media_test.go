package web

import (
	"bytes"
	"image/jpeg"
	"net/http"
	"os"
	"strings"
	"testing"

	"oneframe/app/people"
	"oneframe/app/vault"
)

func TestARenditionIsServedAsItsFrameStands(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	moderator := s.hire("mia", people.Moderator)
	id, _ := s.contribute("Ann")
	s.scale()
	p := s.frame(id)
	get := func(k vault.Key, more ...with) (int, string) {
		rec := s.send("GET", mediaPath(k), nil, more...)
		return rec.Code, rec.Header().Get("Cache-Control")
	}
	if code, cache := get(p.Medium); code != http.StatusOK || !strings.HasPrefix(cache, "private") {
		t.Errorf("waiting: %d, %s", code, cache)
	}
	s.want(http.StatusOK, "POST", "/api/v1/frames/"+id+"/verdict", map[string]string{"verdict": "accepted"}, moderator)
	for k, width := range map[vault.Key]int{p.Large: p.LargeWidth, p.Thumb: 160} {
		rec := s.send("GET", mediaPath(k), nil)
		img, err := jpeg.Decode(rec.Body)
		if err != nil || rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "image/jpeg" || rec.Header().Get("Cache-Control") != kept {
			t.Fatalf("accepted: %d, %v, %v", rec.Code, rec.Header(), err)
		}
		if img.Bounds().Dx() != width {
			t.Errorf("it is %d wide, want %d", img.Bounds().Dx(), width)
		}
		if rec := s.send("GET", mediaPath(k), nil, header("If-None-Match", rec.Header().Get("ETag"))); rec.Code != http.StatusNotModified {
			t.Errorf("asked again: %d", rec.Code)
		}
	}
	s.want(http.StatusOK, "POST", "/api/v1/frames/"+id+"/verdict", map[string]string{"verdict": "rejected", "reason": "no pose"}, moderator)
	if code, _ := get(p.Large); code != http.StatusNotFound {
		t.Errorf("rejected: %d", code)
	}
	if code, cache := get(p.Large, moderator); code != http.StatusOK || !strings.HasPrefix(cache, "private") {
		t.Errorf("rejected, to a moderator: %d, %s", code, cache)
	}
	for _, path := range []string{mediaPath(vault.KeyOf([]byte("other"))), "/media/x.jpg", "/media/" + string(p.Large), "/media/..%2f..%2foneframe.db", "/media/" + strings.ToUpper(string(p.Large)) + ".jpg"} {
		if rec := s.send("GET", path, nil, moderator); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
}

func TestAnOriginalIsNeverServed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	moderator := s.hire("mia", people.Moderator)
	id, _ := s.accepted("Ann", moderator)
	p := s.frame(id)
	if p.Original == p.Large {
		t.Fatal("the original is a rendition: the test can't tell")
	}
	if rec := s.send("GET", mediaPath(p.Original), nil, moderator); rec.Code != http.StatusNotFound {
		t.Errorf("%d", rec.Code)
	}
}

func TestTheClipIsServedByItsVersion(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	moderator := s.hire("mia", people.Moderator)
	if rec := s.send("GET", "/clips/dance/clip.mp4", nil); rec.Code != http.StatusNotFound {
		t.Errorf("before the first render: %d", rec.Code)
	}
	url := func() string {
		video, _ := s.want(http.StatusOK, "GET", "/api/v1/clips/dance", nil)["video_url"].(string)
		return strings.TrimPrefix(video, "http://example.com")
	}
	s.render()
	old := url()
	first := s.send("GET", old, nil)
	if first.Code != http.StatusOK || first.Header().Get("Cache-Control") != forever || first.Header().Get("Content-Type") != "video/mp4" || first.Header().Get("Accept-Ranges") != "bytes" {
		t.Fatalf("%d %v", first.Code, first.Header())
	}
	part := s.send("GET", old, nil, header("Range", "bytes=4-7"))
	if part.Code != http.StatusPartialContent || part.Body.String() != "ftyp" {
		t.Errorf("a part: %d %q", part.Code, part.Body)
	}
	if rec := s.send("GET", old, nil, header("If-None-Match", first.Header().Get("ETag"))); rec.Code != http.StatusNotModified {
		t.Errorf("asked again: %d", rec.Code)
	}
	if rec := s.send("HEAD", old, nil); rec.Code != http.StatusOK || rec.Body.Len() != 0 || rec.Header().Get("Content-Length") == "" {
		t.Errorf("HEAD: %d, %d bytes", rec.Code, rec.Body.Len())
	}

	s.accepted("Ann", moderator)
	s.render()
	newer := url()
	if newer == old {
		t.Fatal("the address stayed, and the clip changed")
	}
	if rec := s.send("GET", old, nil); !bytes.Equal(rec.Body.Bytes(), first.Body.Bytes()) {
		t.Error("who is watching the old clip got another")
	}
	second := s.send("GET", newer, nil)
	if bytes.Equal(second.Body.Bytes(), first.Body.Bytes()) {
		t.Error("the new address gives the old clip")
	}
	current := s.send("GET", "/clips/dance/clip.mp4", nil)
	if !bytes.Equal(current.Body.Bytes(), second.Body.Bytes()) || current.Header().Get("Cache-Control") == forever {
		t.Errorf("without a version: %v", current.Header())
	}
	if rec := s.send("GET", "/clips/dance/clip.mp4?v=unknown", nil); !bytes.Equal(rec.Body.Bytes(), second.Body.Bytes()) || rec.Header().Get("Cache-Control") == forever {
		t.Errorf("an unknown version: %v", rec.Header())
	}
	for range 2 { // the site keeps two files of a clip
		s.accepted("Ann", moderator)
		s.render()
	}
	if rec := s.send("GET", old, nil); rec.Code != http.StatusOK || bytes.Equal(rec.Body.Bytes(), first.Body.Bytes()) || rec.Header().Get("Cache-Control") == forever {
		t.Errorf("a version that is no longer kept: %d %v", rec.Code, rec.Header())
	}
}

func TestPosterAndPosesAreServed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for path, file := range map[string]string{"/clips/dance/poster.jpg": s.rooms.Importer.Library.Poster("dance"), "/clips/dance/poses/12.jpg": s.rooms.Importer.Library.Pose("dance", 12)} {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if rec := s.send("GET", path, nil); rec.Code != http.StatusOK || !bytes.Equal(rec.Body.Bytes(), want) || rec.Header().Get("Content-Type") != "image/jpeg" {
			t.Errorf("%s: %d %v", path, rec.Code, rec.Header())
		}
	}
	for _, path := range []string{"/clips/nowhere/poster.jpg", "/clips/dance/poses/13.jpg", "/clips/dance/poses/0.jpg", "/clips/dance/poses/012.jpg",
		"/clips/dance/poses/x.jpg", "/clips/dance/poses/1", "/clips/..%2fdance/poster.jpg", "/clips/dance/mezzanine.mp4"} {
		if rec := s.send("GET", path, nil); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
}

func TestStaticFilesAreKeptByTheirHash(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	all, err := loadAssets()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("there are no static files")
	}
	for name, a := range all {
		rec := s.send("GET", "/static/"+name+"?v="+a.hash, nil)
		if rec.Code != http.StatusOK || !bytes.Equal(rec.Body.Bytes(), a.content) || rec.Header().Get("Cache-Control") != forever {
			t.Errorf("%s: %d %v", name, rec.Code, rec.Header())
		}
		rec = s.send("GET", "/static/"+name+"?v=old", nil, header("Accept-Encoding", "br, gzip;q=0.8"))
		if rec.Header().Get("Cache-Control") == forever || (rec.Header().Get("Content-Encoding") == "gzip") != (a.zipped != nil) {
			t.Errorf("%s in gzip: %v", name, rec.Header())
		}
	}
	for _, path := range []string{"/static/static.go", "/static/", "/static/none.css", "/static/..%2fgo.mod"} {
		if rec := s.send("GET", path, nil); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
}
