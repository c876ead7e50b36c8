package web

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/clip"
	"oneframe/app/deliver"
	"oneframe/app/deliver/order"
	"oneframe/app/fault"
	"oneframe/app/feed"
	"oneframe/app/ffmpeg"
	"oneframe/app/ingest"
	"oneframe/app/moderation"
	"oneframe/app/moderation/crowd"
	"oneframe/app/outbound"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/publish"
	"oneframe/app/rendition"
	"oneframe/app/seal"
	"oneframe/app/slot"
	"oneframe/app/source"
	"oneframe/app/store"
	"oneframe/app/testdata"
	"oneframe/app/vault"
)

// site is a whole site in a temporary folder, with a clip "dance" of 12 slots, a clock
// that the test moves, and no workers but those that the test runs.
type site struct {
	testing.TB
	rooms  Rooms
	e      *echo.Echo
	scaler *ingest.Scaler
	clock  *hands
	log    *logged
}

// hands is a time that moves only when told to.
type hands struct {
	mu  sync.Mutex
	now time.Time
}

func (c *hands) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *hands) pass(d time.Duration) { c.mu.Lock(); c.now = c.now.Add(d); c.mu.Unlock() }

// scratch is a folder that is removed when all tests are over.
var scratch string

// imported is a data folder with the clip in it, made once and copied for each test.
var imported = sync.OnceValues(func() (string, error) {
	dir := scratch
	file := filepath.Join(dir, "dance.mp4")
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=1",
		"-f", "lavfi", "-i", "sine=f=440:d=1", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest", file).CombinedOutput()
	if err != nil {
		return string(out), err
	}
	rooms, err := open(dir, time.Now)
	if err != nil {
		return "", err
	}
	if _, err := rooms.Importer.Import(context.Background(), source.Request{File: file, Slug: "dance", Title: "Dance"}, func(float64) {}); err != nil {
		return "", err
	}
	return dir, rooms.DB.Close()
})

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "oneframe-web-*")
	if err != nil {
		panic(err)
	}
	scratch = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// open builds the rooms over a data folder.
func open(dir string, now func() time.Time) (Rooms, error) {
	tool, err := ffmpeg.Find()
	if err != nil {
		return Rooms{}, err
	}
	db, err := store.Open(context.Background(), filepath.Join(dir, "oneframe.db"))
	if err != nil {
		return Rooms{}, err
	}
	db.Now = now
	originals, err := vault.Open(filepath.Join(dir, "media", "original"))
	if err != nil {
		return Rooms{}, err
	}
	renditions, err := vault.Open(filepath.Join(dir, "media", "rendition"))
	if err != nil {
		return Rooms{}, err
	}
	marks, err := vault.Open(filepath.Join(dir, "marks"))
	if err != nil {
		return Rooms{}, err
	}
	library := source.Library{Dir: filepath.Join(dir, "clips")}
	box, err := seal.Open(filepath.Join(dir, "secret.key"))
	if err != nil {
		return Rooms{}, err
	}
	desk := &moderation.Desk{DB: db, Judgments: 3}
	maker := &order.Maker{DB: db, Originals: originals, Marks: marks, Dir: filepath.Join(dir, "made"), Budget: rendition.NewBudget(256 << 20),
		Limits: rendition.Limits{Bytes: 50_000_000, Pixels: 50_000_000}}
	return Rooms{DB: db, People: people.NewRegister(db), Originals: originals, Renditions: renditions,
		Importer: &source.Importer{DB: db, Tool: tool, Library: library, Incoming: filepath.Join(dir, "incoming"), Hold: 2},
		Door: &ingest.Door{DB: db, Originals: originals, Budget: rendition.NewBudget(256 << 20),
			Limits: rendition.Limits{Bytes: 12_000_000, Pixels: 50_000_000}},
		Desk: desk,
		Crowds: &crowd.Exchange{DB: db, Desk: desk, Box: box, Client: outbound.NewClient(true, time.Minute), Base: "https://site.example.org",
			Private: true, Jitter: func() float64 { return 0 }},
		Office: &publish.Office{DB: db, Every: time.Hour},
		Book: &feed.Book{DB: db, Box: box, Check: func(_ context.Context, address string) error {
			if strings.Contains(address, "localhost") {
				return fault.New(fault.Invalid, "private_network", "That is a private network.")
			}
			return nil
		}},
		Sending: &deliver.Office{DB: db, Box: box, Log: slog.New(slog.DiscardHandler)},
		Feed:    &feed.Engine{DB: db, People: people.NewRegister(db)},
		Maker:   maker, Links: &deliver.Links{DB: db, Key: box.Key("delivery links"), Base: "https://site.example.org", Maker: maker},
		Studio: &clip.Studio{DB: db, Tool: tool, Library: library, Renditions: renditions, Units: filepath.Join(dir, "units"),
			Pick: "newest", Keep: 2}}, nil
}

// newSite opens a fresh site; each change changes its settings first.
func newSite(t testing.TB, changes ...func(*Settings)) *site {
	t.Helper()
	from, err := imported()
	if err != nil {
		t.Fatalf("the clip could not be imported: %v %s", err, from)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	s := &site{TB: t, clock: &hands{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}, log: &logged{}}
	if s.rooms, err = open(dir, s.clock.Now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.rooms.DB.Close(); err != nil {
			t.Error(err)
		}
	})
	s.scaler = &ingest.Scaler{DB: s.rooms.DB, Originals: s.rooms.Originals, Renditions: s.rooms.Renditions, Budget: s.rooms.Door.Budget,
		Tries: 2, Claim: time.Minute, Workers: 1}
	settings := Settings{Lease: 10 * time.Minute, HomeShow: "accepted", Pick: "newest", Limits: true, MaxVideo: 64 << 20,
		Consent: "I agree.", ConsentVersion: "1"}
	for _, change := range changes {
		change(&settings)
	}
	if s.e, err = New(s.rooms, settings, slog.New(slog.NewJSONHandler(s.log, nil))); err != nil {
		t.Fatal(err)
	}
	return s
}

// with changes a request before it is sent.
type with func(*http.Request)

func token(secret string) with {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+secret) }
}

func header(name, value string) with {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func cookie(name, value string) with {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: name, Value: value}) }
}

func from(address string) with { return func(r *http.Request) { r.RemoteAddr = address } }

// send makes a request of the site, and holds an answer of the API against its
// description. A body that is no reader or string is sent as JSON.
func (s *site) send(method, target string, body any, more ...with) *httptest.ResponseRecorder {
	s.Helper()
	var r io.Reader
	kind := ""
	switch b := body.(type) {
	case nil:
	case io.Reader:
		r = b
	case string:
		r = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			s.Fatal(err)
		}
		r, kind = bytes.NewReader(raw), "application/json"
	}
	req := httptest.NewRequest(method, target, r)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for _, w := range more {
		w(req)
	}
	rec := httptest.NewRecorder()
	s.e.ServeHTTP(rec, req)
	if strings.HasPrefix(req.URL.Path, "/api/v1/") {
		if err := loadDescription(s).check(method, req.URL.Path, rec); err != nil {
			s.Errorf("%s %s is not as openapi.yaml describes it: %v", method, target, err)
		}
	}
	return rec
}

// want makes a request and fails the test unless it is answered with the status; the
// JSON answer goes into the map.
func (s *site) want(status int, method, target string, body any, more ...with) map[string]any {
	s.Helper()
	rec := s.send(method, target, body, more...)
	if rec.Code != status {
		s.Fatalf("%s %s: %d, want %d: %s", method, target, rec.Code, status, rec.Body)
	}
	answer := map[string]any{}
	if strings.Contains(rec.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
			s.Fatalf("%s %s: %v in %s", method, target, err, rec.Body)
		}
	}
	return answer
}

// refused makes a request and fails the test unless it is refused with status and code.
func (s *site) refused(status int, code, method, target string, body any, more ...with) {
	s.Helper()
	if got := s.want(status, method, target, body, more...); got["code"] != code || got["status"] != float64(status) {
		s.Errorf("%s %s: %v, want code %s", method, target, got, code)
	}
}

// hire makes an account and gives its API token.
func (s *site) hire(name string, role people.Role) with {
	s.Helper()
	if _, err := s.rooms.People.Add(context.Background(), name, "a long password", role); err != nil {
		s.Fatal(err)
	}
	secret, err := s.rooms.People.AddToken(context.Background(), name)
	if err != nil {
		s.Fatal(err)
	}
	return token(secret)
}

// login gives the session cookie of an account.
func (s *site) login(name string) with {
	s.Helper()
	secret, _, err := s.rooms.People.Login(context.Background(), name, "a long password")
	if err != nil {
		s.Fatal(err)
	}
	return cookie("oneframe_session", secret)
}

// face is a real photograph from a webcam.
func face(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(testdata.Path(t, "faces/"+name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// upload is a multipart form: file parts are given as []byte, others as string.
func upload(t testing.TB, parts map[string]any) (body *bytes.Buffer, kind with) {
	t.Helper()
	body = &bytes.Buffer{}
	form := multipart.NewWriter(body)
	for name, v := range parts {
		var err error
		switch v := v.(type) {
		case string:
			err = form.WriteField(name, v)
		case []byte:
			var w io.Writer
			if w, err = form.CreateFormFile(name, "x.jpg"); err == nil {
				_, err = w.Write(v)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return body, header("Content-Type", form.FormDataContentType())
}

// lease takes a slot and gives its token.
func (s *site) lease() string {
	s.Helper()
	l := s.want(http.StatusCreated, "POST", "/api/v1/clips/dance/leases", nil)
	return l["token"].(string)
}

// contribute sends a picture for the next slot and gives the answer.
func (s *site) contribute(name string) (id, secret string) {
	s.Helper()
	body, kind := upload(s, map[string]any{"photo": face(s, "webcam-bird-0.jpg"), "name": name, "consent": "true"})
	sent := s.want(http.StatusCreated, "POST", "/api/v1/leases/"+s.lease()+"/frame", body, kind)
	manage := sent["manage_url"].(string)
	return sent["id"].(string), manage[strings.LastIndex(manage, "/")+1:]
}

// scale runs the scaling worker until there is nothing left to do.
func (s *site) scale() {
	s.Helper()
	for {
		worked, err := s.scaler.Step(context.Background())
		if err != nil {
			s.Fatal(err)
		}
		if !worked {
			return
		}
	}
}

// render renders what is due.
func (s *site) render() {
	s.Helper()
	if err := s.rooms.Studio.RequestDue(context.Background()); err != nil {
		s.Fatal(err)
	}
	for {
		worked, err := s.rooms.Studio.Step(context.Background())
		if err != nil {
			s.Fatal(err)
		}
		if !worked {
			return
		}
	}
}

// frame gives a frame's row.
func (s *site) frame(id string) (p picture.Picture) {
	s.Helper()
	err := s.rooms.DB.Read(context.Background(), func(tx *store.Tx) (err error) {
		p, err = picture.Get(tx, picture.ID(id))
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return p
}

// accepted contributes a frame that a moderator accepts.
func (s *site) accepted(name string, moderator with) (id, secret string) {
	s.Helper()
	id, secret = s.contribute(name)
	s.scale()
	s.want(http.StatusOK, "POST", "/api/v1/frames/"+id+"/verdict", map[string]string{"verdict": "accepted"}, moderator)
	return id, secret
}

// slotOf gives a slot's row.
func (s *site) slotOf(number int) (sl slot.Slot) {
	s.Helper()
	err := s.rooms.DB.Read(context.Background(), func(tx *store.Tx) (err error) {
		sl, err = slot.Get(tx, slot.ID{Clip: "dance", Number: number})
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return sl
}
