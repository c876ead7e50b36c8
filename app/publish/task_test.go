package publish

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"oneframe/app/store"
)

type named string

func (n named) Name() string                                   { return string(n) }
func (named) Move(context.Context, Job, *Upload) (Next, error) { return Next{Done: true}, nil }

// A move that lasts keeps its claim by signs of life; one that was silent has lost it,
// and what it writes no longer counts.
func TestClaims(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	db.Now = func() time.Time { return now }
	write := func(f func(*store.Tx) error) error { return db.Write(t.Context(), f) }
	if err := write(func(tx *store.Tx) error { return Want(tx, "c", "r", "hash", "/nowhere", "Title") }); err != nil {
		t.Fatal(err)
	}
	o := &Office{DB: db, Hosts: []Host{named("h")}}
	first, err := o.claim(t.Context())
	if err != nil || first == nil {
		t.Fatalf("%v, %v", first, err)
	}
	now = now.Add(time.Minute)
	if err := write(first.renew); err != nil {
		t.Error(err)
	}
	now = now.Add(89 * time.Second)
	if other, err := o.claim(t.Context()); err != nil || other != nil {
		t.Errorf("taken over from somebody alive: %v, %v", other, err)
	}
	now = now.Add(time.Second)
	second, err := o.claim(t.Context())
	if err != nil || second == nil || !second.upload.Unsure {
		t.Fatalf("not taken over: %+v, %v", second, err)
	}
	if err := write(first.renew); !errors.Is(err, errLost) {
		t.Errorf("the first renewed: %v", err)
	}
	if err := write(func(tx *store.Tx) error { return first.settle(tx, Next{}, errors.New("late")) }); err != nil {
		t.Error(err)
	}
	if err := write(second.renew); err != nil {
		t.Errorf("the late one's words ended the claim of the second: %v", err)
	}
}

// mp4 makes a file of ftyp, and moov with an mvhd of the version.
func mp4(version byte, scale uint32, length uint64) []byte {
	be := binary.BigEndian
	mvhd := be.AppendUint32([]byte{}, 0)
	mvhd = append(mvhd, "mvhd"...)
	mvhd = append(mvhd, version, 0, 0, 0)
	if version == 1 {
		mvhd = be.AppendUint64(be.AppendUint32(append(mvhd, make([]byte, 16)...), scale), length)
	} else {
		mvhd = be.AppendUint32(be.AppendUint32(append(mvhd, make([]byte, 8)...), scale), uint32(length))
	}
	mvhd = append(mvhd, make([]byte, 80)...)
	be.PutUint32(mvhd, uint32(len(mvhd)))
	file := append([]byte{0, 0, 0, 12}, "ftypisom"...)
	file = append(be.AppendUint32(file, uint32(len(mvhd)+8)), "moov"...)
	return append(file, mvhd...)
}

func TestDuration(t *testing.T) {
	t.Parallel()
	huge := append([]byte{0, 0, 0, 1}, "free\x00\x00\x00\x00\x00\x00\x00\x12ab"...)
	for name, c := range map[string]struct {
		file []byte
		want time.Duration
	}{
		"version 0":     {mp4(0, 1000, 220_500), 220500 * time.Millisecond},
		"version 1":     {mp4(1, 90_000, 90_000*7200), 2 * time.Hour},
		"a large box":   {append(huge, mp4(0, 1000, 5000)...), 5 * time.Second},
		"no time scale": {mp4(0, 0, 5000), 0},
		"cut off":       {mp4(0, 1000, 5000)[:40], 0},
		"no video":      {[]byte("just some text, long enough for a box"), 0},
		"empty":         {nil, 0},
	} {
		path := filepath.Join(t.TempDir(), "x.mp4")
		if err := os.WriteFile(path, c.file, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := duration(path); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got := duration("/nowhere"); got != 0 {
		t.Errorf("no file: %s", got)
	}
}
