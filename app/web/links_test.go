package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"oneframe/app/deliver"
	"oneframe/app/people"
	"oneframe/app/store"
)

func TestAReceiverFetchesItsPictureByItsLink(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	boss := s.hire("boss", people.Admin)
	sea := s.subscribed("sea")
	s.want(http.StatusOK, "PATCH", "/api/v1/subscribers/"+sea, map[string]any{"destination": "https://sea.example/in", "style": "link", "rendition": map[string]any{"longest": 320}}, boss)
	s.accepted("Ann", boss)
	s.follow()
	var d deliver.Delivery
	if err := s.rooms.DB.Read(t.Context(), func(tx *store.Tx) error {
		all, _, err := deliver.List(tx, deliver.Query{Subscriber: sea})
		if err == nil {
			d = all[0]
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	address, until := s.rooms.Links.Link(d.ID, d.Version)
	if got := until.Sub(s.clock.Now()); got > 24*time.Hour || got < 23*time.Hour {
		t.Errorf("it ends after %s", got)
	}
	at, ours := strings.CutPrefix(address, "https://site.example.org")
	if !ours {
		t.Fatalf("the address is %s", address)
	}
	rec := s.send("GET", at, nil)
	sum := sha256.Sum256(rec.Body.Bytes())
	h := rec.Header()
	if rec.Code != http.StatusOK || h.Get("Content-Type") != "image/jpeg" || h.Get("Cache-Control") != "private, no-store" || h.Get("ETag") != `"`+hex.EncodeToString(sum[:])+`"` ||
		!strings.HasPrefix(h.Get("Content-Disposition"), "attachment; filename=") || rec.Body.Len() < 1000 {
		t.Errorf("%d %v, %d bytes", rec.Code, h, rec.Body.Len())
	}
	if head := s.send("HEAD", at, nil); head.Code != http.StatusOK || head.Body.Len() != 0 || head.Header().Get("ETag") != h.Get("ETag") {
		t.Errorf("HEAD: %d, %d bytes", head.Code, head.Body.Len())
	}
	for _, forged := range []string{strings.Replace(at, "version=1", "version=2", 1), strings.Replace(at, "until=", "until=9", 1), at + "x", strings.Replace(at, d.ID, "x"+d.ID, 1),
		"/api/v1/deliveries/" + d.ID + "/picture"} {
		s.refused(http.StatusNotFound, "no_link", "GET", forged, nil)
	}
	newer, _ := s.rooms.Links.Link(d.ID, 2)
	s.refused(http.StatusGone, "link_ended", "GET", strings.TrimPrefix(newer, "https://site.example.org"), nil)
	other, _ := s.rooms.Links.Link("none", 1)
	s.refused(http.StatusGone, "link_ended", "GET", strings.TrimPrefix(other, "https://site.example.org"), nil)
	s.alter(`UPDATE deliver_delivery SET state = 'recalled' WHERE id = $1`, d.ID)
	s.refused(http.StatusGone, "link_ended", "GET", at, nil)
	s.alter(`UPDATE deliver_delivery SET state = 'dead' WHERE id = $1`, d.ID)
	s.clock.pass(24 * time.Hour)
	s.refused(http.StatusGone, "link_ended", "GET", at, nil)
}
