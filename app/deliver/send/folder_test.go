package send_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"oneframe/app/deliver/send"
)

func TestFolder(t *testing.T) {
	t.Parallel()
	allowed := t.TempDir()
	dir := filepath.Join(allowed, "acme")
	s := open(t, target(t, "file://"+dir, ""), local("/nowhere", allowed))
	var got []send.Receipt
	for _, p := range []send.Parcel{parcel("d1", "2026/a.jpg", "first"), parcel("d1", "2026/a.jpg", "first"), parcel("d2", "b.jpg", "second")} {
		r, err := s.Send(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	if r := got[0]; r.Remote != filepath.Join(dir, "2026/a.jpg") || r.Sidecar != r.Remote+".xmp" || r.Bytes != 9 || r.Verified != "sha256" {
		t.Errorf("the receipt is %+v", r)
	}
	if all := files(t, dir); !maps.Equal(all, map[string]string{"2026/a.jpg": "first", "2026/a.jpg.xmp": "<x/>", "b.jpg": "second", "b.jpg.xmp": "<x/>"}) {
		t.Errorf("the folder holds %v", all)
	}
	recall := send.Recall{ID: "r1", Delivery: "d1", Remote: got[0].Remote, Sidecar: got[0].Sidecar}
	if r, err := s.Recall(t.Context(), recall); err != nil || !strings.Contains(r.Answer, "doesn't allow it") || len(files(t, dir)) != 4 {
		t.Errorf("recalled where deleting is not allowed: %+v, %v", r, err)
	}
	for recall.Delete = true; ; {
		if r, err := s.Recall(t.Context(), recall); err != nil || r.Answer != "Deleted." || len(files(t, dir)) != 2 {
			t.Errorf("recalled: %+v, %v, left %v", r, err, files(t, dir))
		}
		if recall.Reason != "" {
			break
		}
		recall.Reason = "again"
	}
	recall.Remote = filepath.Join(allowed, "other.jpg")
	_, err := s.Recall(t.Context(), recall)
	wants(t, "another folder's file", err, send.Refused)
}

// A folder that was moved away, with another one in its place, gets nothing any more.
func TestTheFolderIsTheOneOfItsPath(t *testing.T) {
	t.Parallel()
	allowed := t.TempDir()
	dir := filepath.Join(allowed, "acme")
	s := open(t, target(t, "file://"+dir, ""), local(allowed))
	if _, err := s.Send(t.Context(), parcel("d1", "a.jpg", "first")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Rename(dir, dir+"-old"), os.Mkdir(dir, 0o750)); err != nil {
		t.Fatal(err)
	}
	_, err := s.Send(t.Context(), parcel("d2", "b.jpg", "second"))
	wants(t, "a folder that was moved", err, send.Down)
	if _, err := open(t, target(t, "file://"+dir, ""), local(allowed)).Send(t.Context(), parcel("d2", "b.jpg", "second")); err != nil {
		t.Error(err)
	}
	if all := files(t, dir); !maps.Equal(all, map[string]string{"b.jpg": "second", "b.jpg.xmp": "<x/>"}) {
		t.Errorf("the folder holds %v", all)
	}
}

func TestNothingOutsideOfTheFolderIsTouched(t *testing.T) {
	t.Parallel()
	outside, allowed := t.TempDir(), t.TempDir()
	if err := errors.Join(os.Symlink(outside, filepath.Join(allowed, "out")), os.Mkdir(filepath.Join(allowed, "in"), 0o750),
		os.Symlink(outside, filepath.Join(allowed, "in", "out"))); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"file:///etc", "file://" + allowed + "/../x", "file://" + outside, "file://" + allowed + "/out", "file://" + allowed + "/out/x", "file://" + allowed + "-more"} {
		_, err := send.Open(t.Context(), target(t, address, ""), local(allowed))
		wants(t, address, err, send.Hopeless)
	}
	_, err := send.Open(t.Context(), target(t, "file:///"+allowed, ""), local())
	wants(t, "no folder is allowed", err, send.Hopeless)
	_, err = send.Open(t.Context(), target(t, "file:///nowhere/x", ""), local("/nowhere"))
	wants(t, "a disk that is not there", err, send.Down)
	s := open(t, target(t, "file://"+allowed+"/in", ""), local(allowed))
	for _, name := range []string{"../a.jpg", "/a.jpg", "out/a.jpg", "..", ""} {
		if _, err := s.Send(t.Context(), parcel("d1", name, "content")); err == nil {
			t.Errorf("%q was written", name)
		}
	}
	if got := files(t, outside); len(got) != 0 {
		t.Errorf("outside lies %v", got)
	}
}

func TestNoHalfFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, target(t, "file://"+dir, ""), local(dir))
	ctx, stop := context.WithCancel(t.Context())
	for name, c := range map[string]struct {
		ctx  context.Context
		edit func(p *send.Parcel)
		kind send.Kind
	}{
		"another content": {t.Context(), func(p *send.Parcel) { p.SHA256 = strings.Repeat("0", 64) }, send.Ours},
		"a short file":    {t.Context(), func(p *send.Parcel) { p.Size++ }, send.Ours},
		"it was stopped": {ctx, func(p *send.Parcel) {
			p.Open = func() (io.ReadCloser, error) { stop(); return io.NopCloser(strings.NewReader("content")), nil }
		}, send.Ours},
		"a name that is one": {t.Context(), func(p *send.Parcel) { p.Name = "folder" }, send.Refused},
		"too long a name":    {t.Context(), func(p *send.Parcel) { p.Name = strings.Repeat("x", 300) }, send.Refused},
	} {
		if err := os.MkdirAll(filepath.Join(dir, "folder", "x"), 0o750); err != nil {
			t.Fatal(err)
		}
		p := parcel("d1", "a.jpg", "content")
		p.Sidecar = nil
		c.edit(&p)
		_, err := s.Send(c.ctx, p)
		wants(t, name, err, c.kind)
		if got := files(t, dir); len(got) != 0 {
			t.Errorf("%s: the folder holds %v", name, got)
		}
	}
}
