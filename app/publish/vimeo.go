package publish

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"oneframe/app/fault"
)

// VimeoAccount is where a site's videos are shown on Vimeo. The token is a personal
// access token with the scopes public, private, edit and upload, of an app whose upload
// access Vimeo has approved.
type VimeoAccount struct {
	Name    string // of the host on this site
	Token   string
	Privacy string        // of new videos, as Vimeo calls it: anybody, nobody, unlisted …; "" is the account's default
	URL     string        // of the API; "" is https://api.vimeo.com
	Chunk   int64         // bytes a request; 0 is 8 MiB
	Request time.Duration // how long a chunk may take; 0 is 15 min
	Now     func() time.Time
}

// Vimeo shows videos on Vimeo: API 3.4, uploads by tus 1.0.0.
type Vimeo struct {
	account VimeoAccount
	client  *http.Client
}

// NewVimeo checks the account's settings; it asks Vimeo nothing. Errors name the setting.
func NewVimeo(a VimeoAccount) (*Vimeo, error) {
	if a.URL == "" {
		a.URL = "https://api.vimeo.com"
	}
	base, err := address(a.URL)
	if err != nil {
		return nil, err
	}
	a.URL = base
	if a.Name == "" || a.Token == "" {
		return nil, fault.New(fault.Invalid, "bad_host", "a Vimeo host needs a name and a token")
	}
	if a.Now == nil {
		a.Now = time.Now
	}
	if a.Request <= 0 {
		a.Request = chunkLimit
	}
	return &Vimeo{account: a, client: newClient()}, nil
}

// Name is the host's name on this site.
func (v *Vimeo) Name() string { return v.account.Name }

// Move begins the upload, sends a chunk, or looks whether Vimeo is ready.
func (v *Vimeo) Move(ctx context.Context, job Job, u *Upload) (Next, error) {
	switch u.Stage {
	case Fresh:
		return Next{}, v.begin(ctx, job, u)
	case Sending, Looking:
		return Next{}, v.send(ctx, job, u)
	default:
		return v.verify(ctx, u)
	}
}

// do sends a call of the API.
func (v *Vimeo) do(ctx context.Context, c call) (reply, error) {
	header := map[string]string{"Authorization": "bearer " + v.account.Token, "Accept": "application/vnd.vimeo.*+json;version=3.4"}
	for k, w := range c.header {
		header[k] = w
	}
	c.header = header
	return c.do(ctx, v.client)
}

// begin makes a video, or a version of the one that is there, and gets the link that its
// bytes go to. The video's id is kept from then on, so an upload that fails later goes on
// as a version of it. Where the reply that names it is lost, an empty video stays at
// Vimeo, which nothing tells from one that somebody else is about to fill.
func (v *Vimeo) begin(ctx context.Context, job Job, u *Upload) error {
	upload := map[string]string{"approach": "tus", "size": strconv.FormatInt(job.Bytes, 10)}
	c := call{method: "POST", url: v.account.URL + "/me/videos?fields=uri,link,upload"}
	fields := map[string]any{"upload": upload, "name": job.Title}
	if v.account.Privacy != "" {
		fields["privacy"] = map[string]string{"view": v.account.Privacy}
	}
	if u.Remote != "" {
		was, err := v.state(ctx, u)
		if err != nil {
			return err
		}
		u.Mark = was.Metadata.Connections.Versions.Current
		c.url = v.account.URL + "/videos/" + url.PathEscape(u.Remote) + "/versions?fields=upload"
		fields = map[string]any{"upload": upload, "file_name": "clip.mp4"}
	}
	c, err := c.withJSON(fields)
	if err != nil {
		return err
	}
	r, err := v.do(ctx, c)
	if err != nil {
		return err
	}
	if !r.ok() {
		return r.trouble("Beginning the upload", v.account.Now())
	}
	return v.begun(u, r)
}

// begun reads where the bytes go to.
func (v *Vimeo) begun(u *Upload, r reply) error {
	var made struct {
		URI, Link string
		Upload    struct {
			Link string `json:"upload_link"`
		}
	}
	if err := r.into(&made); err != nil {
		return err
	}
	if u.Remote == "" {
		id, ok := strings.CutPrefix(made.URI, "/videos/")
		id, _, _ = strings.Cut(id, ":") // an unlisted video's own key
		if !ok || id == "" {
			return passing(0, "Vimeo made a video without saying which.")
		}
		u.Remote, u.Page = id, made.Link
	}
	if _, err := address(strings.SplitN(made.Upload.Link, "?", 2)[0]); err != nil {
		return passing(0, "Vimeo named no safe address to send the video to.")
	}
	u.Session, u.Offset = made.Upload.Link, 0
	u.enter(Sending)
	return nil
}

// tus sends a request of the upload; the link is the permission, so no token goes there.
func (v *Vimeo) tus(ctx context.Context, c call) (reply, error) {
	if c.header == nil {
		c.header = map[string]string{}
	}
	c.header["Tus-Resumable"] = "1.0.0"
	return c.do(ctx, v.client)
}

// send puts the next chunk, or asks for the position where a reply was lost.
func (v *Vimeo) send(ctx context.Context, job Job, u *Upload) error {
	if u.Unsure {
		r, err := v.tus(ctx, call{method: "HEAD", url: u.Session})
		if err != nil {
			return err
		}
		return v.sent(job, u, r)
	}
	if u.Offset == job.Bytes {
		u.enter(Settling)
		return nil
	}
	f, err := job.open()
	if err != nil {
		return err
	}
	defer f.Close()
	if u.Chunk == 0 {
		u.Chunk = chunkFor(v.account.Chunk, 0, job.Bytes)
	}
	piece := next(f, u, job.Bytes)
	r, err := v.tus(ctx, call{
		method: "PATCH", url: u.Session, body: piece.reader, length: piece.size, limit: v.account.Request,
		header: map[string]string{"Content-Type": "application/offset+octet-stream", "Upload-Offset": strconv.FormatInt(piece.first, 10)},
	})
	if err != nil {
		return lost(u, err)
	}
	return v.sent(job, u, r)
}

// sent is what follows from the reply to a chunk or to the question for the position.
func (v *Vimeo) sent(job Job, u *Upload, r reply) error {
	switch {
	case r.ok():
		n, err := strconv.ParseInt(r.header.Get("Upload-Offset"), 10, 64)
		size := r.header.Get("Upload-Length")
		if err != nil || size != "" && size != strconv.FormatInt(job.Bytes, 10) {
			return u.restart("Vimeo told a position outside the file.")
		}
		if n == job.Bytes {
			u.Offset = n
			u.enter(Settling)
			return nil
		}
		return u.at(n, job.Bytes)
	case r.status == http.StatusConflict || r.status == 460: // another position; damaged on its way
		u.Unsure = true
		return u.stall(r.says("Sending the video"))
	case r.status == http.StatusNotFound || r.status == http.StatusGone || r.status == http.StatusForbidden && u.Restarts == 0:
		return u.restart("Vimeo's link for the upload has expired.")
	case r.status == http.StatusRequestEntityTooLarge:
		if chunk, ok := smaller(u.Chunk); ok {
			u.Chunk, u.Unsure = chunk, true
			return nil
		}
	}
	u.Unsure = true
	return r.trouble("Sending the video", v.account.Now())
}

// vimeoState is what Vimeo says of a video.
type vimeoState struct {
	Link              string
	Upload, Transcode struct{ Status string }
	Metadata          struct {
		Connections struct {
			Versions struct {
				Current string `json:"current_uri"`
			}
		}
	}
}

func (v *Vimeo) state(ctx context.Context, u *Upload) (s vimeoState, err error) {
	r, err := v.do(ctx, call{method: "GET", url: v.account.URL + "/videos/" + url.PathEscape(u.Remote) +
		"?fields=link,upload.status,transcode.status,metadata.connections.versions.current_uri"})
	if err != nil {
		return s, err
	}
	if r.status == http.StatusNotFound {
		return s, trouble(Barred, "The video is no longer on Vimeo; let it be made anew if that is wanted.")
	}
	if !r.ok() {
		return s, r.trouble("Looking at the video", v.account.Now())
	}
	return s, r.into(&s)
}

// verify looks whether viewers get the new file.
func (v *Vimeo) verify(ctx context.Context, u *Upload) (Next, error) {
	s, err := v.state(ctx, u)
	if err != nil {
		return Next{}, err
	}
	u.Looks++
	if s.Link != "" {
		u.Page = s.Link
	}
	if s.Upload.Status == "error" || s.Transcode.Status == "error" {
		return Next{}, trouble(Refused, "Vimeo could not use the video.")
	}
	now := s.Metadata.Connections.Versions.Current
	old := u.Mark != "" && now == u.Mark
	if s.Upload.Status == "complete" && s.Transcode.Status == "complete" && !old {
		return Next{Done: true}, nil
	}
	if old && u.Looks >= 30 {
		return Next{}, u.restart("Vimeo took the video and goes on showing the one before.")
	}
	return Next{Wait: patience(u.Looks), Why: "Vimeo is at work on the video."}, nil
}
