package publish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// session is the address of the upload under way.
func (p *PeerTube) session(u *Upload) string {
	return p.path(u) + "?" + url.Values{"upload_id": {u.Session}}.Encode()
}

// send puts the next chunk, or asks for the position where a reply was lost. A gap would
// be a hole in the file, so it goes on where the instance says and nowhere else. Before
// the last chunk it stops once, for the row to say that it goes out.
func (p *PeerTube) send(ctx context.Context, job Job, u *Upload) (Next, error) {
	if u.Unsure {
		return p.position(ctx, job, u)
	}
	f, err := job.open()
	if err != nil {
		return Next{}, err
	}
	defer f.Close()
	piece := next(f, u, job.Bytes)
	if last := piece.first+piece.size == job.Bytes; last && !u.Final {
		u.Final = true
		return Next{}, nil
	}
	digest, err := piece.digest()
	if err != nil {
		return Next{}, err
	}
	r, err := p.do(ctx, call{
		method: "PUT", url: p.session(u), body: piece.reader, length: piece.size, limit: p.account.Request,
		header: map[string]string{"Content-Type": "application/octet-stream", "Content-Range": piece.contentRange(job.Bytes), "Digest": digest},
	})
	if err != nil {
		return Next{}, lost(u, err)
	}
	return p.sent(ctx, job, u, r)
}

// lost remembers that a reply didn't come: it is asked for before anything is sent again.
func lost(u *Upload, err error) error {
	u.Unsure = true
	var t *Trouble
	if !errors.As(err, &t) {
		return &Trouble{Severity: Passing, Message: "The reply to a part of the upload was lost.", Cause: err}
	}
	return err
}

// position asks where the upload stands.
func (p *PeerTube) position(ctx context.Context, job Job, u *Upload) (Next, error) {
	if u.Final {
		u.enter(Looking)
		return Next{}, nil
	}
	r, err := p.where(ctx, job, u)
	if err != nil {
		return Next{}, err
	}
	return p.sent(ctx, job, u, r)
}

// where is the request for the position.
func (p *PeerTube) where(ctx context.Context, job Job, u *Upload) (reply, error) {
	return p.do(ctx, call{
		method: "PUT", url: p.session(u), limit: p.account.Request,
		header: map[string]string{"Content-Type": "application/octet-stream", "Content-Range": "bytes */" + strconv.FormatInt(job.Bytes, 10)},
	})
}

// sent is what follows from the reply to a chunk or to the question for the position.
func (p *PeerTube) sent(ctx context.Context, job Job, u *Upload, r reply) (Next, error) {
	switch {
	case r.ok():
		return p.complete(ctx, job, u, r), nil
	case r.status == http.StatusPermanentRedirect: // "Resume Incomplete"
		return Next{}, p.onward(job, u, r)
	case r.status == http.StatusRequestEntityTooLarge:
		return Next{}, p.tooLarge(u, r)
	case r.status == http.StatusNotFound && u.Final:
		u.enter(Looking) // the upload may be over and cleaned away
		return Next{}, nil
	case r.status == http.StatusNotFound:
		return Next{}, u.restart("The instance forgot the upload.")
	case (r.status == http.StatusForbidden || r.status == http.StatusBadRequest) && u.Restarts == 0:
		return Next{}, u.restart("") // beginning anew tells the reason, or mends it
	case r.status == http.StatusConflict, r.status == 460: // out of step; damaged on its way
		u.Unsure, u.Final = true, false
		return Next{Wait: patience(u.Stalls)}, u.stall(r.says("Sending the video"))
	case r.status == http.StatusServiceUnavailable || r.status == http.StatusTooManyRequests || r.status >= 500:
		return Next{}, lost(u, p.refused("Sending the video", r))
	}
	return Next{}, p.refused("Sending the video", r)
}

// onward goes on at the position of the reply. Where all is stored and no video has
// come of it, the last chunk is sent once more, which has the instance finish it.
func (p *PeerTube) onward(job Job, u *Upload, r reply) error {
	n, err := stored(r.header.Get("Range"))
	if err != nil {
		return u.restart(fmt.Sprintf("The instance is out of step: %v.", err))
	}
	u.Final = false
	if n == job.Bytes {
		u.enter(Looking)
		u.Final, u.Offset = true, n
		return nil
	}
	return u.at(n, job.Bytes)
}

// tooLarge tells a video that the instance doesn't take from a chunk that the proxy
// before it doesn't.
func (p *PeerTube) tooLarge(u *Upload, r reply) error {
	if _, _, ours := r.problem(); ours {
		return p.refused("Sending the video", r)
	}
	chunk, ok := smaller(u.Chunk)
	if !ok {
		return trouble(Barred, "The proxy before the instance takes no part of the video (413).")
	}
	u.Chunk, u.Unsure, u.Final = chunk, true, false
	return nil
}

// complete is reached when the instance has taken the whole file. The upload is cleaned
// away there; where that fails the instance does it itself after some hours.
func (p *PeerTube) complete(ctx context.Context, job Job, u *Upload, r reply) Next {
	session := p.session(u)
	if u.Remote == "" {
		var made struct{ Video tubeVideo }
		if r.into(&made) != nil || made.Video.UUID == "" {
			u.enter(Looking)
			return Next{}
		}
		p.made(u, made.Video)
	}
	u.Offset = job.Bytes
	u.enter(Settling)
	_, _ = p.do(ctx, call{method: "DELETE", url: session})
	return Next{}
}

// made takes note of the new video; its file has not been replaced yet.
func (p *PeerTube) made(u *Upload, v tubeVideo) {
	u.Remote, u.Page, u.Mark = v.UUID, v.page(p.account.URL), ""
}
