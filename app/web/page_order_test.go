package web

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"oneframe/app/browsertest"
	"oneframe/app/deliver"
	"oneframe/app/people"
	"oneframe/app/store"
)

// served gives a site with an accepted photograph, a subscriber with a destination, and
// the address of its order's page.
func served(t *testing.T) (s *site, boss with, photo, page string) {
	t.Helper()
	s = newSite(t)
	boss, pat := s.hire("boss", people.Admin), s.hire("pat", people.Photographer)
	photo = s.post(http.StatusCreated, photograph(t, "photos/orient-landscape-6.jpg"), "Ferry 1.jpg", pat)["id"].(string)
	s.scale()
	s.want(http.StatusOK, "POST", "/api/v1/frames/"+photo+"/verdict", map[string]string{"verdict": "accepted"}, boss)
	x := s.want(http.StatusCreated, "POST", "/api/v1/subscribers", map[string]any{"name": "The Sea", "destination": "sftp://sea@one.example/in"}, boss)
	return s, boss, photo, "/admin/subscribers/" + x["id"].(string) + "/order"
}

// logo is a red PNG that fades out.
func logo(t *testing.T) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 90, 30))
	for i := range 90 * 30 {
		img.Set(i%90, i/90, color.NRGBA{R: 230, G: 40, B: 40, A: uint8(255 - i%90*2)})
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestAnOrderIsEnteredTriedAndSaved(t *testing.T) {
	t.Parallel()
	s, boss, photo, page := served(t)
	who := s.login("boss")
	if body := s.raw(page, who); !strings.Contains(body, "Ferry 1.jpg") || !strings.Contains(body, photo+".jpg") || !strings.Contains(body, "The original, byte for byte") {
		t.Error("the page doesn't show the original under its name")
	}
	box := url.Values{"picture": {photo}, "kind": {"box"}, "width": {"300"}, "height": {"200"}, "max_kb": {"40"}, "mark": {"text"}, "mark_text": {hostile}, "trim": {"true"}, "name": {"{year}/{name}"}, "sidecar": {"xmp"}}
	tried := s.want(http.StatusOK, "GET", page+"/preview?"+box.Encode(), nil, who)
	if tried["width"] != 300.0 || tried["height"] != 200.0 || tried["bytes"].(float64) > 40_000 || !strings.HasSuffix(tried["name"].(string), "/Ferry 1.jpg") || !strings.HasSuffix(tried["sidecar"].(string), ".xmp") {
		t.Errorf("tried: %v", tried)
	}
	rec := s.send("GET", tried["source"].(string), nil, who)
	if c, err := imageSize(rec.Body.Bytes()); rec.Code != http.StatusOK || err != nil || c != image.Pt(300, 200) || rec.Header().Get("Content-Security-Policy") == policy {
		t.Errorf("the preview: %d, %v, %v", rec.Code, c, err)
	}
	for field, word := range map[string]string{"width": "width", "height": "height", "mark_text": "a text or an image", "name": "{nope}"} {
		wrong := url.Values{}
		for k, v := range box {
			wrong[k] = v
		}
		wrong.Set(field, map[string]string{"name": "{nope}"}[field])
		if tried := s.want(http.StatusOK, "GET", page+"/preview?"+wrong.Encode(), nil, who); !strings.Contains(tried["error"].(string), word) {
			t.Errorf("%s: %v", field, tried)
		}
		if rec := s.submit(page, wrong, who); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(text(rec.Body.String()), word) {
			t.Errorf("%s: %d", field, rec.Code)
		}
	}
	s.submits(page, page, box, who)
	if body := s.raw(page, who); !strings.Contains(body, `value="300"`) || strings.Contains(body, hostile) {
		t.Error("what was saved isn't shown")
	}
	x := s.want(http.StatusOK, "GET", strings.TrimSuffix(strings.Replace(page, "/admin", "/api/v1", 1), "/order"), nil, boss)
	if made := x["rendition"].(map[string]any); made["width"] != 300.0 || made["watermark"].(map[string]any)["text"] != hostile || made["max_bytes"] != 40_000.0 {
		t.Errorf("the API has %v", made)
	}
	if body := s.raw(page+"?kind=longest&longest=120", who); !strings.Contains(body, "120 × 80") {
		t.Error("no preview without a script")
	}
}

func TestAWatermarkIsUploaded(t *testing.T) {
	t.Parallel()
	s, _, photo, page := served(t)
	who := s.login("boss")
	first := s.send("GET", "/login", nil, who)
	for _, k := range first.Result().Cookies() {
		if k.Name == "oneframe_csrf" {
			session, token := who, k.Value
			who = func(r *http.Request) { session(r); cookie(k.Name, token)(r); header("X-CSRF-Token", token)(r) }
		}
	}
	for status, data := range map[int][]byte{http.StatusCreated: logo(t), http.StatusUnprocessableEntity: []byte("GIF89a"), http.StatusRequestEntityTooLarge: make([]byte, 1<<20+1)} {
		body, kind := upload(s, map[string]any{"png": data})
		if got := s.want(status, "POST", page+"/mark", body, kind, who, header("Accept", "application/json")); status == http.StatusCreated {
			tried := s.want(http.StatusOK, "GET", page+"/preview?"+url.Values{"picture": {photo}, "kind": {"original"}, "mark": {"image"}, "mark_image": {got["image"].(string)}}.Encode(), nil, who)
			if tried["untouched"] != false || tried["width"] != 1800.0 {
				t.Errorf("tried: %v", tried)
			}
		}
	}
	body, kind := upload(s, map[string]any{"png": logo(t), "kind": "original", "mark": "none"})
	if rec := s.send("POST", page, body, kind, who); rec.Code != http.StatusSeeOther {
		t.Fatalf("%d: %s", rec.Code, text(rec.Body.String()))
	}
	err := s.rooms.DB.Read(t.Context(), func(tx *store.Tx) error {
		d, _, err := deliver.GetDestination(tx, strings.Split(page, "/")[3])
		if !strings.Contains(string(d.Made), `"image":"`) {
			t.Errorf("kept: %s", d.Made)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheOrdersPageInABrowser(t *testing.T) {
	t.Parallel()
	s, _, photo, page := served(t)
	mark := filepath.Join(t.TempDir(), "logo.png")
	if err := os.WriteFile(mark, logo(t), 0o600); err != nil {
		t.Fatal(err)
	}
	site := s.serve()
	b := browsertest.Open(t, browsertest.Options{})
	b.Login(site, "boss", "a long password")
	b.Go(site + page)
	b.Click("[name=kind][value=longest]")
	b.Type("[name=longest]", "640")
	b.Wait(`document.querySelector("#sized").textContent.startsWith("640 × 427") && document.querySelector("#made").naturalWidth === 640`)
	b.Click("[name=mark][value=image]")
	b.Choose("#png", mark)
	b.Wait(`document.querySelector("[name=mark_image]").value.length === 64 && document.querySelector("#made").src.includes("mark_image")`)
	b.Type("[name=name]", "{nope}")
	b.Wait(`!document.querySelector("#cant").hidden && document.querySelector("#cant").textContent.includes("{nope}")`)
	b.Type("[name=name]", "\b\b\b\b\b\b{city}/{id}")
	b.Wait(`document.querySelector("#named").textContent.endsWith("` + photo + `.jpg")`)
	b.Click("[name=mark][value=text]")
	b.Type("[name=mark_text]", "© Nordlicht")
	b.Wait(`document.querySelector("#made").src.includes("Nordlicht") && !document.querySelector("#making").classList.contains("busy")`)
	for _, width := range []int64{1280, 360} {
		b.Size(width, 800)
		b.Wait(`document.documentElement.scrollWidth <= innerWidth`)
		if dir := os.Getenv("ONEFRAME_SHOTS"); dir != "" {
			b.Shot(filepath.Join(dir, fmt.Sprintf("order-%d.png", width)), false)
		}
	}
	b.Click("#save")
	b.Wait(`document.body.textContent.includes("Saved.") && document.querySelector("[name=longest]").value === "640"`)
	for _, p := range b.Problems() {
		t.Errorf("the browser notes: %s", p)
	}
}

func imageSize(data []byte) (image.Point, error) {
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	return image.Pt(c.Width, c.Height), err
}
