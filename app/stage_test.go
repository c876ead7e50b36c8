package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"oneframe/app/moderation"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/source"
	"oneframe/app/store"
	"oneframe/app/testdata"
	"oneframe/app/web"
)

// clock is a time that moves only when told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *clock) pass(d time.Duration) { c.mu.Lock(); c.now = c.now.Add(d); c.mu.Unlock() }

// person is a visitor with a lease and a frame, or an account with a token.
type person struct {
	lease, frame, secret, token string
	ftp                         *sender
	state                       string

	visitor moderation.Visitor       // the secret of their browser
	told    []moderation.Explanation // what they answered wrong about gold
}

// stage is a whole program in a temporary folder, and the people of a story.
type stage struct {
	*testing.T
	App    *App
	clock  *clock
	server *httptest.Server
	remote map[string]*remote // subscribers' servers
	clip   string
	people map[string]*person
	ftp    string // address of the photographers' door, once it is open

	link, linkSecret string // the judging link that was made last
	follow           func() // the timer's job, made when it is first due
}

// newStage builds the house with judges jo, kim and lee, and the moderator mia.
func newStage(t *testing.T) *stage {
	t.Helper()
	c := Defaults()
	c.Data = t.TempDir()
	c.Deliver.Folders, c.Deliver.Private = []string{t.TempDir()}, true
	a, err := New(context.Background(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{T: t, App: a, clock: &clock{now: time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC)}, people: map[string]*person{}, remote: map[string]*remote{}}
	a.DB.Now = s.clock.Now
	settings, err := a.settings()
	if err != nil {
		t.Fatal(err)
	}
	handler, err := web.New(a.rooms(), settings, a.Log)
	if err != nil {
		t.Fatal(err)
	}
	s.server = httptest.NewServer(handler)
	t.Cleanup(func() {
		s.server.Close()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	for name, role := range map[string]people.Role{"jo": "judge", "kim": "judge", "lee": "judge", "mia": "moderator"} {
		s.hire(name, role)
	}
	return s
}

func (s *stage) hire(name string, role people.Role) {
	s.Helper()
	if _, err := s.App.People.Add(s.Context(), name, "a long password", role); err != nil {
		s.Fatal(err)
	}
	token, err := s.App.People.AddToken(s.Context(), name)
	if err != nil {
		s.Fatal(err)
	}
	s.who(name).token = token
}

func (s *stage) who(name string) *person {
	if s.people[name] == nil {
		s.people[name] = &person{}
	}
	return s.people[name]
}

// call makes an API call and gives the problem's code, or "" and the answer in into.
func (s *stage) call(method, path, token string, body, into any) string {
	s.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.Fatal(err)
	}
	req := s.request(method, path, bytes.NewReader(raw))
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return s.do(req, into)
}

func (s *stage) request(method, path string, body io.Reader) *http.Request {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), method, s.server.URL+path, body)
	if err != nil {
		s.Fatal(err)
	}
	return req
}

func (s *stage) do(req *http.Request, into any) string {
	s.Helper()
	resp, err := s.server.Client().Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	if resp.StatusCode >= 400 {
		var problem struct{ Code string }
		if err := json.Unmarshal(raw, &problem); err != nil || problem.Code == "" {
			s.Fatalf("%s %s: %d without a code: %s", req.Method, req.URL.Path, resp.StatusCode, raw)
		}
		return problem.Code
	}
	if into != nil && len(raw) > 0 {
		if err := json.Unmarshal(raw, into); err != nil {
			s.Fatalf("%s %s: %v in %s", req.Method, req.URL.Path, err, raw)
		}
	}
	return ""
}

func (s *stage) makeClip(w []string) string {
	s.Helper()
	s.clip = w[0]
	file := filepath.Join(s.TempDir(), "source.mp4")
	out, err := exec.CommandContext(s.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d="+w[1],
		"-f", "lavfi", "-i", "sine=f=440:d="+w[1], "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest", file).CombinedOutput()
	if err != nil {
		s.Fatalf("%v: %s", err, out)
	}
	if _, err := s.App.Importer.Import(s.Context(), source.Request{File: file, Slug: s.clip, Title: "Dance"}, func(float64) {}); err != nil {
		s.Fatal(err)
	}
	return s.hour(nil)
}

func (s *stage) take(name, number string) string {
	s.Helper()
	n, err := strconv.Atoi(number)
	if err != nil {
		s.Fatal(err)
	}
	body := map[string]any{}
	if n != 0 {
		body["slot"] = n
	}
	var lease struct {
		Token string
		Slot  int
	}
	if code := s.call("POST", "/api/v1/clips/"+s.clip+"/leases", "", body, &lease); code != "" {
		return code
	}
	s.who(name).lease = lease.Token
	return fmt.Sprintf("slot %d", lease.Slot)
}

func (s *stage) renew(w []string) string {
	s.Helper()
	return s.call("PATCH", "/api/v1/leases/"+s.who(w[0]).lease, "", nil, nil)
}

func (s *stage) leave(w []string) string {
	s.Helper()
	return s.call("DELETE", "/api/v1/leases/"+s.who(w[0]).lease, "", nil, nil)
}

func (s *stage) send(name, file, consent string) string {
	s.Helper()
	if !strings.Contains(file, "/") {
		file = "faces/" + file
	}
	raw, err := os.ReadFile(testdata.Path(s, file))
	if err != nil {
		s.Fatal(err)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("photo", filepath.Base(file))
	if err == nil {
		_, err = part.Write(raw)
	}
	for k, v := range map[string]string{"name": name, "consent": consent} {
		if err == nil {
			err = form.WriteField(k, v)
		}
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		s.Fatal(err)
	}
	req := s.request("POST", "/api/v1/leases/"+s.who(name).lease+"/frame", &body)
	req.Header.Set("Content-Type", form.FormDataContentType())
	if v := s.who(name).visitor; v != "" {
		req.AddCookie(&http.Cookie{Name: "oneframe_visitor", Value: string(v)})
	}
	var sent struct {
		ID        string `json:"id"`
		ManageURL string `json:"manage_url"`
		State     string `json:"state"`
	}
	if code := s.do(req, &sent); code != "" {
		return code
	}
	p := s.who(name)
	p.frame, p.secret, p.state = sent.ID, sent.ManageURL[strings.LastIndex(sent.ManageURL, "/")+1:], sent.State
	return ""
}

func (s *stage) pictureOf(name string) (p picture.Picture) {
	s.Helper()
	err := s.App.DB.Read(s.Context(), func(tx *store.Tx) (err error) {
		p, err = picture.Get(tx, picture.ID(s.who(name).frame))
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return p
}

func (s *stage) stateIs(w []string) string {
	s.Helper()
	if got := string(s.pictureOf(w[0]).State); got != w[1] {
		return "it is " + got
	}
	return ""
}

func (s *stage) scoreIs(w []string) string {
	s.Helper()
	if got := fmt.Sprint(s.pictureOf(w[0]).Score); got != w[1] {
		return "it has " + got
	}
	return ""
}

func (s *stage) scale([]string) string {
	s.Helper()
	s.until(s.App.Scaler.Step)
	return ""
}

func (s *stage) judge(w []string) string {
	s.Helper()
	likeness := 1
	if len(w) > 3 {
		var err error
		if likeness, err = strconv.Atoi(w[3]); err != nil {
			s.Fatal(err)
		}
	}
	var answer struct {
		Accepted int
		Refused  []struct{ Frame, Code string }
	}
	body := map[string]any{"judgments": []map[string]any{{"frame": s.who(w[1]).frame, "nudity": w[2] == "nudity", "trying": w[2] != "nobody", "likeness": likeness}}}
	if code := s.call("POST", "/api/v1/judgments", s.who(w[0]).token, body, &answer); code != "" {
		return code
	}
	if len(answer.Refused) > 0 {
		return answer.Refused[0].Code
	}
	return ""
}

func (s *stage) settle(w []string) string {
	s.Helper()
	return s.call("POST", "/api/v1/frames/"+s.who(w[2]).frame+"/verdict", s.who(w[0]).token,
		map[string]string{"verdict": w[1] + "ed", "reason": w[3]}, nil)
}

func (s *stage) undo(w []string) string {
	s.Helper()
	return s.call("POST", "/api/v1/frames/"+s.who(w[1]).frame+"/undo", s.who(w[0]).token, nil, nil)
}

func (s *stage) withdraw(w []string) string {
	s.Helper()
	return s.call("DELETE", "/api/v1/manage/"+s.who(w[0]).secret, "", nil, nil)
}

func (s *stage) wait(w []string) string {
	s.Helper()
	n, err := strconv.Atoi(w[0])
	if err != nil {
		s.Fatal(err)
	}
	s.clock.pass(time.Duration(n) * time.Minute)
	return ""
}

// hour does what the timer does each hour, and the render that comes of it.
func (s *stage) hour([]string) string {
	s.Helper()
	s.clock.pass(time.Hour)
	if err := s.App.Studio.RequestDue(s.Context()); err != nil {
		s.Fatal(err)
	}
	s.until(s.App.Studio.Step)
	return ""
}

// follows does what the timer does with clip.follow, and the render that comes of it.
func (s *stage) follows(w []string) string {
	s.Helper()
	n, err := strconv.Atoi(w[0])
	if err != nil {
		s.Fatal(err)
	}
	s.clock.pass(time.Duration(n) * time.Second)
	if s.follow == nil {
		s.follow = s.App.follower(s.Context())
	}
	s.follow()
	s.until(s.App.Studio.Step)
	return ""
}

// home looks whether the page shows the person's frame, or for "" that it shows none.
func (s *stage) home(name string) string {
	s.Helper()
	resp, err := s.server.Client().Get(s.server.URL + "/")
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		s.Fatalf("the home page: %d, %v", resp.StatusCode, err)
	}
	shown := strings.Count(string(raw), `href="/f/`)
	switch {
	case name == "" && shown > 0:
		return fmt.Sprintf("it shows %d", shown)
	case name != "" && !bytes.Contains(raw, []byte("/f/"+s.who(name).frame)):
		return "it doesn't"
	}
	return ""
}

// shows holds the served clip against the person's picture, or for "" against the source.
func (s *stage) shows(number, name string) string {
	s.Helper()
	return s.filmShows(s.server.URL+"/clips/"+s.clip+"/clip.mp4", number, name)
}

// filmShows decodes a film at each of the slot's frames and compares it with the person's
// picture, or for "" with the source.
func (s *stage) filmShows(film, number, name string) string {
	s.Helper()
	n, err := strconv.Atoi(number)
	if err != nil {
		s.Fatal(err)
	}
	var place slot.Slot
	if err := s.App.DB.Read(s.Context(), func(tx *store.Tx) (err error) {
		place, err = slot.Get(tx, slot.ID{Clip: s.clip, Number: n})
		return err
	}); err != nil {
		s.Fatal(err)
	}
	for i := place.First; i < place.First+place.Hold; i++ {
		got := s.tinyOf(film, i)
		want := s.tinyOf(s.App.Importer.Library.Mezzanine(s.clip), i)
		if name != "" {
			want = s.tinyOf(s.App.Renditions.Path(s.pictureOf(name).Large), 0)
		}
		if d := distance(got, want); d > 6 {
			return fmt.Sprintf("frame %d differs by %.1f of 255", i, d)
		}
	}
	return ""
}

const tinyW, tinyH = 64, 36

// tinyOf decodes one frame of a video or picture to a tiny one, cropped to 16:9 as the clip is: 64×36 of RGB.
func (s *stage) tinyOf(input string, frame int) []byte {
	s.Helper()
	filter := fmt.Sprintf("select=eq(n\\,%d),format=gbrp,crop='min(iw,ih*16/9)':'min(ih,iw*9/16)':'(iw-ow)/2':'(ih-oh)/3',scale=%d:%d:flags=area,format=rgb24", frame, tinyW, tinyH)
	args := []string{"-v", "error"}
	if !strings.Contains(input, "://") && filepath.Ext(input) == "" {
		args = append(args, "-f", "mjpeg")
	}
	cmd := exec.CommandContext(s.Context(), "ffmpeg", append(args, "-i", input, "-vf", filter, "-frames:v", "1", "-f", "rawvideo", "-")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	raw, err := cmd.Output()
	if err != nil || len(raw) != 3*tinyW*tinyH {
		s.Fatalf("decode frame %d of %s: %v, %d bytes, %s", frame, input, err, len(raw), stderr.String())
	}
	return raw
}

// distance is the mean absolute difference of two such pictures, 0 to 255.
func distance(a, b []byte) float64 {
	sum := 0.0
	for i := range a {
		sum += math.Abs(float64(a[i]) - float64(b[i]))
	}
	return sum / float64(len(a))
}
