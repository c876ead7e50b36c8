package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/ingest"
	"oneframe/app/moderation"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/source"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// frameJSON is a frame as the API tells it. Of a frame that the asker may not see
// there are no name and no pictures, only how it stands.
type frameJSON struct {
	ID        picture.ID    `json:"id"`
	Clip      string        `json:"clip"`
	Slot      int           `json:"slot"`
	Start     float64       `json:"start"` // seconds
	Name      string        `json:"name"`
	State     picture.State `json:"state"`
	Score     *float64      `json:"score"` // mean likeness, 1 to 5; null before the verdict
	PageURL   string        `json:"page_url"`
	LargeURL  *string       `json:"large_url"`
	MediumURL *string       `json:"medium_url"`
	ThumbURL  *string       `json:"thumb_url"`
	CreatedAt time.Time     `json:"created_at"`
	Verdict   *verdictJSON  `json:"verdict"` // null before there is one
}

type verdictJSON struct {
	Verdict   picture.State `json:"verdict"`
	Reason    *string       `json:"reason"` // of a rejection, for its judges only
	Judgments int           `json:"judgments"`
	At        *time.Time    `json:"at"`
}

// mediaPath is where a rendition is served.
func mediaPath(k vault.Key) string { return "/media/" + string(k) + ".jpg" }

// shown reports whether a frame's picture and name are to be seen by an account; the
// zero Account is a stranger.
func (s *Server) shown(p picture.Picture, a people.Account) bool {
	if p.Photo() {
		return ownOrModerated(p, a)
	}
	switch p.State {
	case picture.Accepted:
		return true
	case picture.Waiting, picture.Undecided:
		return s.HomeShow == "all" || a.Can(people.Judge)
	case picture.Rejected, picture.Received, picture.Failed:
		return a.Can(people.Moderator)
	}
	return false
}

// ownOrModerated reports whether the account sent the photograph, or is a moderator.
func ownOrModerated(p picture.Picture, a people.Account) bool {
	return a.Can(people.Moderator) || !a.Disabled && a.ID != "" && a.ID == p.Account
}

// tellFrame reads what the API tells of a picture to whoever asks.
func (s *Server) tellFrame(c echo.Context, tx *store.Tx, p picture.Picture) (frameJSON, error) {
	sl, err := slot.Get(tx, p.Slot)
	if err != nil && !notFound(err) {
		return frameJSON{}, err
	}
	base := s.base(c)
	j := frameJSON{ID: p.ID, Clip: p.Slot.Clip, Slot: p.Slot.Number, Start: seconds(sl.Start), State: p.State,
		PageURL: base + "/f/" + string(p.ID), Score: orNull(p.Score), CreatedAt: p.ReceivedAt.UTC(), Verdict: tellVerdict(p)}
	a, _ := s.account(c)
	if !s.shown(p, a) {
		return j, nil
	}
	j.Name = p.Name
	for k, to := range map[vault.Key]**string{p.Large: &j.LargeURL, p.Medium: &j.MediumURL, p.Thumb: &j.ThumbURL} {
		if k != "" {
			*to = orNull(base + mediaPath(k))
		}
	}
	if j.Verdict != nil && a.Can(people.Judge) {
		j.Verdict.Reason = orNull(p.Reason)
	}
	return j, nil
}

func tellVerdict(p picture.Picture) *verdictJSON {
	switch p.State {
	case picture.Accepted, picture.Rejected, picture.Undecided:
		return &verdictJSON{Verdict: p.State, Judgments: p.Judgments, At: stamp(p.SettledAt)}
	}
	return nil
}

func (s *Server) listFrames(c echo.Context) error {
	q := picture.Query{Clip: c.Param("slug"), Sort: c.QueryParam("sort"), Cursor: c.QueryParam("cursor"), States: s.public()}
	var err error
	if q.Limit, err = number(c, "limit", 1, 200, 50); err != nil {
		return err
	}
	var all []frameJSON
	next := ""
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		if _, err := source.Get(tx, q.Clip); err != nil {
			return err
		}
		page, n, err := picture.List(tx, q)
		next = n
		for _, p := range page {
			j, err := s.tellFrame(c, tx, p)
			if err != nil {
				return err
			}
			all = append(all, j)
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(all, next))
}

// public are the states of the frames that everybody is shown.
func (s *Server) public() []picture.State {
	if s.HomeShow == "all" {
		return []picture.State{picture.Accepted, picture.Waiting, picture.Undecided}
	}
	return []picture.State{picture.Accepted}
}

func (s *Server) getFrame(c echo.Context) error {
	var j frameJSON
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		p, err := picture.Get(tx, picture.ID(c.Param("id")))
		if err == nil && p.Photo() {
			err = fault.New(fault.NotFound, "no_frame", "There is no such frame.")
		}
		if err != nil {
			return err
		}
		j, err = s.tellFrame(c, tx, p)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, j)
}

// withdrawFrame takes a contributor's frame back for good; doing it again is no error.
func (s *Server) withdrawFrame(c echo.Context) error {
	if err := s.withdrawBySecret(c.Request().Context(), c.Param("secret")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// withdrawBySecret withdraws the frame of a contributor's link; NotFound no_frame.
func (s *Server) withdrawBySecret(ctx context.Context, secret string) error {
	return s.withdraw(ctx, func(tx *store.Tx) (picture.ID, error) {
		p, err := picture.BySecret(tx, secret)
		if fault.Is(err, fault.NotFound) {
			return "", fault.New(fault.NotFound, "no_frame", "There is no frame under this link.")
		}
		return p.ID, err
	}, "contributor")
}

// withdrawByID withdraws a frame in the name of a moderator.
func (s *Server) withdrawByID(ctx context.Context, id picture.ID, by string) error {
	return s.withdraw(ctx, func(tx *store.Tx) (picture.ID, error) {
		p, err := picture.Get(tx, id)
		if err != nil || p.State == picture.Withdrawn {
			return id, err
		}
		return id, moderation.AddAct(tx, moderation.Judge(by), "withdrawn", string(id), "")
	}, by)
}

// withdraw takes a frame back, and after the commit removes the files that nothing
// names any more and the versions of the clip that show it; a render without it is
// queued at once. What a crash or a failure leaves there the nightly sweep takes.
func (s *Server) withdraw(ctx context.Context, which func(*store.Tx) (picture.ID, error), by string) error {
	var id picture.ID
	err := s.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if id, err = which(tx); err != nil {
			return err
		}
		return picture.Withdraw(tx, id, by)
	})
	if err != nil {
		return err
	}
	err = s.DB.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		return picture.Forget(tx, id, func(k vault.Key) error {
			held, err := ingest.Names(tx, k) // somebody else's copy may lie in quarantine
			if err == nil && !held {
				err = s.Originals.Remove(k)
			}
			return errors.Join(err, s.Renditions.Remove(k))
		})
	})
	if err = errors.Join(err, s.Studio.Forget(context.WithoutCancel(ctx), id)); err != nil {
		s.log.ErrorContext(ctx, "a withdrawn frame's files could not all be removed", "frame", id, "cause", err)
	}
	return nil
}
