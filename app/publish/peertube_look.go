package publish

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// look finds out what became of an upload whose last reply was lost, without sending
// anything again before it is known that nothing came of it.
func (p *PeerTube) look(ctx context.Context, job Job, u *Upload) (Next, error) {
	found, err := p.arrived(ctx, job, u)
	if err != nil {
		return Next{}, err
	}
	if found {
		u.Offset = job.Bytes
		u.enter(Settling)
		return Next{}, nil
	}
	r, err := p.where(ctx, job, u)
	if err != nil {
		return Next{}, err
	}
	u.Looks++
	full := r.status == http.StatusPermanentRedirect && isFull(r, job)
	if (r.status == http.StatusNotFound || full) && u.Looks < 4 {
		return Next{Wait: patience(u.Looks), Why: "The last reply was lost; the instance may still be at work on the video."}, nil
	}
	if full && u.Restarts == 0 { // it lies there and nobody works on it
		u.enter(Sending)
		u.Restarts, u.Final = 1, true
		u.Offset = max(0, job.Bytes-max(1, min(u.Chunk, job.Bytes)))
		return Next{}, nil
	}
	if full {
		return Next{}, p.abandon(ctx, u)
	}
	if r.status == http.StatusNotFound {
		return Next{}, u.restart("The instance forgot the upload.")
	}
	if r.status == http.StatusPermanentRedirect {
		u.enter(Sending)
	}
	return p.sent(ctx, job, u, r)
}

func isFull(r reply, job Job) bool {
	n, err := stored(r.header.Get("Range"))
	return err == nil && n == job.Bytes
}

// abandon ends an upload that the instance doesn't finish, to begin anew later.
func (p *PeerTube) abandon(ctx context.Context, u *Upload) error {
	if _, err := p.do(ctx, call{method: "DELETE", url: p.session(u)}); err != nil {
		return err
	}
	return u.restart("The instance has the whole video and makes nothing of it.")
}

// arrived says whether the instance shows the file: the video says that it was replaced,
// or the account has a new one of this name.
func (p *PeerTube) arrived(ctx context.Context, job Job, u *Upload) (bool, error) {
	if u.Remote != "" {
		v, err := p.video(ctx, u.Remote)
		return err == nil && v.mark() != u.Mark, err
	}
	own, err := p.own(ctx, 20)
	if err != nil {
		return false, err
	}
	for _, v := range own {
		if v.UUID == u.Mark {
			return false, nil
		}
		if strings.TrimSpace(v.Name) == videoName(job.Title) && v.UUID != "" {
			p.made(u, v)
			return true, nil
		}
	}
	return false, nil
}

// verify looks whether viewers get the new file, all of it as far as its duration tells:
// the instance rounds to seconds. Mark is "" for a new video.
func (p *PeerTube) verify(ctx context.Context, job Job, u *Upload) (Next, error) {
	v, err := p.video(ctx, u.Remote)
	if err != nil {
		return Next{}, err
	}
	u.Looks++
	u.Page = v.page(p.account.URL)
	wait := Next{Wait: patience(u.Looks), Why: "The instance is at work on the video: " + short(v.State.Label)}
	switch {
	case v.State.ID == 7:
		return Next{}, trouble(Refused, "The instance failed to transcode the video.")
	case u.Mark != "" && v.mark() == u.Mark && u.Looks < 30:
		return wait, nil
	case u.Mark != "" && v.mark() == u.Mark:
		return Next{}, u.restart("The instance took the video and goes on showing the one before.")
	case v.State.ID != 1:
		return wait, nil
	}
	if ours := duration(job.Path); ours > 0 && v.Duration > 0 && (ours-time.Duration(v.Duration)*time.Second).Abs() > 1500*time.Millisecond {
		if u.Looks < 30 {
			return wait, nil
		}
		return Next{}, trouble(Refused, "The instance shows %d seconds of a video of %.1f.", v.Duration, ours.Seconds())
	}
	return Next{Done: true}, nil
}
