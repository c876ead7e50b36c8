package send_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"oneframe/app/deliver/send"
	"oneframe/app/ftp"
	"oneframe/app/ingest"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/rendition"
	database "oneframe/app/store"
	"oneframe/app/vault"
)

// One site's deliveries are another one's pictures: our own doors take what the senders
// bring, whichever way.
func TestAnotherSiteTakesWhatIsSent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := database.Open(t.Context(), filepath.Join(dir, "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	originals, err := vault.Open(filepath.Join(dir, "original"))
	if err != nil {
		t.Fatal(err)
	}
	limits := rendition.Limits{Bytes: 50e6, Pixels: 50e6}
	site := &ftp.Server{DB: db, People: people.NewRegister(db), Dir: filepath.Join(dir, "ftp"), Log: slog.New(slog.DiscardHandler),
		Door: &ingest.Door{DB: db, Originals: originals, Budget: rendition.NewBudget(256 << 20), Limits: limits, PhotoLimits: limits},
		Settings: ftp.Settings{FTP: "127.0.0.1:0", FTPS: "127.0.0.1:0", SFTP: "127.0.0.1:0", TLS: "optional", From: 43000, To: 43999,
			MaxBytes: 20e6, Keep: 24 * time.Hour, Idle: 5 * time.Minute}}
	if _, err := site.People.Add(t.Context(), "ann", "correct horse", people.Photographer); err != nil {
		t.Fatal(err)
	}
	at := serve(t, site)
	pin := "?fingerprint=" + fingerprintIn(t, site.Dir)
	for i, address := range []string{"ftp://ann@" + at.FTP + "/in", "ftpes://ann@" + at.FTP + "/in" + pin, "ftps://ann@" + at.FTPS + "/in" + pin, "sftp://ann@" + at.SFTP + "/in"} {
		data := jpegOf(t, i)
		name := fmt.Sprintf("day/%d.jpg", i)
		s := open(t, target(t, address, "correct horse"), local())
		r := must(t, s, photoOf(name, data))
		if r.Verified != "size" {
			t.Errorf("%s: the receipt is %+v", address, r)
		}
		_, err := s.Send(t.Context(), photoOf("notes.jpg", []byte("no picture")))
		if e := fails(t, err, send.Refused); e.Answer == "" {
			t.Errorf("%s: it doesn't say why: %v", address, e)
		}
		err = db.Read(t.Context(), func(tx *database.Tx) error {
			page, _, err := picture.List(tx, picture.Query{Sort: "recent", Limit: 1})
			if err == nil && (len(page) != 1 || page[0].Original != vault.KeyOf(data) || page[0].FileName != "in/"+name) {
				t.Errorf("%s: the newest is %+v", address, page)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// jpegOf makes a picture that no other number makes.
func jpegOf(t *testing.T, n int) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 640, 480))
	for i := range m.Pix {
		m.Pix[i] = uint8(i*i>>8 + n*37)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func serve(t *testing.T, site *ftp.Server) ftp.Addresses {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended, ready := make(chan error, 1), make(chan ftp.Addresses, 1)
	go func() { ended <- site.Serve(ctx, func(at ftp.Addresses) { ready <- at }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case at := <-ready:
		return at
	case err := <-ended:
		t.Fatal(err)
		return ftp.Addresses{}
	}
}

// fingerprintIn finds the certificate that the doors have made for themselves.
func fingerprintIn(t *testing.T, dir string) string {
	t.Helper()
	found := errors.New("found")
	var sum string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "BEGIN CERTIFICATE") {
			return err
		}
		block, rest := pem.Decode(text)
		for ; block.Type != "CERTIFICATE"; block, rest = pem.Decode(rest) {
		}
		sum = fmt.Sprintf("sha256:%x", sha256.Sum256(block.Bytes))
		return found
	})
	if !errors.Is(err, found) {
		t.Fatalf("there is no certificate: %v", err)
	}
	return sum
}
