package ingest_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"oneframe/app/ingest"
	"oneframe/app/picture"
	"oneframe/app/rendition"
	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/testdata"
	"oneframe/app/vault"
)

// site is a clip "c" of nine slots with its door and its scaler, in folders of its own.
type site struct {
	testing.TB
	db     *store.DB
	door   *ingest.Door
	scaler *ingest.Scaler

	mu  sync.Mutex // guards now
	now time.Time
}

func newSite(t testing.TB) *site {
	t.Helper()
	dir := t.TempDir()
	return newSiteIn(t, filepath.Join(dir, "x.db"), filepath.Join(dir, "media"))
}

// newSiteIn makes the site where it is told.
func newSiteIn(t testing.TB, file, media string) *site {
	t.Helper()
	s := openSite(t, file, media)
	s.write(func(tx *store.Tx) error {
		for n := range 9 {
			if err := slot.Add(tx, []slot.Slot{{ID: slot.ID{Clip: "c", Number: n + 1}, Hold: 2}}); err != nil {
				return err
			}
		}
		return nil
	})
	return s
}

// openSite opens what is there already.
func openSite(t testing.TB, file, media string) *site {
	t.Helper()
	db, err := store.Open(context.Background(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	originals, renditions := openVault(t, filepath.Join(media, "original")), openVault(t, filepath.Join(media, "rendition"))
	budget := rendition.NewBudget(256 << 20)
	s := &site{TB: t, db: db, now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	db.Now = func() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.now }
	s.door = &ingest.Door{DB: db, Originals: originals, Budget: budget}
	s.scaler = &ingest.Scaler{DB: db, Originals: originals, Renditions: renditions, Budget: budget, Tries: 3, Claim: time.Minute, Workers: 2}
	return s
}

func openVault(t testing.TB, dir string) *vault.Vault {
	t.Helper()
	v, err := vault.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (s *site) later(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *site) write(f func(*store.Tx) error) {
	s.Helper()
	if err := s.db.Write(context.Background(), f); err != nil {
		s.Fatal(err)
	}
}

func (s *site) lease() (token slot.Token) {
	s.Helper()
	s.write(func(tx *store.Tx) error {
		l, err := slot.Take(tx, "c", 0, 10*time.Minute)
		token = l.Token
		return err
	})
	return token
}

// send accepts a picture for a fresh lease.
func (s *site) send(data []byte) (ingest.Receipt, error) {
	s.Helper()
	return s.door.Accept(context.Background(), upload(s.lease(), data))
}

// sent is send, and fails the test where it is refused.
func (s *site) sent(data []byte) picture.ID {
	s.Helper()
	r, err := s.send(data)
	if err != nil {
		s.Fatal(err)
	}
	return r.ID
}

func upload(lease slot.Token, data []byte) ingest.Upload {
	return ingest.Upload{Data: data, Origin: "webcam", Lease: lease, Name: "Ann", Consent: "1"}
}

func (s *site) get(id picture.ID) (p picture.Picture) {
	s.Helper()
	err := s.db.Read(context.Background(), func(tx *store.Tx) (err error) { p, err = picture.Get(tx, id); return err })
	if err != nil {
		s.Fatal(err)
	}
	return p
}

func (s *site) count() int {
	s.Helper()
	n := 0
	err := s.db.Read(context.Background(), func(tx *store.Tx) error {
		counts, err := picture.Counts(tx, "c")
		for _, v := range counts {
			n += v
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return n
}

// step does one round of scaling, and fails the test where the site is at fault.
func (s *site) step() (worked bool) {
	s.Helper()
	worked, err := s.scaler.Step(context.Background())
	if err != nil {
		s.Fatal(err)
	}
	return worked
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(testdata.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// shot is a small JPEG that no other number gives.
func shot(t testing.TB, n int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for i := range 64 * 48 {
		img.Set(i%64, i/64, color.RGBA{R: byte(n), G: byte(n >> 8), B: byte(i), A: 255})
	}
	for i := range 16 {
		img.Set(i, 0, color.Gray{Y: byte(n >> i & 1 * 255)})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return append(b.Bytes(), byte(n), byte(n>>8))
}

// headOnly is a JPEG with a good header and next to no pixels: only decoding finds out.
func headOnly(jpeg []byte) []byte { return jpeg[:bytes.Index(jpeg, []byte{0xff, 0xda})+16] }
