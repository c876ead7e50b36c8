package web

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"oneframe/app/picture"
)

func TestAPictureIsReceived(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for origin, want := range map[string]string{"webcam": "webcam", "upload": "upload", "": "api", "ftp": "api"} {
		body, kind := upload(t, map[string]any{"photo": face(t, "webcam-bird-0.jpg"), "name": " Ann ", "consent": "true", "origin": origin})
		sent := s.want(http.StatusCreated, "POST", "/api/v1/leases/"+s.lease()+"/frame", body, kind)
		id, _ := sent["id"].(string)
		if sent["state"] != "received" || sent["page_url"] != "http://example.com/f/"+id || !strings.HasPrefix(sent["manage_url"].(string), "http://example.com/m/") {
			t.Errorf("%v", sent)
		}
		if p := s.frame(id); p.Origin != want || p.Name != "Ann" || p.Consent != "1" || p.State != picture.Received {
			t.Errorf("by %q: %+v", origin, p)
		}
	}
	if left, err := os.ReadDir(s.rooms.Importer.Incoming); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAFormThatCannotBeTakenIsSaid(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	photo := face(t, "webcam-bird-0.jpg")
	at := "/api/v1/leases/" + s.lease() + "/frame"
	for code, parts := range map[string]map[string]any{
		"missing_photo":   {"name": "Ann", "consent": "true"},
		"consent_missing": {"photo": photo, "name": "Ann"},
		"bad_form":        {"photo": photo, "name": "Ann", "consent": strings.Repeat("true", 2000)},
	} {
		body, kind := upload(t, parts)
		s.refused(http.StatusUnprocessableEntity, code, "POST", at, body, kind)
	}
	body, kind := upload(t, map[string]any{"photo": photo, "name": "Ann", "consent": "false"})
	s.refused(http.StatusUnprocessableEntity, "consent_missing", "POST", at, body, kind)
	body, kind = upload(t, map[string]any{"photo": photo, "name": "Ann", "consent": "true"})
	s.refused(http.StatusUnprocessableEntity, "bad_form", "POST", at, bytes.NewReader(body.Bytes()[:body.Len()/2]), kind)
	s.refused(http.StatusUnsupportedMediaType, "not_multipart", "POST", at, `{"photo":""}`)
	body, kind = upload(t, map[string]any{"photo": []byte("GIF89a not one of ours"), "name": "Ann", "consent": "true"})
	s.refused(http.StatusUnsupportedMediaType, "unsupported_type", "POST", at, body, kind)
	body, kind = upload(t, map[string]any{"photo": photo, "name": "Ann", "consent": "true"})
	s.refused(http.StatusNotFound, "no_lease", "POST", "/api/v1/leases/none/frame", body, kind)
	body, kind = upload(t, map[string]any{"photo": photo, "name": "Ann", "consent": "true"})
	sent := s.want(http.StatusCreated, "POST", at, body, kind)
	body, kind = upload(t, map[string]any{"photo": photo, "name": "Ann", "consent": "true"})
	if again := s.want(http.StatusCreated, "POST", at, body, kind); !maps.Equal(again, sent) {
		t.Errorf("the picture sent again, as after a lost reply: %v, want %v", again, sent)
	}
	body, kind = upload(t, map[string]any{"photo": face(t, "webcam-bird-1.jpg"), "name": "Ann", "consent": "true"})
	s.refused(http.StatusConflict, "lease_used", "POST", at, body, kind)
	if left, err := os.ReadDir(s.rooms.Importer.Incoming); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// chunked hides a body's length.
type chunked struct{ io.Reader }

func TestTooMuchIsRefusedWhetherDeclaredOrNot(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	server := httptest.NewServer(s.e)
	defer server.Close()
	send := func(path, kind string, body io.Reader) (int, string) {
		req, err := http.NewRequest("POST", server.URL+path, body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		resp, err := server.Client().Do(req)
		if err != nil {
			t.Fatalf("the answer was lost: %v", err)
		}
		defer resp.Body.Close()
		var p Problem
		if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, p.Code
	}
	at := "/api/v1/leases/" + s.lease() + "/frame"
	for _, size := range []int{12_000_001, 13_000_000, 30_000_000} {
		for _, hide := range []bool{false, true} {
			body, kind := upload(t, map[string]any{"photo": make([]byte, size), "name": "Ann", "consent": "true"})
			r := httptest.NewRequest("POST", "/", nil)
			kind(r)
			var sent io.Reader = body
			if hide {
				sent = chunked{body}
			}
			if status, code := send(at, r.Header.Get("Content-Type"), sent); status != http.StatusRequestEntityTooLarge || code != "too_many_bytes" {
				t.Errorf("%d bytes, hidden length %v: %d %s", size, hide, status, code)
			}
		}
	}
	long := `{"slot":` + strings.Repeat(" ", 1<<20) + `1}`
	for _, body := range []io.Reader{strings.NewReader(long), chunked{strings.NewReader(long)}} {
		if status, code := send("/api/v1/clips/dance/leases", "application/json", body); status != http.StatusRequestEntityTooLarge || code != "too_many_bytes" {
			t.Errorf("a long request: %d %s", status, code)
		}
	}
}

func TestAnUploadInFlightSurvivesTheEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	site := listen(t, Listen{Address: "127.0.0.1:0"}, s.e)
	body, kind := upload(t, map[string]any{"photo": face(t, "webcam-bird-0.jpg"), "name": "Ann", "consent": "true"})
	all := body.Bytes()
	sent, more := io.Pipe()
	req, err := http.NewRequest("POST", "http://"+site.address+"/api/v1/leases/"+s.lease()+"/frame", sent)
	if err != nil {
		t.Fatal(err)
	}
	kind(req)
	var resp *http.Response
	var wait sync.WaitGroup
	wait.Go(func() { resp, err = http.DefaultClient.Do(req) })
	if _, err := more.Write(all[:len(all)/2]); err != nil { // returns when the server reads
		t.Fatal(err)
	}
	eventually(t, "the upload has begun", func() bool {
		files, _ := os.ReadDir(s.rooms.Importer.Incoming)
		return len(files) == 1
	})
	site.end()
	eventually(t, "no new connection is taken", func() bool {
		c, err := net.Dial("tcp", site.address)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	if _, err := more.Write(all[len(all)/2:]); err != nil {
		t.Fatal(err)
	}
	_ = more.Close()
	wait.Wait()
	if err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatalf("the upload in flight: %v, %v", resp, err)
	}
	defer resp.Body.Close()
	var frame sentJSON
	if err := json.NewDecoder(resp.Body).Decode(&frame); err != nil || s.frame(string(frame.ID)).State != picture.Received {
		t.Errorf("the picture was lost: %+v, %v", frame, err)
	}
	if err := <-site.over; err != nil {
		t.Error(err)
	}
}

func TestManyAtOnceAreAllReceived(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var wait sync.WaitGroup
	photo := face(t, "webcam-bird-0.jpg")
	for range 30 {
		lease := s.lease()
		body, kind := upload(t, map[string]any{"photo": photo, "name": "Ann", "consent": "true"})
		wait.Go(func() {
			if rec := s.send("POST", "/api/v1/leases/"+lease+"/frame", body, kind); rec.Code != http.StatusCreated {
				t.Errorf("%d: %s", rec.Code, rec.Body)
			}
		})
	}
	wait.Wait()
}
