package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"oneframe/app/fault"
)

// PeerTubeAccount is where a site's videos are shown on a PeerTube instance, of version 6
// or later.
type PeerTubeAccount struct {
	Name           string // of the host on this site
	URL            string // the instance's address: https://videos.example.org
	User, Password string
	Channel        string        // the channel's name for new videos; "" is the account's first
	Privacy        string        // of new videos: public, unlisted, private or internal; "" is public
	Chunk          int64         // bytes a request; 0 is 8 MiB
	Request        time.Duration // how long a chunk may take; 0 is 15 min
	Now            func() time.Time
}

// PeerTube shows videos on a PeerTube instance. Protocol: its OpenAPI description 8.1
// and the server's source; the upload is that of the library uploadx.
type PeerTube struct {
	account PeerTubeAccount
	client  *http.Client

	mu    sync.Mutex // guards token, and lets one login at a time through
	token token
}

// NewPeerTube checks the account's settings; it asks the instance nothing. Errors name
// the setting.
func NewPeerTube(a PeerTubeAccount) (*PeerTube, error) {
	base, err := address(a.URL)
	if err != nil {
		return nil, err
	}
	a.URL = base
	if a.Name == "" || a.User == "" || a.Password == "" {
		return nil, fault.New(fault.Invalid, "bad_host", "a PeerTube host needs a name, a user and a password")
	}
	if a.Privacy == "" {
		a.Privacy = "public"
	}
	if privacies[a.Privacy] == 0 {
		return nil, fault.New(fault.Invalid, "bad_host", "privacy must be one of public, unlisted, private, internal, not %q", a.Privacy)
	}
	if a.Now == nil {
		a.Now = time.Now
	}
	if a.Request <= 0 {
		a.Request = chunkLimit
	}
	return &PeerTube{account: a, client: newClient()}, nil
}

// privacies are PeerTube's numbers (VideoPrivacy).
var privacies = map[string]int{"public": 1, "unlisted": 2, "private": 3, "internal": 4}

// address checks that it can be sent passwords: https, or this machine.
func address(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost") {
		return "", fault.New(fault.Invalid, "bad_host", "a host's url must be like https://videos.example.org")
	}
	return strings.TrimRight(s, "/"), nil
}

// Name is the host's name on this site.
func (p *PeerTube) Name() string { return p.account.Name }

// Move begins the upload, sends a chunk, or looks whether the instance is ready.
func (p *PeerTube) Move(ctx context.Context, job Job, u *Upload) (Next, error) {
	switch u.Stage {
	case Fresh:
		return p.begin(ctx, job, u)
	case Sending:
		return p.send(ctx, job, u)
	case Looking:
		return p.look(ctx, job, u)
	default:
		return p.verify(ctx, job, u)
	}
}

// begin asks whether the instance lets a video be made or replaced now, and opens the
// upload.
func (p *PeerTube) begin(ctx context.Context, job Job, u *Upload) (Next, error) {
	least, err := p.config(ctx)
	if err != nil {
		return Next{}, err
	}
	fields := map[string]any{}
	if u.Remote == "" {
		err = p.prepare(ctx, job, u, fields)
	} else if n, err := p.free(ctx, u); err != nil || n.Wait > 0 {
		return n, err
	}
	if err != nil {
		return Next{}, err
	}
	if u.Chunk == 0 {
		u.Chunk = chunkFor(p.account.Chunk, least, job.Bytes)
	}
	return Next{}, p.open(ctx, job, u, fields)
}

// config reads whether files may be replaced, and the least size of chunks.
func (p *PeerTube) config(ctx context.Context) (least int64, err error) {
	r, err := call{method: "GET", url: p.account.URL + "/api/v1/config"}.do(ctx, p.client)
	if err != nil {
		return 0, err
	}
	if !r.ok() {
		t := r.trouble("Reading the instance's settings", p.account.Now())
		if t.Severity == Locked || t.Severity == Barred {
			t.Message += " (is url the address of a PeerTube instance?)"
		}
		return 0, t
	}
	var c struct {
		VideoFile *struct{ Update struct{ Enabled bool } }
		Client    struct {
			Videos struct {
				ResumableUpload struct{ MinChunkSize, MaxChunkSize int64 }
			}
		}
	}
	if err := r.into(&c); err != nil {
		return 0, err
	}
	if c.VideoFile == nil || !c.VideoFile.Update.Enabled { // said before there is a video that could never be replaced
		return 0, trouble(Locked, "The instance doesn't allow a video's file to be replaced. Its admin can switch that on (PeerTube 6 or later, \"Allow users to upload a new version of their video\").")
	}
	return c.Client.Videos.ResumableUpload.MinChunkSize, nil
}

// prepare fills in what a new video needs, and notes the newest of the account, to find
// the new one by if the last reply is lost.
func (p *PeerTube) prepare(ctx context.Context, job Job, u *Upload, fields map[string]any) error {
	r, err := p.do(ctx, call{method: "GET", url: p.account.URL + "/api/v1/users/me"})
	if err != nil {
		return err
	}
	if !r.ok() {
		return r.trouble("Reading the account", p.account.Now())
	}
	var me struct {
		VideoChannels []struct {
			ID   int64
			Name string
		}
	}
	if err := r.into(&me); err != nil {
		return err
	}
	for _, c := range me.VideoChannels {
		if fields["channelId"] == nil && (p.account.Channel == "" || p.account.Channel == c.Name) {
			fields["channelId"] = c.ID
		}
	}
	if fields["channelId"] == nil {
		return trouble(Locked, "The PeerTube account has no channel %q.", p.account.Channel)
	}
	fields["name"], fields["privacy"] = videoName(job.Title), privacies[p.account.Privacy]
	fields["waitTranscoding"], fields["downloadEnabled"] = false, true
	own, err := p.own(ctx, 1)
	if err != nil {
		return err
	}
	u.Mark = "none"
	if len(own) > 0 {
		u.Mark = own[0].UUID
	}
	return nil
}

// videoName fits a title into PeerTube's 3 to 120 characters.
func videoName(title string) string {
	r := []rune(strings.TrimSpace(title))
	if len(r) > 120 {
		r = r[:120]
	}
	if len(r) < 3 {
		return strings.TrimSpace("The clip " + string(r))
	}
	return string(r)
}

// free asks whether the video may be replaced in its present state, and notes when its
// file was last replaced.
func (p *PeerTube) free(ctx context.Context, u *Upload) (Next, error) {
	v, err := p.video(ctx, u.Remote)
	if err != nil {
		return Next{}, err
	}
	switch v.State.ID {
	case 1, 7, 8, 11: // published, or a failure that leaves the file replaceable
		u.Mark = v.mark()
		return Next{}, nil
	case 2, 3, 6, 9, 10: // to transcode, import, move, edit
		u.Looks++
		return Next{Wait: patience(u.Looks), Why: "The instance is still at work on the version before."}, nil
	}
	return Next{}, trouble(Barred, "The instance can't replace the video in its state: %s (%d).", short(v.State.Label), v.State.ID)
}

// path is where uploads for the video are made.
func (p *PeerTube) path(u *Upload) string {
	if u.Remote == "" {
		return p.account.URL + "/api/v1/videos/upload-resumable"
	}
	return p.account.URL + "/api/v1/videos/" + url.PathEscape(u.Remote) + "/source/replace-resumable"
}

// open begins the upload, or finds the one of the same render that was begun already:
// the instance tells them apart by name, size and lastModified, so that these are made
// of the file's hash.
func (p *PeerTube) open(ctx context.Context, job Job, u *Upload, fields map[string]any) error {
	fields["filename"] = "clip-" + job.Hash[:min(12, len(job.Hash))] + ".mp4"
	fields["originalName"], fields["lastModified"] = fields["filename"], modified(job.Hash)
	c, err := call{method: "POST", url: p.path(u), header: map[string]string{
		"X-Upload-Content-Length": strconv.FormatInt(job.Bytes, 10), "X-Upload-Content-Type": "video/mp4",
	}}.withJSON(fields)
	if err != nil {
		return err
	}
	r, err := p.do(ctx, c)
	if err != nil {
		return err
	}
	if !r.ok() {
		return p.refused("Beginning the upload", r)
	}
	_, query, _ := strings.Cut(r.header.Get("Location"), "?")
	q, err := url.ParseQuery(query)
	if err != nil || q.Get("upload_id") == "" {
		return passing(0, "The instance began an upload without saying which.")
	}
	if u.Offset, err = stored(r.header.Get("Range")); err != nil || u.Offset > job.Bytes {
		return u.restart("The instance told a position outside the file.")
	}
	u.Session = q.Get("upload_id")
	u.enter(Sending)
	if u.Offset == job.Bytes { // all of it is there from another time
		u.Final = true
		u.enter(Looking)
	}
	return nil
}

// modified makes a time in ms out of a hash: some number from 1970 to 2004.
func modified(hash string) int64 {
	n, err := strconv.ParseInt(hash[:min(10, len(hash))], 16, 64)
	if err != nil {
		return int64(len(hash))
	}
	return n
}

// refused is what a reply means to a request that begins or continues an upload.
func (p *PeerTube) refused(doing string, r reply) *Trouble {
	t := r.trouble(doing, p.account.Now())
	switch r.status {
	case http.StatusUnprocessableEntity:
		t.Severity = Refused
	case http.StatusNotFound:
		t.Message += ": the video is gone"
	}
	return t
}

// tubeVideo is what the instance says of a video.
type tubeVideo struct {
	UUID, ShortUUID, Name string
	State                 struct {
		ID    int
		Label string
	}
	Duration           int64
	InputFileUpdatedAt json.RawMessage
}

// mark is when its file was replaced, in the instance's own words.
func (v tubeVideo) mark() string {
	if len(v.InputFileUpdatedAt) == 0 {
		return "null"
	}
	return string(v.InputFileUpdatedAt)
}

func (v tubeVideo) page(base string) string {
	if v.ShortUUID != "" {
		return base + "/w/" + url.PathEscape(v.ShortUUID)
	}
	return base + "/videos/watch/" + url.PathEscape(v.UUID)
}

func (p *PeerTube) video(ctx context.Context, uuid string) (v tubeVideo, err error) {
	r, err := p.do(ctx, call{method: "GET", url: p.account.URL + "/api/v1/videos/" + url.PathEscape(uuid)})
	if err != nil {
		return v, err
	}
	if r.status == http.StatusNotFound {
		return v, trouble(Barred, "The video is no longer on the instance; let it be made anew if that is wanted.")
	}
	if !r.ok() {
		return v, r.trouble("Looking at the video", p.account.Now())
	}
	return v, r.into(&v)
}

// own lists the account's newest videos.
func (p *PeerTube) own(ctx context.Context, n int) ([]tubeVideo, error) {
	r, err := p.do(ctx, call{method: "GET", url: fmt.Sprintf("%s/api/v1/users/me/videos?start=0&count=%d&sort=-createdAt", p.account.URL, n)})
	if err != nil {
		return nil, err
	}
	if !r.ok() {
		return nil, r.trouble("Looking at the account's videos", p.account.Now())
	}
	var list struct{ Data []tubeVideo }
	return list.Data, r.into(&list)
}
